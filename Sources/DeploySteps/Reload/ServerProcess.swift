internal import DeployModel
internal import LinuxSystem
internal import PlainText
internal import SystemPackage

/// A connection to one process of the server. What ends it before `keep` has that process be as it was.
///
/// Everything that comes is bounded: a line by its length, an answer by a deadline, however slowly it trickles in.
final class ServerProcess {
    /// What an answer may have: the names of some thousand modules.
    static let longestLine = 1 << 18

    /// As the directory names it: `1234.sock`.
    let name: String
    private let stream: UnixStream
    private var waiting: [UInt8] = []

    /// - Parameter stream: whose calls give up after a second at most.
    init(_ name: String, _ stream: consuming UnixStream) {
        self.name = name
        self.stream = stream
    }

    func send(_ request: String) throws(ReloadRefusal) {
        do {
            try stream.send(Array((request + "\n").utf8))
        } catch {
            throw ReloadRefusal("\(name): the process is gone or does not listen (\(error))", isLoss: true)
        }
    }

    /// The next answer, if it says yes.
    /// - Parameter isCalledOff: asked once a second; then it is not waited for any longer.
    func answer(withinSeconds seconds: Int, _ isCalledOff: () -> Bool) throws(ReloadRefusal) -> ReloadAnswer {
        let line = try line(withinSeconds: seconds, isCalledOff)
        guard let answer = ReloadAnswer(line: line) else {
            throw ReloadRefusal("\(name): its answer is none: \(String(showing: line.prefix(80)).plain())")
        }
        if let reason = answer.refused ?? answer.error { throw ReloadRefusal(String(reason.prefix(800)).plain()) }
        guard answer.ok == true else { throw ReloadRefusal("\(name): its answer says neither yes nor no") }
        return answer
    }

    private func line(withinSeconds seconds: Int, _ isCalledOff: () -> Bool) throws(ReloadRefusal) -> [UInt8] {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            if let end = waiting.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(waiting[..<end])
                waiting.removeSubrange(...end)
                return line
            }
            guard waiting.count <= Self.longestLine else {
                throw ReloadRefusal("\(name): its answer is longer than \(Self.longestLine) bytes")
            }
            guard ContinuousClock.now < deadline else { throw ReloadRefusal("\(name): no answer within \(seconds) s") }
            guard !isCalledOff() else { throw ReloadRefusal("the reload was called off") }
            do {
                let bytes = try stream.receive()
                guard !bytes.isEmpty else { throw ReloadRefusal("\(name): the process ended the connection", isLoss: true) }
                waiting += bytes
            } catch let refusal as ReloadRefusal {
                throw refusal
            } catch let error as Errno where error == .resourceTemporarilyUnavailable || error == .wouldBlock {
                continue
            } catch {
                throw ReloadRefusal("\(name): the process is gone (\(error))", isLoss: true)
            }
        }
    }
}
