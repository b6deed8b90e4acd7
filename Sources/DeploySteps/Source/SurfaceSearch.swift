package import DeployModel
package import GitRepository
internal import LinuxSystem

/// The test surface as the deployed version and its report make it: found once for each, since it takes a look at all of its tests.
package final class SurfaceSearch: Sendable {
    private static let bytesOfFile = 1 << 20
    private static let bytesInSum = 64 << 20

    private let byName: TestSurface
    private let testCommand: String?
    /// With the tests as well: a baseline has none, until it is deployed itself.
    private let last = Lock<(of: CommitID, passed: Set<String>?, surface: TestSurface)?>(nil)

    /// - Parameter byName: what needs no look at any version.
    package init(byName: TestSurface, testCommand: String?) {
        self.byName = byName
        self.testCommand = testCommand
    }

    package convenience init(_ settings: PipelineSettings) {
        self.init(byName: settings.surface, testCommand: settings.tests.command)
    }

    /// - Parameters:
    ///   - base: the deployed version, or what the first deployment is compared with; nil where there is none.
    ///   - passed: ids of its report's tests that passed.
    package func surface(of base: CommitID?, passed: Set<String>?, in mirror: GitMirror) throws -> TestSurface {
        guard let base else { return byName }
        if let last = last.withLock({ $0 }), last.of == base, last.passed == passed { return last.surface }
        let files = try mirror.files(of: base.objectID)
        var ids: [[UInt8]: ObjectID] = [:]
        for file in files where file.mode != .submodule { ids[file.path.bytes] = file.id }
        let known = ids
        var bytes = 0
        var finder = SurfaceFinder(
            files: files.map { .init(path: $0.path.bytes, isLink: $0.mode == .symbolicLink, isExecutable: $0.mode == .executable) },
            surface: byName
        ) { path in
            guard let id = known[path] else { return nil }
            let size = try mirror.size(of: id)
            bytes += size
            return size <= Self.bytesOfFile && bytes <= Self.bytesInSum ? try mirror.contents(of: id) : nil
        }
        let surface = byName.with(try finder.find(passed: passed ?? [], command: testCommand))
        last.withLock { $0 = (base, passed, surface) }
        return surface
    }
}

extension Work {
    /// What judges the agent, as the version says that the candidate is compared with.
    func surface(of base: CommitID?) throws -> TestSurface {
        try tools.surfaces.surface(of: base, passed: facts.passedTestsOfGood?.ids, in: tools.mirror)
    }
}
