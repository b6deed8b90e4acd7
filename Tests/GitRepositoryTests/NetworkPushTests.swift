import GitRepository
import SystemPackage
import TestSupport
import Testing

/// Pushes to real servers: sshd and git's HTTP server behind TLS.
@Suite(.timeLimit(.minutes(10)))
struct NetworkPushTests {
    private struct Setting {
        let mirror: GitMirror
        let remote: TestRepository
        let tip: ObjectID

        init(_ directory: String) throws {
            let repository = try TestRepository(at: directory + "/repository")
            try repository.script("head -c 300000 /dev/urandom > random; echo a > a; git add -A; git commit -qm one")
            mirror = try GitMirror(path: directory + "/mirror.git")
            tip = try mirror.takeIn(repository, in: directory).tip
            remote = try TestRepository(at: directory + "/remote.git", ["--bare"])
        }

        func push(_ address: String, _ options: String..., environment: [String: String] = [:]) throws -> Finished {
            try run(
                Executables.git, ["push", mirror.path, tip.description, "main", "-"] + options, environment: environment,
                input: address + "\n", seconds: 50)
        }

        var isPushed: Bool { get throws { try !remote.git("for-each-ref").isEmpty } }
    }

    @Test func `ssh takes ed25519 and ECDSA keys, from a host whose key is known, by name or by its hash`() throws {
        try withTemporaryDirectory { directory in
            let now = try Setting(directory)
            let server = try SSHServer(in: directory + "/ssh")
            let address = server.address(of: now.remote.path)
            let all = try server.knownHosts("ed25519", "ecdsa")
            try now.push(address, "--key", server.key("ed25519"), "--known-hosts", all).requireSuccess()
            #expect(try now.remote.head("main") == now.tip)
            try now.remote.git("fsck", "--strict")
            // The same address and the same files are a source to clone from.
            let cloned = try run(
                Executables.git, ["clone", "-", directory + "/clone", "--key", server.key("ed25519"), "--known-hosts", all],
                input: address + "\n", seconds: 50
            ).requireSuccess()
            #expect(cloned == "main \(now.tip)\nfrom \(address)\n")
            #expect(try TestRepository(existing: directory + "/clone").git("status", "--porcelain").isEmpty)
            try now.remote.git("update-ref", "-d", "refs/heads/main")
            let hashed = try server.knownHosts("ed25519", "ecdsa", hashed: true)
            try now.push(address, "--key", server.key("ecdsa"), "--known-hosts", hashed).requireSuccess()
            #expect(try now.remote.head("main") == now.tip)
        }
    }

    @Test func `a host that shows another key than the known one, or that is not known, gets nothing`() throws {
        try withTemporaryDirectory { directory in
            let now = try Setting(directory)
            let server = try SSHServer(in: directory + "/ssh")
            let address = server.address(of: now.remote.path)
            try SSHServer.makeKey("ecdsa", at: directory + "/other")
            let place = "[127.0.0.1]:\(server.port)"
            let right = try readFile(server.knownHosts("ecdsa"))
            for (name, known, words) in [
                ("wrong", "\(place) \(try readFile(directory + "/other.pub"))", "IS NOT THE ONE IN"),
                ("unknown", "[127.0.0.1]:1 \(try readFile(directory + "/other.pub"))", "is not in"),
                ("empty", "", "is not in"), ("type", try readFile(server.knownHosts("ed25519")), "ssh-keyscan -t ecdsa"),
                ("revoked", right + "@revoked " + right, "@revoked"),
            ] {
                try writeFile(directory + "/" + name, known)
                let finished = try now.push(address, "--key", server.key("ed25519"), "--known-hosts", directory + "/" + name)
                #expect(finished.kind == .unreachable)
                #expect(finished.errors.contains(words), "\(finished.errors)")
                if name != "revoked" {
                    let fingerprint = try run("ssh-keygen", ["-lf", directory + "/ssh/host_ecdsa.pub"]).requireSuccess().split(
                        separator: " ")[1]
                    #expect(finished.errors.contains(fingerprint), "\(finished.errors)")
                }
            }
            let absent = try now.push(address, "--key", server.key("ed25519"), "--known-hosts", directory + "/absent")
            #expect(absent.errors.contains("ssh-keyscan"), "\(absent.errors)")
            #expect(try !now.isPushed)
            #expect(try !server.log.contains("publickey"))
        }
    }

