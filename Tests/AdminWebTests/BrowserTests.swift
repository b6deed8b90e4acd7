import LinuxSystem
import TestSupport
import Testing

/// The page in a real browser, which `mount/setup --test` installs.
@Suite(.serialized, .timeLimit(.minutes(10))) struct BrowserTests {
    @Test func `every page works in a browser, which gives the session to no stranger`() async throws {
        try await serving { link, _, service in
            // Something is always new. By a thread of its own: tests that wait hold all those that tasks run on.
            let isOver = Lock(false)
            let state = service.state
            let moving = try SystemThread("moving") {
                while !isOver.withLock({ $0 }) {
                    state.revision.withLock { $0 += 1 }
                    SystemThread.sleep(milliseconds: 1000)
                }
            }
            defer { isOver.withLock { $0 = true } }
            _ = consume moving
            let folder = String("\(#filePath)".dropLast("/BrowserTests.swift".count))
            let visit = try run(
                "/usr/bin/python3", ["-B", folder + "/Browser/browse.py", link], workingDirectory: "/", seconds: 240)
            #expect(visit.status.isSuccess, "\(visit)")
            #expect(visit.output.split(separator: "\n").count { $0.hasPrefix("ok") } >= 40, "\(visit)")
        }
    }

    @Test(arguments: [TellingService.Tale.empty, .failed, .huge])
    func `every page works in a browser where there is nothing, where nothing is to be had, and where there is very much`(
        tale: TellingService.Tale
    ) async throws {
        try await serving(tale: tale) { link, _, _ in
            let folder = String("\(#filePath)".dropLast("/BrowserTests.swift".count))
            let visit = try run(
                "/usr/bin/python3", ["-B", folder + "/Browser/extremes.py", link, tale.rawValue], workingDirectory: "/",
                seconds: 240)
            #expect(visit.status.isSuccess, "\(visit)")
            #expect(visit.output.split(separator: "\n").count { $0.hasPrefix("ok") } >= 40, "\(visit)")
        }
    }

    @Test func `other pages reach nothing in a browser, and whoever is cut off is told`() async throws {
        try await serving { link, web, _ in
            let folder = String("\(#filePath)".dropLast("/BrowserTests.swift".count))
            let visit = try run(
                "/usr/bin/python3", ["-B", folder + "/Browser/strangers.py", link, "\(web.pid)"], workingDirectory: "/",
                seconds: 240)
            #expect(visit.status.isSuccess, "\(visit)")
            #expect(visit.output.split(separator: "\n").count { $0.hasPrefix("ok") } >= 9, "\(visit)")
        }
    }
}
