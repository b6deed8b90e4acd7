import CLinux
import DurableFiles
import SystemPackage
import TestSupport
import Testing

/// One file that is there whole or not at all.
struct DurableFileTests {
    private func mode(_ path: String) throws -> UInt32 { try #require(status(path)).st_mode & 0o7777 }

    @Test func `a write replaces the whole file, with the mode that was asked for whatever the mask is`() throws {
        try withTemporaryDirectory { root in
            let path = root + "/file"
            for (text, wanted) in [("a long text", 0o600), ("short", 0o666), ("", 0o644)] as [(String, UInt32)] {
                try DurableFile.write(Array(text.utf8), to: path, mode: wanted)
                #expect(try readFile(path) == text)
                #expect(try mode(path) == wanted)
            }
            #expect(try shell("ls -A", workingDirectory: root).requireSuccess() == "file\n")
        }
    }

    @Test func `what a crash left of a write is in nobody's way, and a link is replaced and not followed`() throws {
        try withTemporaryDirectory { root in
            try writeFile(root + "/.file.new", "half")
            try writeFile(root + "/other", "untouched")
            try shell("ln -s other file", workingDirectory: root).requireSuccess()
            try DurableFile.write(Array("new".utf8), to: root + "/file")
            #expect(try PathState(of: root + "/file") == .file && readFile(root + "/file") == "new")
            #expect(try readFile(root + "/other") == "untouched")
        }
    }

    @Test func `a write that fails leaves the old file and nothing beside it`() throws {
        try withTemporaryDirectory { root in
            // A rename over a directory fails after everything else has worked.
            try makeDirectories(root + "/file/in")
            let error = #expect(throws: FileError.self) { try DurableFile.write([1], to: root + "/file") }
            #expect(error?.operation == "rename" && error?.isFull == false)
            #expect(try shell("find . -mindepth 1", workingDirectory: root).requireSuccess() == "./file\n./file/in\n")
            #expect(throws: FileError.self) { try DurableFile.write([1], to: root + "/nowhere/file") }
        }
    }

    @Test func `what is read is a regular file of the size that was expected, or nothing where none is`() throws {
        try withTemporaryDirectory { root in
            #expect(try DurableFile.read(root + "/none") == nil)
            try writeFile(root + "/file", "12345")
            #expect(try DurableFile.read(root + "/file", limit: 5) == Array("12345".utf8))
            #expect(throws: FileError.self) { try DurableFile.read(root + "/file", limit: 4) }
            try shell("ln -s file link", workingDirectory: root).requireSuccess()
            #expect(throws: FileError.self) { try DurableFile.read(root + "/link") }
            #expect(throws: FileError.self) { try DurableFile.read(root) }
        }
    }

    @Test func `a directory is made with those above it, and one that is open to others is narrowed`() throws {
        try withTemporaryDirectory { root in
            let path = root + "/a/b"
            try DurableFile.makeDirectory(path, mode: 0o700)
            #expect(try mode(path) == 0o700 && mode(root + "/a") == 0o755)
            #expect(try DurableFile.narrow(path, to: 0o755) == false)
            unsafe chmod(path, 0o777)
            #expect(try DurableFile.narrow(path, to: 0o755))
            #expect(try mode(path) == 0o755)
            // Its owner's rights are given back.
            unsafe chmod(path, 0o000)
            #expect(try DurableFile.narrow(path, to: 0o755))
            #expect(try mode(path) == 0o700)
            // One that is there keeps its mode.
            try DurableFile.makeDirectory(path, mode: 0o711)
            #expect(try mode(path) == 0o700)
        }
    }

    @Test func `a link is switched where it is, and nothing is moved over what is there`() throws {
        try withTemporaryDirectory { root in
            for destination in ["one", "two"] {
                try DurableFile.switchLink(root + "/link", to: destination)
                #expect(try PathState(of: root + "/link") == .link(destination))
            }
            try makeDirectories(root + "/from")
            try makeDirectories(root + "/to")
            let error = #expect(throws: FileError.self) { try DurableFile.move(root + "/from", to: root + "/to") }
            #expect(error?.code == .fileExists)
            try DurableFile.move(root + "/from", to: root + "/to/moved")
            #expect(try PathState(of: root + "/to/moved") == .directory && PathState(of: root + "/from") == .missing)
        }
    }

    @Test func `a lock is one holder's until it ends`() throws {
        try withTemporaryDirectory { root in
            do {
                let first = try FileLock(path: root + "/lock")
                let isHeld = first != nil
                #expect(isHeld)
                let second = try FileLock(path: root + "/lock") != nil
                #expect(!second)
                #expect(try readFile(root + "/lock") == "\(getpid())\n")
                _ = consume first
            }
            let again = try FileLock(path: root + "/lock") != nil
            #expect(again)
        }
    }
}
