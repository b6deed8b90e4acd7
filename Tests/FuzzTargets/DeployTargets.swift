import AgentTools
import AuditLog
import DeployModel
import GitRepository
import HTTPAnswers

/// What is a report says the same to another process.
func tryReport(_ input: [UInt8]) {
    for format in TestReport.Format.allCases { tryReport(input, format) }
}

private func tryReport(_ input: [UInt8], _ format: TestReport.Format) {
    var reader = ReportReader(format, roots: ["/work"], bite: "bad")
    do throws(ReportFault) {
        try reader.read(input)
    } catch {
        require(!error.what.isEmpty, "a fault without words")
        return
    }
    let digest = TestReport.digest(reader.tests, remarks: reader.remarks)
    guard case .success(let report)? = TestReport.read(digest: digest) else { return require(false, "a digest that is none") }
    require(report == reader.report, "a digest that says something else")
    let count = TestReport.Outcome.allCases.reduce(0) { $0 + report.ids($1).count }
    require(count == reader.tests.count, "\(reader.tests.count) results are \(count) tests")
}

/// A digest never has more tests than it has bytes for.
func tryDigest(_ input: [UInt8]) {
    guard case .success(let report)? = TestReport.read(digest: input) else { return }
    let count = TestReport.Outcome.allCases.reduce(0) { $0 + report.ids($1).count }
    require(count * 3 < input.count, "\(count) tests in \(input.count) bytes")
}

/// A tree that is taken has names that stay where they are, each once, and is all of what was given.
func tryTree(_ input: [UInt8]) {
    let id = ObjectID(bytes: [UInt8](repeating: 7, count: 20))
    let parsed = unsafe input.withUnsafeBytes { bytes in unsafe try? TreeEntry.parse(bytes, of: id) }
    guard let entries = parsed else { return }
    var size = 0
    for entry in entries {
        require(!entry.name.isEmpty && entry.name.count < 256, "a name of \(entry.name.count) bytes")
        require(!entry.name.contains(0) && !entry.name.contains(UInt8(ascii: "/")), "a name that is none")
        let text = String(decoding: entry.name, as: UTF8.self).lowercased()
        require(![".", "..", ".git", "git~1"].contains(text), "the name \(text)")
        size += entry.name.count + 22
    }
    require(Set(entries.map(\.name)).count == entries.count, "a name twice")
    // A mode has five digits, or six; up to seven are read.
    let modes = input.count - size
    require((entries.count * 5...entries.count * 7).contains(modes), "\(modes) bytes for the modes of \(entries.count) entries")
}

/// A commit that is taken begins with the tree that it is said to have.
func tryCommit(_ input: [UInt8]) {
    guard let commit = CommitSummary(id: ObjectID(bytes: [UInt8](repeating: 7, count: 20)), content: input) else { return }
    let head = String(decoding: input.prefix(45), as: UTF8.self).lowercased()
    require(head == "tree \(commit.tree)", "a tree that is not the one of \(head)")
    require(commit.parents.count * 48 < input.count, "\(commit.parents.count) parents in \(input.count) bytes")
    require(!commit.subject.contains("\n"), "a subject of two lines")
}

/// A record that is taken says the same when it is written again.
func tryExport(_ input: [UInt8]) {
    guard let record = ExportRecord(encoded: input) else { return }
    require(ExportRecord(encoded: record.encoded) == record, "a record that says something else")
}

/// An answer is the same however it is cut, its body is no larger than it may be and than what came, and its head no larger than is read.
func tryAnswer(_ input: [UInt8]) {
    let limit = 4096
    func parse(pieces size: Int) -> Result<HTTPAnswer?, HTTPFault> {
        Result { () throws(HTTPFault) in
            var parser = HTTPAnswerParser(bodyLimit: limit)
            var rest = input[...]
            while !rest.isEmpty {
                if let answer = try parser.take(rest.prefix(size)) { return answer }
                rest = rest.dropFirst(size)
            }
            return try? parser.end()
        }
    }
    let whole = parse(pieces: max(1, input.count))
    for size in [1, 7] { require(parse(pieces: size) == whole, "another answer in pieces of \(size) bytes") }
    guard case .success(let answer?) = whole else { return }
    require(answer.body.count <= min(limit, input.count), "a body of \(answer.body.count) bytes out of \(input.count)")
    let fields = answer.head.fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
    // A byte that is no UTF-8 is shown by a character of three.
    require(fields <= 3 * min(input.count, HTTPHeadParser.limit), "\(fields) bytes of fields out of \(input.count)")
    require(answer.status == 101 || (200...999).contains(answer.status), "the status \(answer.status)")
}

/// A request is the same however it is cut, it says what came and no more, and a message in it is the same when it is written again.
func tryRequest(_ input: [UInt8]) {
    func parse(pieces size: Int) -> Result<HTTPRequest?, HTTPRefusal> {
        Result { () throws(HTTPRefusal) in
            var parser = HTTPRequestParser()
            var rest = input[...]
            while !rest.isEmpty {
                if let request = try parser.take(rest.prefix(size)) { return request }
                rest = rest.dropFirst(size)
            }
            return nil
        }
    }
    let whole = parse(pieces: max(1, input.count))
    for size in [1, 7] { require(parse(pieces: size) == whole, "another request in pieces of \(size) bytes") }
    guard case .success(let request?) = whole else {
        if case .failure(let refusal) = whole { require((400...499).contains(refusal.status), "the status \(refusal.status)") }
        return
    }
    let texts = [request.method, request.path] + request.fields.flatMap { [$0.name, $0.value] }
    require(texts.reduce(0) { $0 + $1.utf8.count } + request.body.count <= input.count, "more than came")
    require(texts.allSatisfy { !$0.utf8.contains(0) && !$0.utf8.contains(10) && !$0.utf8.contains(13) }, "a line end in a text")
    require(request.path.hasPrefix("/"), "the path \(request.path)")
    require(request.count(of: "transfer-encoding") == 0, "a body whose length is said in two ways")
    if let length = request["content-length"] { require(Int(length) == request.body.count, "a body of \(request.body.count)") }
    guard let message = try? Message(request.body), case .request(let asked) = message else { return }
    var members: [String: JSONValue] = ["jsonrpc": "2.0", "id": asked.id, "method": .string(asked.method)]
    members["params"] = asked.parameters
    require((try? Message(JSONValue.object(members).bytes)) == message, "a message that says something else")
}

/// A packet that is taken is the one that says what was taken from it, and what it says has the form of a path.
func tryMessage(_ input: [UInt8]) {
    guard let message = AuditMessage(input) else { return }
    require(message.encoded == input, "a packet of another form")
    if case .refused(let event) = message {
        require(event.path.first == UInt8(ascii: "/") && !event.path.contains(0), "a path that is none")
    }
}
