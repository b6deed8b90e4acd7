"""What a server goes through besides its requests: it rehearses, goes back, ends what it had, is born."""

from __future__ import annotations

import contextlib
import glob
import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from typing import Any, Dict, Iterator, List, Optional

from pinfold_agent.project.tree import Trees

from . import projects
from .support import PACKAGE, Daemon, Deployments, Refusal, Talk, free_port, get, server, wait_for

ANSWER = '''

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [answer(environ["PATH_INFO"]).encode()]
'''
STORE = '''import threading
import time

HITS = 0
SEEN = []


def run():
    global HITS
    while True:
        HITS += 1
        SEEN.append(HITS)
        time.sleep(0.01)
'''


class Served(unittest.TestCase):
    """A WSGI application whose `answer(path)` is what each test is about."""

    def setUp(self) -> None:
        self.deployments = Deployments()
        self.addCleanup(self.deployments.remove)
        self.daemon = Daemon(self.deployments)
        self.port = free_port()
        self.files: Dict[str, str] = {}

    def deploy(self, app: str, **more: str) -> Any:
        named = {"srv/app.py": app + ANSWER, **more}
        self.files = {"srv/__init__.py": "", "serve.py": projects.WSGIREF, **self.files, **named}
        release = self.deployments.release(self.files)
        self.deployments.switch(release[0])
        return release

    @contextlib.contextmanager
    def serving(self, command: Optional[List[str]] = None, **environment: str) -> Iterator[None]:
        words = [sys.executable, *(command or ["serve.py"]), str(self.port)]
        with server(self.deployments, words, self.port, environment=environment):
            yield

    def talk_up_to(self, last: str, release: Any, talk: Optional[Talk] = None, after: str = "") -> Talk:
        """A conversation in which each verb is agreed to, up to the last one."""
        verbs = ["prepare", "hold", "swap", "keep", "release"]
        talk = talk or self.daemon.talks()[0]
        for verb in verbs[verbs.index(after) + 1 if after else 0 : verbs.index(last) + 1]:
            more = {"release": release[0], "commit": release[1]} if verb == "prepare" else {}
            answer = talk.ask(do=verb, **more)
            if not answer.get("ok"):
                talk.close()
                raise Refusal(answer.get("refused"))
        return talk

    def answer(self, path: str = "/") -> str:
        return get(self.port, path)[1]


class RehearsalTests(Served):
    HELD = '''import fcntl, os, tempfile, weakref

WORK = tempfile.TemporaryDirectory()
SPOOL = tempfile.NamedTemporaryFile()
LOG = open(os.environ["LOG"], "a")
LOCK = open(os.environ["LOG"])
try:
    fcntl.flock(LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    # The new version leaves it to the old one.
    pass


class Job:
    def __init__(self):
        self.path = WORK.name + "/job"
        open(self.path, "w").close()

    def __del__(self):
        fcntl.flock(LOCK, fcntl.LOCK_UN)
        open(self.path + ".ended", "w").close()
        os.rename(self.path, self.path + ".old")


JOB = Job()


def locked():
    with open(os.environ["LOG"]) as other:
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def answer(path):
    if path == "/log":
        LOG.write("paid\\n")
    if path == "/flush":
        LOG.flush()
    return repr([os.listdir(WORK.name), os.path.exists(SPOOL.name), locked()])
'''

    def test_what_the_server_holds_outlives_a_rehearsal(self) -> None:
        log = os.path.join(self.deployments.place, "log")
        open(log, "w").close()
        # As in most processes, something has had a finalizer before.
        before = "import weakref\n\n\nclass Thing:\n    pass\n\n\nTHING = Thing()\nweakref.finalize(THING, print)\n"
        self.files["serve.py"] = before + projects.WSGIREF
        self.deploy(self.HELD)
        whole = "[['job'], True, True]"
        with self.serving(LOG=log):
            self.assertEqual(self.answer("/log"), whole)
            # Once with a version that does not load, and once with one that does, whose reload is given up.
            with self.assertRaises(Refusal):
                self.talk_up_to("prepare", self.deploy(self.HELD + "\n1 / 0\n"))
            self.assertEqual(self.answer(), whole)
            self.talk_up_to("prepare", self.deploy(self.HELD + "\nMORE = 1\n")).close()
            self.assertEqual(self.answer(), whole)
            with open(log) as file:
                self.assertEqual(file.read(), "")
            self.answer("/flush")
            with open(log) as file:
                self.assertEqual(file.read(), "paid\n")

    def test_a_version_that_loads_longer_than_requests_may_wait_is_refused_while_they_are_served(self) -> None:
        app = 'WORD = "one"\n\n\ndef answer(path):\n    return WORD\n'
        self.deploy(app)
        with self.serving():
            with self.assertRaises(Refusal) as caught:
                self.talk_up_to("prepare", self.deploy("import time\n\ntime.sleep(6)\n" + app.replace("one", "two")))
            self.assertIn("s to load", str(caught.exception))
            self.assertEqual(self.answer(), "one")

    def test_a_signal_s_handler_is_refused_where_the_main_thread_does_not_swap(self) -> None:
        app = 'import signal\n\nsignal.signal(signal.SIGUSR1, print)\n\n\ndef answer(path, word="one"):\n    return word\n'
        self.deploy(app)
        with self.serving():
            with self.assertRaises(Refusal) as caught:
                self.talk_up_to("prepare", self.deploy(app.replace("one", "two")))
            self.assertIn("SIGUSR1", str(caught.exception))
            self.assertEqual(self.answer(), "one")


