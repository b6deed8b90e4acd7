"""Chromium by its own protocol, over two pipes: a message is JSON and ends with a NUL. Nothing beside it is needed."""

import json
import os
import signal
import subprocess
import time

PATIENCE = 60


class Browser:
    def __init__(self, directory, *options):
        """Without a window. In `directory` it keeps its files."""
        question, self.ask = os.pipe()
        self.answers, answer = os.pipe()
        # Chromium reads from its descriptor 3 and writes to 4.
        command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                   "--disable-background-networking", "--remote-debugging-pipe", f"--user-data-dir={directory}/profile", *options, "about:blank"]
        shell = ["bash", "-c", f'exec 3<&{question} 4>&{answer}; exec "$@"', "-", *command]
        with open(directory + "/chromium.log", "w") as log:
            self.process = subprocess.Popen(
                shell, pass_fds=[question, answer], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ | {"HOME": directory}
            )
        os.close(question)
        os.close(answer)
        self.number, self.rest = 0, b""
        # What it told without being asked.
        self.events = []

    def call(self, method, session=None, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        os.write(self.ask, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.rest:
                piece = os.read(self.answers, 1 << 16)
                if not piece:
                    raise OSError("the browser has ended")
                self.rest += piece
            text, self.rest = self.rest.split(b"\0", 1)
            answer = json.loads(text)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise OSError(answer["error"]["message"])
                return answer["result"]
            self.events.append(answer)

    def open(self, url):
        """In a tab of its own."""
        target = self.call("Target.createTarget", url=url)["targetId"]
        return Page(self, self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])

    def end(self):
        """Its helpers too, which a signal to the one process would leave for a moment."""
        try:
            self.call("Browser.close")
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


class Page:
    def __init__(self, browser, session):
        self.browser, self.session = browser, session

    def evaluate(self, text):
        return self.browser.call("Runtime.evaluate", self.session, expression=text, returnByValue=True)["result"].get("value")

    def until(self, condition, what):
        wait(lambda: self.evaluate(condition) is True, what)


def wait(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {PATIENCE} s: {what}")
        time.sleep(0.05)
