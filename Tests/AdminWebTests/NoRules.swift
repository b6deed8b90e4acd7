import AdminInterface

/// A daemon without a view: nobody asks it for paths here.
struct NoRules: ViewRules {
    func explain(_ paths: [String]) throws(Problem) -> PathExplanations { throw Problem(.unavailable, "there is no view") }
    func workspace() throws(Problem) -> Workspace { throw Problem(.unavailable, "there is no view") }
}
