internal import ArgumentParser
internal import DeployModel
internal import FoundationEssentials
internal import PlainText

/// `--json` of every reading command.
package struct OutputOptions: ParsableArguments {
    @Flag(help: "Print the result as JSON.")
    package var json = false

    package init() {}
}

extension Terminal {
    /// JSON that is whole already.
    package static func say(document: [UInt8]) {
        write(String(decoding: PlainJSON.escaped(document), as: UTF8.self) + "\n", to: 1)
    }

    /// A result for programs: keys sorted, slashes as they are, one trailing newline.
    package static func say(json value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        say(document: Array(try encoder.encode(value)))
    }

    /// A record for programs, as the interface and the files on disk have it.
    package static func say(record: some Encodable) throws {
        say(document: Array(try DeployJSON.encode(record, pretty: true)))
    }
}
