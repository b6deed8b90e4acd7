"""Kills `pinfold-git` before each system call by which it changes a repository that others use too, and runs it again: a push to a directory on
this machine, and a commit in the agent's repository. Nothing of what it had begun stops the next one, or lies about."""

import os
import pathlib
import shutil
import subprocess

import farm
import stops


class Ground:
    """A repository that is not Pinfold's, and what `pinfold-git` does there."""

    def __init__(self, programs, place):
        self.programs = programs
        self.place = pathlib.Path(place)
        self.log = os.open(self.place / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self.work = self.place / "work"
        self.theirs = self.place / "theirs"
        self.saved = self.place / "saved"
        for version in ("one", "two"):
            for path, text in farm.content(version).items():
                (self.work / path).parent.mkdir(parents=True, exist_ok=True)
                (self.work / path).write_text(text)
            if version == "one":
                self.git("init", "-q", "-b", "main")
            self.git("add", "-A")
            self.git("commit", "-q", "-m", version)
        self.prepare()
        shutil.copytree(self.theirs, self.saved, symlinks=True)

    def git(self, *words, at=None):
        name = ["-c", "user.name=Admin", "-c", "user.email=admin@localhost", "-c", "safe.directory=*"]
        done = subprocess.run(["git", "-C", str(at or self.work), *name, *words], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise farm.Wrong(f"git {' '.join(words)}: {done.stderr}")
        return done.stdout.strip()

    def restore(self):
        shutil.rmtree(self.theirs)
        shutil.copytree(self.saved, self.theirs, symlinks=True)

    def stop(self, at):
        """How many calls there were, and where it was ended (`stops.Stopped.run`)."""
        return stops.Stopped(self.command(), {"PATH": os.environ["PATH"]}, str(self.place), self.log).run(at, lambda: False)

    def check(self):
        done = subprocess.run(self.command(), capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise farm.Wrong(f"the next one ends with {done.returncode}: {done.stderr}")
        self.come_to()
        repository = self.repository()
        left = [
            str(path) for path in repository.rglob("*")
            if path.name.endswith(".lock") or path.name.startswith("pack_git2_") or path.name == "pinfold-traces"
        ]
        if left:
            raise farm.Wrong(f"left behind: {left}")
        self.git("fsck", "--full", "--no-dangling", "--no-progress", at=repository)


class Push(Ground):
    """To a branch that is there already, so that both ways of libgit2 to replace a name are gone, or to a new one."""

    branch = "main"

    def prepare(self):
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(self.theirs)], check=True)
        self.git("push", "-q", str(self.theirs), "HEAD^:refs/heads/main")

    def repository(self):
        return self.theirs

    def restore(self):
        super().restore()
        self.mirror()

    def mirror(self):
        """Pinfold's own, as the daemon has it: what was killed in there it removes itself."""
        shutil.rmtree(self.place / "mirror.git", ignore_errors=True)
        subprocess.run(["git", "clone", "-q", "--bare", str(self.work), str(self.place / "mirror.git")], check=True)

    def check(self):
        self.mirror()
        super().check()

    def command(self):
        return [
            f"{self.programs}/pinfold-git", "push", str(self.place / "mirror.git"), self.git("rev-parse", "HEAD"), self.branch,
            str(self.theirs),
        ]

    def come_to(self):
        if self.git("rev-parse", f"refs/heads/{self.branch}", at=self.theirs) != self.git("rev-parse", "HEAD"):
            raise farm.Wrong("the commit is not there")


class NewBranch(Push):
    branch = "team/new"


class Commit(Ground):
    def prepare(self):
        shutil.copytree(self.work, self.theirs, symlinks=True)
        (self.theirs / "lib/b").write_text("three\n")
        (self.theirs / "new").write_text("three\n")

    def repository(self):
        return self.theirs / ".git"

    def command(self):
        return [
            f"{self.programs}/pinfold-git", "commit", str(self.theirs), "main", "--name", "Agent", "--email", "agent@localhost",
            "--message", "three",
        ]

    def come_to(self):
        if self.git("status", "--porcelain", at=self.theirs) or self.git("log", "--format=%s", at=self.theirs).split() != ["three", "two", "one"]:
            raise farm.Wrong("not everything is committed once")


ALL = {"push": Push, "push-new": NewBranch, "commit-in-repo": Commit}
