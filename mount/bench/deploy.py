"""What the deploy half costs: from a commit to its record, at rest, the pipeline's own time as trees and changes grow, and `pinfold status`."""

import json
import os
import pathlib
import shutil
import sqlite3
import statistics
import subprocess
import time

import peers

FOLDER = 100  # files in a directory


class Installation:
    """A repository of so many files, and a daemon that deploys it: no build, no health check, a test that ends at once."""

    test_command = "true"

    def __init__(self, place, files):
        self.root = place / f"deploy-{files}"
        self.data = self.root / "agent-data"
        self.repository = self.data / "code-repo"
        self.status_file = self.data / "deployments" / "status.json"
        self.programs = pathlib.Path(os.environ["PINFOLD_PROGRAMS"])
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AGENT_")},
            "AGENT_DATA_ROOT": str(self.data),
            "AGENT_USER": f"{peers.AGENT}:{peers.AGENT}",
            "AGENT_CODE_SOURCE": str(self.root / "source"),
        }
        if self.test_command:
            self.environment["AGENT_DEPLOY_TEST_COMMAND"] = self.test_command
        self.daemon = None
        self.turn = 0
        source = self.root / "source"
        self.fill(source, files)
        # In the place of the machine's own settings.
        empty = self.root / "empty.env"
        empty.touch()
        self.settings = ["--config", str(empty)]
        self.git(source, "init", "-q", "-b", "main")
        self.git(source, "add", "-A")
        self.git(source, "commit", "-q", "-m", "all of it")
        self.pinfold("init")

    def fill(self, source, files):
        for number in range(files):
            folder = source / f"d{number // FOLDER}"
            if number % FOLDER == 0:
                folder.mkdir(parents=True)
            (folder / f"f{number % FOLDER}").write_text(f"file {number}\n" * (1 + number % 200))

    def git(self, where, *words, user=None):
        identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "gc.auto=0"]
        words = ["git", "-C", str(where), *identity, *words]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, user=user, group=user, extra_groups=[] if user else None,
                       env={**self.environment, "HOME": "/nonexistent"})  # fmt: skip

    def pinfold(self, *words):
        words = [self.programs / "pinfold", *words, *self.settings]
        return subprocess.run(words, check=True, capture_output=True, text=True, env=self.environment).stdout

    def start(self):
        self.daemon = subprocess.Popen([self.programs / "pinfold-deployd", *self.settings], env=self.environment, stderr=subprocess.DEVNULL)

    def stop(self):
        if self.daemon:
            self.daemon.terminate()
            self.daemon.wait(30)
            self.daemon = None

    def commit(self, count):
        """Changes that many files and commits; the new commit."""
        self.turn += 1
        for number in range(count):
            # Spread over the tree, as a change of a hundred files is.
            path = self.repository / f"d{number * 7 % max(1, len(self.folders))}" / f"f{number % FOLDER}"
            path.write_text(f"changed {self.turn} {number}\n")
        self.git(self.repository, "commit", "-q", "-a", "-m", f"change {self.turn}", user=peers.AGENT)

    @property
    def folders(self):
        return [name for name in os.listdir(self.repository) if name.startswith("d")]

    def tip(self):
        return (self.repository / ".git" / "refs" / "heads" / "main").read_text().strip()

    def status(self):
        try:
            return json.loads(self.status_file.read_text())
        except FileNotFoundError:
            return {}

    def deployed(self, commit, seconds=240):
        """Waits for the commit to be deployed, and for nothing to be under way; its record."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status = self.status()
            last = status.get("last")
            if last and last["commit"] == commit and "current" not in status:
                if last["state"] != "deployed":
                    raise SystemExit(f"deployment {last['id']} ended as {last['state']}: {last.get('reason')}")
                return last
            time.sleep(0.02)
        raise SystemExit(f"{commit} was not deployed within {seconds} s: {self.status().get('warnings')}")


def milliseconds(text):
    """A record's time of day, as milliseconds of its day; the benchmark does not run over midnight twice."""
    hours, minutes, seconds = text[11:23].split(":")
    return (int(hours) * 3600 + int(minutes) * 60) * 1000 + round(float(seconds) * 1000)


def own_time(record):
    """Milliseconds from the record's first state to its end without the test command's run, and each step's."""
    steps = {step["stage"]: milliseconds(step["ended"]) - milliseconds(step["started"]) for step in record["steps"]}
    return milliseconds(record["ended"]) - milliseconds(record["detected"]) - of_tests(record), steps


def of_tests(record):
    """Milliseconds of all runs of the tests."""
    return sum((record.get(run) or {}).get("duration_milliseconds", 0) for run in ("verdict", "verdict_with_deployed_surface", "bite"))


