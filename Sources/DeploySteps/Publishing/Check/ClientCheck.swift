internal import DataRoot
internal import DeployModel
internal import DurableFiles
internal import HTTPAnswers
internal import LinuxSystem
internal import PlainText

/// Whether browsers get the client that was published: its index and all that this names, byte for byte, as the types that browsers take.
struct ClientCheck {
    let work: Work

    /// What is wrong, in a sentence; nil where nothing is, or where nobody said by which address it is found.
    /// A server that has just been told of files may need a moment.
    func problem() throws -> String? {
        guard let url = work.settings.client.url, let version = try published(), version.about.deployment != 0 else { return nil }
        guard let server = HTTPGet(url) else { return "\(url) is not an http:// URL (AGENT_DEPLOY_CLIENT_URL)" }
        let clock = ContinuousClock()
        let start = clock.now
        while true {
            try work.tools.cancellation.check()
            guard let problem = try look(server, version) else {
                work.tools.log.note("client: \(url) has it")
                return nil
            }
            if clock.now - start >= .milliseconds(work.settings.health.patience) {
                return "the client is not served as it was published: \(problem)"
            }
            SystemThread.sleep(milliseconds: 100)
        }
    }

    private func published() throws -> ClientVersion? {
        guard try PathState(of: work.settings.data.clientVersions) == .directory else { return nil }
        let store = ClientStore(work.settings)
        return try store.version(store.state().published)
    }

    private func look(_ server: HTTPGet, _ version: ClientVersion) throws -> String? {
        let base = work.settings.client.base
        guard let html = try DurableFile.read(version.tree + "/" + ClientPath.index, limit: OutputReview.indexLimit) else {
            return nil
        }
        // By the name that people use, which ends in a slash.
        if let problem = try compare(server.target, ClientPath.index, html, server) { return problem }
        let page = PageScan(html)
        var seen: Set<String> = [ClientPath.index]
        for reference in page.references {
            guard case .file(let path) = PageReference.meaning(of: reference, base: base, pageBase: page.base),
                seen.insert(path).inserted
            else { continue }
            guard let bytes = try DurableFile.read(version.tree + "/" + path, limit: Int(OutputReview.byteLimit)) else { continue }
            if let problem = try compare(PageReference.target(of: path, base: base), path, bytes, server) { return problem }
        }
        return nil
    }

    private func compare(_ target: String, _ path: String, _ bytes: [UInt8], _ server: HTTPGet) throws -> String? {
        do {
            let page = try server.page(target, limit: bytes.count, withinMilliseconds: 5000) {
                [cancellation = work.tools.cancellation] in
                cancellation.why != nil
            }
            let shown = path.plain()
            guard let page else { return "\(shown) has other contents there" }
            if page.status != 200 { return "\(shown) is answered with \(page.status)" }
            if page.body != bytes { return "\(shown) has other contents there" }
            if let objection = ContentTypes.objection(to: page.head["content-type"], for: path) {
                return "\(shown) comes with \(objection)"
            }
            return nil
        } catch {
            return error.description
        }
    }
}
