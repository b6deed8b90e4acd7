import DataRoot
import DeployModel
import TestSupport
import Testing

@testable import DeploySteps

/// The files that steps leave for one another.
struct StepFilesTests {
    private let commit = CommitID(String(repeating: "a", count: 40))!

    private func settings(_ root: String) throws -> PipelineSettings {
        try makeDirectories(root + "/deployments")
        let data = DataRoot(root)
        return try PipelineSettings(
            DeploySettings(target: data.current), data: data, codeRepo: data.codeRepo, agentUID: 1, agentGID: 1)
    }

    @Test func `the mark of a switch is there from its writing until it is taken back`() throws {
        try withTemporaryDirectory { root in
            let deployment = Deployment(id: 3, kind: .commit, commit: commit, detected: Timestamp(milliseconds: 0))
            let mark = try SwitchMark(of: deployment, settings(root))
            #expect(!mark.isWritten)
            #expect(try mark.release() == nil)
            try makeDirectories(root + "/deployments/work/3")
            try mark.write("/releases/3")
            #expect(try mark.isWritten && mark.release() == "/releases/3")
            try mark.remove()
            #expect(!mark.isWritten)
            // A mark without a release is one.
            try mark.write(nil)
            #expect(mark.isWritten)
        }
    }

    private static let baselines: [(String?, Baseline)] = [
        ("aaaa", .unreadable), ("", .unreadable), ("\u{0}", .unreadable),
        (String(repeating: "a", count: 40) + "\n", .known(CommitID(String(repeating: "a", count: 40))!)),
        (String(repeating: "a", count: 40) + " more", .unreadable), (nil, .none),
    ]

    @Test(arguments: baselines)
    func `a baseline that cannot be read is not the same as none`(_ text: String?, _ expected: Baseline) throws {
        try withTemporaryDirectory { root in
            let settings = try settings(root)
            if let text { try writeFile(settings.data.baseline, text) }
            #expect(Baseline(of: settings) == expected)
        }
    }

    private static let leftovers: [(String, String?)] = [
        ("ln -s b a", nil), ("mkdir d; ln -s ../b d/a", nil), ("ln -s /etc/passwd a", "leads out"), ("ln -s ../b a", "leads out"),
        ("mkdir d; ln -s ../../b d/a", "leads out"), ("mkfifo a", "FIFO"), ("touch a; chmod u+s a", "set-user-id"),
        ("echo changed > own", "it changes own"), ("rm own", "it changes own"), ("chmod +x own", "it changes own"),
        ("mkdir out; touch out/made", nil), ("chmod 700 kept", nil),
    ]

    @Test(arguments: leftovers)
    func `a build leaves the commit's own files as they were, and nothing that leads out`(_ script: String, _ fault: String?) throws
    {
        try withTemporaryDirectory { root in
            try shell("mkdir -p tree/kept; echo one > tree/own; cp -a tree built; cd built; \(script)", workingDirectory: root)
                .requireSuccess()
            let found = try BuildOutput.fault(of: root + "/built", tree: root + "/tree")
            if let fault { #expect(found?.contains(fault) == true, "\(found ?? "nothing")") } else { #expect(found == nil) }
        }
    }
}