class Program(Installation):
    """A program in Python with tests, of a kind that is found by itself: one test file for four modules, which it imports and which read some data."""

    test_command = None

    def fill(self, source, files):
        for number in range(files // 10):
            package = source / "app" / f"p{number}"
            package.mkdir(parents=True)
            (package / "__init__.py").write_text("")
            for module in range(6):
                (package / f"m{module}.py").write_text(f"import json\n\n\ndef f(a):\n    return a + {module}\n" + "# line\n" * 60)
            (source / "tests" / "data").mkdir(parents=True, exist_ok=True)
            (source / "tests" / "data" / f"{number}.json").write_text("[1, 2]")
            for half in range(2):
                (source / "tests" / f"test_{number}_{half}.py").write_text(
                    "import unittest\n\n" + "".join(f"from app.p{number}.m{m} import f as f{m}\n" for m in range(half, 6, 2))
                    + f"\nDATA = 'tests/data/{number}.json'\n\n\nclass T(unittest.TestCase):\n    def test_f(self):\n"
                    + "".join(f"        self.assertEqual(f{m}(1), {1 + m})\n" for m in range(half, 6, 2)))  # fmt: skip

    def commit(self, count):
        self.turn += 1
        for number in range(count):
            path = self.repository / "app" / f"p{number}" / "m0.py"
            path.write_text(f"def f(a):\n    return a + 0 * {self.turn}\n\n\ndef g(a):\n    return [a] * {self.turn}\n")
        self.git(self.repository, "commit", "-q", "-a", "-m", f"change {self.turn}", user=peers.AGENT)


def gate(place, files, rounds, progress):
    """Milliseconds from a commit's record to its verdict, beyond the runs of its tests: taking in, export, classification, copies, and whether somebody is asked."""
    installation = Program(place, files)
    try:
        installation.start()
        installation.deployed(installation.tip())
        result = {"files": files}
        for name, count in (("one file", 1), ("50 files", 50)):
            times, all_steps, runs = [], [], []
            for _ in range(rounds):
                installation.commit(count)
                record = installation.deployed(installation.tip())
                _, steps = own_time(record)
                approved = next(step["ended"] for step in record["steps"] if step["stage"] == "approve")
                times.append(milliseconds(approved) - milliseconds(record["detected"]) - of_tests(record))
                all_steps.append(steps)
                runs.append(of_tests(record))
            result[name] = round(statistics.median(times))
            result[f"{name}, runs"] = round(statistics.median(runs))
            result[f"{name}, by step"] = {stage: round(statistics.median(s[stage] for s in all_steps)) for stage in all_steps[0]}
        progress(f"   the gate, {files} files: one file {result['one file']} ms, 50 files {result['50 files']} ms; the runs {result['one file, runs']} ms")
        return result
    finally:
        installation.stop()
        shutil.rmtree(installation.root, ignore_errors=True)


def pipeline(place, files, rounds, progress):
    installation = Installation(place, files)
    try:
        installation.start()
        first, steps = own_time(installation.deployed(installation.tip()))
        result = {"files": files, "first deployment": first, "first, by step": steps}
        for name, count in (("one file", 1), ("100 files", 100)):
            times, all_steps = [], []
            for _ in range(rounds):
                installation.commit(count)
                own, steps = own_time(installation.deployed(installation.tip()))
                times.append(own)
                all_steps.append(steps)
            result[name] = round(statistics.median(times))
            result[f"{name}, by step"] = {stage: round(statistics.median(s[stage] for s in all_steps)) for stage in all_steps[0]}
        progress(f"   {files} files: first {first} ms, one file {result['one file']} ms, 100 files {result['100 files']} ms")
        return result
    finally:
        installation.stop()
        shutil.rmtree(installation.root, ignore_errors=True)


def recorded(installation, rounds):
    """Milliseconds from `git commit` returning to status.json on disk naming the commit; nothing else is under way."""
    times = []
    for _ in range(rounds):
        installation.turn += 1
        (installation.repository / "d0" / "f0").write_text(f"changed {installation.turn}\n")
        installation.git(installation.repository, "commit", "-q", "-a", "-m", "one more", user=peers.AGENT)
        returned = time.perf_counter()
        commit = installation.tip()
        while installation.status().get("tip") != commit:
            if time.perf_counter() - returned > 30:
                raise SystemExit(f"{commit} was not recorded within 30 s")
            time.sleep(0.001)
        times.append((time.perf_counter() - returned) * 1000)
        installation.deployed(commit)
    return {"median": round(statistics.median(times), 1), "max": round(max(times), 1), "commits": rounds}


def at_rest(process, seconds):
    """Processor time of the daemon and of whatever it has started, of all their threads, and how often one was woken."""

    def used():
        total, switches = 0, 0
        for member in [process.pid, *descendants(process.pid)]:
            for task in pathlib.Path(f"/proc/{member}/task").iterdir():
                total += int((task / "schedstat").read_text().split()[0])
                lines = (task / "status").read_text().splitlines()
                switches += next(int(line.split()[1]) for line in lines if line.startswith("voluntary"))
        return total, switches

    before = used()
    time.sleep(seconds)
    after = used()
    return {"seconds": seconds, "processor milliseconds": round((after[0] - before[0]) / 1e6, 2), "wake-ups": after[1] - before[1]}


def descendants(pid):
    found = [int(child) for task in pathlib.Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    return found + [further for child in found for further in descendants(child)]


def lengthen(installation, count):
    """Puts so many deployments behind the newest: copies of one that was deployed."""
    database = sqlite3.connect(installation.data / "deployments" / "history.sqlite")
    commit, state, record = database.execute(
        "SELECT commit_id, state, record FROM deployments WHERE state = 'deployed' ORDER BY id DESC LIMIT 1").fetchone()  # fmt: skip
    value = json.loads(record)
    (last,) = database.execute("SELECT max(id) FROM deployments").fetchone()
    with database:
        for number in range(last + 1, last + 1 + count):
            value["id"] = number
            database.execute("INSERT INTO deployments (id, commit_id, state, ended, record) VALUES (?, ?, ?, 1, ?)",
                             (number, commit, state, json.dumps(value).encode()))  # fmt: skip
    database.close()


def commands(installation, rounds):
    """Milliseconds that `pinfold status` takes, beside a program that does nothing."""
    table = {"pinfold status": [installation.programs / "pinfold", "status", *installation.settings],
             "pinfold --version": [installation.programs / "pinfold", "--version"], "true": ["/bin/true"]}  # fmt: skip
    times = {name: [] for name in table}
    for _ in range(rounds):
        for name, words in table.items():
            started = time.perf_counter()
            subprocess.run(words, env=installation.environment, check=True, stdout=subprocess.DEVNULL)
            times[name].append((time.perf_counter() - started) * 1000)
    return {name: {"median": round(statistics.median(values), 1), "max": round(max(values), 1)} for name, values in times.items()}


def measure(place, quick, progress):
    results = {}
    installation = Installation(place, FOLDER)
    try:
        installation.start()
        installation.deployed(installation.tip())
        results["recorded"] = recorded(installation, 10 if quick else 30)
        progress(f"   recorded {results['recorded']}")
        # Threads that have nothing to do are kept for some seconds, and end.
        time.sleep(15)
        results["at rest"] = at_rest(installation.daemon, 30)
        progress(f"   at rest {results['at rest']}")
        results["status"] = {"deployments": 30, **commands(installation, 10 if quick else 30)}
        installation.stop()
        lengthen(installation, 10_000)
        installation.start()
        while not (installation.data / "deployments" / "admin" / "admin.sock").exists():
            time.sleep(0.05)
        results["status, long history"] = {"deployments": 10_030, **commands(installation, 10 if quick else 30)}
        progress(f"   status {results['status']}, after 10,000 deployments {results['status, long history']}")
    finally:
        installation.stop()
        shutil.rmtree(installation.root, ignore_errors=True)
    results["gate"] = gate(place, 1000, 3 if quick else 10, progress)
    sizes = [1000, 10_000] if quick else [1000, 10_000, 100_000]
    results["pipeline"] = [pipeline(place, files, 2 if quick else 5, progress) for files in sizes]
    return results


def tables(results):
    recorded, rest = results["recorded"], results["at rest"]
    lines = ["", "### Deployments", "", "| files | first deployment, ms | one file changed, ms | 100 files changed, ms |", "| ---: | ---: | ---: | ---: |"]
    lines += [f"| {row['files']} | {row['first deployment']} | {row['one file']} | {row['100 files']} |" for row in results["pipeline"]]
    gate_row = results["gate"]
    lines += ["", f"From the record of a commit to its verdict, beyond the runs of its tests ({gate_row['one file, runs']} ms), in a Python program of\n"
              f"{gate_row['files']} files: {gate_row['one file']} ms with one file changed, {gate_row['50 files']} ms with 50."]  # fmt: skip
    lines += ["", f"From `git commit` to its record: {recorded['median']} ms (median), {recorded['max']} ms (most of {recorded['commits']}). "
              f"At rest for {rest['seconds']} s: {rest['processor milliseconds']} ms of processor time, {rest['wake-ups']} wake-ups."]  # fmt: skip
    for name in ("status", "status, long history"):
        row = results[name]
        lines += ["", f"`pinfold status` after {row['deployments']} deployments: {row['pinfold status']['median']} ms (median), "
                  f"{row['pinfold status']['max']} ms (most); `/bin/true` {row['true']['median']} ms"]  # fmt: skip
    return lines
