// Records as everybody on the machine may read them: what is, and no person's name.

extension Deployment {
    package var unnamed: Deployment {
        var shown = self
        shown.approval?.by = somebody
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
        shown.hold?.by = somebody
        return shown
    }
}

private let somebody = "a human"
