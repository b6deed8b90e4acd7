"""Every page of a daemon that has nothing to tell, that fails at every question, or that tells more than a page shows: LINK empty|failed|huge."""

import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "mount" / "checks"))
from held import FAILED, hold  # noqa: E402
from tab import WIDTH, Tab  # noqa: E402

AXE = pathlib.Path("/usr/local/lib/pinfold-checks/axe_playwright_python/axe.min.js")
PAGES = [
    "/", "/deployments", "/deployments/7", "/deployments/7/review", "/deployments/7/review?split=1", "/deployments/7/changes/0",
    "/deployments/7/rollback", "/deployments/7/log", "/version", "/stops", "/audit?all=1", "/people",
]
# Seconds that a page may take in a browser on a busy machine: nobody waits longer, and none may hang.
PATIENCE = 30


def main():
    link, tale = sys.argv[1:3]
    base = link.split("/#")[0]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        browser = Tab(directory)
        try:
            browser.go(link)
            hold("the link opens the page", browser.until("document.title.endsWith('Pinfold')"))
            for page in PAGES:
                look(browser, base, page, tale)
        finally:
            browser.end()
    sys.exit(1 if FAILED else 0)


def look(browser, base, page, tale):
    started = time.monotonic()
    browser.go(base + page)
    hold(f"{page} is there", browser.until("document.querySelector('h1') !== null", PATIENCE) and time.monotonic() - started < PATIENCE)
    hold(f"{page} has something to say", browser.js("document.getElementById('main').innerText.trim().length > 20"))
    size = browser.js("new Blob([document.documentElement.outerHTML]).size")
    hold(f"{page} is not without end", size < 8 << 20, size)
    for width in [320, WIDTH]:
        browser.size(width)
        wide = browser.js("document.documentElement.scrollWidth")
        hold(f"{page} fits into {width} px", wide <= width, f"{wide} px")
    # axe looks at each element, which takes minutes on a page with very many; they are of the same kinds as on one with a few.
    if tale != "huge":
        browser.js(AXE.read_text() + ";0")
        for scheme in ["light", "dark"]:
            browser.scheme(scheme)
            faults = browser.js("axe.run().then(r => JSON.stringify(r.violations.map(v => v.id + ' ' + v.nodes.map(n => n.target).slice(0, 3))))")
            hold(f"axe finds nothing on {page} ({scheme})", faults == "[]", faults)


main()
