/// How a session mounts and serves.
package struct SessionOptions: Sendable {
    /// What its threads are called, and the directory of the superblock that is mounted: `findmnt` shows it behind the source.
    package var name: String
    /// What `/proc/self/mountinfo` gives as the source.
    package var source: String
    /// The type is `fuse.` and this.
    package var subtype = "pinfold"
    /// Whether the superblock is read-only: the kernel itself then answers EROFS.
    package var readOnly: Bool
    /// The techniques that may be used, where the kernel has them.
    package var features: Features
    /// How many file systems may stand on each other below backing files: 1 for a plain one, 2 where the files below are on a
    /// stacked one such as overlayfs (`max_stack_depth`, Linux 6.9).
    package var stackDepth: UInt32 = 1
    /// Whether the mount lies over its scratch directory for a moment also where the kernel would not need that.
    package var mountsByScratch = false
    /// How many threads serve what comes through the device.
    package var workers: Int
    /// Where those sit that serve what comes through rings (`Features.rings`); none where there shall be none.
    package var ringSeats: [RingSeat] = []
    /// Told the kernel's INIT once it has been answered: whoever is to serve this session after this process begins with that.
    package var began: @Sendable ([UInt8]) -> Void = { _ in }
    /// Whether the process that served before ended by a fault of its own: a request that it had in hand may have been what it ended over.
    package var followsFault = false
    /// Told what kind of request was answered with EIO, because process after process ended while it was served.
    package var refused: @Sendable (String) -> Void = { _ in }

    /// Where what outlives this process is kept; nil for nowhere.
    package var memory: SessionMemory?

    package init(name: String, source: String, readOnly: Bool, features: Features, workers: Int) {
        self.name = name
        self.source = source
        self.readOnly = readOnly
        self.features = features
        self.workers = workers
    }
}
