internal import CLinux
internal import HTTPAnswers
internal import LinuxSystem
internal import SystemPackage

/// One GET over plain HTTP/1.1, as a health check needs it: the status code and one field, nothing of the body.
package struct HTTPGet: Sendable {
    let host: String
    let port: String
    let target: String

    /// What a health check goes by.
    package struct Answer: Hashable, Sendable {
        package var status: Int
        /// The field `X-Pinfold-Commit`: which commit the server says that it serves.
        package var commit: String?
    }

    /// nil where the URL is not `http://host[:port][/path]`.
    package init?(_ url: String) {
        guard url.hasPrefix("http://"), !url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else { return nil }
        let rest = url.dropFirst("http://".count).prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let path = rest.dropFirst(authority.count)
        target = path.hasPrefix("/") ? String(path) : "/" + path
        guard !authority.contains("@") else { return nil }
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            host = String(authority[authority.index(after: authority.startIndex)..<end])
            let after = authority[authority.index(after: end)...]
            port = after.hasPrefix(":") ? String(after.dropFirst()) : "80"
        } else {
            let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2, let first = parts.first else { return nil }
            host = String(first)
            port = parts.count == 2 ? String(parts[1]) : "80"
        }
        guard !host.isEmpty, let number = UInt16(port), number > 0 else { return nil }
    }

    /// The answer; an error is a sentence.
    /// - Parameter isCalledOff: asked ten times a second; then it is not waited for any longer.
    package func answer(
        withinMilliseconds limit: Int32, isCalledOff: @escaping () -> Bool = { false }
    ) throws(HealthProblem) -> Answer {
        var heads = HTTPHeadParser()
        try exchange(
            target, accepting: "*/*", withinMilliseconds: limit, isCalledOff, begin: { heads = HTTPHeadParser() },
            isComplete: { piece in
                var bytes = piece
                // What is no HTTP is no answer.
                do throws(HTTPFault) { try heads.take(&bytes) } catch { return true }
                return heads.head != nil
            }, isAnswer: { heads.head != nil })
        guard let head = heads.head else { throw notHTTP }
        return Answer(status: head.status, commit: head["x-pinfold-commit"])
    }

    /// One request, to the first of the host's addresses that takes it.
    /// - Parameters:
    ///   - begin: called before each attempt.
    ///   - isComplete: gets what comes, and says whether it is enough.
    ///   - isAnswer: whether what came is an answer; else the next address is asked.
    func exchange(
        _ target: String, accepting: String, withinMilliseconds limit: Int32, _ isCalledOff: @escaping () -> Bool,
        begin: () -> Void,
        isComplete: (ArraySlice<UInt8>) -> Bool, isAnswer: () -> Bool
    ) throws(HealthProblem) {
        let addresses = try Addresses.find(host, port, withinMilliseconds: limit, isCalledOff)
        guard let first = unsafe addresses.first else { throw HealthProblem("\(host) has no address") }
        var problem = HealthProblem("\(host) has no address")
        var entry = unsafe Optional(first)
        while let address = unsafe entry {
            do {
                begin()
                try unsafe ask(address.pointee, target, accepting, withinMilliseconds: limit, isCalledOff, isComplete)
                if isAnswer() { return }
                problem = notHTTP
            } catch {
                problem = error
            }
            if isCalledOff() { break }
            unsafe entry = unsafe address.pointee.ai_next
        }
        withExtendedLifetime(addresses) {}
        throw problem
    }

    private var notHTTP: HealthProblem { HealthProblem("\(host):\(port) does not answer in HTTP") }

    private func ask(
        _ address: addrinfo, _ target: String, _ accepting: String, withinMilliseconds limit: Int32, _ isCalledOff: () -> Bool,
        _ isComplete: (ArraySlice<UInt8>) -> Bool
    ) throws(HealthProblem) {
        let clock = ContinuousClock()
        let deadline = clock.now + .milliseconds(Int(limit))
        do throws(Errno) {
            let kind = unsafe address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            let connection = Descriptor(
                owning: try check { unsafe socket(address.ai_family, kind, address.ai_protocol) })
            let raw = connection.rawValue
            do throws(Errno) {
                _ = try check { unsafe pinfold_connect_address(raw, address.ai_addr, address.ai_addrlen) }
            } catch {
                guard error == .nowInProgress else { throw error }
                try wait(raw, for: Int16(POLLOUT), until: deadline, isCalledOff)
                var failure: Int32 = 0
                var size = socklen_t(MemoryLayout<Int32>.size)
                _ = try check { unsafe getsockopt(raw, SOL_SOCKET, SO_ERROR, &failure, &size) }
                guard failure == 0 else { throw Errno(rawValue: failure) }
            }
            let request = Array(
                "GET \(target) HTTP/1.1\r\nHost: \(host):\(port)\r\nUser-Agent: pinfold\r\nAccept: \(accepting)\r\nConnection: close\r\n\r\n"
                    .utf8)
            var sent = 0
            while sent < request.count {
                try wait(raw, for: Int16(POLLOUT), until: deadline, isCalledOff)
                let from = sent
                sent += try check {
                    unsafe request.withUnsafeBytes {
                        unsafe send(raw, $0.baseAddress.unsafelyUnwrapped + from, $0.count - from, Int32(MSG_NOSIGNAL))
                    }
                }
            }
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                try wait(raw, for: Int16(POLLIN), until: deadline, isCalledOff)
                let count = try check { unsafe recv(raw, &chunk, chunk.count, 0) }
                if count == 0 || isComplete(chunk[..<count]) { return }
            }
        } catch {
            throw HealthProblem("\(host):\(port): \(error == .timedOut ? "no answer within \(limit) ms" : "\(error)")")
        }
    }

    private func wait(
        _ number: Int32, for events: Int16, until deadline: ContinuousClock.Instant, _ isCalledOff: () -> Bool
    ) throws(Errno) {
        while true {
            let left = deadline - ContinuousClock.now
            let milliseconds = Int32(left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000)
            guard milliseconds > 0 else { throw .timedOut }
            guard !isCalledOff() else { throw .canceled }
            var entry = pollfd(fd: number, events: events, revents: 0)
            if try check({ unsafe poll(&entry, 1, min(milliseconds, 100)) }) == 1 { return }
        }
    }
}

/// What is wrong with the server, in a sentence.
package struct HealthProblem: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
