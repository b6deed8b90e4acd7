package import DeployModel

// What the agent reads of records: all that concerns its work, no person's name, and no advice that only the admin can follow.

extension Deployment {
    /// The record as the agent's socket answers it.
    package var forAgent: Deployment {
        var shown = unnamed
        shown.advice = agentAdvice
        shown.approval?.at = updated
        return shown
    }

    /// What the agent can do now; nil where that is nothing.
    package var agentAdvice: String? {
        switch state {
        case .awaitingApproval where approval == nil:
            return
                "a human was asked and decides; nothing is to be done for it. A newer commit takes its place and is looked at anew"
        case .rejected:
            return
                "do what the reason asks for and deploy again: this tree stays rejected, under whatever commit, until a file in it changes"
        case .rolledBack where kind == .commit && isBlameless != true:
            return
                "it stays out: revert it in a new commit (git revert \(commit.short)), mend what was wrong, and deploy that"
        case .failed: return adviceAfterFailure
        default: return nil
        }
    }

    private var adviceAfterFailure: String? {
        switch stage {
        case .test, .build, .buildClient: "`pinfold logs \(id)` has all of the output; mend what failed and deploy again"
        case .takeIn, .export, .classify:
            "mend what the reason names in a new commit; a change that was rolled back is reverted first (git revert). Where the reason names nothing of the repository, deploying again tries this one again"
        case .approve, .backUp, .switch, .reload, .check, .goBack, .push, .publishAssets, .publishIndex:
            "what runs is as the reason says; `pinfold logs \(id)` has the output. Where the commit is to blame, mend it and deploy again"
        }
    }
}

extension StatusDocument {
    /// The status as the agent's socket answers it.
    package var forAgent: StatusDocument {
        var shown = unnamed
        shown.current = current?.forAgent
        shown.last = last?.forAgent
        shown.waiting?.answers = []
        return shown
    }
}
