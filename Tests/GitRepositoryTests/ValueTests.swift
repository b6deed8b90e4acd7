import GitRepository
import Testing

struct ValueTests {
    @Test func `an object id is forty digits and nothing else`() throws {
        let text = "00112233445566778899aabbccddeeff01234567"
        let id = try #require(ObjectID(text))
        #expect(id.description == text)
        #expect(id.bytes.count == 20 && id.bytes.first == 0 && id.bytes.last == 0x67)
        #expect(ObjectID(bytes: id.bytes) == id)
        #expect(ObjectID(text.uppercased()) == id)
        #expect(id.short == "001122334455")
        for wrong in [
            "", "0011", text + "0", String(text.dropLast()) + "g", text.dropLast() + " ", " " + text.dropLast(),
            "0x" + text.dropLast(2),
        ] {
            #expect(ObjectID(String(wrong)) == nil)
        }
        let larger = try #require(ObjectID("00112233445566778899aabbccddeeff01234568"))
        #expect(id < larger && !(larger < id))
    }

    @Test func `what would act on a terminal is escaped`() {
        #expect(TreePath(bytes: Array("größe/a\u{202e}".utf8) + [0xff]).description == "größe/a\\u{202e}\\xff")
        #expect(GitError(.corrupt, "x\u{1b}y").message == "x\\u{1b}y")
    }

    @Test func `each kind of error has an exit code of its own`() {
        #expect(Set(GitError.Kind.allCases.map(\.exitCode)).count == GitError.Kind.allCases.count)
        for kind in GitError.Kind.allCases { #expect(GitError.Kind(exitCode: kind.exitCode) == kind) }
        #expect(GitError.Kind(exitCode: 1) == nil && GitError.Kind(exitCode: 2) == nil)
    }
}
