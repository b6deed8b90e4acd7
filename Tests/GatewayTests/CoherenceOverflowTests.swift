import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// What happens when more changes come than the queue holds.
@Suite(.serialized, .timeLimit(.minutes(10))) struct `Lost reports of changes` {
    @Test func `leave nothing stale`() async throws {
        try await withGateway(.init(without: ["unlimited-queue"])) { gateway in
            let count = 30
            for number in 0..<count { try writeFile("\(gateway.source)/file-\(number)", "old") }
            try makeDirectories(gateway.source + "/storm")
            for number in 0..<count {
                #expect(try readFile("\(gateway.view)/file-\(number)") == "old")
                #expect(!exists("\(gateway.view)/new-\(number)"))
            }
            let limit = Int(try readFile("/proc/sys/fs/fanotify/max_queued_events").filter(\.isNumber)) ?? 16_384
            // The daemon stands still, and nobody asks it anything, until the queue has run over.
            let server = try gateway.server
            try #require(kill(server, SIGSTOP) == 0)
            do {
                defer { kill(server, SIGCONT) }
                // Each makes a report that cannot be merged with another's.
                for number in 0..<(limit + 2000) {
                    let made = unsafe pinfold_open("\(gateway.source)/storm/\(number)", O_CREAT | O_WRONLY | O_CLOEXEC, 0o644)
                    try #require(made >= 0)
                    close(made)
                }
                // These reports are the lost ones.
                for number in 0..<count {
                    try replaceFile("\(gateway.source)/file-\(number)", "new")
                    try writeFile("\(gateway.source)/new-\(number)", "")
                }
            }
            try await eventually("the daemon notices") { try readFile(gateway.log).contains("reports of changes were lost") }
            for number in 0..<count {
                try await eventually("file \(number)") { (try? readFile("\(gateway.view)/file-\(number)")) == "new" }
                try await eventually("new \(number)") { exists("\(gateway.view)/new-\(number)") }
            }
            // And it goes on as before.
            try writeFile(gateway.source + "/after", "1")
            try await eventually("a file made after it") { (try? readFile(gateway.view + "/after")) == "1" }
            try replaceFile(gateway.source + "/after", "2")
            try await eventually("a change after it") { (try? readFile(gateway.view + "/after")) == "2" }
        }
    }
}
