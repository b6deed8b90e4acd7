internal import CFuse3
internal import LinuxSystem
internal import Synchronization

/// What the callbacks of one session see: libfuse carries a pointer to it.
final class SessionState: Sendable {
    let fileSystem: any FileSystem
    let options: SessionOptions
    let device: SharedDescriptor
    let counters = RequestCounters()
    /// The reply to INIT that replaces libfuse's, and the number of that request: set by the callback of INIT, used by the reply
    /// that follows on the same thread.
    private let answer = Lock<(unique: UInt64, reply: fuse_init_out)?>(nil)
    private let negotiated = Lock<Features?>(nil)
    /// Whether the kernel got its answer to INIT from a process that served before.
    let isResumed = Lock(false)
    /// Those who wait for the kernel to agree to rings; nil where there are none.
    let rings = Lock<RingCrew?>(nil)

    init(fileSystem: any FileSystem, options: SessionOptions, device: SharedDescriptor) {
        self.fileSystem = fileSystem
        self.options = options
        self.device = device
    }

    /// What was negotiated; nil before the kernel's INIT.
    var features: Features? { negotiated.withLock { $0 } }

    func negotiated(_ negotiation: Negotiation, unique: UInt64) {
        answer.withLock { $0 = (unique, negotiation.reply) }
        negotiated.withLock { $0 = negotiation.features }
    }

    /// The reply that takes the place of the one to `unique`, once.
    func takeAnswer(to unique: UInt64) -> fuse_init_out? {
        answer.withLock { answer in
            guard let waiting = answer, waiting.unique == unique else { return nil }
            answer = nil
            return waiting.reply
        }
    }

    /// The kernel has taken the answer to INIT: those who have rings start where it agrees to them, and go home where not.
    func startRings() { rings.withLock { $0 }?.decide(features?.contains(.rings) == true) }

    /// There will be no requests through rings; of no effect once they have started.
    func giveUpRings() { rings.withLock { $0 }?.decide(false) }

    /// The state behind libfuse's `userdata`, which the session keeps alive for as long as its threads run.
    static func of(_ userdata: UnsafeMutableRawPointer) -> SessionState {
        unsafe Unmanaged<SessionState>.fromOpaque(userdata).takeUnretainedValue()
    }
}
