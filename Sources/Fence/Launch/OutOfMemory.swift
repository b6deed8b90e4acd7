package import LinuxSystem

extension ControlGroup.OutOfMemory {
    /// What happened, for whoever waits for the command.
    package func sentence(_ group: Fence.Group) -> String {
        let what = kills == 1 ? "one process" : "\(kills) processes"
        guard isOwnLimit, let bytes = group.memoryBytes else {
            return "the machine, or a group around this one, ran out of memory: the kernel ended \(what)"
        }
        return "the memory limit of \(size(bytes))\(group.variable.map { " (\($0))" } ?? "") was reached: the kernel ended \(what)"
    }
}
