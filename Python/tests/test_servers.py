"""Real servers under load: no request fails, none is answered by two versions, and each answer names its commit."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import sys
import threading
import time
import unittest
from typing import Any, Callable, Dict, List

from . import projects
from .support import Daemon, Deployments, Load, Refusal, Talk, free_port, get, server, wait_for

Make = Callable[..., Dict[str, str]]


class ServerTest(unittest.TestCase):
    make: Make = staticmethod(projects.flask)
    sockets = 1

    def setUp(self) -> None:
        self.deployments = Deployments()
        self.addCleanup(self.deployments.remove)
        self.daemon = Daemon(self.deployments)
        self.port = free_port()
        self.path, self.commit = self.deploy("one")

    def deploy(self, word: str, anew: bool = False, **more: str) -> Any:
        release = self.deployments.release(self.make(word, anew, **more))
        self.deployments.switch(release[0])
        return release

    def reload(self, word: str, anew: bool = False, until: Any = None, **more: str) -> List[str]:
        path, commit = self.deploy(word, anew, **more)
        return [answer["tier"] for answer in self.daemon.reload(path, commit, until)]

    def command(self) -> List[str]:
        return [sys.executable, "serve.py", str(self.port)]

    def running(self, **environment: str) -> Any:
        return server(self.deployments, self.command(), self.port, self.sockets, environment)

    def assertWhole(self, load: Load) -> None:
        """Nothing failed, and one commit never answered with two words."""
        self.assertEqual(load.failures, [])
        words: Dict[Any, str] = {}
        for _, _, body, commit in load.answers:
            short = (commit or "")[:7]
            self.assertEqual(words.setdefault(short, body), body, "one commit answers with one word")
            self.assertEqual(body[: len(body) // 2], body[len(body) // 2 :], "an answer is of one version")


class Common:
    """What holds for each of them."""

    def test_versions_come_in_one_after_the_other(self: Any) -> None:
        with self.running(), Load(self.port) as load:
            self.assertEqual(load.settled(), ["oneone"])
            for word, anew, tier in [("two", False, "patched"), ("three", True, "reloaded"), ("four", True, "reloaded")]:
                self.assertEqual(self.reload(word, anew), [tier] * self.sockets)
                self.assertEqual(load.settled(), [word * 2])
        self.assertWhole(load)

    def test_a_connection_that_ends_between_two_phases_leaves_everything_as_it_was(self: Any) -> None:
        with self.running(), Load(self.port) as load:
            for anew in (False, True):
                for phase in ("prepare", "hold", "swap"):
                    self.reload("two", anew, until=phase)
                    self.assertEqual(load.settled(), ["oneone"], f"after {phase}")
            # Kept is kept.
            self.reload("two", True, until="keep")
            self.assertEqual(load.settled(), ["twotwo"])
        self.assertEqual(load.failures, [])

    def test_a_version_that_does_not_load_is_refused_and_the_old_one_serves_on(self: Any) -> None:
        with self.running(), Load(self.port) as load:
            for text, reason in [("1 / 0\n", "srv/greeting.py:1"), ("import os\nos._exit(3)\n", "status 3"), ("def greet(:\n", "srv/greeting.py:1")]:
                with self.assertRaises(Refusal) as caught:
                    self.reload("two", **{"srv/greeting.py": text})
                self.assertIn(reason, str(caught.exception))
                self.assertEqual(load.settled(), ["oneone"])
            self.reload("three", True)
            self.assertEqual(load.settled(), ["threethree"])
        self.assertWhole(load)


class WSGIRefTests(Common, ServerTest):
    def test_a_stream_stays_open_while_a_function_changes(self) -> None:
        with self.running(), Load(self.port) as load:
            stream = Stream(self.port)
            self.assertIn("one", stream.next())
            self.assertEqual(self.reload("two"), ["patched"])
            wait_for(lambda: "two" in stream.next(), "the new word in the stream")
            # Its module is of the old version, and it is in the middle of it.
            with self.assertRaises(Refusal) as caught:
                self.reload("three", True)
            self.assertIn("srv/stream.py", str(caught.exception))
            self.assertIn("two", stream.next())
            stream.close()
            wait_for(lambda: self.try_reload("four"), "a reload once the stream is closed")
            self.assertEqual(load.settled(), ["fourfour"])
        self.assertEqual(load.failures, [])

    def try_reload(self, word: str) -> bool:
        try:
            return self.reload(word, True) == ["reloaded"]
        except Refusal:
            return False

    def test_what_is_computed_between_prepare_and_swap_is_computed_anew(self) -> None:
        item = "class Item:\n    @functools.cached_property\n    def word(self):\n        return greet()\n\n\nITEM = Item()\n"
        route = "\n\n@app.route('/word')\ndef word():\n    return items.ITEM.word\n"
        app = projects.FLASK.replace("from . import state", "from . import items, state") + route
        more = {"srv/items.py": "import functools\n\nfrom .greeting import greet\n\n\n" + item, "srv/app.py": app}
        self.deploy("one", **more)
        with self.running():
            for word in ("two", "three"):
                path, commit = self.deploy(word, word == "three", **more)
                with contextlib.closing(self.daemon.talks()[0]) as talk:
                    self.assertTrue(talk.ask(do="prepare", release=path, commit=commit)["ok"])
                    get(self.port, "/word")
                    for verb in ("hold", "swap", "keep", "release"):
                        self.assertTrue(talk.ask(do=verb)["ok"])
                self.assertEqual(get(self.port, "/word")[1], word)

    def test_two_reloads_at_once_are_one_and_a_refusal(self) -> None:
        with self.running():
            path, commit = self.deploy("two")
            first, second = self.daemon.talks() + self.daemon.talks()
            self.assertTrue(first.ask(do="prepare", release=path, commit=commit)["ok"])
            self.assertIn("another reload", second.ask(do="prepare", release=path, commit=commit)["refused"])
            self.assertTrue(second.ask(do="status")["busy"])
            first.close()
            wait_for(lambda: not second.ask(do="status")["busy"], "the first reload's end")
            self.assertTrue(second.ask(do="prepare", release=path, commit=commit)["ok"])
            second.close()

    def test_files_are_looked_for_in_the_new_release(self) -> None:
        text = projects.FLASK.replace('first = greet()', 'first = greet() + open("page.txt").read()').replace(
            "return first + greet()", "return first")
        with self.running():
            self.assertEqual(self.reload("two", True, **{"srv/app.py": text, "page.txt": "page"}), ["reloaded"])
            self.assertEqual(get(self.port)[1], "twopage")

    def test_a_request_that_does_not_end_has_the_reload_refused(self) -> None:
        inside = os.path.join(self.deployments.place, "inside")
        slow = projects.FLASK.replace("time.sleep(0.002)", f'open({inside!r}, "w").close(); time.sleep(4)')
        self.deploy("one", **{"srv/app.py": slow})
        with self.running(AGENT_DEPLOY_RELOAD_DRAIN="0.5"):
            path, commit = self.deploy("two", **{"srv/app.py": slow})
            os.unlink(inside)
            client = threading.Thread(target=get, args=(self.port,))
            client.start()
            wait_for(lambda: os.path.exists(inside), "the request is in the server")
            with self.assertRaises(Refusal) as caught:
                self.daemon.reload(path, commit)
            self.assertIn("did not end within 0.5 s", str(caught.exception))
            client.join()
            self.assertEqual(get(self.port)[1], "oneone")


class HTTPServerTests(Common, ServerTest):
    make = staticmethod(projects.plain)


class Gunicorn(Common):
    make = staticmethod(projects.flask)
    sockets = 3
    options: List[str] = []

    def command(self: Any) -> List[str]:
        return [sys.executable, "-m", "gunicorn", "entry:app", "-b", f"127.0.0.1:{self.port}", "-w", "3", "--log-level", "warning", *self.options]

    def test_a_worker_that_dies_in_any_phase_leaves_the_others_whole(self: Any) -> None:
        before = self.commit
        with self.running():
            for number, phase in enumerate(("prepare", "hold", "swap", "keep", "release")):
                path, commit = self.deploy(f"v{number}", True)
                talks = self.daemon.talks()
                self.assertEqual(len(talks), 3)
                for verb in ("prepare", "hold", "swap", "keep", "release"):
                    more = {"release": path, "commit": commit} if verb == "prepare" else {}
                    answers = [talk.ask(do=verb, **more) for talk in talks]
                    self.assertEqual([answer for answer in answers if not answer.get("ok")], [])
                    if verb == phase:
                        break
                pid, *others = (talk.ask(do="status")["pid"] for talk in talks)
                os.kill(pid, signal.SIGKILL)
                with self.assertRaises(OSError):
                    talks[0].ask(do="hold")
                # What ends before `keep` is as if it had not begun.
                for talk in talks:
                    talk.close()
                whole = [commit if phase in ("keep", "release") else before] * 2
                wait_for(lambda: self.commits(others) == [full[:7] for full in whole], f"the others' version after {phase}")
                wait_for(lambda: self.alive() == 3 and not os.path.exists(f"/proc/{pid}"), "another worker")
                # As the daemon does where one is lost.
                self.daemon.reload(path, commit)
                self.assertEqual({get(self.port)[1] for _ in range(20)}, {f"v{number}" * 2})
                before = commit

    def commits(self: Any, pids: List[int]) -> List[str]:
        """Seven digits of what each of these workers serves."""
        found = []
        for talk in self.daemon.talks():
            # The one that was killed may be at its end still.
            with contextlib.suppress(OSError), contextlib.closing(talk):
                status = talk.ask(do="status")
                if status["pid"] in pids:
                    found.append(status["commit"][:7])
        return found

    def alive(self: Any) -> int:
        talks: List[Talk] = self.daemon.talks()
        for talk in talks:
            talk.close()
        return len(talks)

    def test_a_worker_that_is_born_later_starts_on_what_is_deployed(self: Any) -> None:
        with self.running():
            for anew in (False, True):
                word = "three" if anew else "two"
                self.reload(word, anew)
                talks = self.daemon.talks()
                pid = talks[0].ask(do="status")["pid"]
                for talk in talks:
                    talk.close()
                os.kill(pid, signal.SIGKILL)
                wait_for(lambda: self.alive() == 3 and not os.path.exists(f"/proc/{pid}"), "another worker")
                self.assertEqual({get(self.port)[1] for _ in range(30)}, {word * 2})
            self.assertEqual(self.reload("four"), ["reloaded"] * 3)
            self.assertEqual({get(self.port)[1] for _ in range(30)}, {"fourfour"})


class GunicornSyncTests(Gunicorn, ServerTest):
    pass


class GunicornThreadsTests(Gunicorn, ServerTest):
    options = ["-k", "gthread", "--threads", "4"]


class GunicornPreloadTests(ServerTest):
    sockets = 3

    def command(self) -> List[str]:
        return [sys.executable, "-m", "gunicorn", "entry:app", "-b", f"127.0.0.1:{self.port}", "-w", "2", "--preload", "--log-level", "warning"]

    def test_workers_that_were_forked_from_a_loaded_application_refuse(self) -> None:
        with self.running():
            with self.assertRaises(Refusal) as caught:
                self.reload("two")
            self.assertIn("--preload", str(caught.exception))
            self.assertEqual({get(self.port)[1] for _ in range(10)}, {"oneone"})


class UvicornTests(Common, ServerTest):
    make = staticmethod(projects.fastapi)

    def command(self) -> List[str]:
        return [sys.executable, "-m", "uvicorn", "entry:app", "--port", str(self.port), "--log-level", "warning"]

    def test_the_application_s_start_and_end_run_with_each_version(self) -> None:
        with self.running():
            self.assertEqual(get(self.port, "/begun")[1], "one 0")
            self.reload("two", True)
            # The old one ends once requests are served again.
            wait_for(lambda: get(self.port, "/begun")[1] == "two 1", "the old application's end")

    def test_a_function_that_ran_at_the_application_s_start_has_it_started_anew(self) -> None:
        for call in ("greet()", "await asyncio.to_thread(greet)"):
            text = {"srv/app.py": projects.FASTAPI.replace("app.state.begun = WORD", f"app.state.begun = {call}")}
            self.deploy("one", **text)
            with self.running():
                self.assertEqual(get(self.port, "/begun")[1], "one 0")
                self.assertEqual(self.reload("two", **text), ["reloaded"], call)
                wait_for(lambda: get(self.port, "/begun")[1] == "two 1", "the old application's end")

    def test_a_start_that_fails_leaves_the_old_application(self) -> None:
        failing = projects.FASTAPI.replace("app.state.begun = WORD", "raise OSError('no database')")
        with self.running(), Load(self.port) as load:
            with self.assertRaises(Refusal) as caught:
                self.reload("two", **{"srv/app.py": failing + "\nMORE = 1\n"})
            self.assertIn("does not start", str(caught.exception))
            self.assertEqual(load.settled(), ["oneone"])
            self.assertEqual(get(self.port, "/begun")[1], "one 0")
        self.assertWhole(load)

    def test_endpoints_on_threads_change_too(self) -> None:
        with self.running(), Load(self.port, "/sync") as load:
            load.settled()
            self.reload("two", True)
            self.assertEqual(load.settled(), ["twotwo"])
        self.assertWhole(load)

    def test_a_stream_stays_open_while_a_function_changes(self) -> None:
        with self.running():
            stream = Stream(self.port)
            self.assertIn("one", stream.next())
            self.assertEqual(self.reload("two"), ["patched"])
            wait_for(lambda: "two" in stream.next(), "the new word in the stream")
            with self.assertRaises(Refusal):
                self.reload("three", True)
            self.assertIn("two", stream.next())
            stream.close()


class WorkerTests(ServerTest):
    make = staticmethod(projects.plain)

    def test_a_loop_takes_new_code_in_between_two_pieces_of_work(self) -> None:
        out = os.path.join(self.deployments.place, "out")
        with server(self.deployments, [sys.executable, "loop.py", out]):
            def words() -> List[str]:
                with open(out) as file:
                    return file.read().split()

            wait_for(lambda: os.path.exists(out) and words()[:2] == ["one", "one"], "work")
            self.assertEqual(self.reload("two"), ["patched"])
            wait_for(lambda: words()[:2] == ["two", "two"], "work by the new version")
            before = int(words()[2])
            self.assertEqual(self.reload("three", True), ["reloaded"])
            wait_for(lambda: words()[:2] == ["three", "three"], "work by the third version")
            self.assertGreater(int(words()[2]), before, "state of a module that stays is kept")


class Stream:
    def __init__(self, port: int):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._connection.request("GET", "/events")
        self._response = self._connection.getresponse()

    def next(self) -> str:
        while True:
            line = self._response.readline().decode()
            if line.startswith("data:"):
                return line

    def close(self) -> None:
        self._response.close()
        self._connection.close()



if __name__ == "__main__":
    unittest.main()
