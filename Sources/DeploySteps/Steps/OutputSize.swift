internal import DurableFiles
internal import SystemPackage

/// How large a tree is that the agent made, as far as it may be so large: each of its numbers may be anything.
struct OutputSize {
    let byteLimit: Int64
    let entryLimit: Int
    private var bytes: Int64 = 0
    private var count = 0
    /// What is too large, in a few words; nil while nothing is.
    private(set) var fault: String?

    init(byteLimit: Int64, entryLimit: Int) {
        (self.byteLimit, self.entryLimit) = (byteLimit, entryLimit)
    }

    /// Goes through a tree, until it is too large.
    mutating func visit(
        _ directory: String, _ body: (TreeEntry) throws(FileError) -> Void
    ) throws(FileError) {
        do throws(FileError) {
            try Tree.visit(directory) { entry, _ throws(FileError) in
                count += 1
                if entry.size > byteLimit - bytes { fault = "larger than \(byteLimit >> 30) GiB" }
                if count > entryLimit { fault = "more than \(entryLimit) files and directories" }
                // By an error: nothing else ends the walk.
                guard fault == nil else { throw FileError("take in", directory, .fileTooLarge) }
                bytes += entry.size
                try body(entry)
            }
        } catch {
            if fault == nil { throw error }
        }
    }
}
