import DeployModel
import Patterns
import Testing

struct ReportPatternTests {
    @Test(arguments: [
        ("out/report.xml", ["out/report.xml"], ["report.xml", "out/report.xml.bak", "out", "x/out/report.xml"]),
        ("out/report", ["out/report", "out/report/a.xml", "out/report/b/c.xml"], ["out/report/a.txt"]),
        ("build/**", ["build/a.xml", "build/x/a.xml"], ["build/a.bin", "a.xml"]),
        (
            "build/test-results/**/*.xml", ["build/test-results/a.xml", "build/test-results/test/TEST-a.xml"],
            ["build/test-results/a.bin", "build/a.xml", "x/build/test-results/a.xml"]
        ),
        ("**/target/surefire-reports", ["target/surefire-reports/a.xml", "m/n/target/surefire-reports/a.xml"], ["target/a.xml"]),
        ("t/TEST-*.xml", ["t/TEST-a.xml", "t/TEST-dir.xml/b.xml"], ["t/a.xml", "t/TEST-a.txt", "t/TEST-dir.xml/b.txt"]),
        ("r[12].x?l", ["r1.xml"], ["r3.xml", "r1.xxml"]),
    ])
    func `a path, a directory and a pattern mean files from the tree's top`(
        _ row: (text: String, takes: [String], leaves: [String])
    ) throws {
        let pattern = try ReportPattern(row.text)
        func names(_ path: String) -> [[UInt8]] { path.split(separator: "/").map { Array($0.utf8) } }
        for path in row.takes {
            #expect(pattern.takes(names(path)), "\(path)")
            #expect(names(path).starts(with: pattern.base))
            for count in pattern.base.count..<names(path).count where count > 0 {
                #expect(pattern.leads(into: Array(names(path).prefix(count))), "\(path) \(count)")
            }
        }
        for path in row.leaves { #expect(!pattern.takes(names(path)), "\(path)") }
    }

    @Test func `only where something may match is looked for it`() throws {
        let pattern = try ReportPattern("a/*/c/*.xml")
        func leads(_ path: String) -> Bool { pattern.leads(into: path.split(separator: "/").map { Array($0.utf8) }) }
        #expect(leads("a") && leads("a/b") && leads("a/b/c") && leads("a/b/c/d.xml"))
        #expect(!leads("b") && !leads("a/b/d") && !leads("a/b/c/d"))
        #expect(pattern.path == nil && pattern.base == [Array("a".utf8)])
        #expect(try ReportPattern("a/b.xml").path == "a/b.xml")
        #expect(throws: GlobError.self) { try ReportPattern("a/../b") }
    }
}
