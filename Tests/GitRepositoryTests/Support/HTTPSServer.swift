import CLinux
import LinuxSystem
import SystemPackage
import TestSupport

/// git's own HTTP server program behind TLS, with a certificate for `localhost` by an authority of its own.
struct HTTPSServer: ~Copyable {
    let directory: String
    let port: Int
    private let process: ChildProcess

    /// - Parameters:
    ///   - repositories: the directory that they lie in.
    ///   - credential: the `user:password` that it wants.
    init(in directory: String, serving repositories: String, credential: String) throws {
        try makeDirectories(directory)
        try shell(
            """
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout server.key -out server.csr
            printf 'subjectAltName=DNS:localhost\\n' > names
            openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem
            """, workingDirectory: directory
        ).requireSuccess()
        try writeFile(directory + "/server.py", Self.program)
        let log = try FileDescriptor.open(
            FilePath(directory + "/log"), .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: .ownerReadWrite)
        defer { try? log.close() }
        let started = try ChildProcess(
            .init(
                "python3", [directory + "/server.py", directory, repositories, credential], environment: mergedEnvironment([:]),
                descriptors: [1: log.rawValue, 2: log.rawValue], newSession: true))
        let port = try Self.port(of: started, log: directory + "/log")
        self.directory = directory
        self.port = port
        process = started
    }

    private static func port(of process: borrowing ChildProcess, log: String) throws -> Int {
        while true {
            let said = try readFile(log)
            let line = said.split(separator: "\n").first { $0.hasPrefix("port ") }
            if let line, let number = Int(line.dropFirst(5)) { return number }
            guard try !process.ends(withinMilliseconds: 10) else { throw TestFailure("the server does not start: \(said)") }
        }
    }

    var authority: String { directory + "/ca.pem" }

    /// A line a request that came through TLS.
    var requests: [Substring] {
        get throws { try readFile(directory + "/log").split(separator: "\n").filter { $0.hasPrefix("request ") } }
    }

    func address(of repository: String, as who: String = "", host: String = "localhost") -> String {
        "https://\(who)\(host):\(port)/\(repository)"
    }

    private static let program = """
        import base64, http.server, os, ssl, subprocess, sys
        directory, root, credential = sys.argv[1:]
        wanted = "Basic " + base64.b64encode(credential.encode()).decode()
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def answer(self, status, headers, body=b""):
                self.send_response(status)
                for name, value in headers: self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def body(self):
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length", 0)))
                parts = []
                while size := int(self.rfile.readline(), 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)
            def serve(self):
                body = self.body()
                given = self.headers.get("Authorization")
                print("request", self.command, self.path, given == wanted, flush=True)
                path, _, query = self.path.partition("?")
                if given != wanted:
                    return self.answer(401, [("WWW-Authenticate", 'Basic realm="git"')])
                environment = dict(os.environ, GIT_PROJECT_ROOT=root, GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path, QUERY_STRING=query,
                    REQUEST_METHOD=self.command, CONTENT_TYPE=self.headers.get("Content-Type", ""), CONTENT_LENGTH=str(len(body)),
                    REMOTE_USER="pusher", REMOTE_ADDR="127.0.0.1")
                said = subprocess.run(["git", "http-backend"], input=body, env=environment, stdout=subprocess.PIPE).stdout
                head, _, rest = said.partition(b"\\r\\n\\r\\n")
                headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\\r\\n")]
                status = next((int(value.split()[0]) for name, value in headers if name == "Status"), 200)
                self.answer(status, [entry for entry in headers if entry[0] != "Status"], rest)
            do_GET = do_POST = serve
            def log_message(self, *words): pass
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(directory + "/server.pem", directory + "/server.key")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        print("port", server.server_address[1], flush=True)
        server.serve_forever()
        """
}
