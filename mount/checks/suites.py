"""The tests, in groups: what may run beside each other does."""

import os
import re
import subprocess
import tempfile
import threading
import time
import xml.etree.ElementTree as tree
from dataclasses import dataclass

import programs

# Minutes that a group may take before it is ended: some test stands.
LONGEST = 120
# What is worth showing of what a group printed, and what begins something else, so that an issue's own further lines are shown with it.
NEWS = re.compile(r"✘|recorded an issue|[✔✘] Test run|error:|Fatal|Crash")
OTHER = re.compile(r"^(\x1b\[\d+m)?[◇✔✘]")
# A crash in a few lines: where, and without every register and library.
BACKTRACE = {"SWIFT_BACKTRACE": "enable=yes,color=no,threads=crashed,registers=none,images=none,sanitize=no,limit=24"}
# How many tests run beside each other. Without a limit all begin at once, and a test's own time limit counts its waiting for a thread.
WIDTH = 6
# Seconds for which the machine may stand still before a test's own deadlines mean nothing.
STILL = 2


@dataclass(frozen=True)
class Group:
    """Tests whose names match, at once or one after the other."""

    pattern: str
    # A floor, so that a pattern that matches nothing, or a suite that vanished, is seen.
    least: int
    without: str = ""
    at_once: bool = False

    def __call__(self, out):
        """Holds that all passed, that none was skipped, and that some ran.

        What fails is run once more, by itself, and both runs are shown. One that passes only then is a fault, too: unless the machine stood still."""
        with tempfile.TemporaryDirectory() as directory, Standstill() as standstill:
            report = os.path.join(directory, "report.xml")
            log, ended = run(self, report, LONGEST * 60)
            show(out, log)
            cases = read(report)
            failed = [identity(case) for case in cases if case.find("failure") is not None]
            if ended != 0:
                if not 0 < len(failed) <= 5:
                    print("\n".join(log[-60:]), file=out)
                    return False
                stood = standstill.longest
                again, ended = run(Group("|".join(f"^{re.escape(name)}" for name in failed), 1), report + ".again", 600)
                print("Failed, and run once more by themselves:", *failed, file=out)
                show(out, again)
                if ended != 0 or stood < STILL:
                    print("\n".join(log[-60:]), file=out)
                    if ended == 0:
                        print("They pass when run again: a fault that comes and goes is a fault.", file=out)
                    return False
                print(f"They passed this time, and the machine had stood still for {stood:.0f} s: taken as that.", file=out)
        skipped = [identity(case) for case in cases if case.find("skipped") is not None]
        if skipped:
            print("skipped, and nothing may be:", *skipped, file=out)
        if len(cases) < self.least:
            print(f"only {len(cases)} tests ran; at least {self.least} are there", file=out)
        return not skipped and len(cases) >= self.least


def run(group, report, longest):
    """What was printed, and how it ended. The bundle itself, because two of the package manager's runs would wait for each other."""
    bundle = programs.directory() / "pinfoldPackageTests.xctest"
    command = [bundle, "--testing-library", "swift-testing", "--xunit-output", report, "--filter", group.pattern]
    command += ["--skip", group.without] if group.without else []
    command += ["--experimental-maximum-parallelization-width", str(WIDTH)] if group.at_once else ["--no-parallel"]
    started = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, errors="replace",
        env=os.environ | BACKTRACE,
    )
    late = threading.Timer(longest, started.kill)
    late.start()
    with started:
        log = started.stdout.read().splitlines()
    late.cancel()
    if started.returncode < 0:
        log.append(f"error: ended by signal {-started.returncode}" + (f" after {longest} s" if not late.is_alive() else ""))
    return log, started.returncode


def show(out, log):
    """The news, each with the first and the last of its further lines, so that none hides another."""
    shown, block = 0, None
    for line in [*log, None]:
        is_news = line is not None and NEWS.search(line)
        if block and (line is None or is_news or OTHER.search(line)):
            for part in (*block[:10], *block[max(10, len(block) - 15) :]):
                print(part[:400], file=out)
            shown, block = shown + 1, None
        if is_news:
            block = [line] if shown < 50 else None
        elif block:
            block.append(line)


def read(report):
    try:
        return list(tree.parse(report).getroot().iter("testcase"))
    except (OSError, tree.ParseError):
        return []


def identity(case):
    return case.get("classname", "") + "/" + case.get("name", "")


class Standstill:
    """How long this machine stood still, in seconds: for how long a thread that only sleeps was not woken."""

    longest = 0.0

    def __enter__(self):
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def _watch(self):
        before = time.monotonic()
        while not self._over.wait(0.1):
            now = time.monotonic()
            self.longest = max(self.longest, now - before - 0.1)
            before = now

    def __exit__(self, *_):
        self._over.set()


# Nobody runs beside these. Some take all that an agent may of the disk, of descriptors, of memory and of the record. Some count requests or records, which
# takes a filesystem that others leave alone. Some give a thread of their own process mounts of its own, which holds everybody's views.
ALONE = (
    r"GatewayTests\.(ExhaustionTests|SessionCachingTests|ZoneQuota|ZoneLinks|DirectRecord)|AgentRunTests\.`?(The.record.of.refusals|A.control.group)"
    r"|FenceTests\.`?A.control.group"
    r"|(LinuxSystem|FuseSession)Tests\."
)
# Commits that cheat and commits that do not, with the real runners of their languages.
JUDGES = r"DeployServiceTests\.(Cheat|Judge|Numb|Runner)Tests"
# The daemon killed at each of its fault points, and started again.
KILLS = r"DeployServiceTests\.(Client|HotReload)?CrashTests"
# One after the other: these start daemons that start tests, with a fork bomb among them, or hold that time grows with a length and no faster.
DAEMONS = r"(GitRepository|DeployModel|DeploySteps|DeployService|AdminServer)Tests\."

# The gateway's and the command line's, whatever is pure, and whatever is new.
GATEWAY = Group(r"\.", 400, f"^({ALONE}|{DAEMONS})", at_once=True)
LIMITS = Group(f"^({ALONE})", 45)
DEPLOY = Group(f"^{DAEMONS}", 280, f"^({JUDGES}|{KILLS})")
JUDGE = Group(f"^{JUDGES}", 18)
RESTARTS = Group(f"^{KILLS}", 3)
