internal import DataRoot
internal import DeployModel
internal import DurableFiles
internal import LinuxSystem
internal import PlainText
internal import SystemPackage

/// Puts versions of the client where they are served.
struct ClientPublisher {
    let work: Work
    var store: ClientStore { ClientStore(work.settings) }

    /// The version that this deployment publishes; nil where it has none.
    func own() throws -> ClientVersion? {
        switch work.deployment.kind {
        case .commit: try store.version(ClientVersion.name(of: work.deployment.id, work.deployment.commit))
        case .rollback(let id): try store.version(publishedIn: id)
        case .reload(let id): try store.version(publishedIn: id)
        }
    }

    /// Why a version cannot be published beside what is there, in a sentence; nil where it can. Nothing is written.
    func objection(to version: ClientVersion) throws -> String? {
        let others = try store.versions().filter { $0.name != version.name }
        let published = work.settings.clientPublic
        var known: Set<String> = []
        for other in others {
            let files = other.files
            known.formUnion(files.keys)
            for (path, kind) in version.files where kind == .hashed {
                guard let before = other.digest(of: path), before != version.digest(of: path), ClientPath.original(of: path) == nil
                else { continue }
                return Self.otherBytes(path, "deployment \(other.about.deployment) published it")
            }
        }
        guard try PathState(of: published) != .missing else { return nil }
        guard try PathState(of: published) == .directory else { return "\(published) is no directory (AGENT_DEPLOY_CLIENT_PUBLIC)" }
        let directory = try UnionDirectory(reading: published)
        let tree = try Directories.open(version.tree)
        for (path, kind) in version.files.sorted(by: { $0.key < $1.key }) {
            switch try directory.presence(of: Array(path.utf8), as: tree) {
            case .missing, .same: continue
            case .obstacle: return "\(path.plain()) cannot be put into \(published): something that is no file is in the way there"
            case .otherFile where kind == .hashed && ClientPath.original(of: path) == nil:
                return Self.otherBytes(path, "it is in \(published)")
            case .otherFile:
                // Before the first version everything was somebody else's, and is kept.
                guard !others.isEmpty, !known.contains(path), kind != .hashed else { continue }
                return "\(path.plain()) is in \(published) already, and no deployment put it there: move it away"
            }
        }
        return nil
    }

    private static func otherBytes(_ path: String, _ where: String) -> String {
        "\(path.plain()) has a name with a hash in it, and other contents than the file of that name before (\(`where`)): browsers have that one cached for good; let the build give names by contents"
    }

    /// What nothing names yet.
    func publishAssets(of version: ClientVersion) throws -> Int {
        let done = try changing { directory in
            let plan = try plan(version, in: directory, after: false)
            try carryOut(plan.assets, of: version, in: directory, isNew: false)
            work.tools.fault.reach("publish_assets", "placed")
            try directory.sync()
            return plan
        }
        return done.assets.count
    }

    /// Everything, and the record of it; nothing is done where it is there already.
    func publish(_ version: ClientVersion) throws -> Int {
        var state = try store.state()
        if state.published == nil, state.coming == nil, version.name != ClientVersion.before {
            try keepWhatIsThere(beside: version)
        }
        if state.published == nil { state.published = try store.version(ClientVersion.before)?.name }
        if state.published != version.name || state.coming != nil {
            state.coming = version.name
            try store.write(state)
        }
        let done = try changing { directory in
            let plan = try plan(version, in: directory, after: true)
            try carryOut(plan.assets, of: version, in: directory, isNew: false)
            if !plan.assets.isEmpty { try directory.sync() }
            try carryOut(plan.pages, of: version, in: directory, isNew: true)
            if !plan.pages.isEmpty { try directory.sync() }
            return plan
        }
        try settle(version, state)
        return done.assets.count + done.pages.count
    }

    /// Back to what was published before this deployment; nil where that is so, else why it is not.
    func goBack() throws -> String? {
        guard try PathState(of: work.settings.data.clientVersions) == .directory else { return nil }
        let state = try store.state()
        let own = try own()
        guard state.coming != nil || own != nil && state.published == own?.name else { return nil }
        var aim = try work.facts.good.flatMap { try store.version(publishedIn: $0.deployment) }
        if aim == nil || aim?.name == own?.name {
            aim = try store.version(state.published == own?.name ? state.before : state.published)
        }
        guard let aim else { return "the version of the client that was published before is not there any more" }
        if var own, own.name != aim.name, own.about.published.remove(work.deployment.id) != nil { try own.write() }
        let count = try publish(aim)
        work.tools.log.note(
            "the client of \(aim.about.deployment == 0 ? "before the first deployment" : "deployment \(aim.about.deployment)") again: \(count) files"
        )
        return nil
    }

