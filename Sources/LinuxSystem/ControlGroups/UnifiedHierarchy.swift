internal import CLinux
internal import SystemPackage

/// Version 2: one tree for all controllers, in which a group that hands controllers on holds no process, the root excepted
/// (Documentation/admin-guide/cgroup-v2.rst, "No Internal Process Constraint").
enum UnifiedHierarchy {
    typealias Controller = ControlGroupHierarchies.Controller

    /// The directory in which a process of the group `own` makes groups: its own where that was handed over, else the nearest above that hands on
    /// the memory controller already. Only in the root are controllers switched on: elsewhere they are the service manager's.
    static func hierarchy(for own: String) -> Result<ControlGroupHierarchies.Hierarchy, ControlGroupHierarchies.Reason> {
        if isHandedOver(own) { return takeOver(own) }
        var directory = own
        var ceiling: UInt64?
        while unsafe pinfold_statfs_type(directory) == 0x6367_7270 {
            if isRoot(directory) {
                let missing = words(directory + "/cgroup.controllers").subtracting(words(directory + "/cgroup.subtree_control"))
                for controller in Controller.allCases where missing.contains(controller.rawValue) {
                    try? ControlFile.write("+" + controller.rawValue, to: directory + "/cgroup.subtree_control")
                }
                return .success(
                    .init(version: .two, directory: directory, controllers: controllers(directory), memoryCeiling: ceiling))
            }
            let found = controllers(directory)
            if found.contains(.memory) {
                return .success(.init(version: .two, directory: directory, controllers: found, memoryCeiling: ceiling))
            }
            if let limit = ControlFile.value(directory + "/memory.max").flatMap({ UInt64($0) }) {
                ceiling = min(limit, ceiling ?? .max)
            }
            guard let slash = directory.lastIndex(of: "/") else { break }
            directory = String(directory[..<slash])
        }
        return .failure(
            .init(
                text:
                    "no control group around this process hands on the memory controller (cgroup.subtree_control): start it as a service with Delegate=yes"
            ))
    }

    /// What systemd marks a group with that is its user's to divide (`Delegate=`, `man 5 systemd.resource-control`).
    private static func isHandedOver(_ directory: String) -> Bool {
        ["trusted.delegate", "user.delegate"].contains { name in
            var value = [UInt8](repeating: 0, count: 8)
            let count = unsafe getxattr(directory, name, &value, value.count)
            return count == 1 && value[0] == UInt8(ascii: "1")
        }
    }

    /// Leaves the group free of processes and hands its controllers on.
    private static func takeOver(_ own: String) -> Result<ControlGroupHierarchies.Hierarchy, ControlGroupHierarchies.Reason> {
        let main = own + "/main"
        if unsafe mkdir(main, 0o755) != 0, Errno.current != .fileExists {
            return .failure(.init(text: "\(main) cannot be made: \(Errno.current)"))
        }
        var last = Errno.resourceBusy
        // Another process may be put into it at any moment.
        for _ in 0..<10 {
            for process in ControlFile.text(own + "/cgroup.procs").split(separator: "\n") {
                try? ControlFile.write(String(process), to: main + "/cgroup.procs")
            }
            let available = words(own + "/cgroup.controllers")
            for controller in Controller.allCases where available.contains(controller.rawValue) {
                do throws(Errno) {
                    try ControlFile.write("+" + controller.rawValue, to: own + "/cgroup.subtree_control")
                } catch {
                    last = error
                }
            }
            let found = controllers(own)
            if found.contains(.memory) { return .success(.init(version: .two, directory: own, controllers: found)) }
        }
        return .failure(.init(text: "the controllers of \(own) cannot be handed on: \(last)"))
    }

    /// The root alone has no state of its own.
    private static func isRoot(_ directory: String) -> Bool { unsafe access(directory + "/cgroup.events", F_OK) != 0 }

    /// Those that a group made in `directory` has.
    static func controllers(_ directory: String) -> Set<Controller> {
        Set(words(directory + "/cgroup.subtree_control").compactMap { Controller(rawValue: $0) })
    }

    private static func words(_ path: String) -> Set<String> {
        Set(ControlFile.text(path).split(whereSeparator: \.isWhitespace).map(String.init))
    }
}

/// The files by which a group is read and changed.
enum ControlFile {
    /// Empty where it cannot be read.
    static func text(_ path: String) -> String { String(decoding: (try? readWholeFile(path)) ?? [], as: UTF8.self) }

    /// The text without its line's end; nil where it cannot be read.
    static func value(_ path: String) -> String? {
        guard let bytes = try? readWholeFile(path) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
    }

    /// The number behind `name` in a file of such lines.
    static func number(_ name: String, in path: String) -> Int {
        for line in text(path).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == name { return Int(words[1]) ?? 0 }
        }
        return 0
    }

    static func write(_ text: String, to path: String) throws(Errno) {
        let file = try Descriptor.open(path, .writeOnly)
        let raw = file.rawValue
        _ = try check { unsafe CLinux.write(raw, text, text.utf8.count) }
    }
}
