internal import DataRoot
package import DeployModel
internal import DurableFiles

/// `work/<id>/switching`: that a deployment has passed the last look at what was tested and approved, and that the target may be its version
/// from now on. Written before anything moves, and gone with the deployment's other work once its end is on record.
package struct SwitchMark {
    private let path: String

    package init(of deployment: Deployment, _ settings: PipelineSettings) {
        path = settings.data.workplace(of: deployment.id).switching
    }

    /// What cannot be read counts as not written: the switch asks again, with an error.
    package var isWritten: Bool { ((try? release()) ?? nil) != nil }

    /// The release that is switched to; nil where it has not come so far.
    func release() throws(FileError) -> String? {
        try DurableFile.read(path).map { String(decoding: $0, as: UTF8.self) }
    }

    func write(_ release: String?) throws(FileError) {
        try DurableFile.write(Array((release ?? "").utf8), to: path, mode: 0o600)
    }

    func remove() throws(FileError) { try DurableFile.remove(path) }
}
