import AdminClient
import AdminInterface
import DeployModel
import Foundation
import HTTPAnswers
import Hummingbird
import HummingbirdCore
import LinuxSystem
import NIOCore
import TestSupport
import Testing

@testable import AdminServer

/// Answers in pieces, over a real socket.
@Suite(.timeLimit(.minutes(10))) struct StreamingTests {
    /// Answers everything with the same stream.
    private struct Streaming: HTTPResponder {
        typealias Context = AdminContext
        let write: @concurrent @Sendable (inout any ResponseBodyWriter) async throws -> Void

        func respond(to request: Request, context: AdminContext) async throws -> Response { .stream("text/event-stream", write) }
    }

    private struct Broken: Error {}

    /// Serves such an answer while `body` runs, which gets the socket's path and can stop the server.
    private func serving(
        _ write: @escaping @concurrent @Sendable (inout any ResponseBodyWriter) async throws -> Void,
        _ body: (String, _ stop: @escaping @Sendable () -> Void) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/admin/admin.sock"
            let listener = try SocketListener(
                at: path, directoryMode: 0o700, group: nil, patience: 30, connections: 8, logger: quietLogger())
            let (ready, isReady) = AsyncStream<Void>.makeStream()
            let server = Task(executorPreference: ThreadExecutor()) {
                try await listener.answer(Streaming(write: write)) { isReady.finish() }
            }
            for await _ in ready {}
            do {
                try await body(path) { server.cancel() }
            } catch {
                server.cancel()
                try? await server.value
                throw error
            }
            server.cancel()
            try await server.value
        }
    }

    /// Reads until `text` has come.
    private func read(_ text: String, from connection: RawConnection) async throws -> String {
        try await onThread {
            var seen = ""
            while !seen.contains(text) {
                let piece = try connection.read(4096)
                try #require(!piece.isEmpty, "it ended after \(seen)")
                seen += String(decoding: piece, as: UTF8.self)
            }
            return seen
        }
    }

    @Test func `a piece is there when it is written, and not when the answer ends`() async throws {
        let (gate, opening) = AsyncStream<Void>.makeStream()
        try await serving { body in
            try await body.write(ByteBuffer(string: "data: one\n\n"))
            for await _ in gate {}
            try await body.write(ByteBuffer(string: "data: two\n\n"))
        } _: { path, _ in
            let connection = try RawConnection(path)
            try connection.send("GET /events HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n")
            var whole = try await read("data: one", from: connection)
            #expect(whole.lowercased().contains("content-type: text/event-stream"), "\(whole)")
            #expect(!whole.contains("two"))
            opening.finish()
            whole += String(decoding: try await onThread { connection.readToEnd() }, as: UTF8.self)
            var parser = HTTPAnswerParser(bodyLimit: 1000)
            let answer = try #require(try parser.take(Array(whole.utf8)))
            #expect(String(decoding: answer.body, as: UTF8.self) == "data: one\n\ndata: two\n\n")
        }
    }

    @Test func `an answer that fails in the middle is seen to be not whole`() async throws {
        try await serving { body in
            try await body.write(ByteBuffer(string: "data: one\n\n"))
            throw Broken()
        } _: { path, _ in
            let connection = try RawConnection(path)
            try connection.send("GET /events HTTP/1.1\r\nHost: p\r\n\r\n")
            let bytes = try await onThread { connection.readToEnd() }
            var parser = HTTPAnswerParser(bodyLimit: 1000)
            #expect(try parser.take(bytes) == nil)
            #expect(throws: HTTPFault.cutShort) { try parser.end() }
        }
    }

    @Test func `a server that stops waits for no stream`() async throws {
        try await serving { body in
            try await body.write(ByteBuffer(string: "data: one\n\n"))
            try await Task.sleep(for: .seconds(3600))
        } _: { path, stop in
            let connection = try RawConnection(path)
            try connection.send("GET /events HTTP/1.1\r\nHost: p\r\n\r\n")
            _ = try await read("data: one", from: connection)
            stop()
            _ = try await onThread { connection.readToEnd() }
            try await eventually("the socket is gone") { !exists(path) }
        }
    }

    @Test func `a server that stops lets go of connections that it accepted and never began`() async throws {
        let begun = try EventDescriptor()
        let over = try EventDescriptor()
        try await serving { _ in
            // On the only thread that could begin another connection.
            begun.set()
            over.wait(milliseconds: 60_000)
        } _: { path, stop in
            let first = try RawConnection(path)
            try first.send("GET /events HTTP/1.1\r\nHost: p\r\n\r\n")
            #expect(try await onThread { begun.wait(milliseconds: 60_000) })
            let before = sockets()
            let others = try (0..<4).map { _ in try RawConnection(path) }
            try await eventually("both ends of each are there") { sockets().subtracting(before).count == 8 }
            stop()
            over.set()
            for connection in others { #expect(try await onThread { connection.readToEnd() }.isEmpty) }
            try await eventually("the socket is gone") { !exists(path) }
        }
    }

    /// Those that this process has; others' may go at any time.
    private func sockets() -> Set<String> {
        let files = FileManager.default
        let links = ((try? files.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []).compactMap {
            try? files.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + $0)
        }
        return Set(links.filter { $0.hasPrefix("socket:") })
    }

    @Test func `a reader who is slow gets a large change whole`() async throws {
        let service = FakeService(Samples.deployment(3, .deployed))
        let change = (0..<6 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        service.change { $0.change = change }
        try await withTemporaryDirectory { directory in
            let live = try LiveServer(dataRoot: directory)
            try await live.serving(service) {
                let connection = try RawConnection(live.adminSocket)
                try connection.send("GET /deployments/3/diff HTTP/1.1\r\nHost: p\r\n\r\n")
                // Somebody else is answered meanwhile.
                _ = try await onThread { try live.admin.bytes(.diff, ["3"]) }
                var parser = HTTPAnswerParser(bodyLimit: 64 << 20)
                var answer: HTTPAnswer?
                while answer == nil {
                    let piece = try await onThread { try connection.read(10_000) }
                    try #require(!piece.isEmpty)
                    answer = try parser.take(piece)
                }
                #expect(answer?.head["content-length"] == "\(change.count)")
                #expect(answer?.body == change)
            }
        }
    }
}
