package import AdminInterface
internal import CLinux
internal import DataRoot
package import DeployModel
internal import DeploySteps
internal import DurableFiles
internal import GitRepository
internal import LinuxSystem
internal import QuietTasks
internal import SystemPackage

/// Reading: from the database and the files, without the loop.
extension DeployService {
    package func status() throws(DeployError) -> StatusDocument {
        if board.document == nil { try board.show(store) }
        board.lookAtServer(waitingMilliseconds: 500)
        guard var document = board.document else { throw .unavailable("the daemon is starting") }
        // The policy may have changed since the loop looked: who signs now signs for what holds now.
        if document.waiting != nil, let current = document.current {
            document.waiting?.approval = ApprovalProgress(of: current, by: settings.policy.read(), at: Clock.now)
        }
        return document
    }

    package func policy() throws(DeployError) -> PolicyAnswer {
        PolicyAnswer(settings.policy.read(), file: settings.policy.path, waiting: try status().waiting, at: Clock.now)
    }

    /// Newest first.
    /// - Parameter before: only deployments with smaller ids.
    /// - Parameter state: only deployments in it.
    package func history(limit: Int, before: Int? = nil, state: DeploymentState? = nil) throws(DeployError) -> [Deployment] {
        try store.read { try $0.history(limit: max(0, limit), before: before, state: state) }
    }

    package func show(_ id: Int) throws(DeployError) -> Deployment {
        guard let deployment = try store.read({ try $0.deployment(id) }) else { throw .notFound("there is no deployment \(id)") }
        return deployment
    }

