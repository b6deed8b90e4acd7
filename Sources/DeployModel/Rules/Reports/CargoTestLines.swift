/// `cargo test`: one program after another, each with its tests.
enum CargoTestLines {
    /// What one program printed.
    private struct Program {
        var name: String
        var isDocumentation = false
        /// It said how many tests it would run: it is of the standard harness.
        var hasBegun = false
        /// What it said of itself at the end.
        var passed: Bool?
        var tests: [PrintedResult] = []
        /// A test whose name is printed, and whose outcome is not.
        var open: String?
    }

    static func read(_ bytes: [UInt8], bite: String?) -> [PrintedResult] {
        var cases: [PrintedResult] = []
        var program = Program(name: "")
        for line in bytes.lines {
            if let name = heading(line) {
                cases += ended(program, bite)
                program = Program(name: name.name, isDocumentation: name.isDocumentation)
            } else if program.passed == nil {
                read(line, into: &program)
            }
        }
        return cases + ended(program, bite)
    }

    /// `     Running unittests src/lib.rs (target/debug/deps/app-0123456789abcdef)`, `   Doc-tests app`.
    private static func heading(_ line: Line) -> (name: String, isDocumentation: Bool)? {
        guard line.first == UInt8(ascii: " ") else { return nil }
        let words = line.drop { $0 == UInt8(ascii: " ") }
        if words.begins("Doc-tests ") { return (words.text, true) }
        guard words.begins("Running "), words.ends(")"), let (source, file) = words.parted(at: " (") else { return nil }
        let root = source.split(separator: UInt8(ascii: " ")).last ?? []
        let program = file.dropLast().split(separator: UInt8(ascii: "/")).last ?? []
        // Packages of one workspace have files of one name.
        let crate = program.lastIndex(of: UInt8(ascii: "-")).map { program[..<$0] } ?? program
        return ("\(crate.text) \(root.text)", false)
    }

    private static func read(_ line: Line, into program: inout Program) {
        if line.begins("running "), line.ends(" test") || line.ends(" tests") {
            program.hasBegun = true
        } else if line.begins("test result: ") {
            program.passed = line.begins("test result: ok.")
        } else if line.begins("test "), let (name, words) = line.parted(at: " ... ") {
            let name = name.dropFirst("test ".utf8.count)
            record((program.isDocumentation ? unnumbered(name) : name).text, words, in: &program)
        } else if let name = program.open {
            record(name, line, in: &program)
        }
    }

    /// `src/lib.rs - add (line 15) - compile` without the line, which each change above it moves.
    private static func unnumbered(_ name: Line) -> Line {
        guard let (before, rest) = name.parted(at: " (line "), let (_, after) = rest.parted(at: ")") else { return name }
        return Array(before + after)[...]
    }

    /// Where one test runs at a time its name comes first, then what it prints by itself, then its outcome.
    private static func record(_ name: String, _ words: Line, in program: inout Program) {
        program.open = nil
        let outcome: TestReport.Outcome
        if words.ends("ok") {
            outcome = .passed
        } else if words.begins("ignored") {
            outcome = .skipped
        } else if words.ends("FAILED") {
            outcome = .failed
        } else {
            program.open = name
            return
        }
        program.tests.append(.init(suite: program.name, name: name, outcome: outcome))
    }

    private static func ended(_ program: Program, _ bite: String?) -> [PrintedResult] {
        guard program.hasBegun else { return [] }
        var tests = program.tests
        if let name = program.open { tests.append(.init(suite: program.name, name: name, outcome: .failed)) }
        if program.passed == nil { tests.append(.init(suite: program.name, name: "(program)", outcome: .failed)) }
        guard let bite else { return tests }
        // Its examples are built from the files as they are when it runs: nothing can be added, and they do not count.
        if program.isDocumentation { return tests.map { .init(suite: $0.suite, name: $0.name, outcome: .skipped) } }
        let added = tests.filter { $0.name.hasSuffix(bite) }
        let noticed = program.passed == false && !added.isEmpty && added.allSatisfy { $0.outcome == .failed }
        guard noticed else { return tests }
        return tests.map { .init(suite: $0.suite, name: $0.name, outcome: $0.outcome == .passed ? .failed : $0.outcome) }
    }
}
