import DeploySteps
import Testing

struct ClientNameTests {
    @Test(arguments: [
        // Vite, esbuild, webpack, Create React App, Parcel, Next.
        "index-BX8s2kLd.js", "index-B-2_kLd9.css", "app-4QJ2XK7A.js", "main.3f2a1b9c.chunk.js", "787.c4e7f8f9.chunk.css",
        "main.8e7a1c2d.js", "runtime.3d5f1a2b.bundle.js", "logo.6ce24c58023cc2f8fd88fe9d219db6c6.svg", "0a1b2c3d4e5f60718293.woff2",
        "framework-2c79e2a64abdb08b.js", "inter_3f2a1b9c4d5e.woff2", "style.DiwrgTda2.css",
    ])
    func `a name with a hash in it is seen as one`(_ name: String) {
        #expect(HashedName.holds(name))
    }

    @Test(arguments: [
        "index.html", "index-3f2a1b9c.html", "main.js", "favicon.ico", "robots.txt", "manifest.json", "vendor-polyfills.js",
        "report-20231001.pdf", "jquery-3.7.1.min.js", "picture-Chapter12.png", "img-picture1.png", "vendor-ReactDom.js", "sw.js",
        "deadbeef.js", "3f2a1b9c", "", ".js", "-3f2a1b9c.js", "README-LICENSES.txt", "bootstrap-5.3.0.css",
    ])
    func `any other name is that of a file that may change`(_ name: String) {
        #expect(!HashedName.holds(name))
    }

    @Test(arguments: [
        ("index.html", ClientFileKind.index), ("about/index.html", .entry), ("offline.html", .entry), ("sw.js", .entry),
        ("service-worker.js", .entry), ("firebase-messaging-sw.js", .entry), ("assets/index-BX8s2kLd.js", .hashed),
        ("assets/index-BX8s2kLd.js.map", .kept), (".vite/manifest.json", .kept), (".well-known/assetlinks.json", .plain),
        ("a/.well-known/b", .kept), ("favicon.ico", .plain), ("swan.js", .plain),
    ])
    func `the name decides when a file appears`(_ path: String, _ kind: ClientFileKind) {
        #expect(ClientPath.kind(of: path) == kind)
    }

    @Test(arguments: [
        ".htaccess", "a/.HTACCESS", "x.php", "x.php.txt", "a/x.phtml", "web.config", "a\u{1B}b.js", "a\nb.js", "a\\b.js", "x.shtml",
    ])
    func `what a web server could take for more than a file is refused`(_ path: String) {
        #expect(ClientPath.objection(to: Array(path.utf8)) != nil)
    }

    @Test func `a name that is no text is refused, and honest ones are not`() {
        #expect(ClientPath.objection(to: [0xFF, 0x2E, 0x6A, 0x73]) != nil)
        for path in ["a b.js", "ü.js", "assets/index-BX8s2kLd.js", ".well-known/x", "php.js", "a.map"] {
            #expect(ClientPath.objection(to: Array(path.utf8)) == nil, "\(path)")
        }
    }
}
