internal import LinuxSystem

/// What a program was started with: the words behind its name, and the directory in which their paths begin.
package enum ProcessWords {
    /// Swift shows what is not UTF-8 as U+FFFD, and another file or another command would be meant than the one that was named.
    package static func requireUTF8() throws(CommandFailure) {
        for index in 1..<max(2, Int(CommandLine.argc)) {
            guard let word = unsafe CommandLine.unsafeArgv[index] else { break }
            guard unsafe String(validatingCString: word) == nil else { continue }
            throw unsafe CommandFailure(
                .usage, "argument \(index), '\(String(cString: word))', is not UTF-8; give what it names another name")
        }
        if let directory = try? linkText(at: "/proc/self/cwd"), String(validating: directory, as: UTF8.self) == nil {
            throw CommandFailure(
                .usage,
                "the path of the working directory, '\(String(decoding: directory, as: UTF8.self))', is not UTF-8; start from another one"
            )
        }
    }
}
