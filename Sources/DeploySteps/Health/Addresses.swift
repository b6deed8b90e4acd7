internal import CLinux
internal import LinuxSystem

/// What a host's name leads to (`man 3 getaddrinfo`), which nobody can call off: it is asked on a thread of its own, and that is left behind
/// where the answer is not waited for any longer.
@safe final class Addresses: @unchecked Sendable {
    // @unchecked: written by the thread before `isKnown` is, read after that.
    private var list: UnsafeMutablePointer<addrinfo>?
    private var code: Int32 = 0
    private let isKnown = Lock(false)

    @unsafe var first: UnsafeMutablePointer<addrinfo>? { unsafe list }

    private init() {}

    deinit {
        if let list = unsafe list { unsafe freeaddrinfo(list) }
    }

    static func find(
        _ host: String, _ port: String, withinMilliseconds limit: Int32, _ isCalledOff: () -> Bool
    ) throws(HealthProblem) -> Addresses {
        let addresses = Addresses()
        do {
            _ = try SystemThread("pinfold-resolve") {
                var hints = unsafe addrinfo()
                unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
                addresses.code = unsafe getaddrinfo(host, port, &hints, &addresses.list)
                addresses.isKnown.withLock { $0 = true }
            }
        } catch {
            throw HealthProblem("\(host) cannot be resolved: \(error)")
        }
        let deadline = ContinuousClock.now + .milliseconds(Int(limit))
        // Mostly it is known at once.
        var pause: UInt64 = 200_000
        while !addresses.isKnown.withLock({ $0 }) {
            guard ContinuousClock.now < deadline, !isCalledOff() else {
                throw HealthProblem("\(host) cannot be resolved within \(limit) ms")
            }
            SystemThread.sleep(nanoseconds: pause)
            pause = min(pause * 2, 50_000_000)
        }
        guard addresses.code == 0 else {
            throw HealthProblem("\(host) cannot be resolved: \(unsafe String(cString: gai_strerror(addresses.code)))")
        }
        return addresses
    }
}
