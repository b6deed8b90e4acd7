internal import DeployModel
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore

/// The two forms that answers have.
extension Response {
    /// A value, whole.
    static func json(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, mediaType: String = "application/json"
    ) throws -> Response {
        let bytes = try DeployJSON.encode(value)
        return Response(
            status: status, headers: [.contentType: mediaType], body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// Pieces, each sent when it is written: of what is too large to be kept twice, or is not known yet when the answer begins.
    ///
    /// Its end is the return of `write`. What that throws cuts the connection, since the status is said already: whoever reads sees
    /// that the answer is not whole. It is cancelled when the server stops.
    /// - Parameters:
    ///   - length: in bytes, where it is known.
    ///   - write: on the connection's task. A piece that is written returns when there is room for more: a reader that does not read is waited for. A wait in it
    ///     is one that does not wake (QuietTasks).
    static func stream(
        _ mediaType: String, length: Int? = nil,
        _ write: @escaping @concurrent @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> Response {
        Response(
            status: .ok, headers: [.contentType: mediaType],
            body: ResponseBody(contentLength: length) { writer in
                try await write(&writer)
                try await writer.finish(nil)
            })
    }
}
