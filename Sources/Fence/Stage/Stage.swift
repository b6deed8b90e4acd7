internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// What runs inside the new namespaces as their first process, still root: it proves the fence, gives everything up, and starts the command.
///
/// The order is the argument. What needs privilege comes first; each step takes away what the next one no longer needs; the self-test is made
/// as root, when only the mounts can be what refuses, and once more as the command's user behind every layer.
package struct Stage {
    private let orders: StageOrders

    package init(_ orders: StageOrders) {
        self.orders = orders
    }

    /// Never returns: the exit code is the command's.
    package func run(lifeline: Int32) throws(FenceError) -> Never {
        // Descriptors that bubblewrap was given or opened: of everything above the lifeline only what is the command's is kept until that starts.
        let further = orders.further
        if further.isEmpty {
            _ = pinfold_close_range(UInt32(lifeline) + 1, UInt32.max, 0)
        } else {
            if further.lowerBound > lifeline + 1 {
                _ = pinfold_close_range(UInt32(lifeline) + 1, UInt32(further.lowerBound) - 1, 0)
            }
            _ = pinfold_close_range(UInt32(further.upperBound), UInt32.max, 0)
        }
        try StandardStreams.check(also: further)
        for path in orders.coveredLinks { try cover(path) }
        // The mounts are made and nobody changes them: who listens can prepare itself meanwhile.
        if orders.supervision != nil {
            var begun: UInt8 = 1
            guard unsafe send(lifeline, &begun, 1, Int32(MSG_NOSIGNAL)) == 1 else {
                throw FenceError("the record of refusals cannot be kept: \(Errno.current)", kind: .refused)
            }
        }

        let mounts = SelfTest(orders)
        try mounts.onlyExpectedMountsAreWritable()
        try mounts.rootCannotCreate()

        try ResourceLimits.apply(orders.limits)
        try Credentials.become(orders.user)
        // A change of user clears what bubblewrap asked for: without this line the processes would outlive their launcher.
        _ = try call("PR_SET_PDEATHSIG") { pinfold_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL), 0, 0, 0) }
        _ = try call("PR_SET_NO_NEW_PRIVS") { pinfold_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }
        enterWorkingDirectory()

        try Landlock.restrictWrites(to: orders.writable)
        try SystemCallFilter.install()
        try SelfTest(orders).userCannotEscape()

        if let filter = orders.supervision { try tell(filter, lifeline) }

        FirstProcess(orders, lifeline: lifeline).run()
    }

    /// Installs the supervisor's filter, and hands its listener out by the lifeline. Last, so that nothing of the above is told of; the
    /// command starts when the other end says that it listens, and no copy of the listener is left in here.
    private func tell(_ filter: FilterProgram, _ lifeline: Int32) throws(FenceError) {
        var answer: UInt8 = 0
        do throws(Errno) {
            let listener = try filter.installListening()
            let raw = listener.rawValue
            _ = try check { pinfold_send_descriptor(lifeline, raw) }
        } catch {
            throw FenceError("the record of refusals cannot be kept: \(error)", kind: .refused)
        }
        guard (try? check({ unsafe read(lifeline, &answer, 1) })) == 1 else {
            throw FenceError("the record of refusals cannot be kept: nobody listens", kind: .refused)
        }
        // From here on only the other end's death comes through it.
        _ = try call("shutdown") { shutdown(lifeline, Int32(SHUT_WR)) }
    }

    /// Lays a device that nobody can open over a symbolic link, which bubblewrap would follow.
    private func cover(_ link: String) throws(FenceError) {
        // Removed meanwhile, or not shown in the end.
        guard FileKind.at(link) != nil else { return }
        do throws(Errno) {
            let place = try Descriptor.open(link, [.path, .noFollow])
            let cover = try Descriptor.open("/dev/null", .path)
            try DetachedMount.clone(
                of: cover, recursive: false, [.readOnly, .noSetuid, .noDevices, .noExecution]
            ).attach(to: place)
        } catch {
            throw FenceError("\(link) is hidden and cannot be covered: \(error)", kind: .refused)
        }
    }

    private func enterWorkingDirectory() {
        for directory in orders.workingDirectories where unsafe chdir(directory) == 0 { return }
        unsafe chdir("/")
    }
}

/// Makes a call that must succeed, or says which one did not.
package func call(_ name: String, _ body: () -> Int32) throws(FenceError) -> Int32 {
    do {
        return try check(body)
    } catch {
        throw FenceError("\(name) failed: \(error)", kind: .refused)
    }
}
