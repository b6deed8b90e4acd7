import Foundation
import TestSupport
import Testing

/// The seed's deploy action, from a program of the agent's.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ActionTests {
    /// A copy: the checkout need not be open to the agent's user.
    private func package(_ place: AgentPlace) throws -> String {
        try run("cp", ["-r", sources + "/Python", place.root + "/python"]).requireSuccess()
        return place.root + "/python"
    }

    @Test(arguments: [true, false])
    func `it deploys, says what failed and what waits, and has exactly the seed's fields`(isInside: Bool) throws {
        try AgentPlace.with { place in
            let package = try package(place)
            try place.agent("echo 2 > version")
            let done = try place.python("action.py", [package, "Second"], isInside: isInside)
            #expect(
                Set(done.keys) == [
                    "success", "commit_hash", "tests_passed", "human_approval_required", "deployed", "backup_location", "states",
                ])
            #expect(done["success"] as? Bool == true && done["deployed"] as? Bool == true, "\(done)")
            #expect(
                done["commit_hash"] as? String
                    == (try place.agent("git rev-parse HEAD").split(separator: "\n").first.map(String.init)))
            #expect((done["states"] as? [String])?.last == "deployed")

            try place.agent("touch broken")
            let failed = try place.python("action.py", [package, "Third"], isInside: isInside)
            #expect(failed["success"] as? Bool == false && failed["tests_passed"] as? Bool == false, "\(failed)")

            try place.agent("rm broken; mkdir tests; echo > tests/test_a.py")
            let waiting = try place.python("action.py", [package, "Fourth"], isInside: isInside)
            #expect(waiting["human_approval_required"] as? Bool == true && waiting["deployed"] as? Bool == false, "\(waiting)")
            #expect(waiting["tests_passed"] as? Bool == true, "\(waiting)")

            let forced = try place.python("action.py", [package, "Fifth", "force"], isInside: isInside)
            #expect(forced["kind"] as? String == "forbidden", "\(forced)")
        }
    }

    @Test func `without a daemon it says so`() throws {
        try AgentPlace.with(isServed: false) { place in
            let gone = try place.python("action.py", [try package(place), "Second"])
            #expect(gone["kind"] as? String == "unavailable" && gone["exit_code"] as? Int == 4, "\(gone)")
        }
    }
}
