internal import LinuxSystem

/// Listens where a daemon says how it is, as a service manager does (`man 3 sd_notify`).
package struct Manager: ~Copyable {
    /// What NOTIFY_SOCKET has to be.
    package let address: String
    private let file: String
    private let process: ChildProcess

    /// - Parameter abstract: a name without a file, which `@` stands for.
    package init(in directory: String, abstract: Bool = false) throws {
        let address = abstract ? "@" + directory.dropFirst() + "/notify" : directory + "/notify"
        let file = directory + "/notified"
        let listening = try ChildProcess(
            .init(
                "python3",
                [
                    "-c",
                    """
                    import socket, sys
                    address, path = sys.argv[1:]
                    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                    listening.bind(address.replace("@", "\\0", 1))
                    with open(path, "w", buffering=1) as said:
                        while True: said.write(listening.recv(4096).decode() + "\\n")
                    """, address, file,
                ], environment: mergedEnvironment([:]), descriptors: [2: 2]))
        while !exists(file) {
            guard try !listening.ends(withinMilliseconds: 5) else { throw TestFailure("nobody listens at \(address)") }
        }
        self.address = address
        self.file = file
        process = listening
    }

    /// The messages so far.
    package var heard: [String] { get throws { try readFile(file).split(separator: "\n").map(String.init) } }
}
