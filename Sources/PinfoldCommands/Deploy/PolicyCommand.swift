internal import AdminInterface
internal import ArgumentParser
internal import CommandLineSupport
internal import DeployModel

/// `pinfold policy`: who may answer what, and what waits for whom.
struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Show who may answer for which changes, and who could answer what waits.")

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var output: OutputOptions

    mutating func run() throws {
        let policy: PolicyAnswer = try daemon.connect().ask(.policy)
        if output.json { return try Terminal.say(record: policy) }
        Terminal.say(policy.sheet)
    }
}

extension PolicyAnswer {
    fileprivate var sheet: String {
        var sheet = Sheet()
        sheet.add("policy", file ?? "none: root alone answers, by being root on this machine")
        sheet.add("fault", fault.map { "nobody's answer counts: \($0)" })
        for person in people {
            sheet.add(person.name, person.keys.isEmpty ? ["nothing to answer with"] : person.keys)
            if !person.authors.isEmpty { sheet.add("", "makes commits as \(person.authors.joined(separator: ", "))") }
        }
        for rule in rules {
            sheet.add("rule \(rule.name)", [rule.about, rule.takes, rule.fault.map { "nobody can meet it: \($0)" }])
        }
        if fault == nil { sheet.add("force", rootMayForce ? "root's" : "nobody's") }
        if let waiting {
            sheet.add(
                "waiting",
                ["deployment \(waiting.deployment), commit \(waiting.commit.hex)"] + (waiting.approval?.words ?? [])
                    + (waiting.approval?.answers ?? []).map(\.line))
        } else {
            sheet.add("waiting", "nothing")
        }
        return sheet.text
    }
}

extension PolicyAnswer.Rule {
    fileprivate var about: String {
        let about = [
            paths.isEmpty ? nil : "changes of \(paths.joined(separator: ", "))",
            reasons.isEmpty ? nil : "for \(reasons.map(\.rawValue).joined(separator: ", "))",
        ].compactMap(\.self)
        return about.isEmpty ? "everything else" : about.joined(separator: " ")
    }

    fileprivate var takes: String {
        "\(need) of \(from.joined(separator: ", "))" + (expiry.map { ", each for \($0)" } ?? "")
    }
}

extension PersonAnswer {
    /// `approve by ada, by the SSH key …, on …`.
    var line: String {
        "\(verdict.rawValue) by \(words) on \(at.shown)" + (expires.map { ", until \($0.shown)" } ?? "")
            + (void.map { "; void: \($0)" } ?? "")
    }
}
