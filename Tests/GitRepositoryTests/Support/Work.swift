import LinuxSystem
import TestSupport

/// A script that runs beside the test.
struct Work: ~Copyable {
    private let child: ChildProcess?

    init(_ script: String, in directory: String) {
        child = try? ChildProcess(
            .init("sh", ["-c", script], environment: mergedEnvironment([:]), workingDirectory: directory, descriptors: [:]))
    }

    consuming func wait() {
        if let child { _ = try? child.wait() }
    }
}
