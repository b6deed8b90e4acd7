"""Kills `pinfold init` before each system call by which it, or the clone that it starts, changes the disk, and runs it again: what is there then
is what one whole run makes."""

import os
import pathlib
import shutil
import subprocess

import farm
import stops


class Initial:
    """A source, and the data root that `pinfold init` makes beside it."""

    def __init__(self, programs, place):
        self.programs = programs
        self.place = pathlib.Path(place)
        self.source = self.place / "source"
        self.root = self.place / "data"
        self.log = os.open(self.place / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        (self.place / "empty.env").write_text("")
        for path, text in farm.content("one").items():
            (self.source / path).parent.mkdir(parents=True, exist_ok=True)
            (self.source / path).write_text(text)
        name = ["-c", "user.name=Admin", "-c", "user.email=admin@localhost"]
        for words in (["init", "-q", "-b", "main"], ["add", "-A"], [*name, "commit", "-q", "-m", "one"]):
            subprocess.run(["git", "-C", str(self.source), *words], check=True)
        self.restore()
        self._whole_run()
        self.expected = self._found()

    def restore(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def stop(self, at):
        """How many calls there were, and where it was ended (`stops.Stopped.run`)."""
        stopped = stops.Stopped(self._command(), self._environment(), str(self.place), self.log, with_children=True)
        return stopped.run(at, lambda: False)

    def check(self):
        """A further run comes to its end, and to what a single one makes; and then there is nothing to do any more."""
        self._whole_run()
        found = self._found()
        if found != self.expected:
            more, less = found.items() - self.expected.items(), self.expected.items() - found.items()
            raise farm.Wrong(f"after it and a further run there is {dict(more)} in place of {dict(less)}")
        if self._whole_run():
            raise farm.Wrong("a run more finds something to do")
        checked = subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", str(self.root / "code-repo"), "fsck", "--full", "--no-progress"],
            capture_output=True, text=True, check=False)
        if checked.returncode != 0:
            raise farm.Wrong(f"the clone is damaged: {checked.stdout}{checked.stderr}")

    def _command(self):
        return [f"{self.programs}/pinfold", "init", "--config", str(self.place / "empty.env")]

    def _environment(self):
        return {
            "PATH": os.environ["PATH"], "HOME": "/root", "AGENT_DATA_ROOT": str(self.root), "AGENT_CODE_SOURCE": str(self.source),
            "AGENT_USER": f"{farm.USER}:{farm.USER}",
        }

    def _whole_run(self):
        """What it says that it did."""
        done = subprocess.run(self._command(), env=self._environment(), cwd="/", capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise farm.Wrong(f"a whole run ends with {done.returncode}: {done.stderr}")
        return done.stdout

    def _found(self):
        """All that is there, by name: kind, rights, owner, and what it says where that is not a matter of chance."""
        found = {}
        for path in [self.root, *self.root.rglob("*")]:
            name = str(path.relative_to(self.root))
            status = path.lstat()
            if name.startswith("code-repo/.git/objects/") and status.st_nlink and path.is_file():
                name = "an object's file"
            text = ""
            if path.is_file() and not name.startswith(("code-repo/.git/", "an object")):
                text = path.read_text(errors="replace")
            elif name in ("code-repo/.git/config", "code-repo/.git/HEAD", "code-repo/.git/refs/heads/main"):
                text = path.read_text(errors="replace")
            found[name] = (status.st_mode, status.st_uid, status.st_gid, text)
        return found
