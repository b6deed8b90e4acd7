"""What the program itself, which cannot be executed again, made of modules that change: it comes out anew, or the reload is refused."""

from __future__ import annotations

import sys
import unittest
from typing import Any, Dict, List, Optional

from . import projects
from .support import Daemon, Deployments, Refusal, free_port, get, server

CONF = "{more}LIMIT = '{limit}'\n\n\ndef load():\n    return {{'word': '{word}'}}\n"


def conf(limit: str = "one", word: str = "one", more: str = "") -> str:
    return CONF.format(limit=limit, word=word, more=more)


def program(imports: str, answer: str, last: str = "") -> str:
    text = projects.HTTP_SERVER.replace("from srv import answers", imports).replace("answers.answer(self.path)", answer)
    return text.replace("    pinfold_agent.start()\n", f"    pinfold_agent.start()\n{last}")


class ProgramTests(unittest.TestCase):
    def setUp(self) -> None:
        self.deployments = Deployments()
        self.addCleanup(self.deployments.remove)
        self.port = free_port()

    def deploy(self, files: Dict[str, str]) -> Any:
        release = self.deployments.release(files)
        self.deployments.switch(release[0])
        return release

    def after(self, old: Dict[str, str], new: Dict[str, str], command: Optional[List[str]] = None) -> str:
        """The answer after the reload, or `refused` where it is and the old answer is given."""
        self.deploy(old)
        with server(self.deployments, [sys.executable, *(command or ["serve.py"]), str(self.port)], self.port):
            before = get(self.port)[1]
            try:
                Daemon(self.deployments).reload(*self.deploy({**old, **new}))
            except Refusal as refusal:
                self.assertEqual(get(self.port)[1], before)
                return f"refused: {refusal}"
            return get(self.port)[1]

    def files(self, imports: str, answer: str, last: str = "", file: str = "serve.py") -> Dict[str, str]:
        return {"srv/__init__.py": "", "srv/conf.py": conf(), file: program(imports, answer, last)}

    def test_a_plain_value_that_was_imported_is_the_new_one(self) -> None:
        anew = {"srv/conf.py": conf("two")}
        for imports, file, command in [
            ("from srv.conf import LIMIT", "serve.py", None), ("from srv.conf import *", "serve.py", None),
            ("from .conf import LIMIT", "srv/main.py", ["-m", "srv.main"]),
        ]:
            with self.subTest(imports):
                self.assertEqual(self.after(self.files(imports, "LIMIT", file=file), anew, command), "two")

    def test_what_was_read_of_a_module_that_changes_refuses(self) -> None:
        anew = {"srv/conf.py": conf("two", "two")}
        for imports in (
            "from srv import conf\nLIMIT = conf.LIMIT", "import srv.conf\nLIMIT = srv.conf.LIMIT",
            "from srv import conf\nLIMIT = conf.load()['word']",
            "from srv import conf\ndef read():\n    return conf.LIMIT\nLIMIT = read()",
        ):
            with self.subTest(imports):
                self.assertIn("cannot be executed again", self.after(self.files(imports, "LIMIT"), anew))

    def test_what_was_read_and_is_the_same_does_not(self) -> None:
        imports = "from srv import conf\nLIMIT = conf.LIMIT"
        old = {**self.files(imports, "(LIMIT + conf.MORE)"), "srv/conf.py": conf(more="MORE = 'one'\n")}
        self.assertEqual(self.after(old, {"srv/conf.py": conf(more="MORE = 'two'\n")}), "onetwo")

    def test_a_function_that_ran_for_the_program_is_not_patched(self) -> None:
        patched = {"srv/conf.py": conf(word="two")}
        for imports, last in [
            ("from srv import conf\nCONFIG = conf.load()", ""), ("from srv import conf", "    CONFIG = conf.load()\n"),
            ("from srv.conf import load", "    CONFIG = load()\n"),
        ]:
            with self.subTest(imports + last):
                self.assertIn("cannot be executed again", self.after(self.files(imports, "CONFIG['word']", last), patched))
        # One that runs for each request is.
        self.assertEqual(self.after(self.files("from srv import conf", "conf.load()['word']"), patched), "two")

    def test_a_file_that_the_program_names_refuses(self) -> None:
        old = self.files("from srv import conf\nWORD = open('word.txt').read()", "WORD")
        said = self.after({**old, "word.txt": "one"}, {"word.txt": "two"})
        self.assertIn("cannot be executed again", said)
        self.assertIn("word.txt", said)


if __name__ == "__main__":
    unittest.main()
