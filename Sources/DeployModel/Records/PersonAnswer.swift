/// One person's yes or no to one deployment, with all that it was given for: kept for good.
package struct PersonAnswer: Codable, Hashable, Sendable {
    package enum Verdict: String, Codable, Hashable, Sendable, CaseIterable {
        case approve
        case reject
    }

    /// How it is known who gave it.
    package enum Proof: String, Codable, Hashable, Sendable, CaseIterable {
        /// The kernel's word about the admin's socket (SO_PEERCRED): root.
        case peer
        /// An SSH signature of ``AnswerText``.
        case sshsig
        /// A passkey's signature of it.
        case passkey
    }

    package var verdict: Verdict
    /// By the policy's name; `root` for the kernel's word.
    package var person: String
    package var proof: Proof
    /// Who brought it to the daemon: for the kernel's word, who is meant.
    package var caller: String
    /// Which of their keys, as people tell them apart; nil for the kernel's word.
    package var key: String?
    /// As it was sent.
    package var signature: String?
    package var commit: CommitID
    package var tree: String
    package var base: CommitID?
    /// The digests of the policy and of what was shown.
    package var policy: String
    package var shown: String?
    /// How many answers were void when it was signed; nil for the kernel's word.
    package var voidBefore: Int?
    package var at: Timestamp
    /// When it no longer counts; nil: it counts for as long as the deployment waits.
    package var expires: Timestamp?
    /// Why it does not count any more, in a sentence; nil where it does.
    package var void: String?

    package init(
        _ verdict: Verdict, by claim: AnswerClaim, of caller: Caller, on deployment: Deployment, tree: String, policy: String,
        at: Timestamp, expires: Timestamp? = nil
    ) {
        self.verdict = verdict
        person = claim.person
        proof = claim.proof
        key = claim.key
        self.caller = caller.description
        signature = claim.signature
        commit = deployment.commit
        self.tree = tree
        base = deployment.base
        self.policy = policy
        shown = deployment.shown
        voidBefore = claim.voided
        self.at = at
        self.expires = expires
    }

    /// For people: `ada, by SSH key …`.
    package var words: String {
        switch proof {
        case .peer: caller
        case .sshsig: "\(person), by the SSH key \(key ?? "")"
        case .passkey: "\(person), by the \(key ?? "passkey")"
        }
    }
}

/// Who answers, as it was proven, and what they looked at when they did.
package struct AnswerClaim: Codable, Hashable, Sendable {
    package var person: String
    package var proof: PersonAnswer.Proof
    package var key: String?
    package var signature: String?
    /// The policy by which it was proven; nil for the kernel's word, which any policy takes the same.
    package var policy: String?
    /// What they had before them; nil where they did not say.
    package var tree: String?
    package var shown: String?
    /// How many answers were void in what they signed; nil for the kernel's word.
    package var voided: Int?

    package init(
        person: String, proof: PersonAnswer.Proof, key: String? = nil, signature: String? = nil, policy: String? = nil,
        tree: String? = nil, shown: String? = nil, voided: Int? = nil
    ) {
        self.person = person
        self.proof = proof
        self.key = key
        self.signature = signature
        self.policy = policy
        self.tree = tree
        self.shown = shown
        self.voided = voided
    }

    /// Of whom the kernel says that it is root.
    package static func peer(tree: String? = nil, shown: String? = nil) -> AnswerClaim {
        AnswerClaim(person: ApprovalPolicy.root, proof: .peer, tree: tree, shown: shown)
    }
}

/// A name and address that a commit bears, as its author's or its committer's: the commit's word, not anybody's proof.
package struct Maker: Codable, Hashable, Sendable {
    package var name: String
    package var email: String

    package init(name: String, email: String) {
        self.name = name
        self.email = email
    }
}

/// Who made what a deployment brings.
package struct MakerList: Codable, Hashable, Sendable {
    /// How many a record lists at most, and how many commits are looked at for them.
    package static let listed = 100
    package static let commits = 1000

    package var listed: [Maker]
    /// Whether there are more than were listed, or more commits than were looked at.
    package var isCut: Bool

    package init(_ makers: [Maker], isCut: Bool) {
        var seen: Set<Maker> = []
        let distinct = makers.filter { seen.insert($0).inserted }
        listed = Array(distinct.prefix(Self.listed))
        self.isCut = isCut || distinct.count > Self.listed
    }
}
