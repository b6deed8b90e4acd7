internal import CLinux
internal import Foundation
internal import LinuxSystem

/// Something long that is done beside the loop, on a thread of its own.
final class Errand<Value: Sendable>: Sendable {
    private let result = Lock<Result<Value, any Error>?>(nil)

    /// - Parameter name: of the thread, at most fifteen characters.
    init(_ name: String, _ body: @escaping @Sendable () throws -> Value, whenDone: @escaping @Sendable () -> Void) {
        let thread = Thread { [result] in
            // Foundation does not tell the kernel the name, and this is how a debugger or a tracer knows it.
            unsafe pinfold_thread_name(name)
            let outcome = Result { try body() }
            result.withLock { $0 = outcome }
            whenDone()
        }
        thread.stackSize = 8 << 20
        thread.name = name
        thread.start()
    }

    /// What came of it; nil while it goes on.
    var finished: Result<Value, any Error>? { result.withLock { $0 } }
}
