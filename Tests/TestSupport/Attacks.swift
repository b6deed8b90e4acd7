import CLinux

/// `attempt(name, call)` prints the name and the errno's name, or `done`.
package let attackPrelude = """
    import ctypes, errno, os, socket, stat, struct, sys, time
    libc = ctypes.CDLL(None, use_errno=True)
    def raw(*arguments):
        ctypes.set_errno(0)
        result = libc.syscall(*[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
        if result == -1:
            raise OSError(ctypes.get_errno(), "raw")
        return result
    def attempt(name, call):
        try:
            call()
            print(name, "done", flush=True)
        except OSError as error:
            print(name, errno.errorcode.get(error.errno, error.errno), flush=True)

    """

/// What `attempt` printed, by name.
package func verdicts(_ finished: Finished) -> [String: String] {
    var result: [String: String] = [:]
    for line in finished.output.split(separator: "\n") {
        let words = line.split(separator: " ")
        if words.count == 2 { result[String(words[0])] = String(words[1]) }
    }
    return result
}

/// Says what is wrong, a line a thing.
package let programProbe = """
    getent hosts "$(hostname)" >/dev/null || echo "the own host name $(hostname) leads nowhere"
    home=$(getent passwd "$(id -u)" | cut -d: -f6)
    [ "$home" = "$HOME" ] || echo "home is $home, HOME is $HOME"
    touch "$home/made" || echo "home $home cannot be written"
    [ "$USER" = "$(id -un)" ] && [ "$LOGNAME" = "$USER" ] || echo "USER is $USER, the name is $(id -un)"
    [ "$(getent passwd 0 | cut -d: -f1)" = root ] || echo 'root has no name'
    """

/// A queue of messages from its making to its end; the host's are others.
private func queueProbe(host queue: String) -> String {
    """
    mq = ctypes.CDLL("librt.so.1", use_errno=True)
    def queue(name, flags):
        q = mq.mq_open(name, flags, 0o600, None)
        if q < 0: raise OSError(ctypes.get_errno(), "mq_open")
        return q
    def use():
        q = queue(b"/mine", os.O_RDWR | os.O_CREAT | os.O_EXCL)
        if mq.mq_send(q, b"word", 4, 0): raise OSError(ctypes.get_errno(), "mq_send")
        room = ctypes.create_string_buffer(8192)
        if mq.mq_receive(q, room, 8192, None) != 4 or room.raw[:4] != b"word": raise OSError(errno.EIO, "mq_receive")
        if mq.mq_unlink(b"/mine"): raise OSError(ctypes.get_errno(), "mq_unlink")
    attempt("used", use)
    attempt("host", lambda: queue(b"\(queue)", os.O_RDWR))

    """
}

/// A queue of messages of the host's that everybody may open, for the length of `body`, which gets a script: it makes and uses a queue of its own,
/// and tries that one.
package func withHostQueue(_ body: (String) throws -> Void) throws {
    let queue = "/pinfold-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    let made =
        "import ctypes, os, sys; l = ctypes.CDLL('librt.so.1'); os.umask(0); sys.exit(l.mq_open(b'\(queue)', os.O_CREAT | os.O_RDWR, 0o666, None) < 0)"
    try run("/usr/bin/python3", ["-I", "-c", made]).requireSuccess()
    defer { _ = try? run("/usr/bin/python3", ["-I", "-c", "import ctypes; ctypes.CDLL('librt.so.1').mq_unlink(b'\(queue)')"]) }
    try body(queueProbe(host: queue))
}
