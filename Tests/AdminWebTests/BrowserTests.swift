import LinuxSystem
import TestSupport
import Testing

/// The page in a real browser, which `mount/setup --test` installs.
@Suite(.serialized, .timeLimit(.minutes(5))) struct BrowserTests {
    @Test func `every page works in a browser, which gives the session to no stranger`() async throws {
        try await serving { link, _, service in
            // Something is always new.
            let moving = Task.detached {
                while !Task.isCancelled {
                    service.state.revision.withLock { $0 += 1 }
                    try? await Task.sleep(for: .seconds(1))
                }
            }
            defer { moving.cancel() }
            let folder = String("\(#filePath)".dropLast("/BrowserTests.swift".count))
            let visit = try run("/usr/bin/python3", [folder + "/Browser/browse.py", link], workingDirectory: "/", seconds: 240)
            #expect(visit.status.isSuccess, "\(visit)")
            #expect(visit.output.split(separator: "\n").count { $0.hasPrefix("ok") } >= 40, "\(visit)")
        }
    }
}