    @Test func `keys that cannot work are named before anybody is asked, and one that is not accepted after`() throws {
        try withTemporaryDirectory { directory in
            let now = try Setting(directory)
            let server = try SSHServer(in: directory + "/ssh")
            let address = server.address(of: now.remote.path)
            let known = try server.knownHosts("ed25519", "ecdsa")
            try run("ssh-keygen", ["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", directory + "/rsa"]).requireSuccess()
            try run("ssh-keygen", ["-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f", directory + "/rsapem"])
                .requireSuccess()
            try SSHServer.makeKey("ed25519", at: directory + "/secret", passphrase: "sesame")
            try SSHServer.makeKey("ed25519", at: directory + "/stranger")
            try shell("cp ssh/user_ed25519 open && chmod 640 open", workingDirectory: directory).requireSuccess()
            for (key, words) in [
                ("rsa", "RSA"), ("rsapem", "RSA"), ("secret", "passphrase"), ("open", "chmod it 600"), ("absent", "cannot be read"),
                ("rsa.pub", "not a private key"),
            ] {
                if key.hasSuffix(".pub") { try run("chmod", ["600", directory + "/" + key]).requireSuccess() }
                let finished = try now.push(address, "--key", directory + "/" + key, "--known-hosts", known)
                #expect(finished.kind == .unreachable)
                #expect(finished.errors.contains(words), "\(key): \(finished.errors)")
            }
            #expect(try !server.log.contains("Connection from"))
            let stranger = try now.push(address, "--key", directory + "/stranger", "--known-hosts", known)
            #expect(stranger.kind == .unreachable && stranger.errors.contains("does not accept"), "\(stranger.errors)")
            #expect(try !now.isPushed)
        }
    }

    @Test func `a server with an RSA host key alone is told apart, and one that is away`() throws {
        try withTemporaryDirectory { directory in
            let now = try Setting(directory)
            let server = try SSHServer(in: directory + "/ssh", hostKeys: ["rsa"])
            let known = try server.knownHosts("rsa")
            let rsa = try now.push(server.address(of: now.remote.path), "--key", server.key("ed25519"), "--known-hosts", known)
            #expect(rsa.kind == .unreachable && rsa.errors.contains("RSA is not enough"), "\(rsa.errors)")
            let away = try now.push(
                "ssh://root@127.0.0.1:\(try freePort())/x", "--key", server.key("ed25519"), "--known-hosts", known)
            #expect(away.kind == .unreachable, "\(away.errors)")
        }
    }

    @Test func `https takes a certificate of a known authority, and a password or a token from a file that only root reads`() throws
    {
        try withTemporaryDirectory { directory in
            let now = try Setting(directory)
            let server = try HTTPSServer(in: directory + "/https", serving: directory, credential: "pusher:open sesame")
            let trusted = ["SSL_CERT_FILE": server.authority]
            let address = server.address(of: "remote.git")
            let file = directory + "/credentials"
            try writeFile(file, "pusher:open sesame\n", mode: [.ownerReadWrite])
            try now.push(address, "--credentials", file, environment: trusted).requireSuccess()
            #expect(try now.remote.head("main") == now.tip)
            try now.remote.git("fsck", "--strict")
            try now.remote.git("update-ref", "-d", "refs/heads/main")
            // The name in the address, the token in the file.
            try writeFile(file, "open sesame\n", mode: [.ownerReadWrite])
            try now.push(server.address(of: "remote.git", as: "pusher@"), "--credentials", file, environment: trusted)
                .requireSuccess()
            #expect(try now.remote.head("main") == now.tip)
            try now.remote.git("update-ref", "-d", "refs/heads/main")

            for (text, mode, words) in [
                ("pusher:wrong\n", "600", "does not accept"), ("pusher:open sesame\n", "644", "chmod it 600"),
                ("\n", "600", "is empty"),
            ] {
                try writeFile(file, text)
                try run("chmod", [mode, file]).requireSuccess()
                let finished = try now.push(address, "--credentials", file, environment: trusted)
                #expect(finished.kind == .unreachable && finished.errors.contains(words), "\(finished.errors)")
                #expect(!finished.errors.contains("sesame") && !finished.errors.contains("wrong"))
            }
            #expect(try !now.isPushed)
        }
    }

