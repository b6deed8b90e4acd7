internal import DeployModel
internal import DeploySteps

/// What is on disk when a step begins.
extension DeployLoop {
    func facts(for deployment: Deployment) throws(DeployError) -> Work.Facts {
        let baseline = Baseline(of: settings)
        return try store.read { history in
            var facts = Work.Facts()
            facts.running = try history.fact(.running)
            facts.good = try history.fact(.good)
            facts.quarantine = try history.quarantine()
            facts.rejections = try history.rejections()
            facts.passedTestsOfGood = try facts.good.flatMap { try history.passedTests(of: $0.origin) }
            facts.baseline = baseline.commit
            facts.baselineUnreadable = facts.base == nil && baseline == .unreadable
            switch deployment.kind {
            case .commit: break
            case .rollback(let id):
                facts.rollbackTo = try history.deployment(id).flatMap { StatusDocument.DeployedVersion($0, since: $0.updated) }
            case .reload: facts.rollbackTo = facts.running
            }
            return facts
        }
    }
}
