internal import CLinux
package import SystemPackage

/// A child that begins with all of this process's memory and shares its descriptors for good: what the child opens is open here, under the same number, and
/// stays so when the child has been killed.
package struct TwinProcess: ~Copyable, Sendable {
    package let pid: Int32
    private let process: Descriptor
    /// Tells of the end of a thread that waits for nothing, once there is one (`Life`).
    private let life: Descriptor

    /// What has come of a start, in either process.
    package enum Side: ~Copyable {
        case parent(TwinProcess)
        case child(Life)
    }

    /// Whether this machine has them: a kernel from 6.9 on, which tells of the end of a thread, and one that says where the C library
    /// keeps a thread's number (`CONFIG_CHECKPOINT_RESTORE`). Looked at once: twins know what their parent saw.
    package static let areToBeHad: Bool = {
        guard let thread = try? check({ pinfold_pidfd_open(getpid(), ofThread) }) else { return false }
        _ = Descriptor(owning: thread)
        return pinfold_has_own_thread_mark()
    }()

    /// Starts one, where they are to be had. Of a process with one thread; the child has one, too.
    package static func start() throws(Errno) -> Side {
        let parent = getpid()
        // The child puts another one under the same number: whatever becomes of it, this process has that.
        let life = Descriptor(owning: try check { eventfd(0, O_CLOEXEC) })
        let pid = pinfold_clone_sharing_descriptors()
        switch pid {
        case -1: throw Errno.current
        case 0:
            // Its descriptors would stay open without the parent as well, and nobody would know of it.
            _ = pinfold_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL), 0, 0, 0)
            if getppid() != parent { _exit(1) }
            return .child(Life(number: life.release()))
        default:
            let process = Descriptor(owning: try check { pinfold_pidfd_open(pid, 0) })
            return .parent(TwinProcess(pid: pid, process: process, life: life))
        }
    }

    private init(pid: Int32, process: consuming Descriptor, life: consuming Descriptor) {
        self.pid = pid
        self.process = process
        self.life = life
    }

    // MARK: Its end

    /// PIDFD_THREAD of Linux 6.9.
    private static let ofThread = UInt32(O_EXCL)

    /// In the child: a thread that waits for nothing and does nothing.
    ///
    /// The kernel tells of the end of a process when its last thread has ended. One that the kernel keeps waiting for a lock ends late, or never, and this one
    /// with all the others that can.
    package struct Life: Sendable {
        fileprivate let number: Int32

        /// Starts it, before any other thread. From then on the parent's descriptor tells of its end; who waits for that already has to look again.
        package func begin() throws(Errno) {
            let begun = try EventDescriptor()
            let number = number
            let thread = try SystemThread("life") {
                let own = pinfold_pidfd_open(gettid(), TwinProcess.ofThread)
                if own >= 0, dup3(own, number, O_CLOEXEC) == number {
                    close(own)
                    begun.set()
                }
                while true { poll(nil, 0, -1) }
            }
            _ = consume thread
            guard begun.wait(milliseconds: 10_000) else { throw .noSuchProcess }
        }
    }

    /// Readable once it has ended.
    package var rawDescriptors: [Int32] { [process.rawValue, life.rawValue] }

    /// Nothing where it has ended: whoever started it waits for it, and its number is nobody else's before that.
    package borrowing func signal(_ number: Int32) { _ = kill(pid, number) }

    /// How it ended, once, when all of it is gone, which may be later than its end is told of; nil before.
    package borrowing func status() -> ExitStatus? {
        var status: Int32 = 0
        return unsafe waitpid(pid, &status, WNOHANG) == pid ? ExitStatus(status: status) : nil
    }

    /// Threads that it still has beside the first; none once it is gone.
    package borrowing func threads() -> [(number: Int32, name: String)] {
        let threads = (try? ProcessEntry(pid).threads()) ?? []
        return threads.compactMap { thread in
            guard thread != pid, let text = try? SmallFile.read("/proc/\(pid)/task/\(thread)/comm", limit: 64) else { return nil }
            return (thread, String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
        }
    }
}
