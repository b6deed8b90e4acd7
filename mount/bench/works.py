"""The work that is measured. Each function gets the tree as one peer shows it, and is timed as a whole, as the agent's user."""

import itertools
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

# What is compiled: packages of Python's own library, as real code is long.
LIBRARY = ["asyncio", "concurrent", "ctypes", "email", "html", "http", "importlib", "json", "logging", "multiprocessing", "unittest",
           "urllib", "xml"]  # fmt: skip


class Corpus:
    """A tree with what the works read: a git repository of small files in `code-repo`, the same in the view as `reading`, a big file,
    a smaller repository to clone, and its files in an archive to unpack."""

    def __init__(self, tree, quick, progress):
        self.tree = tree
        self.big = (64 if quick else 256) * 2**20
        self.count = 2_000 if quick else 10_000
        self.names_made = 500 if quick else 2_000
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
            # Python's own language, so that it can be compiled too.
            lines = [f'line{line} = "{" ".join(chance.choices(words, k=8))}"\n' for line in range(chance.randint(5, 80))]
            path.write_text("".join(lines))
        git(repository, "init", "-q", "-b", "main")
        for turn in range(20):
            for number in chance.sample(range(self.count), 50):
                path = repository / f"d{number % 40:02}" / f"s{number % 7}" / f"file{number}.py"
                path.write_text(path.read_text() + f"changed_in_turn = {turn}\n")
            git(repository, "add", "-A")
            git(repository, "commit", "-q", "-m", f"turn {turn}")
        # As a clone is; and the peers that keep a descriptor a file would have none left for a loose object each.
        git(repository, "repack", "-adq")
        shutil.copytree(repository, tree / "reading", symlinks=True)
        with open(tree / "big", "wb") as file:
            for _ in range(self.big // 2**20):
                file.write(chance.randbytes(2**20))
        # A tenth of it to unpack and to clone: these take their time on every disk.
        part = tree / "part"
        part.mkdir()
        for directory in sorted(repository.glob("d*"))[:4 if not quick else 8]:
            shutil.copytree(directory, part / directory.name)
        git(part, "init", "-q", "-b", "main")
        git(part, "add", "-A")
        git(part, "commit", "-q", "-m", "part")
        subprocess.run(["tar", "-C", part, "--exclude=.git", "-cf", tree / "archive.tar", "."], check=True)
        ask = "import sysconfig; print(sysconfig.get_path('stdlib'))"
        library = subprocess.run(["/usr/bin/python3", "-I", "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
        packages = [name for name in LIBRARY if (pathlib.Path(library) / name).is_dir()]
        subprocess.run(["tar", "-C", library, "--exclude=__pycache__", "-cf", tree / "library.tar", *packages], check=True)
        subprocess.run(["chown", "-R", f"{peers.AGENT}:{peers.AGENT}", tree], check=True)
        # The index holds inode numbers and times: an outdated one has git read every file again, at each status.
        for place in (repository, tree / "reading", part):
            git(place, "update-index", "-q", "--refresh")
            shutil.chown(place / ".git" / "index", peers.AGENT, peers.AGENT)
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
    # As cat does. Python's own open() asks in addition whether the file is a terminal, an ioctl that no cache of FUSE answers.
    for name in corpus.names:
        file = os.open(root / name, os.O_RDONLY)
        while os.read(file, 65_536):
            pass
        os.close(file)


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
    git(own, "clone", "-q", "--no-local", str(root / "part"), "clone")


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
    for number in range(corpus.names_made):
        os.close(os.open(own / f"new{number}", os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o644))


def zone_rename(root, corpus, own):
    for number in range(corpus.names_made):
        os.rename(own / f"there{number}", own / f"renamed{number}")


def zone_unlink(root, corpus, own):
    for number in range(corpus.names_made):
        os.unlink(own / f"there{number}")


def zone_remove(root, corpus, own):
    subprocess.run(["rm", "-rf", own / "unpacked"], **RUN)


def prepare_big(root, corpus, own):
    with open(own / "prepared", "wb") as file:
        for _ in range(64):
            file.write(bytes(2**20))


def prepare_many(root, corpus, own):
    for number in range(corpus.names_made):
        (own / f"there{number}").touch()


def prepare_unpacked(root, corpus, own):
    (own / "unpacked").mkdir()
    subprocess.run(["tar", "-C", own / "unpacked", "-xf", root / "archive.tar"], **RUN)


def prepare_library(root, corpus, own):
    (own / "unpacked").mkdir()
    subprocess.run(["tar", "-C", own / "unpacked", "-xf", root / "library.tar"], **RUN)


def build_compileall(root, corpus, own):
    subprocess.run(["/usr/bin/python3", "-I", "-m", "compileall", "-q", str(own / "unpacked")], **RUN)


def build_objects(root, corpus, own):
    git(own, "init", "-q", "objects")
    git(own / "objects", "--work-tree", str(root / "part"), "add", "-A")
    git(own / "objects", "commit", "-q", "-m", "objects")


def view_objects(root, corpus):
    git(root / "reading", "cat-file", "--batch-all-objects", "--batch", "--buffer")


VIEW = {
    "stat": view_stat, "open+close": view_open, "walk+lstat": view_walk, "find": view_find, "ripgrep": view_rg,
    "read small files": view_read, "git status": view_status, "git log -p": view_log, "stream read": view_stream,
    "random 4 KiB reads": view_random,
}  # fmt: skip
ZONE = {
    "untar": zone_untar, "ripgrep": zone_rg, "clone": zone_clone, "ten commits": zone_commits, "git status": zone_status,
    "stream write": zone_stream, "random 4 KiB writes": (zone_random_write, prepare_big), "create": zone_create,
    "rename": (zone_rename, prepare_many), "unlink": (zone_unlink, prepare_many), "rm -rf": (zone_remove, prepare_unpacked),
    "random 4 KiB reads of an open file": (zone_random_read, prepare_big),
}  # fmt: skip
# What reads nothing in code-repo, which is served whoever serves the sandbox.
SANDBOX = {name: work for name, work in ZONE.items() if name not in ("ripgrep", "git status")}
BUILD = {
    "python -m compileall": (build_compileall, prepare_library), "a commit's objects, made": build_objects,
    "a commit's objects, read": view_objects,
}  # fmt: skip
# Beside the eleven works whose mean is spoken of.
NOT_IN_MEAN = {"random 4 KiB reads of an open file"}


# ── Taking turns ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def compare(everybody, corpus, table, rounds, progress, fresh=False):
    """For each work and peer: the median over the rounds of its time divided by native's in the same round.

    `fresh` mounts anew before each turn, so that the kernel's caches of the mount are empty while the disk's are warm.
    """
    place = corpus.tree.parent
    ratios = {}
    try:
        for name, entry in table.items():
            # Anew for each work: what it finds in the caches it has put there itself, and no peer runs out of descriptors by what came before.
            for peer in everybody:
                peer.unmount()
                peer.mount(corpus.tree, place)
            times = {peer.name: [] for peer in everybody}
            failed = set()
            for turn in range(rounds + (0 if fresh else 1)):
                # Everybody's turn comes first once: none always follows the same neighbour.
                order = everybody[turn % len(everybody) :] + everybody[: turn % len(everybody)]
                for peer in order:
                    if peer.name in failed:
                        continue
                    if fresh:
                        peer.unmount()
                        peer.mount(corpus.tree, place)
                    seconds = timed(peer, corpus, entry)
                    if seconds is None:
                        # Others' faults are a result; our own end it.
                        if peer.is_ours:
                            raise SystemExit(f"pinfold: {name} failed at {peer.path}")
                        failed.add(peer.name)
                    elif fresh or turn > 0:
                        times[peer.name].append(seconds)
            ratios[name] = {
                peer.name: None if peer.name in failed else median_ratio(times[peer.name], times["native"]) for peer in everybody
            }
            ratios[name]["native seconds"] = round(statistics.median(times["native"]), 5)
            shown = {peer.name: ratios[name][peer.name] for peer in everybody[1:]}
            progress(f"   {name}: " + ", ".join(f"{who} {'fails' if value is None else f'{value:.2f}'}" for who, value in shown.items()))
    finally:
        for peer in everybody:
            peer.unmount()
    rows = [row for name, row in ratios.items() if name not in NOT_IN_MEAN]
    means = {}
    for peer in everybody:
        done = [row[peer.name] for row in rows if row[peer.name] is not None]
        means[peer.name] = round(statistics.geometric_mean(done), 3) if done else None
    progress("   geometric mean: " + ", ".join(f"{name} {value}" for name, value in means.items()))
    return {"ratios": ratios, "geometric mean": means}


def median_ratio(mine, native):
    return round(statistics.median(own / base for own, base in zip(mine, native)), 3)


TURNS = itertools.count()


def timed(peer, corpus, entry):
    """Seconds that the work takes in a child process of the agent's user, in a directory of its own where it is for a zone; None if it fails."""
    work, prepare = entry if isinstance(entry, tuple) else (entry, None)
    root = pathlib.Path(peer.path)
    zone = work.__name__.startswith(("zone", "build"))
    # Never removed before all is done: ext4 looks longer for an inode that it may use where many were freed in the last minutes, and what
    # one turn removed would be paid for by the next one's creations.
    own = root / "sandbox" / f"own{next(TURNS)}"
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            peer.enter()
            if not (peer.as_root == "everything" or zone and peer.as_root == "writing"):
                os.setgroups([])
                os.setgid(peers.AGENT)
                os.setuid(peers.AGENT)
            os.environ.update(peer.environment, HOME="/nonexistent")
            if zone:
                own.mkdir()
                if prepare:
                    prepare(root, corpus, own)
            started = time.perf_counter()
            work(root, corpus, own) if zone else work(root, corpus)
            os.write(writer, repr(time.perf_counter() - started).encode())
            for big in ("stream", "prepared") if zone else ():
                (own / big).unlink(missing_ok=True)
            code = 0
        except BaseException as error:
            os.write(2, f"{work.__name__} at {root}: {error!r}\n".encode())
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    return float(text) if status == 0 else None
