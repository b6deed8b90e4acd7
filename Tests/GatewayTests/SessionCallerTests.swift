import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// Who a request comes from, as far as the session says.
@Suite(.timeLimit(.minutes(10)))
struct SessionCallerTests {
    private static let groups = Array(UInt32(70_001)...70_060)
    private static var setpriv: [String] {
        [
            "--reuid=\(MountedGateway.agent.uid)", "--regid=\(MountedGateway.agent.gid)",
            "--groups=\(groups.map(String.init).joined(separator: ","))", "--",
        ]
    }

    @Test func `the last of many groups may read and write where it may below`() async throws {
        try await withGateway { gateway in
            let script =
                "mkdir \(gateway.sandbox)/shared; chgrp 70060 \(gateway.sandbox)/shared; chmod 2770 \(gateway.sandbox)/shared"
            try shell(script).requireSuccess()
            let work = "cd \(gateway.viewSandbox)/shared; echo x > file; cat file; stat -c '%u %g %a' file"
            let result = try run("setpriv", Self.setpriv + ["sh", "-c", work])
            #expect(try result.requireSuccess() == "x\n\(MountedGateway.agent.uid) 70060 644\n")
            #expect(!(try gateway.asAgent("ls data/sandbox/shared").status.isSuccess))
        }
    }
}
