internal import CLinux

/// Programs of the host, where the fence shows them.
enum Programs {
    /// The file that a program's name leads to, by the fence's PATH or in one of `directories`; nil where there is none.
    static func resolved(_ name: String, in directories: [String] = []) -> String? {
        for directory in path + directories {
            guard let real = unsafe realpath("\(directory)/\(name)", nil) else { continue }
            defer { unsafe free(real) }
            if unsafe access(real, X_OK) == 0 { return unsafe String(cString: real) }
        }
        return nil
    }

    private static let path = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
}

extension Phase {
    /// A program whose output is its report: it goes to the report's descriptor, and into the log once it has been read.
    static func printing(_ command: [String], standardError: Bool) -> Phase {
        Phase(["/bin/sh", "-c", "exec \"$0\" \"$@\" >&3 \(standardError ? "2>&1 " : "")3>&-"] + command)
    }
}
