internal import CLinux
internal import LinuxSystem
internal import SystemPackage

// This process takes another keeper's place. Its first server stands ready (`Takeover`), and it waits to be told that the view is its own.
extension Keeper {
    /// The predecessor has said something, or is gone.
    /// - Returns: nil to go on.
    mutating func hearPredecessor() -> Int32? {
        do throws(GatewayError) {
            try predecessor?.expectView()
        } catch {
            abandon(error.description)
        }
        // Who looks for the view's daemon finds this one from here on.
        do throws(Errno) {
            try preparation.mountpoint.lock.renew()
        } catch {
            Report.say("the lock of the mountpoint is not this process's: \(error)")
        }
        do throws(Errno) {
            try preparation.connectionGuard?.arm()
        } catch {
            Report.say(
                "the guard of the kernel's connections does not hear (\(error)): killed, this daemon may leave processes that hang")
        }
        predecessor = nil
        deadline = nil
        preparation.takeover?.begin()
        return nil
    }

    /// The view stays the predecessor's, and this process leaves it as it is.
    /// - Parameter server: how the server ended, where it did; one that ended by itself has said why.
    func abandon(_ reason: String, server status: ExitStatus? = nil) -> Never {
        server.signal(SIGKILL)
        if case .exited(let code) = status, code != 0 { ThisProcess.exit(code) }
        let error = GatewayError.failure(reason)
        error.report(on: predecessor?.ready ?? Ready(nil))
        ThisProcess.exit(error.code)
    }
}
