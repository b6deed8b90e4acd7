"""The review page in a real browser: LINK. Chromium is told what to do over a pipe, so that nothing beside it is needed.

Prints a line for each thing that was tried, and ends with 1 where one of them is not as it should be. PINFOLD_SCREENSHOTS names a directory for
pictures of every page, PINFOLD_AXE the file of axe-core, by which each is checked then.
"""

import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64decode

FAILED = []


class Browser:
    """Chromium by its own protocol: messages that end with a zero byte, on descriptors 3 and 4."""

    def __init__(self, directory):
        here, there = os.pipe(), os.pipe()

        def prepare():
            os.dup2(here[0], 30)
            os.dup2(there[1], 31)
            os.dup2(30, 3)
            os.dup2(31, 4)

        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"]
        command = ["chromium", *options, "--remote-debugging-pipe", f"--user-data-dir={directory}", "about:blank"]
        self.process = subprocess.Popen(command, close_fds=False, preexec_fn=prepare, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        os.close(here[0])
        os.close(there[1])
        self.to, self.back = os.fdopen(here[1], "wb", 0), os.fdopen(there[0], "rb", 0)
        self.buffer, self.number, self.events, self.session = b"", 0, [], None

    def message(self):
        while b"\0" not in self.buffer:
            piece = self.back.read(1 << 16)
            if not piece:
                raise SystemExit("chromium has ended")
            self.buffer += piece
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def ask(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        self.to.write(json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def tab(self):
        self.session = None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log"]:
            self.ask(f"{domain}.enable")

    def end(self):
        """Its helpers too, which a signal to the one process would leave for a moment."""
        self.session = None
        try:
            self.ask("Browser.close")
            self.process.wait(30)
        except (OSError, SystemExit, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()

    def js(self, expression):
        answer = self.ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def go(self, url, until="document.readyState === 'complete'"):
        self.ask("Page.navigate", url=url)
        self.until(until)

    def until(self, expression, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if self.js(expression):
                    return True
            except RuntimeError:
                pass
            time.sleep(0.05)
        return False


def hold(what, is_so, detail=""):
    print(("ok     " if is_so else "WRONG  ") + what + (f": {detail}" if detail and not is_so else ""), flush=True)
    if not is_so:
        FAILED.append(what)


class Stranger(http.server.BaseHTTPRequestHandler):
    """What the agent may do on the host's network: listen on a port of the same machine, and be led to by a link."""

    seen = []

    def do_GET(self):
        self.seen.append(self.headers.get("Cookie"))
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>stranger</title><iframe id=f></iframe>")

    def log_message(self, *_):
        pass


def main():
    link = sys.argv[1]
    shots = pathlib.Path(os.environ["PINFOLD_SCREENSHOTS"]) if "PINFOLD_SCREENSHOTS" in os.environ else None
    axe = pathlib.Path(os.environ["PINFOLD_AXE"]).read_text() if "PINFOLD_AXE" in os.environ else None
    base = link.split("/#")[0]
    stranger = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    threading.Thread(target=stranger.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        browser = Browser(directory)
        try:
            visit(browser, link, base, stranger.server_port, shots, axe)
        finally:
            browser.end()
    sys.exit(1 if FAILED else 0)


def visit(browser, link, base, port, shots, axe):
    browser.tab()
    browser.go(link)
    hold("the link opens the page", browser.until("document.title.startsWith('Now')"), browser.js("document.title"))
    hold("its token does not stay in the address", browser.js("location.hash") == "")
    hold("the cookie is hidden from scripts", browser.js("document.cookie") == "")
    pages = ["/", "/deployments", "/deployments/7", "/deployments/7/review", "/deployments/7/review?split=1", "/deployments/7/log", "/version", "/stops"]
    for scheme in ["light", "dark"]:
        browser.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        for page in pages:
            browser.go(base + page)
            for width in [320, 1280]:
                browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
                wide = browser.js("document.documentElement.scrollWidth")
                hold(f"{page} fits into {width} px ({scheme})", wide <= width, f"{wide} px")
            if axe:
                browser.js(axe + ";0")
                faults = browser.js("axe.run().then(r => JSON.stringify(r.violations.map(v => v.id + ' ' + v.nodes.map(n => n.target).slice(0, 3))))")
                hold(f"axe finds nothing on {page} ({scheme})", faults == "[]", faults)
            if shots:
                name = page.strip("/").replace("/", "-").replace("?", "-") or "now"
                (shots / f"{name}-{scheme}.png").write_bytes(b64decode(browser.ask("Page.captureScreenshot")["data"]))
    browser.go(base + "/")
    hold("the first page follows what happens", browser.until("(window.first ??= document.body.dataset.revision) !== document.body.dataset.revision"))
    browser.go(base + "/deployments/7/review")
    hold("a review says when something has moved", browser.until("document.getElementById('live').textContent.startsWith('Something has changed')"))
    hold("nothing of the agent's became an element", browser.js("[...document.scripts].length") == 1)
    browser.js("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'j', bubbles: true}))")
    hold("j goes to a file", browser.js("document.activeElement.className").startswith("file"))
    browser.js("document.querySelector('.file input').click()")
    hold("a viewed file is counted", browser.js("document.getElementById('progress').textContent").startswith("1 of "))
    wrong = [e["params"]["entry"]["text"] for e in browser.events if e.get("method") == "Log.entryAdded" and "401" not in e["params"]["entry"]["text"]]
    hold("the browser has nothing to complain of", not wrong, wrong)
    # The cookie attack: a link to another port, on the address and on this session's own name.
    for host in ["127.0.0.1", "localhost"]:
        browser.go(f"http://{host}:{port}/")
    hold("a stranger's port is sent no cookie", set(Stranger.seen) == {None}, Stranger.seen)
    browser.js(f"document.getElementById('f').src = '{base}/'")
    time.sleep(1)
    hold("the page is in nobody's frame", browser.js("(() => { try { return document.getElementById('f').contentDocument === null || !document.getElementById('f').contentDocument.querySelector('main') } catch { return true } })()"))
    answer = browser.js(f"fetch('{base}/', {{credentials: 'include'}}).then(r => r.text(), e => 'refused')")
    hold("another page cannot read it", answer == "refused", answer)
    browser.js(f"location.href = '{base}/'")
    hold("another page's link leads to a refusal", browser.until("document.body && document.body.textContent.includes('another page led here')"))


main()
