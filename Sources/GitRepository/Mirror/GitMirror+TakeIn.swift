internal import CLibgit2
internal import CLinux
internal import LinuxSystem

/// What a take-in brought.
package struct TakenIn: Hashable, Sendable {
    package let tip: ObjectID
    /// Objects that were handed over; 0 where the mirror had the commit.
    package let objects: Int
    package let packBytes: Int
    /// Files of the history, none of the commit's own, that were too large.
    package var leftOut = 0
}

extension GitMirror {
    static let incomingPrefix = "incoming-"

    /// Takes in what `pinfold-git pack` wrote: reads `descriptor` to its end, checks every object, id, name and mode, and only then adds it.
    ///
    /// A crash in here leaves a directory `incoming-*` that the next start removes, or a pack that no reference names: harmless, and the
    /// next take-in of the same commit finds it there.
    /// - Parameter isCalledOff: asked again and again; then it ends soon, as if the deadline had passed.
    /// - Returns: the branch's commit, with everything that it refers to now in the mirror.
    package func takeIn(
        packFrom descriptor: Int32, limits: IntakeLimits = IntakeLimits(), deadline: ContinuousClock.Instant,
        isCalledOff: @escaping () -> Bool = { false }
    ) throws(GitError) -> TakenIn {
        let stream = IncomingStream(descriptor: descriptor, limit: limits.packBytes, deadline: deadline, isCalledOff: isCalledOff)
        let (tip, objects, leftOut) = try Self.parse(header: try stream.line(limit: 128), stream, limits)
        guard objects <= limits.objects else {
            throw GitError(.tooLarge, "\(objects) objects are more than the \(limits.objects) that are taken in")
        }
        if objects == 0, leftOut.isEmpty {
            guard try contains(tip) else { throw GitError(.corrupt, "commit \(tip) was not handed over") }
            return TakenIn(tip: tip, objects: 0, packBytes: 0)
        }
        let incoming = "\(path)/\(Self.incomingPrefix)\(UInt64.random(in: 1...UInt64.max))"
        try attempt("cannot make \(incoming)") { unsafe mkdir(incoming, 0o700) }
        // What remains after a failure here is removed at the next start.
        defer { try? Self.removeTree(incoming) }
        let indexer = try PackIndexer(directory: incoming)
        while let part = unsafe try stream.next() { try unsafe indexer.append(part) }
        let name = try indexer.finish(expecting: objects)
        let fresh = try ObjectStore(packIndex: "\(incoming)/pack-\(name).idx")
        try opened.withLock { opened throws(GitError) in
            var check = IncomingCheck(
                fresh: fresh, mirror: opened.store, limits: limits, deadline: deadline, isCalledOff: isCalledOff)
            let before = try self.leftOut()
            let missing = before.merging(leftOut) { $1 }
            guard missing.count <= max(LeftOut.mostInAll, before.count) else {
                throw GitError(
                    .tooLarge, "the history has more than \(LeftOut.mostInAll) files that are too large (AGENT_DEPLOY_FILE_LIMIT)")
            }
            try check.run(tip: tip, expecting: objects, leftOut: missing)
            if missing.count > before.count { try leaveOut(missing) }
            // Before it can be taken for something that nothing needs.
            arrivals.withLock {
                $0.count += 1
                $0.unnamed.insert(tip)
            }
            try install("pack-\(name)", from: incoming)
            // What had been left out before may have come now.
            let stillMissing = missing.filter { !fresh.contains($0.key) }
            if stillMissing.count < missing.count { try leaveOut(stillMissing) }
            try consolidatePacks(&opened)
        }
        return TakenIn(tip: tip, objects: objects, packBytes: stream.received, leftOut: leftOut.count)
    }

    private static func parse(header: String, _ stream: IncomingStream, _ limits: IntakeLimits) throws(GitError)
        -> (tip: ObjectID, objects: Int, leftOut: [ObjectID: Int])
    {
        let strange = GitError(.hostile, "what was handed over is not a pack of pinfold-git")
        let words = header.split(separator: " ")
        guard words.count == 4 || words.count == 5, words[0] == "pinfold-pack", words[1] == "1",
            let tip = ObjectID(String(words[2])),
            let objects = Int(words[3]), objects >= 0, let count = words.count == 5 ? Int(words[4]) : 0, 0...LeftOut.most ~= count
        else { throw strange }
        var leftOut: [ObjectID: Int] = [:]
        for _ in 0..<count {
            // Nothing that fits is left out: who says so hides something.
            guard let (id, size) = LeftOut.parse(try stream.line(limit: 128)), size > limits.blobBytes else { throw strange }
            leftOut[id] = size
        }
        return (tip, objects, leftOut)
    }

    /// The pack first, then its index, which is what makes it known: both are synced already.
    private func install(_ name: String, from incoming: String) throws(GitError) {
        let target = "\(path)/objects/pack"
        for suffix in [".pack", ".idx"] {
            try attempt("cannot add \(name)\(suffix) to the mirror") {
                unsafe rename("\(incoming)/\(name)\(suffix)", "\(target)/\(name)\(suffix)")
            }
        }
        try Self.sync(directory: target)
    }

    static func sync(directory: String) throws(GitError) {
        let own = try openFile(directory, [.readOnly, .directory], or: "cannot open \(directory)")
        let raw = own.rawValue
        try attempt("cannot sync \(directory)") { pinfold_fsync(raw) }
    }
}