    /// A piece of the output of tests, build, reload and checks, from a byte offset on: at most `limit` bytes.
    package func log(_ id: Int, from offset: Int = 0, limit: Int = 1 << 20) throws(DeployError) -> LogPage {
        let deployment = try show(id)
        let isEnd = deployment.state.isEnd
        let path = settings.data.log(of: id)
        let number = unsafe pinfold_open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0)
        guard number >= 0 else {
            let last = try store.read { try $0.lastNumber() } ?? 0
            let isGone = isEnd && !deployment.steps.isEmpty && deployment.id <= last - settings.versions.keep
            return LogPage(text: isGone ? "── its output is no longer kept (AGENT_DEPLOY_KEEP)\n" : "", next: 0, complete: isEnd)
        }
        let file = Descriptor(owning: number)
        var bytes = [UInt8](repeating: 0, count: max(1, min(limit, 4 << 20)))
        let count = unsafe pread(file.rawValue, &bytes, bytes.count, off_t(max(0, offset)))
        guard count > 0 else { return LogPage(text: "", next: max(0, offset), complete: isEnd) }
        var piece = bytes[..<count]
        // A character that is cut in two comes whole with the next piece.
        if count == bytes.count {
            while piece.count > 1, let last = piece.last, last & 0xC0 == 0x80 { piece = piece.dropLast() }
            if piece.count > 1, let last = piece.last, last >= 0xC0 { piece = piece.dropLast() }
        }
        return LogPage(
            text: String(decoding: piece, as: UTF8.self), next: max(0, offset) + piece.count, complete: isEnd && count < bytes.count
        )
    }

    /// The change against `base`, as a unified diff; bytes, since files are: escape them before a
    /// terminal sees them.
    /// - Throws: `.unavailable` where several are being made already: each may take its time and its memory.
    /// - Parameter context: how many unchanged lines are around a change.
    package func diff(
        _ id: Int, against base: DiffBase = .deployed, context: Int = Query.usualContext
    ) async throws(DeployError) -> [UInt8] {
        let deployment = try show(id)
        let old: CommitID? =
            switch base {
            case .deployed: deployment.base
            case .deployment(let other): try show(other).commit
            case .approved: try approved(before: id).commit
            }
        guard
            diffs.withLock({ count in
                if count < Self.diffsAtOnce { count += 1 } else { return false }
                return true
            })
        else { throw .unavailable("\(Self.diffsAtOnce) changes are being compared already; try again in a moment") }
        let source = SourceDiff(mirror: settings.data.mirror, programs: settings.programs)
        let (diffs, departure) = (self.diffs, self.departure)
        let release: @Sendable () -> Void = { diffs.withLock { $0 -= 1 } }
        return try await offPool(whenOver: release) {
            do {
                return try source.bytes(from: old?.objectID, to: deployment.commit.objectID, context: context) {
                    departure.hasBegun
                }
            } catch let error as GitError where error.kind == .notFound {
                throw DeployError.notFound(
                    "commit \(deployment.commit.short)\(old.map { ", or \($0.short) with which it is compared," } ?? "") has not been taken in, or is no longer kept (AGENT_DEPLOY_KEEP)"
                )
            }
        }
    }

    private static let diffsAtOnce = 2

    /// What a human agreed to last before the deployment came: looked for as far back as a person would.
    private func approved(before id: Int) throws(DeployError) -> Deployment {
        var before = id
        for _ in 0..<50 {
            let page = try history(limit: 20, before: before)
            if let found = page.first(where: { $0.approval != nil }) { return found }
            guard let last = page.last else { break }
            before = last.id
        }
        throw .notFound("no deployment before \(id) was approved by a human, so there is nothing to compare with")
    }

    /// Why a file of the tree judges the agent, nil where it does not, and the version whose tests say so.
    /// - Parameter path: from the tree's top.
    package func surface(of path: String) async throws(DeployError) -> SurfaceAnswer {
        guard let mirror = loop.workshop.mirror else { throw .unavailable("the daemon is starting") }
        let baseline = Baseline(of: settings).commit
        let surfaces = loop.workshop.surfaces
        let store = self.store
        return try await offPool {
            let (base, passed) = try store.read { history -> (CommitID?, PassedTests?) in
                let good = try history.fact(.good)
                let running = try history.fact(.running)
                return (good?.commit ?? running?.commit ?? baseline, try good.flatMap { try history.passedTests(of: $0.origin) })
            }
            // A baseline comes into the mirror with the first commit.
            let known = try base.flatMap { try mirror.contains($0.objectID) ? $0 : nil }
            let surface = try surfaces.surface(of: known, passed: passed?.ids, in: mirror)
            return SurfaceAnswer(path: path, reason: surface.reason(for: Array(path.utf8))?.sentence, base: known)
        }
    }

    /// What was asked, answered and refused, newest first.
    package func events(limit: Int) throws(DeployError) -> [Event] {
        try store.read { try $0.events(limit: max(0, limit)) }
    }

    /// Blocking work on a thread of its own, with every error made a `DeployError`. When the daemon stops nobody waits for it any more; `body` asks
    /// `departure`, and what it has started ends with the daemon.
    /// - Parameter whenOver: called once, when `body` has ended, or when no thread could be had for it.
    func offPool<Result: Sendable>(
        whenOver: @escaping @Sendable () -> Void = {}, _ body: @escaping @Sendable () throws -> Result
    ) async throws(DeployError) -> Result {
        typealias Outcome = Swift.Result<Result, any Error>
        let departure = self.departure
        let result = await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
            let answer = FirstAnswer<Outcome>(continuation)
            let ticket = departure.whenBegun { answer.give(.failure(DeployError.unavailable("the daemon is stopping"))) }
            do throws(Errno) {
                _ = try SystemThread("pinfold-answer", stack: SystemThread.deepStack) {
                    let result = Swift.Result { try body() }
                    whenOver()
                    answer.give(result)
                    departure.forget(ticket)
                }
            } catch {
                whenOver()
                answer.give(.failure(DeployError.noThread(error)))
                departure.forget(ticket)
            }
        }
        do {
            return try result.get()
        } catch let error as DeployError {
            throw error
        } catch {
            throw .refused(explanation(of: error).reason)
        }
    }
}
