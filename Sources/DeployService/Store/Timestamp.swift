internal import DeployModel

/// LinuxSystem has a time of the kernel by the same name.
typealias Timestamp = DeployModel.Timestamp
