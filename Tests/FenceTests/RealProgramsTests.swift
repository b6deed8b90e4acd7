import Fence
import TestSupport
import Testing

/// What ordinary programs ask of the machine that they are on.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct `A tool's ordinary programs` {
    @Test func `find their name, home and user`() throws {
        try withTemporaryDirectory { directory in
            let finished = try confined(["sh", "-c", programProbe], in: try toolFence(directory))
            #expect(finished.output.isEmpty && finished.errors.isEmpty, "\(finished)")
            // A user that the host knows, by another home: all else of the list is as it is.
            let known = FenceUser(uid: 2, gid: 2)
            let listed = try confined(["cat", "/etc/passwd"], in: try toolFence(directory + "/known", user: known)).requireSuccess()
            let host = try readFile("/etc/passwd").split(separator: "\n").map { line -> String in
                var fields = line.split(separator: ":", omittingEmptySubsequences: false)
                if fields.count == 7, fields[2] == "2" { fields[5] = "/tmp" }
                return fields.joined(separator: ":")
            }
            #expect(listed.split(separator: "\n").map(String.init) == host)
            let name = try confined(["sh", "-c", "echo $USER; id -un"], in: try toolFence(directory + "/known", user: known))
            #expect(name.output == "bin\nbin\n", "\(name)")
        }
    }

    @Test func `use message queues of their own`() throws {
        try withHostQueue { probe in
            try withTemporaryDirectory { directory in
                let found = verdicts(try attack(probe, in: try toolFence(directory)))
                #expect(found == ["used": "done", "host": "ENOENT"])
            }
        }
    }
}