class SwapTests(Served):
    def test_a_stream_that_begins_after_the_rehearsal_has_the_swap_refused(self) -> None:
        app = '''import time

WORD = "one"


def pieces():
    while True:
        yield (WORD + "\\n").encode()
        time.sleep(0.02)


def answer(path):
    return WORD


def streaming(environ, start_response):
    if environ["PATH_INFO"] != "/stream":
        return app(environ, start_response)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return pieces()
'''
        self.files["serve.py"] = projects.WSGIREF.replace("srv.app:app", "srv.app:streaming")
        self.deploy(app)
        with self.serving():
            release = self.deploy(app.replace('"one"', '"two"'))
            talk = self.talk_up_to("prepare", release)
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            connection.request("GET", "/stream")
            response = connection.getresponse()
            self.assertEqual(response.readline(), b"one\n")
            with self.assertRaises(Refusal) as caught:
                self.talk_up_to("swap", release, talk, after="prepare")
            self.assertIn("srv/app.py:8", str(caught.exception))
            self.assertEqual((self.answer(), response.readline()), ("one", b"one\n"))
            response.close()
            connection.close()
            # One that is over, or that nobody has any more, is in nobody's way.
            wait_for(lambda: self.reloads(release), "a reload once the stream is closed")
            self.assertEqual(self.answer(), "two")

    def test_a_cache_of_results_is_in_nobody_s_way(self) -> None:
        app = """from functools import lru_cache

WORD = "one"


@lru_cache(maxsize=None)
def word():
    return WORD


def answer(path):
    return word()
"""
        self.deploy(app)
        with self.serving():
            self.assertEqual(self.answer(), "one")
            self.talk_up_to("release", self.deploy(app.replace('"one"', '"two"'))).close()
            self.assertEqual(self.answer(), "two")

    def reloads(self, release: Any) -> bool:
        with contextlib.suppress(Refusal):
            self.talk_up_to("release", release).close()
            return True
        return False

    def test_a_pool_of_processes_that_goes_on_with_the_old_code_has_it_refused(self) -> None:
        app = '''import multiprocessing

from . import jobs

POOL = []


def answer(path):
    if not POOL:
        POOL.append(multiprocessing.get_context("spawn").Pool(1))
    return jobs.compute() + POOL[0].apply(jobs.compute)
'''
        jobs = 'def compute():\n    return "one"\n'
        self.files["serve.py"] = projects.WSGIREF.replace("make_server(", 'if __name__ == "__main__":\n    make_server(')
        self.deploy(app, **{"srv/jobs.py": jobs})
        with self.serving():
            self.assertEqual(self.answer(), "oneone")
            for more in ("", "MORE = 1\n"):
                with self.assertRaises(Refusal) as caught:
                    self.talk_up_to("swap", self.deploy(app, **{"srv/jobs.py": jobs.replace("one", "two") + more}))
                self.assertIn("PoolWorker", str(caught.exception))
            self.assertEqual(self.answer(), "oneone")


