"""What a stranger, or a daemon with a fault, may say on the socket."""

from __future__ import annotations

import os
import socket
import stat
import sys
import time
import unittest
from typing import Any, Dict

from . import projects
from .support import Daemon, Deployments, Talk, free_port, get, server, wait_for


class Conversations(unittest.TestCase):
    deployments: Deployments

    def setUp(self) -> None:
        self.deployments = Deployments()
        self.addCleanup(self.deployments.remove)
        self.port = free_port()
        self.path, self.commit = self.deployments.release(projects.plain("one"))
        self.deployments.switch(self.path)
        self.next = self.deployments.release(projects.plain("two"))
        running = server(self.deployments, [sys.executable, "serve.py", str(self.port)], self.port)
        running.__enter__()
        self.addCleanup(running.__exit__, None, None, None)

    def talk(self) -> Talk:
        return Daemon(self.deployments).talks()[0]

    def prepare(self) -> Dict[str, Any]:
        return {"do": "prepare", "release": self.next[0], "commit": self.next[1]}

    def assertServesOn(self) -> None:
        self.assertEqual(get(self.port)[1], "oneone")
        talk = self.talk()
        self.assertEqual(talk.ask(do="status")["commit"], self.commit[:7])
        talk.close()

    def test_what_is_no_request_ends_the_connection_with_a_word(self) -> None:
        for line in [b"hello\n", b"[]\n", b'{"do": 1}\n', b"\xff\n", b'{"do": "explode"}\n', b"[" * 50000 + b"\n"]:
            talk = self.talk()
            talk.raw(line)
            self.assertIn("error", talk.receive())
            with self.assertRaises(ConnectionError):
                talk.receive()
            talk.close()
        self.assertServesOn()

    def test_a_line_of_a_mebibyte_is_not_read_to_its_end(self) -> None:
        talk = self.talk()
        with self.assertRaises(OSError):
            talk.raw(b"x" * (1 << 20) + b"\n")
            talk.receive()
            talk.receive()
        talk.close()
        self.assertServesOn()

    def test_verbs_out_of_order_are_refused(self) -> None:
        for verbs in [["hold"], ["swap"], ["keep"], ["release"], ["prepare", "swap"], ["prepare", "keep"], ["prepare", "hold", "keep"],
                      ["prepare", "prepare"], ["prepare", "hold", "hold"], ["prepare", "hold", "swap", "swap"]]:
            talk = self.talk()
            for verb in verbs[:-1]:
                self.assertTrue(talk.ask(**(self.prepare() if verb == "prepare" else {"do": verb}))["ok"], verbs)
            self.assertIn("error", talk.ask(**(self.prepare() if verbs[-1] == "prepare" else {"do": verbs[-1]})), verbs)
            talk.close()
            self.assertServesOn()

    def test_a_release_that_is_none_is_refused(self) -> None:
        for change in [{"release": "relative"}, {"release": "/nonexistent"}, {"commit": "main"}, {"commit": 1}, {"release": None}]:
            talk = self.talk()
            self.assertIn("error", talk.ask(**{**self.prepare(), **change}))
            talk.close()
        self.assertServesOn()

    def test_release_without_keep_goes_back(self) -> None:
        talk = self.talk()
        for request in [self.prepare(), {"do": "hold"}, {"do": "swap"}, {"do": "release"}]:
            self.assertTrue(talk.ask(**request)["ok"])
        talk.close()
        self.assertServesOn()

    def test_a_daemon_that_falls_silent_while_requests_wait_is_given_up(self) -> None:
        talk = self.talk()
        for request in [self.prepare(), {"do": "hold"}, {"do": "swap"}]:
            self.assertTrue(talk.ask(**request)["ok"])
        began = time.monotonic()
        self.assertServesOn()
        self.assertLess(time.monotonic() - began, 35)
        talk.close()

    def test_the_socket_is_its_user_s_alone(self) -> None:
        path = os.path.join(self.deployments.sockets, os.listdir(self.deployments.sockets)[0])
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(self.deployments.sockets).st_mode), 0o700)

    def test_another_user_is_not_answered(self) -> None:
        if os.getuid() != 0:
            self.fail("this test needs root, to become somebody else")
        path = os.path.join(self.deployments.sockets, os.listdir(self.deployments.sockets)[0])
        for directory in (self.deployments.place, self.deployments.sockets):
            os.chmod(directory, 0o755)
        os.chmod(path, 0o666)
        # The process is root, and so are we: as nobody, we are a stranger.
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.setresuid(65534, 65534, 65534)
                with socket.socket(socket.AF_UNIX) as stranger:
                    stranger.connect(path)
                    stranger.settimeout(10)
                    code = 0 if stranger.recv(10) == b"" else 2
            finally:
                os._exit(code)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertServesOn()

    def test_some_who_only_wait_keep_nobody_from_being_answered(self) -> None:
        idle = [self.talk() for _ in range(6)]
        self.assertServesOn()
        for talk in idle:
            talk.close()
        wait_for(lambda: self.talk().ask(do="status")["ok"], "an answer")


if __name__ == "__main__":
    unittest.main()
