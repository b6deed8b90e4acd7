import AdminInterface

/// Rules that remember nothing and look at nothing: what is below `/hidden` is hidden, all else can be read.
struct FixedRules: ViewRules {
    func explain(_ paths: [String]) throws(Problem) -> PathExplanations {
        PathExplanations(
            paths: paths.map { path in
                let isHidden = path.hasPrefix("/hidden")
                let hidden = PathRule(allowed: false, rule: "hidden", sentence: "it is hidden", errno: 2, pattern: "/hidden")
                return PathRules(
                    zone: "the read-only view",
                    read: isHidden ? hidden : PathRule(allowed: true, rule: "view", sentence: "everything can be read"),
                    write: isHidden
                        ? hidden : PathRule(allowed: false, rule: "read-only-view", sentence: "it is read-only", errno: 30))
            }, isServed: true)
    }

    func workspace() throws(Problem) -> Workspace {
        Samples.workspace
    }
}
