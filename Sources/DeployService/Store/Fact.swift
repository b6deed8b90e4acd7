internal import DeployModel

/// Something that is so until it is changed.
struct Fact<Value>: Sendable {
    let name: String
}

extension Fact where Value == String {
    static var branch: Self { Fact(name: "branch") }
}

extension Fact where Value == CommitID {
    /// The branch's commit as last recorded.
    static var tip: Self { Fact(name: "tip") }
}

extension Fact where Value == StatusDocument.DeployedVersion {
    /// What the target is.
    static var running: Self { Fact(name: "running") }
    /// The last version whose check passed.
    static var good: Self { Fact(name: "good") }
}

extension Fact where Value == Timestamp {
    /// When answers that count were last looked at.
    static var answersSeen: Self { Fact(name: "answers_seen") }
}

extension Fact where Value == CalledOff {
    static var calledOff: Self { Fact(name: "called_off") }
}

extension Fact where Value == Hold {
    static var hold: Self { Fact(name: "hold") }
}
