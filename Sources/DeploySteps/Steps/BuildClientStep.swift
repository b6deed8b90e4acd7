internal import DataRoot
internal import DeployModel
internal import DurableFiles
internal import PlainText

/// The client, from its sources to a version that is kept whole, and can be published. What was built before a crash is used.
@Sendable func buildClient(_ work: inout Work) throws -> StepOutcome {
    work.tools.fault.reach("build_client", "inside")
    let project: ClientProject
    let version: ClientVersion
    do {
        guard let found = try ClientProject.find(in: work.workplace.tree, work.settings.client) else {
            return .done(note: "no client")
        }
        project = found
        version = try ClientBuild(work: work, project: project).version()
    } catch let fault as ClientProject.Fault {
        return .stopped(.failed, reason: fault.reason, advice: fault.advice)
    }
    let publisher = ClientPublisher(work: work)
    if let objection = try publisher.objection(to: version) {
        return .stopped(.failed, reason: "the client is refused: \(objection)", advice: "pinfold logs \(work.deployment.id)")
    }
    let state = try publisher.store.state()
    let published = try publisher.store.version(state.published)?.about.facts ?? OutputReview.Facts()
    let facts = version.about.facts
    let files = version.files
    let bytes = files.keys.reduce(Int64(0)) { sum, path in
        // `file MODE SIZE HASH`.
        sum + (version.digest(of: path).flatMap { $0.split(separator: " ").dropFirst(2).first.flatMap { Int64($0) } } ?? 0)
    }
    work.deployment.client = ClientRecord(
        files: files.count, bytes: bytes, newHosts: Set(facts.hosts).subtracting(published.hosts).sorted(),
        serviceWorker: facts.workers.isEmpty == published.workers.isEmpty ? nil : facts.workers.isEmpty ? .vanishes : .appears)
    for host in work.deployment.client?.newHosts ?? [] { work.tools.log.note("the index names the host \(host.plain())") }
    for path in facts.workers where work.deployment.client?.serviceWorker == .appears {
        work.tools.log.note("a service worker, or what registers one: \(path.plain())")
    }
    return .done(note: "\(files.count) files, \(bytes) bytes")
}
