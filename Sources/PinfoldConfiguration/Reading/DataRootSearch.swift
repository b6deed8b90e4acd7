internal import CLinux
internal import DataRoot

/// The data root where nobody names one, found upwards from the working directory as git finds its repository.
enum DataRootSearch {
    /// The nearest one that has been set up; else where one belongs: at the top of the repository that the directory lies in, or in itself.
    static func from(_ workingDirectory: String) -> String {
        let start = Paths.absolute(workingDirectory, from: "/")
        var directory = start
        var found: String?
        var top: String?
        while true {
            let candidate = Paths.absolute(DataRoot.usualName, from: directory)
            // One around the working directory goes before one inside that: what a data root holds is the agent's, or was deployed
            // for it by root.
            if found == nil || Paths.isInside(start, candidate), isSetUp(candidate) { found = candidate }
            if top == nil, unsafe access(Paths.absolute(".git", from: directory), F_OK) == 0 { top = directory }
            guard directory != "/" else { return found ?? Paths.absolute(DataRoot.usualName, from: top ?? start) }
            directory = Paths.absolute("..", from: directory)
        }
    }

    /// Only what root or this user made: a stranger's directory above this one, or the agent's below, is nobody's data root, and a
    /// link leads to somebody else's.
    private static func isSetUp(_ path: String) -> Bool {
        [path, DataRoot(path).deployments].allSatisfy { path in
            var status = stat()
            guard unsafe lstat(path, &status) == 0 else { return false }
            return status.st_mode & mode_t(0o170000) == mode_t(0o040000) && (status.st_uid == 0 || status.st_uid == geteuid())
        }
    }
}
