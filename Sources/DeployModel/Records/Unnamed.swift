// Records as everybody on the machine may read them, the agent too: what is, no person's name, and nothing of a push. Where to that
// is, and what was said there, is between the admin and that host.

extension Deployment {
    package var unnamed: Deployment {
        var shown = self
        shown.approval?.by = somebody
        shown.push = nil
        shown.answers = nil
        shown.forceReason = nil
        if forcedBy != nil { shown.forcedBy = somebody }
        if let requestedBy, requestedBy != Caller.healthWatch.description { shown.requestedBy = somebody }
        return shown
    }
}

extension StatusDocument {
    package var unnamed: StatusDocument {
        var shown = self
        shown.current = current?.unnamed
        shown.last = last?.unnamed
        shown.waiting?.approval = nil
        shown.warnings.removeAll { $0 == pushWarning }
        shown.pushWarning = nil
        shown.hold?.by = somebody
        return shown
    }
}

private let somebody = "a human"
