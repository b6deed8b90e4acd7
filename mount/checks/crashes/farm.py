"""A data root on a file system of its own, with an agent's repository beside it, and what has to hold after any crash."""

import contextlib
import ctypes
import fcntl
import json
import os
import pathlib
import shutil
import sqlite3
import struct
import subprocess
import tempfile
import time

USER = 64123
KEEP = 2
OWN = "the server's own"
DISCARDED = ".discarded-"


class Wrong(Exception):
    """Something that has to hold did not."""


def content(number, sick=False, tests=1):
    """The files of a version: all of them say which one it is."""
    files = {"a": f"{number}\n", "lib/b": f"{number}\n", "lib/deep/c": f"{number}\n" * 3000, f"only-{number}": f"{number}\n"}
    files["tests/test_a.py"] = f"{tests}\n"
    if sick:
        files["sick"] = "\n"
    return files


def tree(directory):
    """Path and contents of everything below, but for what an update in place keeps there meanwhile."""
    found = {}
    for path in sorted(pathlib.Path(directory).rglob("*")):
        name = str(path.relative_to(directory))
        if name.startswith(".pinfold-staging") or path.is_dir() and not path.is_symlink():
            continue
        found[name] = os.readlink(path) if path.is_symlink() else path.read_text(errors="replace")
    return found


def summary(status):
    """What matters of a status, on one line."""
    words = [f"tip {(status.get('tip') or '')[:7]}"]
    for part in ("deployed", "last_known_good"):
        words.append(f"{part} {((status.get(part) or {}).get('commit') or '')[:7]}")
    for part in ("current", "last"):
        row = status.get(part) or {}
        words.append(f"{part} {row.get('id')} {row.get('state')} at {row.get('stage')}: {row.get('reason')}")
    return "; ".join(words + status.get("warnings", []))


