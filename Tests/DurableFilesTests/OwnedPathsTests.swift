import DurableFiles
import Testing

/// The list of what deployments put into a directory.
struct OwnedPathsTests {
    private let paths: Set<[UInt8]> = [Array("a".utf8), Array("b/c/d".utf8), [0x61, 0xFF, 0x0A]]

    @Test func `it says the same after it was written and read, of its own directory alone`() {
        let encoded = OwnedPaths.encoded(paths, of: "/srv/app")
        #expect(OwnedPaths.decoded(encoded, of: "/srv/app") == paths)
        #expect(OwnedPaths.decoded(encoded, of: "/srv/other") == nil)
        #expect(OwnedPaths.decoded(OwnedPaths.encoded([], of: "x"), of: "x") == [])
    }

    @Test func `no list is not an empty one`() {
        #expect(OwnedPaths.decoded(OwnedPaths.encoded(nil, of: "x"), of: "x") == nil)
        #expect(OwnedPaths.decoded(Array("pinfold owned paths 1".utf8), of: "x") == nil)
    }

    @Test func `a list of before it named its directory is read`() {
        let former = Array(paths.sorted { $0.lexicographicallyPrecedes($1) }.joined(separator: [0]))
        #expect(OwnedPaths.decoded(former, of: "/srv/app") == paths)
    }

    @Test func `the directories above a path are its company`() {
        #expect(OwnedPaths.withParents([Array("b/c/d".utf8)]) == [Array("b".utf8), Array("b/c".utf8), Array("b/c/d".utf8)])
        #expect(OwnedPaths.withParents([]).isEmpty)
    }
}