class RevertTests(Served):
    def setUp(self) -> None:
        super().setUp()
        begin = "import threading\n\nfrom srv import store\n\nthreading.Thread(target=store.run, daemon=True).start()\n"
        self.files["serve.py"] = projects.WSGIREF.replace("make_server(", begin + "make_server(")

    def test_what_a_new_version_began_ends_where_it_is_taken_back(self) -> None:
        app = '''import threading

WORD = "one"
STOP = threading.Event()
THREAD = threading.Thread(target=STOP.wait, daemon=True, name="of version " + WORD)
THREAD.start()


def __unload__():
    STOP.set()
    THREAD.join()


def goodbye():
    print("goodbye from", WORD, flush=True)


def answer(path):
    return WORD + repr([thread.name for thread in threading.enumerate() if "version" in thread.name])
'''
        self.deploy(app, **{"srv/store.py": STORE})
        with self.serving():
            new = app.replace('"one"', '"two"').replace("def answer", "import atexit\natexit.register(goodbye)\n\n\ndef answer")
            self.talk_up_to("swap", self.deploy(new)).close()
            self.assertEqual(self.answer(), "one['of version one']")
            # Exit functions run, and are not the new version's.
            exits = "import os, signal\n\n\ndef leave(*_):\n    raise SystemExit\n\n\nsignal.signal(signal.SIGTERM, leave)\n"
        self.files["serve.py"] = exits + self.files["serve.py"]
        self.deploy(app)
        with server(self.deployments, [sys.executable, "serve.py", str(self.port)], self.port) as process:
            self.talk_up_to("swap", self.deploy(new)).close()
            self.assertIn("one", self.answer())
            process.terminate()
            process.wait()
            with open(os.path.join(self.deployments.place, "server.log")) as log:
                self.assertNotIn("goodbye", log.read())

    def test_state_of_other_modules_goes_on_where_it_is_taken_back(self) -> None:
        app = '''from . import store

WORD = "one"


def answer(path):
    return f"{WORD} {store.HITS} {len(store.SEEN)} {store.KINDS}"
'''
        store = STORE + 'KINDS = {"a": "one"}\n'
        self.deploy(app, **{"srv/store.py": store})
        with self.serving():
            new = app.replace('"one"', '"two"')
            talk = self.talk_up_to("swap", self.deploy(new))
            time.sleep(1)
            talk.close()
            word, hits, seen, kinds = self.answer().split(" ", 3)
            self.assertEqual((word, kinds), ("one", "{'a': 'one'}"))
            self.assertGreater(int(hits), 60)
            self.assertGreater(int(seen), 60)

    def test_functions_that_were_made_meanwhile_get_the_old_code_back(self) -> None:
        app = '''import threading
import time

MADE = []


def make():
    def inner():
        return "one"
    return inner


def loop():
    while True:
        MADE.append(make())
        time.sleep(0.01)


threading.Thread(target=loop, daemon=True).start()


def answer(path):
    return repr(sorted({made() for made in list(MADE)}))
'''
        self.deploy(app, **{"srv/store.py": STORE})
        with self.serving():
            talk = self.talk_up_to("swap", self.deploy(app.replace('"one"', '"two"')))
            time.sleep(0.3)
            talk.close()
            wait_for(lambda: self.answer() == "['one']", "the old version", 5)


class KeepTests(Served):
    def test_requests_do_not_wait_for_what_the_old_version_ends(self) -> None:
        app = 'import time\n\nWORD = "one"\n\n\ndef __unload__():\n    time.sleep(3)\n\n\ndef answer(path):\n    return WORD\n'
        self.deploy(app)
        with self.serving():
            began = time.monotonic()
            talk = self.talk_up_to("release", self.deploy(app.replace("one", "two")))
            self.assertEqual(self.answer(), "two")
            self.assertLess(time.monotonic() - began, 2.5)
            # The next one waits for that, and is not refused.
            self.talk_up_to("release", self.deploy(app.replace("one", "three"))).close()
            self.assertGreater(time.monotonic() - began, 3)
            self.assertEqual(self.answer(), "three")
            talk.close()

    def test_nor_for_an_application_s_shutdown(self) -> None:
        app = '''import asyncio

MARK = "one"


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.sleep(3)
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": MARK.encode()})
'''
        entry = 'import pinfold_agent\n\napp = pinfold_agent.asgi("srv.app:app")\n'
        self.files = {"srv/__init__.py": "", "srv/app.py": app, "entry.py": entry}
        release = self.deployments.release(self.files)
        self.deployments.switch(release[0])
        with self.serving(["-m", "uvicorn", "entry:app", "--log-level", "warning", "--port"]):
            release = self.deployments.release({**self.files, "srv/app.py": app.replace("one", "two")})
            began = time.monotonic()
            talk = self.talk_up_to("release", release)
            self.assertEqual(self.answer(), "two")
            self.assertLess(time.monotonic() - began, 2.5)
            talk.close()


