/// What is looked for in one language.
struct HintRules {
    let syntax: SourceScanner.Syntax
    var language = Language.other
    /// Words, wherever they stand in code.
    var words: [String: Hint.Kind] = [:]
    /// Names with dots between their words (`sys.modules`), also where the language writes `::` or `->`.
    var names: [String: Hint.Kind] = [:]
    /// Functions that are called by their bare name.
    var calls: [String: Hint.Kind] = [:]
    /// Modules that are imported: the first name of a path of modules, or the whole text where modules are named by texts.
    var imports: [String: Hint.Kind] = [:]
    /// What a function that compares is called.
    var equality: Set<String> = []
    /// Those of `equality` that get what they compare with, and whose answer has to do with it.
    var heedful: Set<String> = []
    /// Those of them that are asked about whatever they say: rare in honest work, and no test notices one that lies.
    var ownEquality: Set<String> = []
    /// Whether `a in b` of a string's text is looked for; `fragments` are common to all languages.
    var fragments: [(text: String, kind: Hint.Kind)] = Self.commonFragments

    /// In small letters, inside strings: what a program says that knows it is being tested.
    static let commonFragments: [(text: String, kind: Hint.Kind)] = [
        ("pinfold", .environment), ("pytest", .runner), ("unittest", .runner), ("junit", .runner), ("<testsuite", .runner),
        ("<testcase", .runner), ("<failure", .runner), ("conftest", .runner), ("jest_worker", .environment),
        ("node_test_context", .environment),
        ("vitest", .runner), ("mocha", .runner), ("xctest", .runner), ("test.v", .runner), ("test.run", .runner),
        ("rust_test", .environment), ("cargo_", .environment), ("ld_preload", .process), ("node_options", .process),
        ("/proc/self", .interpreter), ("/proc/1/", .interpreter), ("/proc/thread-self", .interpreter), ("/cmdline", .interpreter),
        ("/environ", .interpreter), ("/proc/%", .interpreter), ("/proc/{", .interpreter), ("/proc/$", .interpreter),
    ]

    /// What names no variable of an environment in honest code of any language.
    static let commonWords: [String: Hint.Kind] = [
        "LD_PRELOAD": .process, "PYTEST_CURRENT_TEST": .environment, "PYTEST_ADDOPTS": .runner, "NODE_OPTIONS": .process,
        "PINFOLD_TEST_REPORT": .environment,
    ]

    /// The rules for a file of that name; nil where none are: data, documents, languages that are not known.
    static func of(_ path: String, firstLine: String) -> HintRules? {
        let name = path.split(separator: "/").last.map(String.init)?.lowercased() ?? ""
        let suffix = name.contains(".") ? name.split(separator: ".").last.map(String.init) ?? "" : ""
        if let rules = bySuffix[suffix] { return rules }
        guard firstLine.hasPrefix("#!") else { return nil }
        return byInterpreter.first { firstLine.contains($0.name) }?.rules
    }

    private static let bySuffix: [String: HintRules] = {
        var table: [String: HintRules] = [:]
        for (suffixes, rules) in [
            (["py", "pyi", "pyx", "pyw"], python),
            (["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "vue", "svelte"], javaScript),
            (["go"], go), (["rs"], rust), (["swift"], swift),
            (["c", "h", "cc", "cpp", "cxx", "hh", "hpp", "hxx", "inl", "m", "mm"], c),
            (["java", "kt", "kts", "scala", "groovy"], java), (["cs", "fs"], dotNet), (["rb", "rake"], ruby),
            (["php", "phtml"], php),
            (["sh", "bash", "zsh"], shell), (["pl", "pm"], perl),
        ] {
            for suffix in suffixes { table[suffix] = rules }
        }
        return table
    }()

    private static let byInterpreter: [(name: String, rules: HintRules)] = [
        ("python", python), ("node", javaScript), ("deno", javaScript), ("bun", javaScript), ("ruby", ruby), ("php", php),
        ("perl", perl),
        ("swift", swift), ("sh", shell),
    ]
}

extension Dictionary where Key == String, Value == Hint.Kind {
    /// `of(.runner, "a b c")`: names with spaces between them.
    static func of(_ kind: Hint.Kind, _ names: String) -> Self {
        Dictionary(uniqueKeysWithValues: Set(names.split(separator: " ").map(String.init)).map { ($0, kind) })
    }

    static func + (one: Self, other: Self) -> Self { one.merging(other) { first, _ in first } }
}
