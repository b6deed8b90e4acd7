"""A deploy daemon of this build over a repository of its own, for checks that ask it."""

import json
import os
import signal
import subprocess
import time

HERE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = os.environ.get("PINFOLD_PROGRAMS", os.path.join(HERE, ".build", "debug"))
AGENT = 61_234
PATIENCE = 60


class Daemon:
    """Below `root`, until the end of the block. The settings are those of its environment."""

    def __init__(self, root, **settings):
        self.root, self.data = root, root + "/agent-data"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AGENT_")}
        self.environment = kept | {"AGENT_DATA_ROOT": self.data, "AGENT_USER": f"{AGENT}:{AGENT}"} | settings

    def __enter__(self):
        os.makedirs(self.data + "/code-repo")
        os.makedirs(self.data + "/deployments")
        with open(self.root + "/empty.env", "w"):
            pass
        self.own()
        self.git("init", "-q", "-b", "main")
        self.log = open(self.root + "/daemon.log", "w")
        self.process = subprocess.Popen(self.command("pinfold-deployd"), cwd="/", env=self.environment, stdout=self.log, stderr=self.log)
        return self

    def command(self, program, *arguments):
        return [os.path.join(PROGRAMS, program), *arguments, "--config", self.root + "/empty.env"]

    def pinfold(self, *arguments):
        """What the command prints. It may end with 1 or 3: what was asked for did not happen, or waits."""
        ended = subprocess.run(
            self.command("pinfold", *arguments), env=self.environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert ended.returncode in (0, 1, 3), ended
        return ended.stdout

    def own(self):
        subprocess.run(["chown", "-R", f"{AGENT}:{AGENT}", self.data + "/code-repo"], check=True)

    def git(self, *arguments):
        names = ["-c", "user.name=Agent", "-c", "user.email=agent@localhost"]
        return subprocess.run(
            ["git", "-C", self.data + "/code-repo", *names, *arguments], check=True, user=AGENT, group=AGENT, extra_groups=[], text=True,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"}, stdout=subprocess.PIPE,
        ).stdout

    def commit(self, message, files):
        """Writes the files, by their paths, and commits them as the agent does; None removes one. Answers the commit."""
        for name, text in files.items():
            path = os.path.join(self.data, "code-repo", name)
            if text is None:
                os.remove(path)
                continue
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        self.own()
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def status(self):
        try:
            with open(self.data + "/deployments/status.json") as file:
                return json.load(file)
        except (OSError, ValueError):
            return {}

    def until(self, condition, what):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.is_alive():
            if condition(self.status()):
                return
            time.sleep(0.05)
        with open(self.root + "/daemon.log") as file:
            raise TimeoutError(f"not within {PATIENCE} s: {what}\n{self.status()}\n{file.read()[-3000:]}")

    def is_alive(self):
        return self.process.poll() is None

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
