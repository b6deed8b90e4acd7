extension SurfaceFinder {
    private static let reportedByFile: Set<String> = ["py", "java", "kt", "scala", "groovy", "cs", "rb", "php", "swift", "pl", "t"]

    /// The files of the report's tests: `tests.test_a.T::test_x` and `tests.test_a.T.test_x` are in `tests/test_a.py`,
    /// `src/a.check.js::sums::adds` in `src/a.check.js`.
    mutating func noteTests(_ ids: Set<String>) {
        var prefixes: Set<String> = []
        for id in ids {
            let separator = id.firstRange(of: "::")
            var path = id[..<(separator?.lowerBound ?? id.endIndex)]
            // `app.main::app.main.add` is an example in the text of a function: that part of the file judges, not all of it.
            if let separator, id[separator.upperBound...].hasPrefix(path + ".") { continue }
            // What a build says of a file may begin where it was built.
            while path.hasPrefix("../") { path = path.dropFirst(3) }
            if separator != nil, files[String(path)] != nil {
                note(String(path), .holdsTests)
                continue
            }
            var names = path.split(whereSeparator: { ".\\/".contains($0) })
            if separator == nil {
                // The last one is the test's own.
                guard names.count > 2 else { continue }
                names.removeLast()
            }
            var prefix = ""
            for name in names {
                prefix += (prefix.isEmpty ? "" : "/") + name
                prefixes.insert(prefix)
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
}
