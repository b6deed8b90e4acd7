internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Has planes look again at what is hidden in them, on a thread of its own: that may read many directories, and nothing waits for it.
final class HiddenNames: Sendable {
    private struct State {
        var planes: [ObjectIdentifier: PlaneFiles] = [:]
        var isRunning = false
    }
    private let state = Lock(State())

    /// A name that is hidden came or went.
    func changed(in files: PlaneFiles) {
        let starts = state.withLock { state -> Bool in
            state.planes[ObjectIdentifier(files)] = files
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard starts else { return }
        do throws(Errno) {
            _ = try SystemThread("hidden-names") { [self] in run() }
        } catch {
            // No thread to be had now: the next change tries again.
            state.withLock { $0.isRunning = false }
        }
    }

    private func run() {
        while true {
            // Names that come and go all the time are looked at once a second.
            let planes = state.withLock { state -> [PlaneFiles] in
                defer { state.planes = [:] }
                if state.planes.isEmpty { state.isRunning = false }
                return Array(state.planes.values)
            }
            if planes.isEmpty { return }
            for files in planes { files.learnHidden() }
            SystemThread.sleep(milliseconds: 1000)
        }
    }
}
