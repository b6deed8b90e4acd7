internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// The keeper whose place this process is to take.
///
/// It is trusted as far as a process can be that has the same rights: what it sends is checked as what a killed server left is.
final class Predecessor {
    private var conversation: Conversation
    private let running: HandoverMessage.Running
    /// What of the view is live, which stays as it is.
    let live: [String]
    /// Where whoever started this process waits.
    private(set) var ready: Ready
    private var hasSaidReady = false

    var rawDescriptor: Int32 { conversation.rawDescriptor }

    /// Nanoseconds that it may take for a step: its server may be in the middle of a disk's call.
    static let patience: UInt64 = 30_000_000_000
    /// So many numbers more than are needed now are kept free: its server opens files until it is ended, for the agent as well, who must not be able
    /// to hinder this.
    private static let margin: Int32 = 1 << 18
    /// Numbers that this process needs for itself.
    private static let own: Int32 = 400

    /// Asks who serves the view at `mountpoint` for it, and holds what runs against what is wanted. Whatever is in the way is the error, and nothing has changed.
    /// - Parameter parse: reads a command line of `pinfold-mount`.
    init(
        _ mountpoint: String, _ wanted: GatewayOptions, _ ready: Ready, _ parse: ([String]) throws(GatewayError) -> GatewayOptions
    ) throws(GatewayError) {
        let conversation = try Self.connect(mountpoint)
        // One that has nothing to hear has said why.
        try? conversation.say(.ask(versions: [HandoverMessage.version]))
        let (message, descriptors) = try Self.hear(conversation)
        let all = descriptors.map { SharedDescriptor(Descriptor(owning: $0)) }
        guard case .running(let running) = message, all.count == 2 else { throw .failure(Self.nonsense) }
        do throws(KeptError) {
            try KeptState.checkHeader(of: all[0].descriptor)
        } catch {
            throw .configuration("the view is left as it is: \(error)")
        }
        guard (try? MountTable.read().entry(at: mountpoint))?.id == running.mount else {
            throw .configuration("the view at \(mountpoint) is in another mount namespace; replace it from there")
        }
        let options: GatewayOptions
        do throws(GatewayError) {
            options = try parse(running.words)
        } catch {
            throw .configuration("the view is served with settings that this program does not know: \(error)")
        }
        if let refusal = wanted.refusal(replacing: options) { throw .configuration(refusal) }
        // What is said from here on is said where it was said before.
        for number in [STDOUT_FILENO, STDERR_FILENO] { dup2(all[1].descriptor.rawValue, number) }
        for remark in wanted.remarks(replacing: options) { Report.say(remark) }
        live = options.live
        self.conversation = conversation
        self.running = running
        self.ready = ready
    }

    private static let nonsense = "the process that serves the view says what nobody understands"

    private static func failure(_ error: Errno) -> GatewayError {
        error == .brokenPipe || error == .connectionReset
            ? .failure("the process that served the view has ended, and the view with it")
            : .failure("the process that serves the view cannot be talked to: \(error)")
    }

    private static func connect(_ mountpoint: String) throws(GatewayError) -> Conversation {
        let path = MountRuntime(mountpoint: mountpoint).entrance
        do throws(Errno) {
            return Conversation(try PacketSocket(connectingTo: path))
        } catch .noSuchFileOrDirectory {
            throw .configuration(
                "the view at \(mountpoint) cannot be handed on: what serves it is of a version before, or ends with its process "
                    + "(Linux before 6.9, --without survival); 'pinfold umount' and 'pinfold mount' replace it")
        } catch .connectionRefused {
            throw .failure("nobody serves the view at \(mountpoint) any more; 'pinfold mount' mounts it anew")
        } catch {
            throw .failure("\(path) cannot be reached: \(error)")
        }
    }

    private static func step(_ body: () throws(Errno) -> Void) throws(GatewayError) {
        do throws(Errno) { try body() } catch { throw Self.failure(error) }
    }

    private static func hear(
        _ conversation: borrowing Conversation
    ) throws(GatewayError) -> (message: HandoverMessage, descriptors: [Int32]) {
        let heard: (message: HandoverMessage, descriptors: [Int32])?
        do throws(Errno) {
            do throws(Errno) {
                heard = try conversation.hear(until: SystemClock.monotonic + patience)
            } catch .connectionReset {
                // It has closed without hearing this one out. What it said before is there still.
                heard = try conversation.hear(until: SystemClock.monotonic)
            }
        } catch {
            throw failure(error)
        }
        guard let heard else { throw failure(.brokenPipe) }
        if case .no(let reason) = heard.message { throw .failure("the view is left as it is: \(reason)") }
        return heard
    }

    /// Keeps the numbers free that are to come: what this process opens from here on gets others.
    func makeRoom() throws(GatewayError) -> Inheritance {
        let limit = Int32(clamping: Narrowing.descriptorLimit(nil))
        guard running.end <= limit - Self.own else {
            throw .failure(
                "this process may have \(limit) descriptors, and the view's have numbers up to \(running.end - 1); raise its limit (LimitNOFILE)"
            )
        }
        let end = min(running.end.addingReportingOverflow(Self.margin).partialValue, limit - Self.own)
        do throws(Errno) {
            try conversation.move(from: end)
            ready = try ready.moved(from: end)
            return try Inheritance(below: end)
        } catch {
            throw .failure("no room for the view's descriptors: \(error)")
        }
    }

    /// Has the view's server ended, and takes everything that is open.
    func take(_ inheritance: Inheritance) throws(GatewayError) {
        try Self.step { () throws(Errno) in try conversation.say(.take) }
        while true {
            let (message, descriptors) = try Self.hear(conversation)
            switch message {
            case .parts(let entries):
                do throws(Errno) {
                    try inheritance.add(entries, received: descriptors)
                } catch {
                    throw .failure("a descriptor of the view cannot be taken (\(error)); try again")
                }
            case .complete: return inheritance.complete()
            default: throw .failure(Self.nonsense)
            }
        }
    }

    /// The server stands ready. Said once.
    func sayReady() {
        if hasSaidReady { return }
        hasSaidReady = true
        // Where nobody hears it, that is heard next.
        try? conversation.say(.ready)
    }

    /// The view is this process's; or the error says why not.
    func expectView() throws(GatewayError) {
        guard try Self.hear(conversation).message == .yours else { throw .failure(Self.nonsense) }
    }
}
