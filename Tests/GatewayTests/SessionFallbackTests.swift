import GatewayFileSystem
import LinuxSystem
import TestSupport
import Testing

/// Each technique can be left off: slower, the same result.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct SessionFallbackTests {
    @Test(arguments: [nil] + Technique.allCases)
    func `the view and the zones are the same without`(_ technique: Technique?) async throws {
        let prepare: (String) throws -> Void = { source in
            try shell(
                """
                mkdir -p \(source)/tree/a/b && cd \(source)/tree
                head -c 400000 /dev/urandom > a/large; echo small > a/b/small; : > empty
                ln -s a/b/small link; ln -s /nowhere dangling; chmod 640 a/large; chown \(MountedGateway.agent.uid) a/large
                truncate -s 3M a/sparse
                """
            ).requireSuccess()
        }
        try await withGateway(.init(without: technique.map { [$0.rawValue] } ?? []), prepare: prepare) { gateway in
            let listing =
                "cd tree; find . -printf '%P %y %m %U %G %s %n %i %l %T@ %C@\\n' | sort; find . -type f | sort | xargs sha256sum"
            let below = try shell(listing, workingDirectory: gateway.source).requireSuccess()
            for _ in 1...2 { #expect(try gateway.asAgent(listing).requireSuccess() == below) }

            let work =
                """
                cd data/sandbox; cp -a ../../tree here; cd here; echo more >> a/large; mv a moved; rm empty
                ln moved/b/small hard; truncate -s 100 moved/sparse; dd if=moved/large of=part bs=1000 skip=3 count=5 status=none
                test ! -e a; test "$(cat link 2>&1 || true)" != small; sync -f .
                """
            try gateway.asAgent(work).requireSuccess()
            let after = "find . -printf '%P %y %m %U %s %n %i %l\\n' | sort; find . -type f | sort | xargs sha256sum"
            let inZone = try gateway.asAgent("cd data/sandbox; " + after).requireSuccess()
            #expect(try shell(after, workingDirectory: gateway.sandbox).requireSuccess() == inZone)
        }
    }
}
