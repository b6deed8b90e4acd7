"""Releases, servers, load, and a stand-in for the deploy daemon."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


class Deployments:
    """As the daemon lays them out: releases, and the link to the one that is deployed."""

    def __init__(self) -> None:
        self.place = tempfile.mkdtemp(prefix="pinfold-agent-")
        self.current = os.path.join(self.place, "current")
        self.sockets = os.path.join(self.place, "sockets")
        self._count = 0

    def release(self, files: Dict[str, str]) -> Tuple[str, str]:
        """A new release's directory and commit."""
        self._count += 1
        commit = hashlib.sha1(repr((self._count, sorted(files.items()))).encode()).hexdigest()
        path = os.path.join(self.place, "releases", f"{self._count}-{commit[:7]}")
        for name, text in files.items():
            file = os.path.join(path, name)
            os.makedirs(os.path.dirname(file), exist_ok=True)
            with open(file, "w") as out:
                out.write(text)
        return path, commit

    def switch(self, path: str) -> None:
        os.symlink(path, self.current + ".new")
        os.rename(self.current + ".new", self.current)

    def remove(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)


class Refusal(Exception):
    pass


class Talk:
    """One connection to one process."""

    def __init__(self, path: str, seconds: float = 60):
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(seconds)
        self._socket.connect(path)
        self._lines = self._socket.makefile("rwb")

    def send(self, **request: Any) -> None:
        self._lines.write(json.dumps(request).encode() + b"\n")
        self._lines.flush()

    def raw(self, line: bytes) -> None:
        self._lines.write(line)
        self._lines.flush()

    def receive(self) -> Dict[str, Any]:
        line = self._lines.readline()
        if not line:
            raise ConnectionError("the connection ended")
        answer: Dict[str, Any] = json.loads(line)
        return answer

    def ask(self, **request: Any) -> Dict[str, Any]:
        self.send(**request)
        return self.receive()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._lines.close()
        self._socket.close()


class Daemon:
    """The deploy daemon's part of the conversation, over all processes of a server."""

    def __init__(self, deployments: Deployments):
        self._deployments = deployments

    def talks(self) -> List[Talk]:
        found = []
        for path in sorted(glob.glob(os.path.join(self._deployments.sockets, "*.sock"))):
            with contextlib.suppress(OSError):
                found.append(Talk(path))
        return found

    def reload(self, path: str, commit: str, until: Optional[str] = None) -> List[Dict[str, Any]]:
        """The answers to `prepare`. Raises Refusal. `until` is the phase after which the daemon dies."""
        talks = self.talks()
        assert talks, "nobody listens"
        try:
            prepared: List[Dict[str, Any]] = []
            for verb in ("prepare", "hold", "swap", "keep", "release"):
                request = {"do": verb, **({"release": path, "commit": commit} if verb == "prepare" else {})}
                for talk in talks:
                    talk.send(**request)
                answers = [talk.receive() for talk in talks]
                for answer in answers:
                    if not answer.get("ok"):
                        raise Refusal(answer.get("refused") or answer.get("error"))
                if verb == "prepare":
                    prepared = answers
                if verb == "release":
                    for answer, one in zip(answers, prepared):
                        one["paused"] = answer["paused"]
                if verb == until:
                    break
            return prepared
        finally:
            for talk in talks:
                talk.close()


class Load:
    """Clients that ask without a pause, and note every answer that is not a good one."""

    def __init__(self, port: int, path: str = "/", threads: int = 4):
        self._port, self._path = port, path
        self._stop = threading.Event()
        self.answers: List[Tuple[float, float, str, Optional[str]]] = []
        self.failures: List[str] = []
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                status, body, commit = get(self._port, self._path)
                if status != 200:
                    self.failures.append(f"{status} {body[:200]}")
                self.answers.append((began, time.monotonic(), body, commit))
            except OSError as error:
                self.failures.append(repr(error))
            except http.client.HTTPException as error:
                self.failures.append(repr(error))
            time.sleep(0.005)

    def since(self, moment: float) -> List[str]:
        """Bodies of answers to requests that began after it."""
        return [body for began, _, body, _ in list(self.answers) if began > moment]

    def settled(self, count: int = 20) -> List[str]:
        """Answers to requests from now on."""
        now = time.monotonic()
        wait_for(lambda: len(self.since(now)) >= count, "answers")
        return sorted(set(self.since(now)))


def get(port: int, path: str = "/") -> Tuple[int, str, Optional[str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode(), response.getheader("X-Pinfold-Commit")
    finally:
        connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def server(deployments: Deployments, command: List[str], port: Optional[int] = None, sockets: int = 1,
           environment: Optional[Dict[str, str]] = None) -> Iterator["subprocess.Popen[bytes]"]:
    """A server process, started in what is deployed, once it answers and listens; its output is shown where it does not."""
    log = os.path.join(deployments.place, "server.log")
    variables = {
        **os.environ, "PYTHONPATH": PACKAGE, "PYTHONDONTWRITEBYTECODE": "1", "AGENT_DEPLOY_TARGET": deployments.current,
        "AGENT_DEPLOY_RELOAD_SOCKET": deployments.sockets, "AGENT_DEPLOY_RELOAD_DRAIN": "5", **(environment or {}),
    }
    with open(log, "wb") as output:
        process = subprocess.Popen(
            command, cwd=os.path.realpath(deployments.current), env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True)

    def ready() -> bool:
        assert process.poll() is None, open(log).read()
        # A socket is there before anybody listens at it.
        talks = Daemon(deployments).talks()
        for talk in talks:
            talk.close()
        if len(talks) < sockets:
            return False
        if port is None:
            return True
        try:
            return get(port)[0] == 200
        except OSError:
            return False

    try:
        try:
            wait_for(ready, "the server answers")
        except AssertionError:
            sys.stderr.write(open(log).read())
            raise
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
