internal import CLinux
internal import SystemPackage

/// A control group of Pinfold's own (`man 7 cgroups`): what is started in it, and all that this starts, shares its limits and ends with it.
///
/// In version 1 it is a directory in several hierarchies, in version 2 one. It goes with this value; what a killed process left goes when
/// the next group is made in the same directory.
package final class ControlGroup: Sendable {
    package typealias Controller = ControlGroupHierarchies.Controller

    package struct Limits: Hashable, Sendable {
        /// Everything that the kernel counts: private memory, files in memory, shared segments, pipes, and the pages of files that are in use.
        package var memoryBytes: UInt64?
        package var processes: UInt64?
        /// The share of processor and disk where others want them too, in hundredths of an ordinary group's.
        package var weight: UInt64

        package init(memoryBytes: UInt64? = nil, processes: UInt64? = nil, weight: UInt64 = 100) {
            self.memoryBytes = memoryBytes
            self.processes = processes
            self.weight = weight
        }
    }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// One directory of it.
    struct Directory: Sendable {
        let version: ControlGroupHierarchies.Version
        let controllers: Set<Controller>
        /// What has the limits: a group that several share, or the group itself.
        let limited: String
        let path: String
        /// Of version 1: open for the one who joins.
        let tasks: SharedDescriptor?
        let handle: SharedDescriptor
    }

    /// The memory controller's is the first. The lock on each says that it has an owner: who tidies may see some of the hierarchies from another place.
    let directories: [Directory]
    /// Its directories, that of the memory controller first.
    package var paths: [String] { directories.map(\.path) }
    /// What is bounded: the controllers whose limits the kernel has taken.
    package let bounds: Set<Controller>

    /// Makes the group.
    ///
    /// - Parameters:
    ///   - purpose: what it is for, in a word: its directory's name begins with it.
    ///   - shared: the name of a group around it, which has the limits, for all that is started under this name there.
    /// - Throws: why there can be none here.
    package init(_ purpose: String, sharing shared: String? = nil, limits: Limits) throws(Failure) {
        let found = ControlGroupHierarchies.find()
        guard !found.hierarchies.isEmpty else { throw Failure(description: found.obstacle ?? "no control groups") }
        let leftovers = ControlGroupLeftovers(found.hierarchies)
        leftovers.remove()
        var number = 0
        while true {
            number += 1
            // A name that was never used before: who tidies may still mean the group that had it.
            let leaf = "\(purpose)-\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 36))"
            do throws(Errno) {
                (directories, bounds) = try Self.make(leaf, sharing: shared, limits: limits, in: found.hierarchies)
                return
            } catch {
                // A name that is taken; a shared group that its last member removed meanwhile; a directory that somebody tidied before it was locked.
                var again: [Errno] = [
                    .fileExists, .noSuchFileOrDirectory, .resourceTemporarilyUnavailable, Errno(rawValue: ENODEV),
                ]
                // A shared group that was removed and made anew between two of its limits: the second contradicts the first, which the new one has not.
                if shared != nil { again.append(.invalidArgument) }
                guard again.contains(error), number < 1000 else {
                    throw Failure(description: "no control group can be made in \(found.hierarchies[0].directory): \(error)")
                }
            }
        }
    }

    private static func make(
        _ leaf: String, sharing shared: String?, limits: Limits, in hierarchies: [ControlGroupHierarchies.Hierarchy]
    ) throws(Errno) -> ([Directory], Set<Controller>) {
        var made: [Directory] = []
        var bounds: Set<Controller> = []
        do throws(Errno) {
            for hierarchy in hierarchies {
                let top =
                    hierarchy.directory + "/"
                    + (shared.map { ControlGroupLeftovers.sharedPrefix + $0 } ?? ControlGroupLeftovers.prefix + leaf)
                if unsafe mkdir(top, 0o755) != 0 {
                    let error = Errno.current
                    guard shared != nil, error == .fileExists else { throw error }
                }
                do throws(Errno) {
                    bounds.formUnion(try Self.set(limits, on: top, hierarchy))
                    if hierarchy.version == .two, shared != nil {
                        // Those that live in it are counted one by one, too.
                        for controller in [Controller.memory, .processes] where hierarchy.controllers.contains(controller) {
                            try ControlFile.write("+" + controller.rawValue, to: top + "/cgroup.subtree_control")
                        }
                    }
                    let path = shared == nil ? top : top + "/" + leaf
                    if shared != nil { _ = try check { unsafe mkdir(path, 0o755) } }
                    made.append(try open(path, limitedBy: top, hierarchy))
                } catch {
                    unsafe rmdir(top)
                    throw error
                }
                let last = made[made.count - 1]
                let raw = last.handle.descriptor.rawValue
                _ = try check { pinfold_flock(raw) }
                // Who tidies may have had the lock before.
                _ = try check { unsafe access(last.path + "/cgroup.procs", F_OK) }
            }
        } catch {
            remove(made)
            throw error
        }
        return (made, bounds)
    }

    private static func open(
        _ path: String, limitedBy top: String, _ hierarchy: ControlGroupHierarchies.Hierarchy
    ) throws(Errno) -> Directory {
        let handle = try Descriptor.open(path, [.readOnly, .directory])
        var tasks: SharedDescriptor?
        if hierarchy.version == .one { tasks = SharedDescriptor(try Descriptor.open(path + "/tasks", .writeOnly)) }
        return Directory(
            version: hierarchy.version, controllers: hierarchy.controllers, limited: top, path: path, tasks: tasks,
            handle: SharedDescriptor(handle))
    }

    /// Sets what the hierarchy has controllers for. Weights are as good as the kernel has them; a limit that it does not take is an error.
    private static func set(
        _ limits: Limits, on group: String, _ hierarchy: ControlGroupHierarchies.Hierarchy
    ) throws(Errno) -> Set<Controller> {
        var bounds: Set<Controller> = []
        let memory = [limits.memoryBytes, hierarchy.memoryCeiling].compactMap(\.self).min()
        if hierarchy.controllers.contains(.memory), let bytes = memory {
            switch hierarchy.version {
            case .one:
                // With swap it may not be less than without: from whichever side it comes.
                try? ControlFile.write("\(bytes)", to: group + "/memory.limit_in_bytes")
                if unsafe access(group + "/memory.memsw.limit_in_bytes", F_OK) == 0 {
                    try ControlFile.write("\(bytes)", to: group + "/memory.memsw.limit_in_bytes")
                }
                try ControlFile.write("\(bytes)", to: group + "/memory.limit_in_bytes")
            case .two:
                try ControlFile.write("\(bytes)", to: group + "/memory.max")
                // What is swapped out is as much as what is not.
                try? ControlFile.write("0", to: group + "/memory.swap.max")
            }
            bounds.insert(.memory)
        }
        if hierarchy.controllers.contains(.processes), let count = limits.processes {
            try ControlFile.write("\(count)", to: group + "/pids.max")
            bounds.insert(.processes)
        }
        let weight = min(max(limits.weight, 1), 1000)
        if hierarchy.controllers.contains(.cpu) {
            switch hierarchy.version {
            case .one: try? ControlFile.write("\(max(weight * 1024 / 100, 2))", to: group + "/cpu.shares")
            case .two: try? ControlFile.write("\(weight)", to: group + "/cpu.weight")
            }
            bounds.insert(.cpu)
        }
        if hierarchy.controllers.contains(.io) {
            // One of them is there, whichever scheduler the disk has; none where it has none that weighs.
            let names = ["io.weight", "io.bfq.weight", "blkio.weight", "blkio.bfq.weight"]
            for name in names where (try? ControlFile.write("\(max(weight, 10))", to: group + "/" + name)) != nil {
                bounds.insert(.io)
            }
        }
        return bounds
    }

    deinit {
        // Everything in it has ended, or is to: it must not outlive whoever answers for it.
        for wait in [0, 1, 2, 5, 10, 20, 50, 100, 200, 400, 800] as [UInt32] {
            if wait > 0 {
                kill()
                SystemThread.sleep(milliseconds: UInt64(wait))
            }
            if Self.remove(directories) { return }
        }
    }

    /// Removes the directories, that with the lock last; whether they are gone.
    @discardableResult
    private static func remove(_ directories: [Directory]) -> Bool {
        var gone = true
        for directory in directories.reversed() {
            if unsafe rmdir(directory.path) != 0, Errno.current != .noSuchFileOrDirectory { gone = false }
        }
        // The shared one goes with its last member.
        if gone {
            for directory in directories.reversed() where directory.limited != directory.path { unsafe rmdir(directory.limited) }
        }
        return gone
    }
}
