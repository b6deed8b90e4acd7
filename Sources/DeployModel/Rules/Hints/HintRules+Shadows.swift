/// Names of the language, its library or a runner, which a program defines anew: what the tests call is then the program's.
extension HintRules {
    /// - Parameter isAtTop: whether nothing stands before the line's first word.
    func shadows(_ tokens: [SourceScanner.Token], isAtTop: Bool) -> Bool {
        switch language {
        case .python: isAtTop && Self.definesBuiltin(tokens)
        case .go: Self.definesPredeclared(tokens)
        case .rust: Self.definesMacro(tokens)
        case .c: Self.definesForCompiler(tokens) || isAtTop && Self.definesOfLibrary(tokens)
        case .swift: Self.definesAssertion(tokens)
        case .javaScript, .other: false
        }
    }

    /// Functions and classes of Python's by which tests compare; a test may import everything of a module.
    private static let builtins = Set(
        """
        AssertionError BaseException Exception abs all any bool bytes callable dict enumerate float frozenset getattr hasattr int \
        isinstance issubclass iter len list max min next object range repr reversed round set sorted str sum tuple type zip __debug__
        """.split(separator: " ").map(String.init))

    private static func definesBuiltin(_ tokens: [SourceScanner.Token]) -> Bool {
        let rest = tokens.first == .word("async") ? tokens.dropFirst() : tokens[...]
        guard case .word(let first)? = rest.first else { return false }
        switch first {
        case "def", "class": return rest.dropFirst().first.map(isBuiltin) ?? false
        case "import", "from":
            return rest.indices.dropFirst().contains { rest[$0 - 1] == .word("as") && isBuiltin(rest[$0]) }
        default:
            // `len = …`, `len, all = …`
            guard let equals = rest.firstIndex(of: .other(UInt8(ascii: "="))), !rest[..<equals].contains(.other(UInt8(ascii: "(")))
            else {
                return false
            }
            return rest[(equals + 1)...].first != .other(UInt8(ascii: "="))
                && rest[..<equals].indices.contains { index in
                    isBuiltin(rest[index])
                        && (index == rest.startIndex || rest[index - 1] == .other(UInt8(ascii: ",")))
                        && (index + 1 == equals || rest[index + 1] == .other(UInt8(ascii: ",")))
                }
        }
    }

    private static func isBuiltin(_ token: SourceScanner.Token) -> Bool {
        if case .word(let word) = token { builtins.contains(word) } else { false }
    }

    /// Without those that older versions of the language have not: they are written by hand for them.
    private static let predeclared = Set(
        """
        true false nil iota len cap append copy delete panic recover make new error string bool byte rune int int8 int16 int32 int64 \
        uint uint8 uint16 uint32 uint64 float32 float64 any comparable
        """.split(separator: " ").map(String.init))

    private static func definesPredeclared(_ tokens: [SourceScanner.Token]) -> Bool {
        guard case .word(let first)? = tokens.first else { return false }
        if ["true", "false", "nil"].contains(first) { return tokens.dropFirst().first == .other(UInt8(ascii: "=")) }
        guard ["func", "var", "const", "type"].contains(first), case .word(let name)? = tokens.dropFirst().first else {
            return false
        }
        return predeclared.contains(name)
    }

    private static let macros: Set<String> = [
        "assert", "assert_eq", "assert_ne", "debug_assert", "debug_assert_eq", "debug_assert_ne", "assert_matches", "matches",
        "panic",
        "unreachable", "todo", "vec", "format", "println",
    ]

    private static func definesMacro(_ tokens: [SourceScanner.Token]) -> Bool {
        tokens.indices.contains { index in
            guard case .word(let word) = tokens[index], macros.contains(word), index > 0 else { return false }
            return tokens[index - 1] == .word("as") || tokens[index - 1] == .word("macro")
                || index > 1 && tokens[index - 2] == .word("macro_rules")
        }
    }

    /// What a check's program is written with, and the names of its frameworks' macros.
    private static let ofC = Set(
        """
        NDEBUG abort exit _Exit strcmp strncmp strcasecmp memcmp wcscmp fabs fabsf abs isnan if else while for return switch int double float \
        main printf fprintf puts TEST TEST_F TEST_P TEST_CASE SECTION SCENARIO FAIL SUCCEED
        """.split(separator: " ").map(String.init))

    private static func definesForCompiler(_ tokens: [SourceScanner.Token]) -> Bool {
        guard tokens.first == .other(UInt8(ascii: "#")), case .word(let directive)? = tokens.dropFirst().first,
            ["define", "undef", "pragma"].contains(directive)
        else { return false }
        return tokens.dropFirst(2).prefix(3).contains { token in
            guard case .word(let name) = token else { return false }
            if directive == "pragma" { return name == "push_macro" || name == "pop_macro" }
            return token == tokens[2]
                && (ofC.contains(name) || name.hasPrefix("assert")
                    || ["ASSERT_", "EXPECT_", "REQUIRE", "CHECK", "BOOST_", "TEST_ASSERT", "CU_ASSERT", "ck_assert"].contains(
                        where: name.hasPrefix))
        }
    }

    /// What a program links against: its own function of that name is called by its checks, too.
    private static let ofLibraryOfC = Set(
        """
        abort exit _exit _Exit strcmp strncmp strcasecmp memcmp wcscmp fabs fabsf abs printf fprintf puts signal raise __assert_fail __assert_rtn
        """.split(separator: " ").map(String.init))

    /// `int strcmp(…`
    private static func definesOfLibrary(_ tokens: [SourceScanner.Token]) -> Bool {
        tokens.indices.dropFirst().contains { index in
            guard case .word(let name) = tokens[index], ofLibraryOfC.contains(name),
                tokens.dropFirst(index + 1).first == .other(UInt8(ascii: "("))
            else { return false }
            if case .word(let type) = tokens[index - 1] { return type != "return" && type != "else" }
            return tokens[index - 1] == .other(UInt8(ascii: "*"))
        }
    }

    private static func definesAssertion(_ tokens: [SourceScanner.Token]) -> Bool {
        tokens.indices.dropFirst().contains { index in
            guard case .word(let name) = tokens[index], case .word(let before) = tokens[index - 1] else { return false }
            switch before {
            case "func", "let", "var": return name.hasPrefix("XCT") || ["assert", "precondition", "fatalError"].contains(name)
            case "macro": return name == "expect" || name == "require"
            case "struct", "class", "enum", "typealias", "actor":
                return ["Int", "String", "Bool", "Double", "Array", "Optional", "Issue", "Test"].contains(name)
            default: return false
            }
        }
    }
}
