internal import DataRoot
package import DeployModel
internal import DurableFiles

/// The commit that the admin began with, as `pinfold init` wrote it down: the first deployment is compared with it.
package enum Baseline: Equatable, Sendable {
    /// No such file: whoever set the daemon up without `pinfold init` agrees to what is there.
    case none
    case known(CommitID)
    /// It is there, and says nothing that can be understood: no agreement to anything.
    case unreadable

    package init(of settings: PipelineSettings) {
        do {
            guard let bytes = try DurableFile.read(settings.data.baseline, limit: 4096) else {
                self = .none
                return
            }
            let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            self = words.count == 1 ? CommitID(String(words[0])).map { .known($0) } ?? .unreadable : .unreadable
        } catch {
            self = .unreadable
        }
    }

    package var commit: CommitID? { if case .known(let commit) = self { commit } else { nil } }
}
