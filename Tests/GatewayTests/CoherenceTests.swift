import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// What is changed beside the view is seen through it.
@Suite(.serialized, .timeLimit(.minutes(10))) struct `Changes beside the view` {
    @Test func `appending to a log shows data and size`() async throws {
        try await withGateway { served in
            let (disk, seen) = (served.source + "/log", served.view + "/log")
            var text = "start\n"
            try writeFile(disk, text)
            #expect(try readFile(seen) == text)
            for line in 0..<50 {
                text += "line \(line)\n"
                try appendFile(disk, "line \(line)\n")
                try await eventually("line \(line)") {
                    try readFile(seen) == text && status(seen)?.st_size == off_t(text.utf8.count)
                }
            }
        }
    }

    @Test func `a replaced file shows the new one`() async throws {
        try await withGateway { served in
            let (disk, seen) = (served.source + "/model", served.view + "/model")
            try writeFile(disk, "0")
            for round in 1..<50 {
                _ = try? readFile(seen)
                try replaceFile(disk, "version \(round)")
                // Between two looks at the name the old file may go: ESTALE, and the next look finds the new one.
                try await eventually("round \(round)") { (try? readFile(seen)) == "version \(round)" }
            }
        }
    }

    @Test func `a deleted file is gone and a new one is there, though its absence was asked for`() async throws {
        try await withGateway { served in
            let (disk, seen) = (served.source + "/dir/x", served.view + "/dir/x")
            try makeDirectories(served.source + "/dir")
            for round in 0..<30 {
                #expect(!exists(seen) || round > 0)
                try await eventually("absent \(round)") { !exists(seen) }
                try writeFile(disk, "here")
                try await eventually("present \(round)") { exists(seen) }
                try await eventually("listed \(round)") { try names(served.view + "/dir") == ["x"] }
                unsafe unlink(disk)
                try await eventually("gone \(round)") { !exists(seen) }
                try await eventually("not listed \(round)") { try names(served.view + "/dir").isEmpty }
            }
        }
    }

    @Test func `permissions, owners and times are the disk's`() async throws {
        try await withGateway { served in
            let (disk, seen) = (served.source + "/file", served.view + "/file")
            try writeFile(disk, "x")
            #expect(status(seen)?.st_mode == status(disk)?.st_mode)
            for mode: mode_t in [0o600, 0o4755, 0o444, 0o777] {
                unsafe chmod(disk, mode)
                try await eventually("mode \(mode)") { status(seen).map { $0.st_mode & 0o7777 } == mode }
            }
            unsafe chown(disk, 12, 34)
            try await eventually("owner") { status(seen)?.st_uid == 12 && status(seen)?.st_gid == 34 }
            var times = [timespec(tv_sec: 1000, tv_nsec: 5), timespec(tv_sec: 2000, tv_nsec: 7)]
            _ = unsafe utimensat(pinfold_AT_FDCWD, disk, &times, 0)
            try await eventually("times") { status(seen)?.st_mtim.tv_sec == 2000 && status(seen)?.st_mtim.tv_nsec == 7 }
            _ = unsafe setxattr(disk, "user.a", "1", 1, 0)
            try await eventually("extended attribute") { unsafe getxattr(seen, "user.a", nil, 0) == 1 }
        }
    }

    @Test func `a swapped directory shows the new one at every depth`() async throws {
        try await withGateway { served in
            for version in 0..<20 {
                let fresh = served.source + "/release.new"
                try makeDirectories(fresh + "/a/b")
                try writeFile(fresh + "/a/b/version", "\(version)")
                try writeFile(fresh + "/only-in-\(version)", "")
                let current = served.source + "/release"
                if exists(current) {
                    let swapped = unsafe pinfold_renameat2(
                        pinfold_AT_FDCWD, fresh, pinfold_AT_FDCWD, current, UInt32(pinfold_RENAME_EXCHANGE))
                    try #require(swapped == 0)
                    try shell("rm -rf '\(fresh)'").requireSuccess()
                } else {
                    try #require(unsafe rename(fresh, current) == 0)
                }
                try await eventually("version \(version)") { (try? readFile(served.view + "/release/a/b/version")) == "\(version)" }
                try await eventually("listing \(version)") { try names(served.view + "/release") == ["a", "only-in-\(version)"] }
                #expect(!exists(served.view + "/release/only-in-\(version - 1)"))
            }
        }
    }

    @Test func `a change by one name of a file is seen by its other names`() async throws {
        try await withGateway { served in
            try writeFile(served.source + "/first", "1")
            try makeDirectories(served.source + "/deep")
            try #require(unsafe link(served.source + "/first", served.source + "/deep/second") == 0)
            #expect(try readFile(served.view + "/deep/second") == "1")
            #expect(try readFile(served.view + "/first") == "1")
            try appendFile(served.source + "/first", "23")
            try await eventually("the other name") { try readFile(served.view + "/deep/second") == "123" }
            try #require(unsafe link(served.source + "/first", served.source + "/third") == 0)
            try await eventually("number of links") { status(served.view + "/deep/second")?.st_nlink == 3 }
            unsafe unlink(served.source + "/first")
            try await eventually("one link less") { status(served.view + "/deep/second")?.st_nlink == 2 }
        }
    }

    @Test func `a symbolic link that is replaced leads elsewhere at once`() async throws {
        try await withGateway { served in
            for round in 0..<20 {
                try writeFile(served.source + "/target-\(round)", "\(round)")
                try #require(unsafe symlink("target-\(round)", served.source + "/link.new") == 0)
                try #require(unsafe rename(served.source + "/link.new", served.source + "/current") == 0)
                try await eventually("round \(round)") { (try? readFile(served.view + "/current")) == "\(round)" }
            }
        }
    }

    @Test func `tail follows a log in the view`() async throws {
        try await withGateway { served in
            let log = served.source + "/server.log"
            try writeFile(log, "one\n")
            let output = served.directory + "/tail"
            try writeFile(output, "")
            let file = try Descriptor.open(output, [.writeOnly])
            let tail = try ChildProcess(
                .init("tail", ["-n", "+1", "-f", served.view + "/server.log"], descriptors: [1: file.rawValue, 2: 2]))
            try await eventually("what was there") { try readFile(output) == "one\n" }
            try appendFile(log, "two\n")
            try await eventually("what came") { try readFile(output) == "one\ntwo\n" }
            try tail.signal(SIGKILL)
            _ = try tail.wait()
        }
    }

    @Test func `a file that is written while it is looked at ends as the disk has it`() async throws {
        try await withGateway { served in
            let count = 40
            for number in 0..<count { try writeFile("\(served.source)/f\(number)", "0") }
            let view = served.view
            let source = served.source
            // Looks go on all the time, so that many are under way at the moment of a change.
            let stop = Lock(false)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        while !stop.withLock({ $0 }) {
                            for number in 0..<count {
                                _ = status("\(view)/f\(number)")
                                _ = try? readBytes("\(view)/f\(number)")
                            }
                            await Task.yield()
                        }
                    }
                }
                group.addTask {
                    for round in 1...100 {
                        for number in 0..<count {
                            if (round + number) % 3 == 0 {
                                try? replaceFile("\(source)/f\(number)", String(repeating: "r", count: round))
                            } else {
                                try? writeFile("\(source)/f\(number)", String(repeating: "w", count: round))
                            }
                        }
                        await Task.yield()
                    }
                    stop.withLock { $0 = true }
                }
            }
            for number in 0..<count {
                let disk = try readFile("\(source)/f\(number)")
                try await eventually("file \(number)") {
                    (try? readFile("\(view)/f\(number)")) == disk && status("\(view)/f\(number)")?.st_size == off_t(disk.utf8.count)
                }
            }
        }
    }

    @Test func `a large directory that is replaced leaves nothing stale`() async throws {
        try await withGateway { served in
            let count = 20_000
            func fill(_ directory: String, _ prefix: String) throws {
                try makeDirectories(directory)
                for number in 0..<count {
                    let made = unsafe pinfold_open("\(directory)/\(prefix)\(number)", O_CREAT | O_WRONLY | O_CLOEXEC, 0o644)
                    try #require(made >= 0)
                    close(made)
                }
            }
            try fill(served.source + "/big", "old")
            #expect(try names(served.view + "/big").count == count)
            for number in stride(from: 0, to: count, by: 100) { #expect(exists("\(served.view)/big/old\(number)")) }
            for number in stride(from: 0, to: count, by: 100) { #expect(!exists("\(served.view)/big/new\(number)")) }
            // Every name in the directory itself changes.
            for number in 0..<count {
                try #require(unsafe rename("\(served.source)/big/old\(number)", "\(served.source)/big/new\(number)") == 0)
            }
            try await eventually("all names", within: 60) {
                let seen = try names(served.view + "/big")
                return seen.count == count && seen.allSatisfy { $0.hasPrefix("new") }
            }
            for number in stride(from: 0, to: count, by: 100) {
                try await eventually("name \(number)", within: 60) {
                    !exists("\(served.view)/big/old\(number)") && exists("\(served.view)/big/new\(number)")
                }
            }
        }
    }

    @Test func `many changes a second do not keep a look from being true`() async throws {
        try await withGateway { served in
            try makeDirectories(served.source + "/busy")
            let source = served.source
            let stop = Lock(false)
            async let storm: Void = {
                var number = 0
                while !stop.withLock({ $0 }) {
                    number += 1
                    try? writeFile("\(source)/busy/\(number % 500)", "\(number)")
                    if number % 7 == 0 { unsafe unlink("\(source)/busy/\(number % 500)") }
                    try? await Task.sleep(for: .milliseconds(1))
                }
            }()
            for round in 0..<100 {
                try replaceFile(source + "/quiet", "\(round)")
                try await eventually("round \(round)") { (try? readFile(served.view + "/quiet")) == "\(round)" }
            }
            stop.withLock { $0 = true }
            await storm
        }
    }
}
