internal import DeployModel

extension Deployment {
    /// `deployment 12`.
    var title: String { "deployment \(id)" }

    /// What it is, in one line: `1a2b3c4d5e6f Add a route`.
    var commitLine: String { "\(commit.short)\(subject.map { "  \($0)" } ?? "")" }

    /// Where it is and why: `failed (test): 3 of 40 tests failed`.
    var stateLine: String {
        let stage = state.isEnd && state != .deployed ? " (\(self.stage.words))" : ""
        return "\(state.words)\(stage)\(reason.map { ": \($0)" } ?? "")"
    }

    /// What `deploy` and `rollback` print at their end.
    var summary: String {
        var sheet = Sheet()
        sheet.add(title, stateLine)
        sheet.add("asked again", askedAgainLine)
        sheet.add("commit", commitLine)
        sheet.add("tests", verdict?.line)
        if !approvalReasons.isEmpty { sheet.add("approval", approvalLine) }
        sheet.add("backup", backup)
        sheet.add("to do", advice)
        return sheet.text
    }

    /// Everything that is known, as `show` prints it.
    var details: String {
        var sheet = Sheet()
        sheet.add(title, stateLine)
        sheet.add("asked again", askedAgainLine)
        let request = "\(requestedBy.map { ", asked for by \($0)" } ?? "")\(requestReason.map { ": \($0)" } ?? "")"
        switch kind {
        case .commit: break
        case .rollback(let target): sheet.add("kind", "rollback to deployment \(target)\(request)")
        case .reload(let target): sheet.add("kind", "reload of deployment \(target)\(request)")
        }
        sheet.add("to do", advice)
        sheet.add("commit", commit.hex)
        sheet.add("subject", subject)
        sheet.add("author", author)
        sheet.add("tree", tree)
        sheet.add("base", base.map { "\($0.hex) (deployed when this came)" })
        sheet.add("seen", detected.shown)
        sheet.add("ended", ended?.shown)
        if let changes {
            sheet.add(
                "changes", ["\(changes.added) added, \(changes.modified) modified, \(changes.deleted) deleted"] + changes.paths)
            if changes.total > changes.paths.count {
                sheet.add("", "and \(changes.total - changes.paths.count) more: pinfold diff \(id)")
            }
        }
        sheet.add("judges", surface.isEmpty ? [] : ["changed files that judge the agent's work:"] + surface)
        sheet.add("", unlistedSurface.map { "and \($0) more: pinfold diff \(id)" })
        if let hints {
            sheet.add("hints", ["new in it, outside what judges the agent:"] + hints.listed.map(\.shown))
            if hints.count > hints.listed.count {
                sheet.add("", "and \(hints.count - hints.listed.count) more: pinfold diff \(id)")
            }
            sheet.add("", hints.unread.map { "too large to be looked through: \($0)" })
            sheet.add("", hints.unlistedUnread.map { "and \($0) more" })
        }
        if let standIns {
            sheet.add(
                "stand-ins",
                ["\(standIns.count) deployed as stored, in the place of something else:"] + standIns.paths)
            if standIns.count > standIns.paths.count { sheet.add("", "and \(standIns.count - standIns.paths.count) more") }
            if !standIns.new.isEmpty { sheet.add("", ["of these the deployed version did not have:"] + standIns.new) }
            sheet.add("", standIns.unlistedNew.map { "and \($0) more" })
        }
        if let client {
            sheet.add(
                "client",
                ["\(client.files) files, \(client.bytes) bytes"]
                    + client.newHosts.map { "its page names the host \($0), the published one does not" }
                    + [client.unlistedHosts.map { "and \($0) hosts more" }].compactMap(\.self)
                    + [client.serviceWorker.map { "a service worker \($0.rawValue)" }].compactMap(\.self))
        }
        if let verdict { sheet.add("tests", verdict.lines) }
        if let bite { sheet.add("bite", [bite.sentence] + bite.numb.map { "passed all the same: \($0)" }) }
        if let verdictWithDeployedSurface {
            sheet.add("again", ["with the deployed tests laid over:"] + verdictWithDeployedSurface.lines)
        }
        if !approvalReasons.isEmpty { sheet.add("approval", [approvalLine] + approvalReasons.map(\.sentence)) }
        sheet.add("let finish", letFinish)
        sheet.add(
            "moves", unrecordedMoves.map { "the branch moved \($0) times more, between commits that were known: no record of each" }
        )
        sheet.add("answers", (answers ?? []).map(\.line))
        sheet.add("forced", forcedBy.map { "by \($0): no human was asked" + (forceReason.map { ": \($0)" } ?? "") })
        sheet.add("backup", backup)
        sheet.add("release", release)
        if let reload { sheet.add("reload", [reload.sentence] + (reload.modules.count > 5 ? reload.modules : [])) }
        if let push { sheet.add("push", push.line) }
        sheet.add("steps", steps.map(\.line))
        return sheet.text
    }

    private var askedAgainLine: String? {
        askedAgain.map { "\($0) \($0 == 1 ? "time" : "times") since, for the same tree, which stays rejected until it changes" }
    }

    private var approvalLine: String {
        if let approval { return "given by \(approval.by) on \(approval.at.shown)" }
        return state == .awaitingApproval ? "needed, and not given yet" : "needed"
    }
}

extension TestVerdict {
    var line: String { lines[0] }

    /// The verdict, how strong it is, and what failed.
    var lines: [String] {
        guard basis != .none else { return ["not run: tests are switched off (AGENT_DEPLOY_REQUIRE_TESTS=false)"] }
        let counts = [(passedCount, "passed"), (failedCount, "failed"), (skippedCount, "skipped"), (vanishedCount, "gone")]
            .filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        let strength = basis == .exitCode ? "by exit code alone, which is weak: no report says which tests ran" : counts
        var lines = ["\(passed ? "passed" : "failed") in \(seconds(durationMilliseconds)) (\(strength))"]
        if let reason, !(basis == .exitCode && passed) { lines.append(reason) }
        if let command { lines.append("command: \(command)") }
        lines += failed.map { "failed: \($0)" } + vanished.map { "gone: \($0)" }
        return lines
    }
}

extension StepRecord {
    fileprivate var line: String {
        let took = seconds(Int(ended.milliseconds - started.milliseconds))
        return "\(started.shown)  \(stage.words), \(took)\(note.map { ": \($0)" } ?? "")"
    }
}

extension PushRecord {
    fileprivate var line: String {
        if done { return "done, to \(remote)" }
        return
            "not yet to \(remote), \(attempts) attempts\(error.map { ": \($0)" } ?? "")\(next.map { "; next at \($0.shown)" } ?? "")"
    }
}

extension DeploymentState {
    /// As a person would say it.
    var words: String { rawValue.split(separator: "_").joined(separator: " ") }
}

extension Stage {
    var words: String { rawValue.split(separator: "_").joined(separator: " ") }
}

private func seconds(_ milliseconds: Int) -> String {
    milliseconds < 1000 ? "\(milliseconds) ms" : "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
}
