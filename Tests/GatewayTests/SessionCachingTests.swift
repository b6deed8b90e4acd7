import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// What the kernel does by itself, so that no request is made: counted by the daemon, not timed.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct SessionCachingTests {
    private func fill(_ source: String) throws {
        try shell(
            """
            mkdir -p \(source)/tree/below && cd \(source)/tree
            for i in $(seq 50); do echo "file $i" > below/$i; done
            ln -s below/7 link
            """
        ).requireSuccess()
    }

    /// Every kind of reading that a tool does.
    private static let reading =
        "cd tree; ls -lR . > /dev/null; cat below/* > /dev/null; cat link > /dev/null; stat absent 2> /dev/null || true"

    @Test func `what was read once in the view is read again without a request`() async throws {
        try await withGateway(prepare: fill) { gateway in
            // The first listing decides whether the kernel asks for attributes with the second; and on a busy machine it may let go of
            // what it remembers, so that one reading without a request is what has to be seen, not that each is one.
            // What lies outside the tree (the working directory above all) may be asked for.
            var kinds = ["open", "opendir", "read", "readdir", "readdirplus", "readlink", "release", "releasedir", "flush"]
            if KernelVersion.running >= KernelVersion(6, 16) { kinds += ["lookup", "getattr"] }
            try await eventually("what was read is read again without a request", within: 120) {
                let again = try await gateway.requests("view") { try gateway.asAgent(Self.reading).requireSuccess() }
                return kinds.allSatisfy { again[$0] == nil }
            }
        }
    }

    @Test func `data of an open file in a zone passes without a request where the kernel can`() async throws {
        try await withGateway { gateway in
            let work =
                "cd data/sandbox; head -c 3000000 /dev/urandom > a; cp a b; cmp a b; for i in 1 2 3; do echo $i >> b; done; cat b > /dev/null"
            let made = try await gateway.requests("sandbox") { try gateway.asAgent(work).requireSuccess() }
            let passes = KernelVersion.running >= KernelVersion(6, 9)
            #expect((made["read"] == nil && made["write"] == nil) == passes, "\(made)")
        }
    }

    @Test func `without passthrough the same data is served by requests`() async throws {
        try await withGateway(.init(without: ["passthrough"])) { gateway in
            let work = "cd data/sandbox; head -c 3000000 /dev/urandom > a; cp a b; cmp a b"
            let made = try await gateway.requests("sandbox") { try gateway.asAgent(work).requireSuccess() }
            #expect((made["write"] ?? 0) > 0, "\(made)")
        }
    }

    @Test func `data that is served by requests is kept from one open to the next, and a change beside the mount is seen`()
        async throws
    {
        try await withGateway(.init(without: ["passthrough"])) { gateway in
            try gateway.asAgent("cd data/sandbox; echo first > a; cat a").requireSuccess()
            if KernelVersion.running >= KernelVersion(6, 16) {
                try await eventually("what was read is read again without a request", within: 120) {
                    let again = try await gateway.requests("sandbox") { try gateway.asAgent("cat data/sandbox/a").requireSuccess() }
                    return again["open"] == 1 && again["read"] == nil
                }
            }
            try writeFile(gateway.sandbox + "/a", "other\n")
            try await eventually("the change is seen") { try gateway.asAgent("cat data/sandbox/a").requireSuccess() == "other\n" }
            try gateway.asAgent("echo third > data/sandbox/a").requireSuccess()
            #expect(try gateway.asAgent("cat data/sandbox/a").requireSuccess() == "third\n")
        }
    }

    @Test func `a change beside the mount is seen at the next look`() async throws {
        try await withGateway(prepare: fill) { gateway in
            try gateway.asAgent(Self.reading).requireSuccess()
            try writeFile(gateway.source + "/tree/below/1", "changed\n")
            try shell("rm \(gateway.source)/tree/below/2; mv \(gateway.source)/tree/below/3 \(gateway.source)/tree/absent")
                .requireSuccess()
            try await eventually("the view shows the change") {
                let shown = try gateway.asAgent("cat tree/below/1; ls tree/below/2 2>&1 || true; cat tree/absent 2>&1 || true")
                    .output
                return shown.contains("changed") && shown.contains("No such file") && shown.contains("file 3")
            }
        }
    }

    @Test(arguments: [true, false]) func `that a name does not exist is remembered unless that is left off`(_ remembered: Bool)
        async throws
    {
        try await withGateway(.init(without: remembered ? [] : ["negative-entries"]), prepare: fill) { gateway in
            let look = "for i in 1 2 3 4 5; do test ! -e tree/absent; done"
            try gateway.asAgent(look).requireSuccess()
            if remembered, KernelVersion.running >= KernelVersion(6, 16) {
                try await eventually("looking for it again makes no request") {
                    try await gateway.requests("view") { try gateway.asAgent(look).requireSuccess() }["lookup"] == nil
                }
            } else if !remembered {
                let again = try await gateway.requests("view") { try gateway.asAgent(look).requireSuccess() }
                #expect((again["lookup"] ?? 0) >= 5, "\(again)")
            }
        }
    }
}
