internal import DeployModel
internal import LinuxSystem
internal import PlainText

/// The one session of this process: a link that opens it once, a host name of its own, a secret that the browser keeps.
///
/// A browser sends the cookies of a host name to each port of it, and the agent may listen on a port: so the name is made by chance and is
/// nobody else's.
final class Session: Sendable {
    enum Opening: Equatable {
        case opened(secret: String)
        case wrong
        case used
        case late
    }

    let host: String
    private let clock: @Sendable () -> ContinuousClock.Instant
    private let deadline: ContinuousClock.Instant
    private let state: Lock<State>

    private struct State {
        var token: String?
        var secret: String?
        var hasEnded = false
    }

    /// What stands behind the link's `#`, which no browser sends anywhere by itself.
    let token: String

    init(lasting seconds: Int, clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.clock = clock
        deadline = clock() + .seconds(seconds)
        host = "p" + Self.random(10) + "." + Passkey.relyingParty
        token = Self.random(32)
        state = Lock(State(token: token))
    }

    /// Opens the session, once.
    func open(_ candidate: String) -> Opening {
        state.withLock { state in
            guard let token = state.token else { return .used }
            guard clock() < deadline else { return .late }
            guard Self.isSame(candidate, token) else { return .wrong }
            let secret = Self.random(32)
            (state.token, state.secret) = (nil, secret)
            return .opened(secret: secret)
        }
    }

    func holds(_ candidate: String?) -> Bool {
        state.withLock { state in
            guard let candidate, let secret = state.secret, !state.hasEnded else { return false }
            return Self.isSame(candidate, secret)
        }
    }

    var isOpen: Bool { state.withLock { $0.secret != nil } }

    func end() { state.withLock { $0.hasEnded = true } }

    /// As long for a wrong text as for the right one.
    private static func isSame(_ a: String, _ b: String) -> Bool {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        guard a.count == b.count else { return false }
        return zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// So many bytes by the kernel's generator (`man 2 getrandom`), as hexadecimal digits.
    private static func random(_ count: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        return Hexadecimal.text((0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }
}
