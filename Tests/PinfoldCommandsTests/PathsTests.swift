import LinuxSystem
import PinfoldConfiguration
import TestSupport
import Testing

@testable import PinfoldCommands

@Suite struct `Paths as text` {
    /// A mark that makes one character of itself and whatever stands before it.
    private static let mark = "\u{301}"

    @Test func `are taken apart at every slash, whatever combines with it`() {
        let path = "/a/\(Self.mark)b/../c"
        #expect(Paths.absolute(path, from: "/").utf8.elementsEqual("/a/c".utf8))
        #expect(Paths.absolute("\(Self.mark)x", from: "/a").utf8.elementsEqual("/a/\(Self.mark)x".utf8))
        #expect(Paths.isInside("/a/\(Self.mark)b", "/a"))
        #expect(isPath("/a/\(Self.mark)b", atOrBelow: "/a"))
        #expect(split("/a/\(Self.mark)b").parent == "/a")
        #expect(trimmingSlashes("/a//") == "/a" && trimmingSlashes("///") == "/")
        #expect(absolutePath("/\(Self.mark)b", in: "/w").utf8.elementsEqual("/\(Self.mark)b".utf8))
    }

    @Test func `of a tree have no way around what they are called there, and none out of it`() {
        for path in ["tests/a.py", "./tests//a.py", "x/../tests/./a.py", "tests/b/../a.py/"] {
            #expect(WhyCommand.names(path) == ["tests", "a.py"], "\(path)")
        }
        #expect(WhyCommand.names("a/\(Self.mark)b")?.count == 2)
        #expect(WhyCommand.names("..") == nil && WhyCommand.names("a/../../b") == nil && WhyCommand.names(".") == [])
    }

    @Test func `that spell a letter in two ways are two paths`() {
        for (one, other) in [("/\u{e9}", "/e\u{301}"), ("/\u{e9}/x", "/e\u{301}")] {
            #expect(!Paths.isInside(one, other) && !isPath(one, atOrBelow: other))
        }
    }

    @Test func `of several lines are refused however the lines end`() {
        for end in ["\n", "\r\n"] {
            #expect(throws: ConfigurationError.self) {
                try Configuration.load(environment: ["AGENT_DATA_ROOT": "/a\(end)b"], file: nil, workingDirectory: "/")
            }
        }
    }

    @Test func `may stand behind what a variable stands for`() throws {
        let configuration = try Configuration.load(
            environment: ["HOME": "/h", "AGENT_DATA_ROOT": "${HOME}\(Self.mark)/x"], file: nil, workingDirectory: "/")
        #expect(configuration.dataRoot.utf8.elementsEqual("/h\(Self.mark)/x".utf8))
    }
}

/// Where the data root is, where nobody names one.
@Suite struct `The search for a data root` {
    private func found(_ directory: String) throws -> String {
        try Configuration.load(environment: [:], file: nil, workingDirectory: directory).dataRoot
    }

    @Test func `finds the nearest that was set up`() throws {
        try withTemporaryDirectory { directory in
            try makeDirectories(directory + "/agent-data/deployments")
            try makeDirectories(directory + "/project/agent-data/deployments")
            try makeDirectories(directory + "/project/src")
            #expect(try found(directory + "/project/src") == directory + "/project/agent-data")
            #expect(try found(directory) == directory + "/agent-data")
        }
    }

    @Test func `goes by no link, and by nobody's directory but root's and the caller's`() throws {
        try withTemporaryDirectory { directory in
            let other = directory + "/other/agent-data"
            let own = directory + "/own/agent-data"
            for root in [other, own] { try makeDirectories(root + "/deployments") }
            try makeDirectories(own + "/code-repo")
            let agents = own + "/code-repo/agent-data"
            try shell("ln -s '\(other)' '\(agents)'").requireSuccess()
            #expect(try found(own + "/code-repo") == own)
            try shell("rm '\(agents)'; mkdir '\(agents)'; ln -s '\(other)/deployments' '\(agents)/deployments'").requireSuccess()
            #expect(try found(own + "/code-repo") == own)
            // Not in a data root: there the one around it goes first.
            let elsewhere = directory + "/elsewhere"
            try makeDirectories(elsewhere + "/in/agent-data/deployments")
            try makeDirectories(elsewhere + "/agent-data/deployments")
            try shell("chown 54321 '\(elsewhere)/in/agent-data'").requireSuccess()
            #expect(try found(elsewhere + "/in") == elsewhere + "/agent-data")
        }
    }

    @Test func `takes the data root that the directory lies in before one that was deployed into that`() throws {
        try withTemporaryDirectory { directory in
            let own = directory + "/agent-data"
            let deployed = own + "/deployments/releases/1"
            try makeDirectories(deployed + "/agent-data/deployments")
            #expect(try found(deployed) == own)
        }
    }
}

extension Configuration {
    fileprivate var dataRoot: String { settings.first { $0.variable.name == "AGENT_DATA_ROOT" }?.value ?? "" }
}
