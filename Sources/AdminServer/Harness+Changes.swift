internal import AdminInterface
internal import DeployModel
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore

/// What a deployment changes: as a diff, as files, and line by line.
extension Harness {
    /// The largest change that is sent as a diff.
    static let diffLimit = 32 << 20
    /// How much of it is written at a time.
    private static let pieceBytes = 64 << 10

    func diff(_ asked: Asked) async throws -> Response {
        let bytes = try await change(asked)
        // In pieces, each written when the one before is on its way: whoever reads slowly has no second copy of it kept for them.
        return .stream("application/octet-stream", length: bytes.count) { body in
            var rest = bytes[...]
            while !rest.isEmpty {
                try await body.write(ByteBuffer(bytes: rest.prefix(Self.pieceBytes)))
                rest = rest.dropFirst(Self.pieceBytes)
            }
        }
    }

    func changes(_ asked: Asked) async throws -> Response { try .json(ChangeList(Diff(reading: try await change(asked)))) }

    func changedFile(_ asked: Asked) async throws -> Response {
        let number = try asked.file()
        let diff = Diff(reading: try await change(asked))
        guard diff.files.indices.contains(number) else {
            throw Problem(.notFound, "the change has no file \(number); it has \(diff.files.count), from 0 on")
        }
        return try .json(ChangedFile(number, of: diff, withLines: true))
    }

    private func change(_ asked: Asked) async throws -> [UInt8] {
        let id = try asked.deployment()
        let base = try asked.query.value(Query.against, "deployed, approved or a deployment's number", DiffBase.init) ?? .deployed
        let context = try asked.query.number(Query.context, in: 0...Query.mostContext) ?? Query.usualContext
        let isAgent = asked.caller.role == .agent
        guard !isAgent || comparing.enter() else {
            throw Problem(.busy, "a change is being compared for the agent already; try again when that has been answered")
        }
        defer { if isAgent { comparing.leave() } }
        let bytes = try await service.diff(id, against: base, context: context)
        guard bytes.count <= Self.diffLimit else {
            throw Problem(
                .tooLarge,
                "the change of deployment \(id) is \(bytes.count >> 20) MiB as a diff; look at it with git in deployments/repo.git")
        }
        return bytes
    }
}
