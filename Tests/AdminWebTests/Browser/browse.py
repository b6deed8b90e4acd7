"""The review page in a real browser: LINK. Every page is looked at by axe-core, which `mount/setup --test` installs.

Prints a line for each thing that was tried, and ends with 1 where one of them is not as it should be.
"""

import http.server
import pathlib
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "mount" / "checks"))
from held import FAILED, hold  # noqa: E402
from tab import WIDTH, Tab  # noqa: E402

AXE = pathlib.Path("/usr/local/lib/pinfold-checks/axe_playwright_python/axe.min.js")
PAGES = [
    "/", "/deployments", "/deployments?state=failed", "/deployments/7", "/deployments/7/review", "/deployments/7/review?split=1",
    "/deployments/7/review?space=0&against=approved", "/deployments/7/changes/0", "/deployments/7/rollback", "/deployments/7/log", "/version",
    "/stops", "/audit?all=1", "/people", "/nothing",
]


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
    base = link.split("/#")[0]
    stranger = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    threading.Thread(target=stranger.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        browser = Tab(directory)
        try:
            visit(browser, link, base, stranger.server_port)
        finally:
            browser.end()
    sys.exit(1 if FAILED else 0)


# How many elements move by themselves, or scroll smoothly.
STILL = """[...document.querySelectorAll('*')].filter(e => { const s = getComputedStyle(e); return s.animationName !== 'none' ||
    s.transitionDuration.split(',').some(d => parseFloat(d) > 0) || s.scrollBehavior === 'smooth' }).length"""
# What the keys are at, and whether that can be seen.
FOCUS = """(() => { const e = document.activeElement, s = getComputedStyle(e);
    return [e.tagName, e.textContent.trim().slice(0, 40), s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2] })()"""


def by_keys(browser, base):
    """From the first page to the end of a review without a pointer."""
    browser.go(base + "/")
    browser.press("Tab")
    hold("the first key leads past what every page has", browser.js(FOCUS) == ["A", "To the content", True], browser.js(FOCUS))
    for _ in range(30):
        browser.press("Tab")
        if browser.js(FOCUS)[1].startswith("Review deployment"):
            break
    hold("the review is reached, and is seen to be", browser.js(FOCUS) == ["A", "Review deployment 7", True], browser.js(FOCUS))
    browser.press("Enter")
    # With its script, which reads keys: that runs when all of the page is there.
    opened = browser.until("document.title.startsWith('Review') && document.readyState === 'complete'")
    hold("and opened", opened, browser.js("document.title"))
    browser.press("j")
    hold("j goes to a file", browser.js("document.activeElement.className").startswith("file"))
    browser.press("n")
    hold("n goes to a part of it", browser.js("document.activeElement.className") == "h")
    # What has happened meanwhile is told in the same place, once a second here.
    named = "document.getElementById('live').textContent.startsWith('Keys:')"
    hold("? names the keys", any(browser.press("?") or browser.until(named, seconds=0.5) for _ in range(20)))
    # Everything that can be used is met in turn, and seen.
    wanted = browser.js("document.querySelectorAll('main a[href], main button, main input:not([type=hidden]), main [tabindex=\"0\"]').length")
    browser.js("document.getElementById('main').focus()")
    met, unseen = 0, []
    for _ in range(wanted):
        browser.press("Tab")
        met += browser.js("document.getElementById('main').contains(document.activeElement)")
        if not browser.js(FOCUS)[2]:
            unseen.append(browser.js(FOCUS))
    hold("every link, box and region of a review is met by keys", met == wanted, f"{met} of {wanted}")
    hold("and shows that it is", not unseen, unseen[:3])


def visit(browser, link, base, port):
    browser.go(link)
    hold("the link opens the page", browser.until("document.title.startsWith('Now')"), browser.js("document.title"))
    hold("its token does not stay in the address", browser.js("location.hash") == "")
    hold("the cookie is hidden from scripts", browser.js("document.cookie") == "")
    axe = AXE.read_text()
    for page in PAGES:
        browser.go(base + page)
        for width in [320, WIDTH]:
            browser.size(width)
            wide = browser.js("document.documentElement.scrollWidth")
            hold(f"{page} fits into {width} px", wide <= width, f"{wide} px")
        browser.js(axe + ";0")
        for scheme in ["light", "dark"]:
            browser.scheme(scheme)
            faults = browser.js("axe.run().then(r => JSON.stringify(r.violations.map(v => v.id + ' ' + v.nodes.map(n => n.target).slice(0, 3))))")
            hold(f"axe finds nothing on {page} ({scheme})", faults == "[]", faults)
    by_keys(browser, base)
    browser.scheme("light", motion="reduce")
    browser.go(base + "/deployments/7/review")
    hold("nothing moves for who wants no motion", browser.js(STILL) == 0, browser.js(STILL))
    browser.scheme("light")
    browser.go(base + "/")
    hold("the first page follows what happens", browser.until("(window.first ??= document.body.dataset.revision) !== document.body.dataset.revision"))
    browser.go(base + "/deployments/7/review")
    hold("a review says when something has moved", browser.until("document.getElementById('live').textContent.startsWith('Something has changed')"))
    hold("nothing of the agent's became an element", browser.js("[...document.scripts].length") == 1)
    browser.js("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'j', bubbles: true}))")
    hold("j goes to a file", browser.js("document.activeElement.className").startswith("file"))
    browser.js("document.querySelector('.file input').click()")
    hold("a viewed file is counted", browser.js("document.getElementById('progress').textContent").startswith("1 of "))
    # That a page was not to be had was asked for.
    wrong = [text for text in browser.said if "401" not in text and "404" not in text]
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
