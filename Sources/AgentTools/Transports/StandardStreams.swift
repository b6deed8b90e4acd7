internal import CLinux
internal import DeployModel
internal import LinuxSystem
internal import SystemPackage

/// The protocol over standard input and output, a message a line. Each request has a thread: one that waits for a deployment keeps none of the others
/// waiting.
package final class StandardStreams: Sendable {
    private let dialogue: Dialogue
    private let output = Lock(())
    private let calls = Lock<[JSONValue: Flag]>([:])
    private let hasEnded = Flag()

    /// How many requests are answered at a time.
    private static let most = 16

    /// What ends the waiting of one call.
    private final class Flag: Sendable {
        private let isSet = Lock(false)
        var value: Bool { isSet.withLock { $0 } }
        func set() { isSet.withLock { $0 = true } }
    }

    package init(_ dialogue: Dialogue) {
        self.dialogue = dialogue
    }

    /// Serves until the input ends. What is under way then is answered, and no deployment is waited for any more: it goes on by itself.
    package func serve() {
        var lines = LineReader()
        while let line = lines.next() {
            switch line {
            case .tooLong:
                send(response(to: .null, .failure(RPCError(.parse, "a message is \(Message.limit >> 20) MiB at most"))))
            case .bytes(let bytes):
                if !bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { take(bytes) }
            }
        }
        hasEnded.set()
        // An answer takes no longer than the daemon does to give one.
        let deadline = ContinuousClock.now + .seconds(10)
        while calls.withLock({ !$0.isEmpty }), ContinuousClock.now < deadline { SystemThread.sleep(milliseconds: 5) }
    }

    private func take(_ bytes: ArraySlice<UInt8>) {
        do throws(MessageFault) {
            switch try Message(bytes) {
            case .request(let request): begin(request)
            case .notification("notifications/cancelled", let parameters):
                guard let id = parameters?["requestId"] else { return }
                calls.withLock { $0[id] }?.set()
            case .notification, .answer: break
            }
        } catch {
            send(response(to: error.id, .failure(error.error)))
        }
    }

    private func begin(_ request: Message.Request) {
        let flag = Flag()
        let refusal = calls.withLock { calls -> RPCError? in
            if calls[request.id] != nil { return RPCError(.invalidRequest, "a request with this id is under way already") }
            if calls.count >= Self.most {
                return RPCError(.internalError, "\(Self.most) requests are under way already; wait for one")
            }
            calls[request.id] = flag
            return nil
        }
        if let refusal {
            send(response(to: request.id, .failure(refusal)))
            return
        }
        let count = Lock(0)
        let call = ToolCall(
            tell: { [self] words in
                guard let token = request.progressToken, !flag.value else { return }
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                send(progress(token, number, words))
            }, isAbandoned: { [hasEnded] in flag.value || hasEnded.value })
        do {
            _ = try SystemThread("mcp-request") { [self] in
                let outcome = Result { () throws(RPCError) in try dialogue.answer(request, call) }
                // Nothing is answered to what was cancelled.
                if !flag.value { send(response(to: request.id, outcome)) }
                calls.withLock { $0[request.id] = nil }
            }
        } catch {
            calls.withLock { $0[request.id] = nil }
            send(response(to: request.id, .failure(RPCError(.internalError, "no thread could be started: \(error)"))))
        }
    }

    private func send(_ message: JSONValue) {
        let line = message.bytes + [0x0A]
        output.withLock { _ in
            var rest = line[...]
            while !rest.isEmpty {
                let count = unsafe rest.withUnsafeBytes { unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count) }
                if count < 0, pinfold_errno() == EINTR { continue }
                // Nobody reads any more: the input ends as well.
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
    }
}

/// Lines of standard input, each within the limit.
private struct LineReader {
    enum Line {
        case bytes(ArraySlice<UInt8>)
        case tooLong
    }

    private var buffer: [UInt8] = []
    private var isSkipping = false
    private var hasEnded = false

    /// The next line without its end; nil at the end of the input.
    mutating func next() -> Line? {
        var searched = 0
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                defer { buffer.removeSubrange(...end) }
                if isSkipping {
                    isSkipping = false
                    return .tooLong
                }
                return .bytes(buffer[..<end])
            }
            if isSkipping || buffer.count > Message.limit {
                isSkipping = true
                buffer.removeAll(keepingCapacity: true)
            }
            searched = buffer.count
            guard !hasEnded else {
                if isSkipping { return nil }
                defer { buffer = [] }
                return buffer.isEmpty ? nil : .bytes(buffer[...])
            }
            var piece = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe read(STDIN_FILENO, &piece, piece.count)
            if count < 0, pinfold_errno() == EINTR { continue }
            if count <= 0 { hasEnded = true } else { buffer += piece[..<count] }
        }
    }
}
