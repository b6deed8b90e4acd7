internal import HTTPAnswers

extension HTTPGet {
    /// A page of the same host, whole; nil where it is longer than `limit`. An error is a sentence.
    func page(
        _ target: String, limit: Int, withinMilliseconds milliseconds: Int32, isCalledOff: @escaping () -> Bool
    ) throws(HealthProblem) -> HTTPAnswer? {
        var parser = HTTPAnswerParser(bodyLimit: limit)
        var answer: HTTPAnswer?
        var fault: HTTPFault?
        try exchange(
            target, accepting: "*/*", withinMilliseconds: milliseconds, isCalledOff,
            begin: {
                parser = HTTPAnswerParser(bodyLimit: limit)
                fault = nil
            },
            isComplete: { piece in
                do throws(HTTPFault) {
                    answer = try parser.take(piece)
                } catch {
                    fault = error
                }
                return answer != nil || fault != nil
            }, isAnswer: { true })
        if fault == .tooLarge { return nil }
        if let answer { return answer }
        do throws(HTTPFault) {
            guard fault == nil else { throw .cutShort }
            return try parser.end()
        } catch {
            throw HealthProblem("\(host):\(port) does not answer \(target) in HTTP, or breaks off")
        }
    }
}