    /// What waits to be placed is this deployment's own: a step that was left behind may be at it still, for another one.
    private func changing(_ body: (borrowing UnionDirectory) throws -> PublishPlan) throws -> PublishPlan {
        let directory = try UnionDirectory(work.settings.clientPublic, for: String(work.deployment.id))
        let plan: PublishPlan
        do {
            plan = try body(directory)
        } catch {
            // On a full disk what waits is what fills it.
            try? directory.close()
            throw error
        }
        try directory.close()
        return plan
    }

    private func settle(_ version: ClientVersion, _ state: ClientStore.State) throws {
        var version = version
        let isBack = work.deployment.stage == .goBack
        if version.about.retired != nil || !isBack && !version.about.published.contains(work.deployment.id) {
            version.about.retired = nil
            if !isBack { version.about.published.insert(work.deployment.id) }
            try version.write()
        }
        guard state.coming != nil else { return }
        if let old = state.published, old != version.name, var left = try store.version(old) {
            left.about.retired = Clock.now
            try left.write()
        }
        try store.write(
            .init(published: version.name, coming: nil, before: state.published == version.name ? state.before : state.published))
    }

    private func plan(_ version: ClientVersion, in directory: borrowing UnionDirectory, after: Bool) throws -> PublishPlan {
        let files = version.files
        let tree = try Directories.open(version.tree)
        var there: Set<String> = []
        for path in files.keys {
            switch try directory.presence(of: Array(path.utf8), as: tree) {
            case .same: there.insert(path)
            case .missing: continue
            case .otherFile:
                // Compressed once more, by another program perhaps: the same to whoever reads it.
                if files[path] == .hashed, ClientPath.original(of: path) != nil {
                    there.insert(path)
                } else if files[path] == .hashed {
                    throw DeployError.broken(Self.otherBytes(path, "it is in \(work.settings.clientPublic)"))
                }
            case .obstacle: throw FileError("put", directory.path + "/" + path, .fileExists)
            }
        }
        var others: [String: ClientFileKind] = [:]
        if after { for other in try store.versions() where other.name != version.name { others.merge(other.files) { $1 } } }
        others = try others.filter { try directory.presence(of: Array($0.key.utf8)) == .otherFile }
        return PublishPlan(files, there: there, others: others)
    }

    /// All that takes space first, then names.
    private func carryOut(
        _ steps: [PublishPlan.Step], of version: ClientVersion, in directory: borrowing UnionDirectory, isNew: Bool
    ) throws {
        let tree = try Directories.open(version.tree)
        for (number, step) in steps.enumerated() {
            guard case .put(let path) = step else { continue }
            // Past the switch it is gone through with.
            if work.deployment.stage.targetUse == .none { try work.tools.cancellation.check() }
            try directory.stage(Array(path.utf8), from: tree, as: number, isNew: isNew)
        }
        try directory.sync()
        for (number, step) in steps.enumerated() {
            work.tools.fault.reach("publish", "\(isNew ? "page" : "asset")-\(number)")
            switch step {
            case .put(let path):
                // The index names what is there after a loss of power too.
                if path == ClientPath.index { try directory.sync() }
                try directory.put(Array(path.utf8), staged: number)
            case .remove(let path): try directory.remove(Array(path.utf8))
            }
        }
    }

    /// Before the first version: what it replaces, so that it can come back.
    private func keepWhatIsThere(beside version: ClientVersion) throws {
        let path = store.path(ClientVersion.before)
        guard try PathState(of: path) == .missing else { return }
        let part = path + ".part"
        try Tree.remove(part)
        try DurableFile.makeDirectory(part + "/tree", mode: 0o755)
        let kept = Overlay(root: part + "/tree", owner: (0, 0))
        let published = Overlay(root: work.settings.clientPublic, owner: (0, 0))
        var facts = OutputReview.Facts()
        if try PathState(of: work.settings.clientPublic) == .directory {
            for (path, kind) in version.files where kind != .hashed {
                guard let bytes = try published.read(Array(path.utf8), limit: Int(OutputReview.byteLimit)) else { continue }
                try kept.put(Array(path.utf8), contents: bytes, mode: 0o644)
                if kind == .index { facts.hosts = PageScan(bytes).hosts }
            }
        }
        try ClientVersion.keep(part, as: path, about: .init(deployment: 0, made: Clock.now, facts: facts))
    }
}
