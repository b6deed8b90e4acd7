import TestSupport

/// What `/proc` says of the rights of a process's threads, and further lines of those names. A thread that has ended since is passed over.
func threadRights(of process: Int32, and more: String...) throws -> Set<[Substring]> {
    let names = ["Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp"] + more
    let threads = try run("ls", ["/proc/\(process)/task"]).requireSuccess().split(separator: "\n")
    let rights = threads.compactMap { thread in
        (try? readFile("/proc/\(process)/task/\(thread)/status"))?.split(separator: "\n").filter { line in
            names.contains { line.hasPrefix($0 + ":") }
        }
    }
    guard !rights.isEmpty else { throw TestFailure("process \(process) has no thread that could be looked at") }
    return Set(rights)
}
