internal import DeployModel
internal import LinuxSystem
internal import SystemPackage

/// Something long that is done beside the loop, on a thread of its own.
final class Errand<Value: Sendable>: Sendable {
    private let result = Lock<Result<Value, any Error>?>(nil)

    /// - Parameter name: of the thread, at most fifteen characters.
    init(_ name: String, _ body: @escaping @Sendable () throws -> Value, whenDone: @escaping @Sendable () -> Void) {
        do throws(Errno) {
            _ = try SystemThread(name, stack: SystemThread.deepStack) { [result] in
                let outcome = Result { try body() }
                result.withLock { $0 = outcome }
                whenDone()
            }
        } catch {
            result.withLock { $0 = .failure(DeployError.noThread(error)) }
            whenDone()
        }
    }

    /// What came of it; nil while it goes on.
    var finished: Result<Value, any Error>? { result.withLock { $0 } }
}

extension DeployError {
    /// The machine had none to give: tried again as anything that failed for want of memory is.
    static func noThread(_ error: Errno) -> DeployError { .broken("no thread could be started: \(error)") }
}
