internal import ArgumentParser
internal import FoundationEssentials

/// `--json` of every reading command.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print the result as JSON.")
    var json = false
}

extension Terminal {
    /// A result for programs: keys sorted, slashes as they are, one trailing newline.
    static func say(json value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        write(String(decoding: try encoder.encode(value), as: UTF8.self) + "\n", to: 1)
    }
}