class BirthTests(Served):
    APP = 'import os\nimport time\n\ntime.sleep(float(os.environ.get("SLOW", "0")))\n\n\ndef answer(path):\n    return "one"\n'

    def born(self, port: int) -> "subprocess.Popen[bytes]":
        environment = {
            **os.environ, "PYTHONPATH": PACKAGE, "PYTHONDONTWRITEBYTECODE": "1", "AGENT_DEPLOY_TARGET": self.deployments.current,
            "AGENT_DEPLOY_RELOAD_SOCKET": self.deployments.sockets, "SLOW": "2"}
        process = subprocess.Popen(
            [sys.executable, "serve.py", str(port)], cwd=os.path.realpath(self.deployments.current), env=environment,
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        time.sleep(1)
        return process

    def test_a_process_that_starts_while_another_version_is_deployed_takes_it_in_before_it_serves(self) -> None:
        for more in ("", "MORE = 1\n"):
            with self.subTest(more):
                self.deploy(self.APP)
                with self.serving():
                    port = free_port()
                    process = self.born(port)
                    release = self.deploy(self.APP.replace("one", "two") + more)
                    self.assertEqual(len(self.daemon.reload(*release)), 1)
                    wait_for(lambda: len(glob.glob(os.path.join(self.deployments.sockets, "*.sock"))) == 2, "the second process")
                    status, body, commit = wait_for(lambda: self.tried(port), "an answer")
                    self.assertEqual((body, commit), ("two", release[1][:7]))
                    self.assertEqual([one["tier"] for one in self.daemon.reload(*release)], ["same", "same"])
                    process.kill()
                    process.communicate()

    def tried(self, port: int) -> Any:
        with contextlib.suppress(OSError):
            return get(port)

    def test_one_that_cannot_take_it_in_ends_with_a_word(self) -> None:
        self.deploy(self.APP)
        process = self.born(free_port())
        self.deploy(self.APP.replace("one", "two"), **{"serve.py": self.files["serve.py"] + "\nMARK = 1\n"})
        _, said = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 1)
        self.assertIn("__main__ changes", said.decode())


class RobustnessTests(Served):
    def test_a_directory_that_the_server_may_not_read_keeps_it_from_reloads_alone(self) -> None:
        if os.getuid() != 0:
            self.fail("this test needs root, to become somebody else")
        self.deploy('def answer(path):\n    return "one"\n')
        os.chmod(self.deployments.place, 0o755)
        root = os.path.realpath(self.deployments.current)
        os.mkdir(os.path.join(root, "private"), 0o700)
        sockets = tempfile.mkdtemp(dir=self.deployments.place)
        os.chown(sockets, 65534, 65534)
        # A copy that everybody may read.
        package = os.path.join(self.deployments.place, "package")
        shutil.copytree(os.path.join(PACKAGE, "pinfold_agent"), os.path.join(package, "pinfold_agent"))
        subprocess.run(["chmod", "-R", "a+rX", package], check=True)
        program = "import sys; sys.path.insert(0, ''); import pinfold_agent; pinfold_agent.wsgi('srv.app:app'); print('starts')"
        for directory in ("", sockets):
            environment = {"PATH": os.environ["PATH"], "PYTHONPATH": package, "AGENT_DEPLOY_RELOAD_SOCKET": directory}
            done = subprocess.run(
                [sys.executable, "-B", "-c", program], cwd=root, env=environment, user=65534, group=65534, extra_groups=[],
                capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout), (0, "starts\n"), done.stderr)
            self.assertEqual("no reload without a restart" in done.stderr, directory != "", done.stderr)

    def test_what_is_remembered_of_files_does_not_grow_with_each_release(self) -> None:
        trees = Trees()
        for number in range(5):
            path, _ = self.deployments.release({f"file{name}": str(number) for name in range(10)})
            for _ in range(2):
                self.assertEqual(len(trees.digests(path)), 10)
        self.assertEqual(sum(map(len, trees._known.values())), 20)

    def test_modules_are_told_in_the_order_of_their_import(self) -> None:
        zebra = "from . import ape\n\n\ndef answer(path):\n    return ape.WORD\n"
        self.deploy("from .zebra import answer\n", **{"srv/zebra.py": zebra, "srv/ape.py": 'WORD = "one"\n'})
        with self.serving():
            talk = self.daemon.talks()[0]
            names = talk.ask(do="status")["modules"]
            talk.close()
            self.assertEqual([name for name in names if name.startswith("srv")], ["srv", "srv.app", "srv.zebra", "srv.ape"])


if __name__ == "__main__":
    unittest.main()
