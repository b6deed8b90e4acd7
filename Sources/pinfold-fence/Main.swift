private import Fence
private import LinuxSystem

/// Runs inside the namespaces that bubblewrap made, as their first process. Not for people: its orders come in descriptor 3, the end of its
/// launcher by descriptor 4.
@main
struct Main {
    static func main() {
        ThisProcess.begin()
        guard let bytes = try? readToEnd(3), let orders = StageOrders(encoded: bytes) else {
            writeError("pinfold-fence: this is started by `pinfold run`, not by hand\n")
            exitNow(2)
        }
        do throws(FenceError) {
            try Stage(orders).run(lifeline: 4)
        } catch {
            writeError("pinfold-fence: \(error)\n")
            exitNow(1)
        }
    }
}