    @Test func `a certificate of an unknown authority or for another name gets no request`()
        throws
    {
        try withTemporaryDirectory { directory in
            let now = try Setting(directory)
            let server = try HTTPSServer(in: directory + "/https", serving: directory, credential: "pusher:sesame")
            let file = directory + "/credentials"
            try writeFile(file, "pusher:sesame\n", mode: [.ownerReadWrite])
            let trusted = ["SSL_CERT_FILE": server.authority]
            for (address, environment) in [
                (server.address(of: "remote.git"), [:]), (server.address(of: "remote.git", host: "127.0.0.1"), trusted),
                (server.address(of: "remote.git"), ["SSL_CERT_FILE": directory + "/absent"]),
            ] {
                let finished = try now.push(address, "--credentials", file, environment: environment)
                #expect(finished.kind == .unreachable && finished.errors.contains("IS NOT VALID"), "\(finished.errors)")
            }
            #expect(try server.requests.isEmpty)
            #expect(try !now.isPushed)
        }
    }

    @Test func `a password in the address is used, and said to nobody`() throws {
        try withTemporaryDirectory { directory in
            let now = try Setting(directory)
            let server = try HTTPSServer(in: directory + "/https", serving: directory, credential: "pusher:open sesame")
            let trusted = ["SSL_CERT_FILE": server.authority]
            try now.push(server.address(of: "remote.git", as: "pusher:open%20sesame@"), environment: trusted).requireSuccess()
            #expect(try now.remote.head("main") == now.tip)
            for address in [
                server.address(of: "absent.git", as: "pusher:open%20sesame@"),
                server.address(of: "remote.git", as: "pusher:wrong%20sesame@"),
                "https://pusher:open%20sesame@localhost:\(try freePort())/x", "http://pusher:open%20sesame@localhost/x",
                "ssh://pusher:open%20sesame@localhost/x", "https://pusher:open%20sesame@no.such.host.invalid/x",
            ] {
                let finished = try now.push(address, environment: trusted)
                #expect(finished.kind != nil)
                #expect(finished.errors.contains("://…@") && !finished.errors.contains("sesame"), "\(finished.errors)")
            }
        }
    }

    @Test func `addresses are shown without what is secret in them`() {
        for (url, shown) in [
            ("https://user:pass@host/x", "https://…@host/x"), ("https://token@host/x", "https://…@host/x"),
            ("https://host/x@y", "https://host/x@y"),
            ("https://user:p@ss@host/x", "https://…@host/x"), ("ssh://git@host/x", "ssh://git@host/x"),
            ("git@host:x", "git@host:x"),
            ("ssh://git:pass@host/x", "ssh://…@host/x"), ("/some/path", "/some/path"), ("file:///a/b@c", "file:///a/b@c"),
            ("http://user:pass@host", "http://…@host"), ("https://u:p@host?x", "https://…@host?x"),
        ] { #expect(GitRemote(url: url).shown == shown) }
        let remote = GitRemote(url: "https://user:p%40ssword@host/x")
        #expect(remote.redacting("at https://user:p%40ssword@host/x: p@ssword and p%40ssword") == "at https://…@host/x: … and …")
    }
}
