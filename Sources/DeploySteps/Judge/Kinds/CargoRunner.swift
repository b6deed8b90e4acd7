package import DeployModel
internal import DurableFiles

/// `cargo test`. In the bitten run each program of tests has a failing one more; it is built in, and gone from the sources before they run.
package struct CargoRunner: Runner {
    /// What cargo gets, and what the tests' programs get behind `--`.
    package let arguments: [String]
    package let programArguments: [String]

    package var kind: RunnerKind { .cargo }
    package var name: String { "Cargo" }
    package var command: String {
        (["cargo", "test"] + arguments + (programArguments.isEmpty ? [] : ["--"] + programArguments)).joined(separator: " ")
    }
    package var reports: Bool { true }
    package var cannotBite: String? { nil }

    /// nil where an argument chooses tests by name, or changes what is printed.
    package init?(_ words: [String]) {
        let parts = words.split(separator: "--", maxSplits: 1, omittingEmptySubsequences: false).map(Array.init)
        let alone: Set<String> = [
            "--workspace", "--all", "--all-features", "--no-default-features", "--release", "--offline", "--locked", "--frozen",
            "--all-targets", "--lib", "--bins", "--tests", "--no-fail-fast",
        ]
        let withValue: Set<String> = ["--features", "-F", "--package", "-p", "--exclude", "--profile", "--jobs", "-j"]
        let ofProgram: Set<String> = ["--nocapture", "--no-capture", "--include-ignored"]
        guard Self.areKnown(parts.first ?? [], alone, withValue),
            Self.areKnown(parts.count > 1 ? parts[1] : [], ofProgram, ["--test-threads"])
        else { return nil }
        arguments = parts.first ?? []
        programArguments = parts.count > 1 ? parts[1] : []
    }

    private static func areKnown(_ words: [String], _ alone: Set<String>, _ withValue: Set<String>) -> Bool {
        var rest = words[...]
        while let word = rest.popFirst() {
            if alone.contains(word) { continue }
            if withValue.contains(String(word.prefix { $0 != "=" })) {
                if !word.contains("="), rest.popFirst() == nil { return false }
            } else {
                return false
            }
        }
        return true
    }

    package func phases(_ run: JudgedRun, in tree: String) throws -> [Phase] {
        let programWords = programArguments.isEmpty ? [] : ["--"] + programArguments
        // What a commit brings as built is not what its sources say.
        let clean = Phase.Preparation.remove(path: "target/debug")
        guard run == .bitten else {
            var phase = Phase.printing(["cargo", "test"] + arguments + programWords, standardError: true)
            phase.preparations = [clean]
            phase.report = ExpectedReport(.descriptor, .cargo)
            return [phase]
        }
        let name = "pinfold_" + String(UInt64.random(in: .min ... .max), radix: 16)
        let roots = CargoSources(tree).roots
        var build = Phase(["cargo", "test", "--no-run"] + arguments)
        build.preparations =
            [clean] + roots.map { .append(path: $0, Array("\n#[cfg(test)]\n#[test]\nfn \(name)() {\n    panic!()\n}\n".utf8)) }
        let further = arguments.contains("--no-fail-fast") ? [] : ["--no-fail-fast"]
        var test = Phase.printing(["cargo", "test"] + arguments + further + programWords, standardError: true)
        test.preparations = roots.map { .restore(path: $0) }
        test.report = ExpectedReport(.descriptor, .cargo, bite: name)
        return [build, test]
    }
}

/// The sources of a tree that cargo tests.
struct CargoSources {
    /// Files that a program of tests is built from, each by itself.
    private(set) var roots: [String] = []
    /// Whether one of them has tests; examples in documentation are some.
    private(set) var haveTests = false
    /// Whether one has a program of tests that is not of the standard harness.
    private(set) var haveOwnHarness = false

    init(_ tree: String) {
        var walk = SourceWalk(tree, leavingOut: ["target", ".git", "node_modules"])
        var named: Set<String> = []
        /// Directories with a manifest: cargo builds no program from anywhere else.
        var crates: Set<Substring> = []
        var sources: [String] = []
        while let path = walk.next() {
            if path == "Cargo.toml" || path.hasSuffix("/Cargo.toml") {
                let text = walk.text(path)
                crates.insert(path.dropLast("Cargo.toml".count))
                for line in text.split(whereSeparator: \.isNewline) {
                    let parts = line.split(separator: "=", maxSplits: 1).map { $0.filter { !" \t\"'".contains($0) } }
                    guard parts.count == 2 else { continue }
                    if parts[0] == "harness", parts[1].hasPrefix("false") { haveOwnHarness = true }
                    if parts[0] == "path", parts[1].hasSuffix(".rs") { named.insert(path.dropLast("Cargo.toml".count) + parts[1]) }
                }
            } else if path.hasSuffix(".rs") {
                sources.append(path)
            }
        }
        for path in sources {
            let text = walk.text(path)
            if !haveTests {
                haveTests = [
                    "#[test]", "::test]", "::test(", "#[rstest", "#[test_case", "proptest!", "quickcheck", "/// ```", "//! ```",
                ]
                .contains { text.contains($0) }
            }
            if named.contains(path) || Self.isRoot(path, of: crates) { roots.append(path) }
        }
    }

    private static func isRoot(_ path: String, of crates: Set<Substring>) -> Bool {
        let parts = path.split(separator: "/")
        // `src/bin/name/main.rs` is the deepest that there is.
        for depth in 1...4 where depth <= parts.count {
            if crates.contains(parts.dropLast(depth).map { $0 + "/" }.joined()[...]) { return isRoot(parts.suffix(depth)) }
        }
        return false
    }

    /// By the path from the crate's directory.
    private static func isRoot(_ parts: ArraySlice<Substring>) -> Bool {
        let file = parts.last ?? ""
        switch parts.dropLast() {
        case ["src"]: return file == "lib.rs" || file == "main.rs"
        case ["src", "bin"], ["tests"]: return true
        // `tests/name/main.rs`, `src/bin/name/main.rs`.
        case let above: return file == "main.rs" && (above.dropLast() == ["src", "bin"] || above.dropLast() == ["tests"])
        }
    }
}
