import AdminInterface
import CLinux
import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import TestSupport
import Testing

/// With the programs that people use: React bundled by esbuild, packages by npm, nginx and Caddy with the configurations that are handed out.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct RealClientTests {
    private static func app(_ word: String) -> [String: String?] {
        [
            "client/package.json": "{\"name\": \"client\", \"private\": true}",
            "client/src/main.jsx": """
            import React from 'react';
            import { createRoot } from 'react-dom/client';
            const Late = React.lazy(() => import('./late.jsx'));
            createRoot(document.getElementById('root')).render(<React.Suspense fallback="…"><h1>\(word)</h1><Late/></React.Suspense>);

            """,
            "client/src/late.jsx": "import React from 'react';\nexport default () => <p>late \(word)</p>;\n",
            "client/build.sh": """
            set -e
            export NODE_PATH=/usr/share/nodejs
            esbuild src/main.jsx --bundle --splitting --format=esm --minify --sourcemap --outdir=dist/assets \
                --entry-names=[name]-[hash] --chunk-names=[name]-[hash] --define:process.env.NODE_ENV='"production"' --log-level=warning
            main=$(cd dist/assets; ls main-*.js)
            printf '<!doctype html><meta charset=utf-8><title>x</title><div id=root></div><script type=module src=/assets/%s></script>' \
                "$main" > dist/index.html

            """,
        ]
    }

    private static let project = "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/")

    /// A free port.
    private func port() throws -> Int {
        let said = try run(
            "python3", ["-c", "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"])
        guard let port = Int(said.output.filter(\.isNumber)) else { throw TestFailure("no port") }
        return port
    }

    private func started(_ program: String, _ arguments: [String], port: Int, in root: String) async throws -> ChildProcess {
        let process = try ChildProcess(
            ChildProcess.Command(
                program, arguments, environment: mergedEnvironment(["XDG_DATA_HOME": root, "XDG_CONFIG_HOME": root, "HOME": root]),
                workingDirectory: "/", descriptors: [1: 2, 2: 2]))
        try await eventually("\(program) answers") {
            try run("curl", ["-s", "-o", "/dev/null", "http://127.0.0.1:\(port)/x.js"]).status.isSuccess
        }
        return process
    }

    private func serving(_ server: String, _ farm: Farm, port: Int) async throws -> ChildProcess {
        func sample(_ name: String) throws -> String {
            try readFile(Self.project + "/mount/serve/" + name).replacing(
                "/opt/agent-data/deployments/client", with: farm.settings.clientPublic
            )
            .replacing("8080", with: "127.0.0.1:\(port)".replacing("127.0.0.1:", with: server == "caddy" ? "" : "127.0.0.1:"))
        }
        if server == "caddy" {
            try writeFile(farm.root + "/Caddyfile", "{\n\tadmin off\n\tauto_https off\n}\n" + sample("Caddyfile"))
            return try await started(
                "/usr/bin/caddy", ["run", "--config", farm.root + "/Caddyfile", "--adapter", "caddyfile"], port: port, in: farm.root
            )
        }
        try writeFile(farm.root + "/site.conf", sample("nginx.conf"))
        try writeFile(
            farm.root + "/main.conf",
            """
            daemon off; master_process off; pid \(farm.root)/nginx.pid; error_log \(farm.root)/error.log; events {}
            http { include /etc/nginx/mime.types; access_log off; include \(farm.root)/site.conf; }

            """)
        return try await started("/usr/sbin/nginx", ["-c", farm.root + "/main.conf"], port: port, in: farm.root)
    }

    @Test(arguments: ["nginx", "caddy"])
    func `a React client is served as it was published, and a missing chunk is missing`(_ server: String) async throws {
        let port = try port()
        try await withFarm({ farm in
            ClientFarm.make(&farm)
            farm.settings.client.url = "http://127.0.0.1:\(port)/"
            farm.settings.health.patience = 5000
            // The server is another user.
            try makeDirectories(farm.settings.clientPublic)
        }) { farm, service in
            let process = try await serving(server, farm, port: port)
            defer { try? process.signal(SIGTERM) }
            let first = try await service.deployed(farm.commit(Self.app("one")))
            #expect(try service.log(first.id).text.contains("client: http://127.0.0.1:\(port)/ has it"))
            func get(_ path: String, _ further: String...) throws -> String {
                try run("curl", ["-s", "-D", "-", "--compressed"] + further + ["http://127.0.0.1:\(port)" + path]).output
                    .lowercased()
            }
            let index = try get("/")
            #expect(index.contains("cache-control: no-cache"), "\(index)")
            let chunks = try ClientFarm.names(farm).filter { $0.hasSuffix(".js") }
            #expect(chunks.count >= 3, "\(chunks)")
            let sizes = try run("find", [farm.settings.clientPublic, "-name", "*.js", "-size", "+1023c", "-printf", "%P\n"]).output
            let compressed = Set(sizes.split(separator: "\n").map(String.init))
            #expect(!compressed.isEmpty)
            for chunk in chunks {
                let answer = try get("/" + chunk)
                #expect(answer.contains("200 ok") && answer.contains("immutable"), "\(answer.prefix(400))")
                // A chunk of one packet has no compressed file beside it.
                #expect(answer.contains("content-encoding: ") == compressed.contains(chunk), "\(chunk): \(answer.prefix(400))")
            }
            for path in ["/assets/main-ABCDEF23.js", "/assets/none.css", "/none.js", "/.pinfold-staging/0"] {
                #expect(try get(path).contains(" 404 "), "\(path)")
            }
            #expect(try get("/a/route").contains("200 ok"), "a path of the page's own")

            // The page that is open asks for its own chunks after the next deployment.
            try await service.deployed(farm.commit(Self.app("two")))
            for chunk in chunks { #expect(try get("/" + chunk).contains("200 ok")) }
            #expect(try get("/") != index)
        }
    }

    @Test func `what is not served as it was published goes back`() async throws {
        let port = try port()
        try await withFarm({ farm in
            ClientFarm.make(&farm)
            farm.settings.client.url = "http://127.0.0.1:\(port)/"
        }) { farm, service in
            // Serves another directory.
            try makeDirectories(farm.root + "/elsewhere")
            try writeFile(farm.root + "/elsewhere/index.html", "something else")
            let process = try await started(
                "/usr/bin/python3",
                ["-m", "http.server", "--bind", "127.0.0.1", "--directory", farm.root + "/elsewhere", "\(port)"],
                port: port, in: farm.root)
            defer { try? process.signal(SIGKILL) }
            let outcome = try await service.outcome(of: farm.commit(ClientFarm.files("one")))
            #expect(outcome.state == .failed || outcome.state == .rolledBack)
            #expect(outcome.reason?.contains("index.html has other contents there") == true, "\(outcome.reason ?? "")")
            #expect(!exists(farm.settings.clientPublic + "/index.html"))
        }
    }

    /// A registry with one package, as npm speaks to one.
    private static let registry = """
        import base64, hashlib, http.server, io, json, sys, tarfile
        def pack():
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode='w:gz') as tar:
                for name, text in {'package.json': json.dumps({'name': 'word', 'version': '1.0.0', 'scripts': {'postinstall': 'touch /tmp/ran; exit 1'}}),
                                   'index.js': 'console.log("from the registry")'}.items():
                    info = tarfile.TarInfo('package/' + name); info.size = len(text); tar.addfile(info, io.BytesIO(text.encode()))
            return out.getvalue()
        data = pack()
        port = int(sys.argv[1])
        integrity = 'sha512-' + base64.b64encode(hashlib.sha512(data).digest()).decode()
        resolved = f'http://127.0.0.1:{port}/word/-/word-1.0.0.tgz'
        open(sys.argv[2], 'w').write(json.dumps({'name': 'client', 'version': '1.0.0', 'lockfileVersion': 3, 'requires': True, 'packages': {
            '': {'name': 'client', 'version': '1.0.0', 'dependencies': {'word': '1.0.0'}},
            'node_modules/word': {'version': '1.0.0', 'resolved': resolved, 'integrity': integrity, 'hasInstallScript': True}}}))
        asked = open(sys.argv[3], 'w')
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                print(self.path, file=asked, flush=True)
                body = data if self.path.endswith('.tgz') else b'{}'
                self.send_response(200); self.send_header('Content-Length', str(len(body))); self.end_headers(); self.wfile.write(body)
            def log_message(self, *a): pass
        http.server.ThreadingHTTPServer(('127.0.0.1', port), Handler).serve_forever()
        """

    @Test func `packages come from the registry once, no script of theirs runs, and no build changes them`() async throws {
        let port = try port()
        try await withFarm({ farm in
            farm.settings.client.publicDirectory = farm.root + "/public"
            farm.settings.client.registry = "http://127.0.0.1:\(port)"
        }) { farm, service in
            try writeFile(farm.root + "/registry.py", Self.registry)
            let process = try await started(
                "/usr/bin/python3", [farm.root + "/registry.py", "\(port)", farm.root + "/lock", farm.root + "/asked"], port: port,
                in: farm.root)
            defer { try? process.signal(SIGKILL) }
            let lock = try readFile(farm.root + "/lock")
            func files(_ word: String) -> [String: String?] {
                [
                    "client/package.json":
                        "{\"name\": \"client\", \"version\": \"1.0.0\", \"scripts\": {\"build\": \"sh build.sh\"}, \"dependencies\": {\"word\": \"1.0.0\"}}",
                    "client/package-lock.json": lock,
                    "client/build.sh": """
                    set -e
                    mkdir -p dist
                    test ! -e node_modules/built
                    said=$(node node_modules/word/index.js)
                    echo "$said \(word)" > dist/index.html
                    touch node_modules/built
                    echo changed >> node_modules/word/index.js

                    """,
                ]
            }
            let first = try await service.deployed(farm.commit(files("one")))
            #expect(try service.log(first.id).text.contains("npm ci"))
            // Another build sees them as they were fetched. The script is one that `package.json` runs, and that judges the agent.
            let asked = try await service.outcome(of: farm.commit(files("two")))
            #expect(asked.state == .awaitingApproval && asked.surface == ["M client/build.sh"], "\(asked.surface)")
            _ = try await service.approve(asked.commit.hex, by: admin)
            let second = try await service.deployed(asked.commit)
            #expect(try ClientFarm.index(farm) == "from the registry two\n")
            #expect(try !service.log(second.id).text.contains("npm ci"))
            #expect(try readFile(farm.root + "/asked").split(separator: "\n").count { $0.hasSuffix(".tgz") } == 1)

            try run("sh", ["-c", "kill \(process.pid)"]).requireSuccess()
            let changed = lock.replacing("\"requires\": true", with: "\"requires\": false")
            let failed = try await service.outcome(
                of: farm.commit(files("three").merging(["client/package-lock.json": changed]) { $1 }))
            #expect(failed.state == .failed && failed.reason?.contains("could not be fetched") == true, "\(failed.reason ?? "")")
            #expect(try ClientFarm.index(farm) == "from the registry two\n")
        }
    }

    @Test func `a client that cannot be built says what it lacks`() async throws {
        try await withFarm { farm, service in
            for (files, words) in [
                (["client/package.json": "{}"], "has no script `build`"),
                (["client/package.json": "{\"scripts\": {\"build\": \"x\"}, \"dependencies\": {\"a\": \"1\"}}"], "no lock file"),
                (["client/package.json": "["], "is no JSON"), (["client/package.json": "[]"], "no JSON object"),
            ] as [([String: String?], String)] {
                let outcome = try await service.outcome(of: farm.commit(files))
                #expect(
                    outcome.state == .failed && outcome.stage == .buildClient && outcome.reason?.contains(words) == true,
                    "\(outcome.reason ?? "")")
            }
        }
    }
}
