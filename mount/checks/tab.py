"""One tab of a browser, in which somebody looks at pages: by what is in them, by keys, in a scheme and a size, and as a picture."""

import time
from base64 import b64decode

from chromium import Browser

WIDTH, HEIGHT = 1280, 800


class Tab:
    def __init__(self, directory, *options):
        """In a browser of its own, which keeps its files in `directory` and is started with `options`."""
        self.browser = Browser(directory, *options)
        target = self.ask_browser("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask_browser("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log"]:
            self.ask(f"{domain}.enable")

    def ask_browser(self, method, **parameters):
        return self.browser.call(method, **parameters)

    def ask(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def end(self):
        self.browser.end()

    @property
    def said(self):
        """What the browser had to complain of so far."""
        return [event["params"]["entry"]["text"] for event in self.browser.events if event.get("method") == "Log.entryAdded"]

    def js(self, expression):
        answer = self.ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression[:200]}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def go(self, url):
        self.ask("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def until(self, expression, seconds=30):
        """Whether it is so in time; a page that is just being left has no answer."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if self.js(expression):
                    return True
            except (RuntimeError, OSError):
                pass
            time.sleep(0.05)
        return False

    def scheme(self, scheme, motion="no-preference"):
        features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": motion}
        self.ask("Emulation.setEmulatedMedia", features=[{"name": name, "value": value} for name, value in features.items()])

    def size(self, width, height=HEIGHT):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def press(self, key):
        """As a person does: with whatever the browser makes of it."""
        code = {"Tab": 9, "Enter": 13}.get(key, ord(key[0].upper()))
        text = {} if key == "Tab" else {"text": "\r" if key == "Enter" else key}
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def picture(self):
        return b64decode(self.ask("Page.captureScreenshot", format="png", optimizeForSpeed=False)["data"])
