"""What other pages try in the browser in which somebody reviews, and what somebody reads who is cut off: LINK PROCESS.

The strangers are what the agent may have: a port of this machine, and names that lead to it."""

import http.server
import os
import pathlib
import signal
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "mount" / "checks"))
from held import FAILED, hold  # noqa: E402
from tab import Tab  # noqa: E402

# A name of a stranger's that leads to this machine, as their server of names may say at any time (DNS rebinding).
EVIL = "evil.example"


class Stranger(http.server.BaseHTTPRequestHandler):
    page, cookies = b"", []

    def do_GET(self):
        self.cookies.append(self.headers.get("Cookie"))
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>stranger</title>" + self.page)

    def log_message(self, *_):
        pass


def main():
    link, process = sys.argv[1], int(sys.argv[2])
    base = link.split("/#")[0]
    stranger = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    threading.Thread(target=stranger.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        browser = Tab(directory, f"--host-resolver-rules=MAP {EVIL} 127.0.0.1")
        try:
            browser.go(link)
            hold("the link opens the page", browser.until("document.title.startsWith('Now')"))
            attack(browser, base, f"http://127.0.0.1:{stranger.server_port}/")
            cut_off(browser, base, process)
        finally:
            browser.end()
    sys.exit(1 if FAILED else 0)


def attack(browser, base, elsewhere):
    port = base.rsplit(":", 1)[1]
    name = base.split("//")[1]
    # A form that sends itself, to end the session and to answer.
    for path in ["/session/end", "/deployments/7/answer"]:
        Stranger.page = f"<form method=post action='{base}{path}'><input name=verdict value=approve></form><script>document.forms[0].submit()</script>".encode()
        browser.go(elsewhere)
        said = "document.body && /another page (led here|sent)|was sent by another page/.test(document.body.innerText)"
        hold(f"a forged form to {path} is refused", browser.until(said), browser.js("document.body.innerText"))
    browser.go(base + "/")
    hold("and the session goes on", browser.until("document.title.startsWith('Now')"), browser.js("document.title"))
    # A name of theirs that leads here: the browser takes the page for theirs.
    browser.go(f"http://{EVIL}:{port}/")
    hold("a name that was led here shows nothing", browser.until("document.body.innerText.includes('another host name')"), browser.js("document.body.innerText"))
    answer = browser.js("fetch('/deployments').then(r => r.status)")
    hold("nor can its script read anything", answer == 403, answer)
    # In a frame under a finger that means something else.
    Stranger.page = f"<iframe src='{base}/deployments/7/review' width=900 height=900></iframe>".encode()
    browser.go(elsewhere)
    refused = "document.querySelector('iframe') !== null"
    hold("the browser refuses to show it in a frame", any(browser.until(refused) and is_refused(browser) for _ in range(100)), browser.said)
    # A window that it opened is out of its hands.
    Stranger.page = b"<p>nothing</p>"
    browser.go(elsewhere)
    held = browser.js(f"new Promise(done => {{ const w = window.open('{base}/'); setTimeout(() => {{ try {{ done(w === null || w.closed || !w.document.title.startsWith('Now')) }} catch {{ done(true) }} }}, 1500) }})")
    hold("a window that another page opened is out of its hands", held)
    Stranger.cookies.clear()
    # The cookie attack: other ports of addresses and names that lead to this machine, and of names like this session's.
    other = elsewhere.rsplit(":", 1)[1]
    for host in ["127.0.0.1", "localhost", "pinfold.localhost", "p00.pinfold.localhost"]:
        browser.go(f"http://{host}:{other}")
    hold("no other name's port is sent the cookie", len(Stranger.cookies) >= 4 and set(Stranger.cookies) == {None}, Stranger.cookies)
    hold("nor does a page tell where it is", name not in browser.js("document.referrer"))


def is_refused(browser):
    time.sleep(0.05)
    return any("frame" in text and ("frame-ancestors" in text or "X-Frame-Options" in text) for text in browser.said)


def cut_off(browser, base, process):
    """The page's process dies while a page is open."""
    browser.go(base + "/")
    browser.until("document.title.startsWith('Now')")
    browser.until("performance.getEntriesByName(location.origin + '/stream').length || true")
    os.kill(process, signal.SIGKILL)
    hold("a page that is cut off says so", browser.until("document.getElementById('live').textContent.startsWith('Not connected')"), browser.js("document.getElementById('live').textContent"))
    seen = browser.js("(() => { const e = document.getElementById('live'), r = e.getBoundingClientRect(); return r.width > 1 && r.height > 1 && getComputedStyle(e).visibility === 'visible' })()")
    hold("where it can be seen", seen)
    hold("and shows on what it had", browser.js("document.querySelector('h1').textContent.length > 0"))


main()
