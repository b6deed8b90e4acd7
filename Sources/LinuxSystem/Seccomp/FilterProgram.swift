internal import CLinux
package import SystemPackage

/// A seccomp program under assembly (`man 2 seccomp`), which the kernel runs before each system call: each decision is a comparison and a
/// return, so that no jump is longer than one call's rules.
package struct FilterProgram {
    /// What happens to a call.
    package enum Verdict {
        case allow
        case fail(Errno)
        /// SIGSYS to the thread that made it, whose handler says what the call answers; the process ends where there is none.
        case trap
        case killProcess
        /// The filter's listener is told, and the call waits for its answer (`man 2 seccomp_unotify`).
        case notify

        var value: UInt32 {
            switch self {
            case .allow: 0x7fff_0000
            case .fail(let error): 0x0005_0000 | UInt32(error.rawValue)
            case .trap: 0x0003_0000
            case .killProcess: 0x8000_0000
            case .notify: 0x7fc0_0000
            }
        }
    }

    private var instructions: [sock_filter] = []

    /// The program as numbers, an instruction each, to be handed to another process.
    package var words: [UInt64] {
        instructions.map { UInt64($0.code) << 48 | UInt64($0.jt) << 40 | UInt64($0.jf) << 32 | UInt64($0.k) }
    }

    /// - Parameter words: of a program of this process's own; the kernel judges what it is.
    package init(words: [UInt64]) {
        instructions = words.map { word in
            sock_filter(
                code: UInt16(truncatingIfNeeded: word >> 48), jt: UInt8(truncatingIfNeeded: word >> 40),
                jf: UInt8(truncatingIfNeeded: word >> 32), k: UInt32(truncatingIfNeeded: word))
        }
    }

    /// Opcodes of classic BPF (linux/bpf_common.h): the accumulator holds what was loaded last.
    private static let load: UInt16 = 0x20
    private static let jumpEqual: UInt16 = 0x15
    private static let jumpAtLeast: UInt16 = 0x35
    private static let jumpAnyBit: UInt16 = 0x45
    private static let `return`: UInt16 = 0x06
    private static let and: UInt16 = 0x54

    /// Starts with what every filter needs: numbers mean something else in another ABI (32-bit calls on x86-64, and x32, which has the same
    /// architecture and bit 30 set), so a call in one kills. Leaves the call's number loaded.
    package init() {
        add(Self.load, 4)
        add(Self.jumpEqual, pinfold_audit_arch, onTrue: 1)
        always(.killProcess)
        add(Self.load, 0)
        #if arch(x86_64)
            ifAtLeast(0x4000_0000, .killProcess)
        #endif
    }

    /// The rules on one argument, which `onCall` begins.
    private init(argument: Int) {
        // The low half: the kernel takes these arguments as 32-bit numbers, so what is in the high half must not matter.
        add(Self.load, UInt32(16 + 8 * argument))
    }

    package mutating func ifEqual(_ value: UInt32, _ verdict: Verdict) { decide(Self.jumpEqual, value, verdict) }
    package mutating func ifAtLeast(_ value: UInt32, _ verdict: Verdict) { decide(Self.jumpAtLeast, value, verdict) }
    package mutating func ifAnyBit(_ bits: UInt32, _ verdict: Verdict) { decide(Self.jumpAnyBit, bits, verdict) }
    package mutating func always(_ verdict: Verdict) { add(Self.return, verdict.value) }

    /// Rules on one argument of one call, which is allowed where none of them decides. Expects the call's number loaded, and leaves it so.
    package mutating func onCall(_ number: UInt32, argument: Int, _ rules: (inout FilterProgram) -> Void) {
        var body = FilterProgram(argument: argument)
        rules(&body)
        body.always(.allow)
        add(Self.jumpEqual, number, onFalse: UInt8(body.instructions.count))
        instructions += body.instructions
    }

    /// Within such rules: what is decided from here on is decided by another argument, for calls whose argument so far is `value`; the others
    /// get `verdict`.
    package mutating func onlyIfEqual(_ value: UInt32, otherwise verdict: Verdict, thenArgument argument: Int) {
        add(Self.jumpEqual, value, onTrue: 1)
        always(verdict)
        add(Self.load, UInt32(16 + 8 * argument))
    }

    /// Within such rules: what is decided from here on is decided by these bits of the argument alone.
    package mutating func masked(by bits: UInt32) { add(Self.and, bits) }

    private mutating func decide(_ jump: UInt16, _ value: UInt32, _ verdict: Verdict) {
        add(jump, value, onFalse: 1)
        always(verdict)
    }

    private mutating func add(_ code: UInt16, _ value: UInt32, onTrue: UInt8 = 0, onFalse: UInt8 = 0) {
        instructions.append(sock_filter(code: code, jt: onTrue, jf: onFalse, k: value))
    }

    /// For whom a filter holds from now on, with all that they start.
    package enum Scope {
        case thisThread
        /// What it decides against a call is also written to the kernel's audit log, as far as that listens.
        case allThreads
    }

    /// Puts the program in force, for good. `no_new_privs` must be set. EDEADLK where a thread has a filter that this one does not have.
    package consuming func install(on scope: Scope) throws(Errno) {
        var program = instructions
        let count = UInt16(program.count)
        let flags: UInt32 =
            switch scope {
            case .thisThread: 0
            case .allThreads: UInt32(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG)
            }
        let answer = try check {
            unsafe program.withUnsafeMutableBufferPointer { unsafe pinfold_seccomp_filter($0.baseAddress, count, flags) }
        }
        // With TSYNC the number of a thread that could not follow; then no thread has it.
        guard answer == 0 else { throw Errno(rawValue: EDEADLK) }
    }

    /// Puts the program in force for this thread and all that it starts, and answers its listener: each call that it tells of waits until that
    /// is served. EBUSY where a filter of this thread has a listener already.
    package consuming func installListening() throws(Errno) -> Descriptor {
        var program = instructions
        let count = UInt16(program.count)
        func install(_ flags: UInt32) throws(Errno) -> Int32 {
            try check {
                unsafe program.withUnsafeMutableBufferPointer { unsafe pinfold_seccomp_listener($0.baseAddress, count, flags) }
            }
        }
        do throws(Errno) {
            // Once the listener has taken a call, only a deadly signal takes it back: else a call interrupted is told of again.
            return Descriptor(owning: try install(Self.waitKillableReceive))
        } catch {
            // Before Linux 5.19.
            guard error == .invalidArgument else { throw error }
            return Descriptor(owning: try install(0))
        }
    }

    /// SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV.
    private static let waitKillableReceive: UInt32 = 1 << 5
}

extension FilterProgram: Hashable {
    package static func == (one: FilterProgram, other: FilterProgram) -> Bool { one.words == other.words }
    package func hash(into hasher: inout Hasher) { hasher.combine(words) }
}
