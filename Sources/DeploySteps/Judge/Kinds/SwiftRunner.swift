package import DeployModel

/// `swift test`. In the bitten run each target of tests has a file more, with a failing test for each of the libraries that it uses; it is built in, and gone
/// before they run.
package struct SwiftRunner: Runner {
    /// Options that a build gets, too.
    package let arguments: [String]

    package var kind: RunnerKind { .swift }
    package var name: String { "Swift" }
    package var command: String { (["swift", "test"] + arguments).joined(separator: " ") }
    package var reports: Bool { true }
    package var cannotBite: String? { nil }

    /// nil where an argument chooses tests, or changes what is printed.
    package init?(_ arguments: [String]) {
        let values: Set<String> = ["-c", "--configuration", "-Xswiftc", "-Xcc", "-Xlinker", "--build-system", "--traits"]
        var rest = arguments[...]
        while let word = rest.popFirst() {
            guard values.contains(word), rest.popFirst() != nil else { return nil }
        }
        self.arguments = arguments
    }

    package func phases(_ run: JudgedRun, in tree: String) -> [Phase] {
        let swift = Self.program
        // What a commit brings as built is not what its sources say.
        let clean = Phase.Preparation.remove(path: ".build")
        guard run == .bitten else {
            var phase = Phase.printing([swift, "test"] + arguments, standardError: true)
            phase.preparations = [clean]
            phase.report = ExpectedReport(.descriptor, .swift)
            return [phase]
        }
        let name = "Pinfold" + String(UInt64.random(in: .min ... .max), radix: 16)
        let added = Self.targets(tree).map { target in
            (path: "\(target.path)/\(name).swift", text: Self.failing(name, old: target.usesXCTest, new: target.usesTesting))
        }
        var build = Phase([swift, "build", "--build-tests"] + arguments)
        build.preparations = [clean] + added.map { .put(path: $0.path, Array($0.text.utf8)) }
        var test = Phase.printing([swift, "test", "--skip-build"] + arguments, standardError: true)
        test.preparations = added.map { .remove(path: $0.path) }
        test.report = ExpectedReport(.descriptor, .swift, bite: name)
        return [build, test]
    }

    /// The toolchain is in no directory of the fence's PATH, mostly.
    private static var program: String {
        Programs.resolved("swift", in: ["/opt/swift/usr/bin", "/usr/local/swift/usr/bin", "/usr/libexec/swift/bin"]).map { real in
            // A link to the driver, which asks by what name it was called.
            real.hasSuffix("/swift-driver") || real.hasSuffix("/swift-frontend")
                ? real[...(real.lastIndex(of: "/") ?? real.startIndex)] + "swift" : real
        } ?? "swift"
    }

    private static func failing(_ name: String, old: Bool, new: Bool) -> String {
        (old ? "import XCTest\n\nfinal class \(name): XCTestCase {\n    func testBite() { XCTFail() }\n}\n" : "")
            + (new ? "import Testing\n\n@Test func bite\(name)() { Issue.record() }\n" : "")
    }

    /// Directories below `Tests`, and what their files import.
    static func targets(_ tree: String) -> [(path: String, usesXCTest: Bool, usesTesting: Bool)] {
        var found: [String: (old: Bool, new: Bool)] = [:]
        var walk = SourceWalk(tree, leavingOut: [".build", ".git", "Sources"])
        while let path = walk.next() {
            let parts = path.split(separator: "/")
            guard parts.count > 2, parts[0] == "Tests", path.hasSuffix(".swift") else { continue }
            let text = walk.text(path)
            var uses = found["Tests/\(parts[1])"] ?? (false, false)
            uses.old = uses.old || text.contains("import XCTest")
            uses.new = uses.new || text.contains("import Testing")
            found["Tests/\(parts[1])"] = uses
        }
        return found.filter { $0.value.old || $0.value.new }.sorted { $0.key < $1.key }
            .map { ($0.key, $0.value.old, $0.value.new) }
    }
}
