internal import ArgumentParser
internal import FoundationEssentials
internal import PlainText

/// `--json` of every reading command.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print the result as JSON.")
    var json = false
}

extension Terminal {
    /// JSON that is whole already.
    static func say(document: [UInt8]) {
        write(String(decoding: PlainJSON.escaped(document), as: UTF8.self) + "\n", to: 1)
    }

    /// A result for programs: keys sorted, slashes as they are, one trailing newline.
    static func say(json value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        say(document: Array(try encoder.encode(value)))
    }
}