class Farm:
    """The place, the repository, and the daemon over them."""

    #: What the tests of the newest version say: a change of that needs a human.
    tests = 1

    def __init__(self, programs, place, in_place, push):
        self.programs = programs
        self.place = pathlib.Path(place)
        self.image = self.place / "disk.img"
        self.root = self.place / "disk"
        self.repository = self.place / "code-repo"
        self.remote = self.place / "remote.git"
        self.reloads = self.place / "reloads"
        self.deployments = self.root / "data/deployments"
        self.in_place = in_place
        self.push = push
        self.target = self.root / "server" if in_place else self.deployments / "current"
        self.commits = {}
        self.reverted = {}
        self.versions = {}
        self.log = os.open(self.place / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        (self.place / "empty.env").write_text("")
        self.root.mkdir()
        self.repository.mkdir()
        os.chown(self.repository, USER, USER)
        self.git("init", "-q", "-b", "main")
        if push:
            subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(self.remote)], check=True)
        with open(self.image, "wb") as image:
            image.truncate(96 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-N", "20000", str(self.image)], check=True)
        self.mount()
        # As `pinfold init` leaves it.
        self.deployments.mkdir(parents=True)
        if in_place:
            self.target.mkdir()
            (self.target / "own").write_text(OWN)

    # The disk.

    def mount(self):
        # Without the heuristic by which ext4 hides a rename that was not preceded by a sync.
        subprocess.run(["mount", "-o", "loop,noauto_da_alloc", str(self.image), str(self.root)], check=True)

    def unmount(self):
        for _ in range(200):
            if subprocess.run(["umount", str(self.root)], stderr=subprocess.DEVNULL, check=False).returncode == 0:
                self._wait_for_device()
                return
            time.sleep(0.02)
        holders = subprocess.run(["fuser", "-vm", str(self.root)], capture_output=True, text=True, check=False)
        subprocess.run(["umount", "-l", str(self.root)], check=False)
        raise Wrong(f"something that the daemon had started still uses the disk\n{holders.stderr}{holders.stdout}")

    def _wait_for_device(self):
        """What the daemon had started in mounts of its own ends a moment after it, and has the disk until then: mounted again meanwhile, it would still
        be the one whose power is gone."""
        deadline = time.monotonic() + 10
        while subprocess.run(["losetup", "-j", str(self.image)], capture_output=True, check=False).stdout:
            if time.monotonic() > deadline:
                raise Wrong("something that the daemon had started still has the disk")
            time.sleep(0.01)

    def cut(self):
        """The power goes: what has not reached the device by now never will (`man 2 ioctl_ext4`: EXT4_IOC_SHUTDOWN, without the journal)."""
        root = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.ioctl(root, 0x8004587D, struct.pack("I", 2))
        finally:
            os.close(root)

    def save(self):
        self.unmount()
        for source in (self.image, self.repository, self.remote):
            if source.exists():
                self._copy(source, self.place / f"{source.name}.saved")
        self.saved = (dict(self.commits), dict(self.versions), self.tests)
        self.mount()

    def restore(self):
        self.unmount()
        for source in (self.image, self.repository, self.remote):
            if source.exists():
                shutil.rmtree(source) if source.is_dir() else source.unlink()
                self._copy(self.place / f"{source.name}.saved", source)
        self.reloads.unlink(missing_ok=True)
        self.commits, self.versions, self.tests = dict(self.saved[0]), dict(self.saved[1]), self.saved[2]
        self.mount()

    @staticmethod
    def _copy(source, target):
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run(["cp", "-a", "--sparse=always", "--reflink=auto", str(source), str(target)], check=True)

    # The agent.

    def git(self, *arguments):
        environment = {
            "PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "Agent",
            "GIT_AUTHOR_EMAIL": "agent@localhost", "GIT_COMMITTER_NAME": "Agent", "GIT_COMMITTER_EMAIL": "agent@localhost",
        }
        done = subprocess.run(
            ["git", "-C", str(self.repository), *arguments], env=environment, user=USER, group=USER, extra_groups=[],
            capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Wrong(f"git {' '.join(arguments)}: {done.stderr}")
        return done.stdout.strip()

    def commit(self, name, **changes):
        """Commits a version by that name."""
        self.tests = changes.setdefault("tests", self.tests)
        files = content(name, **changes)
        for path in self.repository.iterdir():
            if path.name != ".git":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path, text in files.items():
            full = self.repository / path
            full.parent.mkdir(parents=True, exist_ok=True)
            full.write_text(text)
        subprocess.run(["chown", "-R", f"{USER}:{USER}", str(self.repository)], check=True)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", name)
        self.commits[name] = self.git("rev-parse", "HEAD")
        self.versions[name] = files
        return self.commits[name]

    def take_back(self, name):
        """Reverts the newest commit, which was built on that version."""
        self.git("revert", "--no-edit", "HEAD")
        self.reverted[self.git("rev-parse", "HEAD")] = name

    def names(self):
        """Versions by their commits."""
        return {commit: name for name, commit in self.commits.items()} | self.reverted

    # The daemon.

    def environment(self):
        settings = {
            "PATH": os.environ["PATH"], "HOME": "/root", "AGENT_DATA_ROOT": self.root / "data", "AGENT_USER": f"{USER}:{USER}",
            "AGENT_CODE_REPO_PATH": self.repository, "AGENT_DEPLOY_TARGET": self.target, "AGENT_DEPLOY_KEEP": KEEP,
            "AGENT_DEPLOY_TEST_COMMAND": "test -e a && test ! -e broken",
            "AGENT_DEPLOY_RELOAD_COMMAND": f'echo "$PINFOLD_COMMIT" >>{self.reloads}; ! test -e "$PINFOLD_TARGET/sick"',
        }
        if self.push:
            settings["AGENT_DEPLOY_PUSH_REMOTE"] = self.remote
        return {name: str(value) for name, value in settings.items()}

    def command(self):
        return [f"{self.programs}/pinfold-deployd", "--config", str(self.place / "empty.env")]

    @contextlib.contextmanager
    def daemon(self):
        process = subprocess.Popen(
            self.command(), env=self.environment(), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd="/",
            start_new_session=True)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    raise Wrong("the daemon does not stop") from None

    def ask(self, *words):
        """What `pinfold` ends with, or None where it did not get to the daemon."""
        deadline = time.monotonic() + 20
        while not (self.deployments / "admin/admin.sock").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        done = subprocess.run(
            [f"{self.programs}/pinfold", *words, "--config", str(self.place / "empty.env")], env=self.environment(),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode

    def status(self):
        try:
            return json.loads((self.deployments / "status.json").read_text())
        except (OSError, ValueError):
            return {}

    def wait(self, condition, what, seconds=40):
        deadline = time.monotonic() + seconds
        while not condition(self.status()):
            if time.monotonic() > deadline:
                raise Wrong(f"it never came to: {what}: {summary(self.status())}")
            time.sleep(0.01)

    def is_deployed(self, name):
        """Whether that version runs, is on record as well, and nothing is left to do."""

        def condition(status):
            if status.get("current") or (status.get("deployed") or {}).get("commit") != self.commits[name]:
                return False
            if status.get("tip") != self.git("rev-parse", "HEAD"):
                return False
            return (status.get("last_known_good") or {}).get("commit") == self.commits[name]

        return condition

    # What has to hold.

    def whole(self):
        """The versions that the target is, as far as its own files tell."""
        if not self.target.exists():
            return ["nothing"]
        there = tree(self.target)
        if self.in_place and there.pop("own", None) != OWN:
            raise Wrong(f"the server's own file is not what it was: {there}")
        if not there:
            return ["nothing"]
        found = [name for name, files in self.versions.items() if files == there]
        if not found:
            raise Wrong(f"the target is no version: {({name: text[:20] for name, text in there.items()})}")
        return found

    def check_cut_off(self, versions):
        """After the end of the daemon: the old version or the new one, whole; in place a journal may say that both are there."""
        if self.in_place and (self.deployments / "work/in-place.journal").exists():
            there = tree(self.target)
            if there.pop("own", None) != OWN:
                raise Wrong("the server's own file is not what it was")
            for path, text in there.items():
                if not any(self.versions.get(name, {}).get(path) == text for name in versions):
                    raise Wrong(f"{path} is of neither version: {text[:40]!r}")
            return
        if not set(self.whole()) & set(versions):
            raise Wrong(f"the target is {self.whole()}, not one of {versions}")

    def history(self):
        """The records of all deployments, from a copy: nobody recovers the daemon's own but the daemon."""
        copy = self.place / "history"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        # The log first: what is checkpointed in between is in both.
        for name in ("history.sqlite-wal", "history.sqlite"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(self.deployments / name, copy / name)
        database = sqlite3.connect(copy / "history.sqlite")
        try:
            return [json.loads(record) for (record,) in database.execute("SELECT record FROM deployments ORDER BY id")]
        except sqlite3.DatabaseError:
            # Copied while it was being written: the next look has it.
            return []
        finally:
            database.close()

    def check_end(self, running):
        """After a whole further run: that version runs, once, and nothing of any attempt lies about."""
        if running not in self.whole():
            raise Wrong(f"the target is {self.whole()}, not {running}")
        rows = self.history()
        deployed = {}
        for row in rows:
            tests = [step for step in row["steps"] if step["stage"] == "test"]
            if len(tests) > 1 or len([step for step in row["steps"] if step["stage"] == "switch"]) > 1:
                raise Wrong(f"deployment {row['id']} was tested or switched to twice: {row['steps']}")
            if row["state"] == "deployed" and "commit" in row["kind"]:
                deployed.setdefault(row["commit"], []).append(row["id"])
        for commit, numbers in deployed.items():
            if len(numbers) > 1:
                raise Wrong(f"{commit} was deployed as {numbers}")
        commits = [row["commit"] for row in rows if "commit" in row["kind"] and row["state"] != "superseded"]
        if len(commits) != len(set(commits)):
            raise Wrong(f"a commit came twice: {[(row['id'], row['state'], row['commit'][:7]) for row in rows]}")
        lines = self.reloads.read_text().split() if self.reloads.exists() else []
        for commit in set(lines):
            # Once, and once more after a crash in it.
            if lines.count(commit) > 2:
                raise Wrong(f"{commit} was reloaded {lines.count(commit)} times")
        self.check_leftovers(rows)

    def check_leftovers(self, rows):
        # What is out of its place is removed beside everything else, and at the latest by the next start.
        left = [name for name in os.listdir(self.deployments / "work") if not name.startswith(DISCARDED)]
        left += [name for name in os.listdir(self.deployments / "backups") if name.endswith(".part")]
        mirror = self.deployments / "repo.git"
        for path in mirror.rglob("*"):
            if path.name.endswith(".lock") or "_git2_" in path.name or path.name.startswith(("incoming-", "tmp_")):
                left.append(str(path))
        if (self.target / ".pinfold-staging").exists():
            left.append("staging")
        if left:
            raise Wrong(f"left behind: {left}")
        checked = subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", str(mirror), "fsck", "--full", "--no-dangling", "--no-progress"],
            capture_output=True, text=True, check=False)
        if checked.returncode != 0:
            raise Wrong(f"the mirror is damaged: {checked.stdout}{checked.stderr}")
        by_number = {row["id"]: row["commit"] for row in rows}
        names = self.names()
        for release in (self.deployments / "releases").iterdir():
            if release.name.startswith("."):
                continue
            version = names.get(by_number.get(int(release.name.split("-")[0])))
            if version is None or tree(release) != self.versions[version]:
                raise Wrong(f"{release.name} is not what its commit is")
        for backup in (self.deployments / "backups").iterdir():
            if backup.name.startswith(DISCARDED):
                continue
            about = json.loads((backup / "backup.json").read_text())
            if "version" in about and not self.in_place:
                if tree(backup / "tree") != self.versions[names[about["version"]["commit"]]]:
                    raise Wrong(f"the backup {backup.name} is not the version that it names")


@contextlib.contextmanager
def place():
    """A directory that goes with all that is mounted in it."""
    path = tempfile.mkdtemp(prefix="pinfold-crash-", dir=os.environ.get("TMPDIR", "/var/tmp"))
    os.chmod(path, 0o755)
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", f"{path}/disk"], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(path, ignore_errors=True)


def alone():
    """A mount namespace of this process's own (`man 2 unshare`): nothing that is mounted here is seen elsewhere, or outlives this."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x00020000) != 0 or libc.mount(b"none", b"/", None, 0x40000 | 0x4000, None) != 0:
        raise SystemExit("this needs root: it mounts a file system of its own")
