"""The work that is measured. Each function gets the tree as one peer shows it, and is timed as a whole, as the agent's user."""

import os
import pathlib
import random
import shutil
import statistics
import subprocess
import time

import peers

RUN = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": True}
GIT = ["git", "-c", "user.name=Bench", "-c", "user.email=bench@localhost", "-c", "gc.auto=0"]


class Corpus:
    """A tree with what the works read: a git repository of small files in `code-repo`, a big file, and an archive to unpack."""

    def __init__(self, tree, quick, progress):
        self.tree = tree
        self.big = (64 if quick else 256) * 2**20
        self.count = 2_000 if quick else 10_000
        # Root works in what the agent owns where a peer leaves no other way; upload-pack reads this file too, unlike `-c`.
        settings = tree.parent / "gitconfig"
        settings.write_text("[safe]\n\tdirectory = *\n")
        os.environ["GIT_CONFIG_GLOBAL"] = str(settings)
        progress(f"Making a tree of {self.count} small files")
        chance = random.Random(1)
        words = [f"word{number}" for number in range(500)]
        repository = tree / "code-repo"
        repository.mkdir(parents=True)
        (tree / "sandbox").mkdir()
        for number in range(self.count):
            path = repository / f"d{number % 40:02}" / f"s{number % 7}" / f"file{number}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(" ".join(chance.choices(words, k=8)) for _ in range(chance.randint(5, 80))) + "\n")
        git(repository, "init", "-q", "-b", "main")
        for turn in range(20):
            for number in chance.sample(range(self.count), 50):
                path = repository / f"d{number % 40:02}" / f"s{number % 7}" / f"file{number}.py"
                path.write_text(path.read_text() + f"changed in turn {turn}\n")
            git(repository, "add", "-A")
            git(repository, "commit", "-q", "-m", f"turn {turn}")
        shutil.copytree(repository, tree / "reading", symlinks=True)
        with open(tree / "big", "wb") as file:
            for _ in range(self.big // 2**20):
                file.write(chance.randbytes(2**20))
        subprocess.run(["tar", "-C", repository, "--exclude=.git", "-cf", tree / "archive.tar", "."], check=True)
        subprocess.run(["chown", "-R", f"{peers.AGENT}:{peers.AGENT}", tree], check=True)
        self.names = [str(path.relative_to(tree)) for path in (tree / "reading").rglob("*.py")]
        chance.shuffle(self.names)


def git(directory, *words):
    subprocess.run([*GIT, "-C", str(directory), *words], **RUN)


# ── The view ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def view_stat(root, corpus):
    for name in corpus.names:
        os.stat(root / name)


def view_open(root, corpus):
    for name in corpus.names:
        os.close(os.open(root / name, os.O_RDONLY))


def view_walk(root, corpus):
    for directory, _, names in os.walk(root / "reading"):
        for name in names:
            os.lstat(os.path.join(directory, name))


def view_find(root, corpus):
    subprocess.run(["find", root / "reading", "-newer", root / "archive.tar"], **RUN)


def view_rg(root, corpus):
    subprocess.run(["rg", "-c", "--no-ignore", "word499 word1", root / "reading"], **{**RUN, "check": False})


def view_read(root, corpus):
    for name in corpus.names:
        with open(root / name, "rb") as file:
            file.read()


def view_status(root, corpus):
    git(root / "reading", "--no-optional-locks", "status", "--short")


def view_log(root, corpus):
    git(root / "reading", "log", "-p")


def view_stream(root, corpus):
    with open(root / "big", "rb", buffering=0) as file:
        while file.read(2**20):
            pass


def view_random(root, corpus):
    random_blocks(root / "big", os.O_RDONLY, corpus.big, lambda file, offset: os.pread(file, 4096, offset))


def random_blocks(path, flags, size, action):
    chance = random.Random(7)
    file = os.open(path, flags)
    for _ in range(10_000):
        action(file, chance.randrange(size // 4096) * 4096)
    os.close(file)


# ── A zone: each works in a directory of its own that is made before and removed after, outside the time ──────────────────────────


def zone_untar(root, corpus, own):
    subprocess.run(["tar", "-C", own, "-xf", root / "archive.tar"], **RUN)


def zone_rg(root, corpus, own):
    subprocess.run(["rg", "-c", "--no-ignore", "word499 word1", root / "code-repo"], **{**RUN, "check": False})


def zone_clone(root, corpus, own):
    git(own, "clone", "-q", "--no-local", str(root / "code-repo"), "clone")


def zone_commits(root, corpus, own):
    git(own, "init", "-q", ".")
    for turn in range(10):
        (own / f"file{turn}").write_text(str(turn))
        git(own, "add", "-A")
        git(own, "commit", "-q", "-m", str(turn))


def zone_status(root, corpus, own):
    git(root / "code-repo", "--no-optional-locks", "status", "--short")


def zone_stream(root, corpus, own):
    block = bytes(2**20)
    with open(own / "stream", "wb", buffering=0) as file:
        for _ in range(corpus.big // 2**20):
            file.write(block)


def zone_random_write(root, corpus, own):
    block = bytes(4096)
    random_blocks(own / "prepared", os.O_RDWR, 64 * 2**20, lambda file, offset: os.pwrite(file, block, offset))


def zone_random_read(root, corpus, own):
    random_blocks(own / "prepared", os.O_RDWR, 64 * 2**20, lambda file, offset: os.pread(file, 4096, offset))


def zone_create(root, corpus, own):
    for number in range(2000):
        os.close(os.open(own / f"new{number}", os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o644))


def zone_rename(root, corpus, own):
    for number in range(2000):
        os.rename(own / f"there{number}", own / f"renamed{number}")


def zone_unlink(root, corpus, own):
    for number in range(2000):
        os.unlink(own / f"there{number}")


def zone_remove(root, corpus, own):
    subprocess.run(["rm", "-rf", own / "unpacked"], **RUN)


def prepare_big(root, own):
    with open(own / "prepared", "wb") as file:
        for _ in range(64):
            file.write(bytes(2**20))


def prepare_many(root, own):
    for number in range(2000):
        (own / f"there{number}").touch()


def prepare_unpacked(root, own):
    (own / "unpacked").mkdir()
    subprocess.run(["tar", "-C", own / "unpacked", "-xf", root / "archive.tar"], **RUN)


def build_compileall(root, corpus, own):
    subprocess.run(["tar", "-C", own, "-xf", root / "archive.tar"], **RUN)
    subprocess.run(["/usr/bin/python3", "-I", "-m", "compileall", "-q", str(own)], **{**RUN, "check": False})


VIEW = {
    "stat": view_stat, "open+close": view_open, "walk+lstat": view_walk, "find": view_find, "ripgrep": view_rg,
    "read small files": view_read, "git status": view_status, "git log -p": view_log, "stream read": view_stream,
    "random 4 KiB reads": view_random,
}  # fmt: skip
ZONE = {
    "untar": zone_untar, "ripgrep": zone_rg, "clone": zone_clone, "ten commits": zone_commits, "git status": zone_status,
    "stream write": zone_stream, "random 4 KiB writes": (zone_random_write, prepare_big), "create": zone_create,
    "rename": (zone_rename, prepare_many), "unlink": (zone_unlink, prepare_many), "rm -rf": (zone_remove, prepare_unpacked),
    "random 4 KiB reads": (zone_random_read, prepare_big),
}  # fmt: skip
BUILD = {"untar and compileall": build_compileall}


# ── Taking turns ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def compare(everybody, corpus, table, rounds, progress, fresh=False):
    """For each work and peer: the median over the rounds of its time divided by native's in the same round.

    `fresh` mounts anew before each turn, so that the kernel's caches of the mount are empty while the disk's are warm.
    """
    place = corpus.tree.parent
    ratios = {}
    try:
        for peer in everybody:
            peer.mount(corpus.tree, place)
        for name, entry in table.items():
            times = {peer.name: [] for peer in everybody}
            for turn in range(rounds + (0 if fresh else 1)):
                # Everybody's turn comes first once: none always follows the same neighbour.
                order = everybody[turn % len(everybody) :] + everybody[: turn % len(everybody)]
                for peer in order:
                    if fresh:
                        peer.unmount()
                        peer.mount(corpus.tree, place)
                    seconds = timed(peer, corpus, entry)
                    if fresh or turn > 0:
                        times[peer.name].append(seconds)
            ratios[name] = {
                peer.name: round(statistics.median(mine / base for mine, base in zip(times[peer.name], times["native"])), 3)
                for peer in everybody
            }
            ratios[name]["native seconds"] = round(statistics.median(times["native"]), 5)
            progress(f"   {name}: " + ", ".join(f"{peer.name} {ratios[name][peer.name]:.2f}" for peer in everybody[1:]))
    finally:
        for peer in everybody:
            peer.unmount()
    means = {peer.name: round(statistics.geometric_mean(row[peer.name] for row in ratios.values()), 3) for peer in everybody}
    progress("   geometric mean: " + ", ".join(f"{name} {value:.2f}" for name, value in means.items()))
    return {"ratios": ratios, "geometric mean": means}


def timed(peer, corpus, entry):
    """Seconds that the work takes in a child process of the agent's user; what it made is removed afterwards."""
    work, prepare = entry if isinstance(entry, tuple) else (entry, None)
    root = pathlib.Path(peer.path)
    zone = work.__name__.startswith(("zone", "build"))
    own = root / "sandbox" / "own"
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if not (zone and peer.writes_as_root):
                os.setgroups([])
                os.setgid(peers.AGENT)
                os.setuid(peers.AGENT)
            os.environ["HOME"] = "/nonexistent"
            if zone:
                own.mkdir()
                if prepare:
                    prepare(root, own)
            started = time.perf_counter()
            work(root, corpus, own) if zone else work(root, corpus)
            os.write(writer, repr(time.perf_counter() - started).encode())
            if zone:
                shutil.rmtree(own)
            code = 0
        except BaseException as error:
            os.write(2, f"{work.__name__} at {root}: {error!r}\n".encode())
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise SystemExit(f"pinfold: {work.__name__} failed at {root}")
    return float(text)
