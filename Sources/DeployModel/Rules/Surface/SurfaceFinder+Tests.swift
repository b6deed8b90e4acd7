extension SurfaceFinder {
    private static let reportedByFile: Set<String> = ["py", "java", "kt", "scala", "groovy", "cs", "rb", "php", "swift", "pl", "t"]

    /// The files of the report's tests: `tests.test_a.T::test_x` and `tests.test_a.T.test_x` are in `tests/test_a.py`,
    /// `src/a.check.js::sums::adds` in `src/a.check.js`, `some suite::tests.test_a.T::test_x` in `tests/test_a.py`.
    mutating func noteTests(_ ids: Set<String>) {
        var prefixes: Set<String> = []
        func add(_ names: some Sequence<Substring>) {
            var prefix = ""
            for name in names {
                prefix += (prefix.isEmpty ? "" : "/") + name
                prefixes.insert(prefix)
            }
        }
        for id in ids {
            let parts = id.split(separator: "::", omittingEmptySubsequences: false)
            guard parts.count > 1 else {
                let names = id.split(whereSeparator: Self.separates)
                // The last one is the test's own.
                if names.count > 2 { add(names.dropLast()) }
                continue
            }
            // The last part is the test's own name. What else says where it is may stand behind suites, whose titles are no paths.
            for (part, next) in zip(parts, parts.dropFirst()) {
                if part.startIndex != id.startIndex, !part.contains(where: Self.separates) || part.contains(" ") { continue }
                // `app.main::app.main.add` is an example in the text of a function: that part of the file judges, not all of it.
                if next.hasPrefix(part + ".") { break }
                var path = part
                // What a build says of a file may begin where it was built.
                while path.hasPrefix("../") { path = path.dropFirst(3) }
                if files[String(path)] != nil {
                    note(String(path), .holdsTests)
                    break
                }
                add(path.split(whereSeparator: Self.separates))
            }
        }
        for path in files.keys where Self.reportedByFile.contains(Self.suffix(of: path)) {
            var rest = Self.stem(of: path)[...]
            var isWhole = true
            while true {
                // One name alone says which file only where nothing is above it.
                if isWhole || rest.contains("/"), prefixes.contains(String(rest)) {
                    note(path, .holdsTests)
                    break
                }
                guard let slash = rest.firstIndex(of: "/") else { break }
                rest = rest[rest.index(after: slash)...]
                isWhole = false
            }
        }
    }

    private static func separates(_ character: Character) -> Bool { ".\\/".contains(character) }
}
