"""What both commands have in common: which scenarios, for how long, and what is said of each."""

import argparse
import os
import random
import sys
import time
import traceback

import farm
import scenarios


FAULTS = (farm.Wrong, OSError, KeyError, ValueError)


def arguments(description, what, add, others=()):
    """The command's words. `others` are names that it knows beside the scenarios."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [f"{name}/{place}" for name in scenarios.ALL for place in ("link", "in-place")] + list(others)
    parser.add_argument("--only", nargs="+", metavar="NAME", default=[], help=f"only these: {' '.join(names)}")
    parser.add_argument("--seconds", type=float, help=f"{what} chosen by chance, for about so long in all")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30), help="what chance begins with")
    add(parser)
    options = parser.parse_args()
    wrong = [name for name in options.only if name not in names and name not in scenarios.ALL]
    if wrong:
        parser.error(f"there is no scenario {wrong[0]}; there are: {' '.join(names)}")
    options.names = [name for name in names if not options.only or name in options.only or name.split("/")[0] in options.only]
    return options


class Run:
    """All scenarios, one after the other, each on a disk of its own."""

    def __init__(self, options):
        self.options = options
        self.chance = random.Random(options.seed)
        self.programs = os.environ["PINFOLD_PROGRAMS"]
        self.failures = []
        self.count = 0

    def each(self, body, other=None):
        """Calls `body` with each scenario, made ready and saved, and with the moment at which it has to stop; `other` with what is none, and a place."""
        farm.alone()
        names = list(self.options.names)
        if self.options.seconds:
            # Each has to be made ready first: as many as there is time for.
            self.chance.shuffle(names)
            names = names[: max(1, int(self.options.seconds / 8))]
        end = time.monotonic() + self.options.seconds if self.options.seconds else None
        for index, name in enumerate(names):
            kind, _, where = name.partition("/")
            now = time.monotonic()
            if end and now > end:
                break
            until = now + (end - now) / (len(names) - index) if end else None
            with farm.place() as path:
                if kind not in scenarios.ALL:
                    started = time.monotonic()
                    line = other(name, path, until)
                else:
                    made = scenarios.ALL[kind]
                    ground = farm.Farm(self.programs, path, where == "in-place", made.push)
                    scenario = made(ground)
                    scenario.prepare()
                    ground.save()
                    started = time.monotonic()
                    line = body(name, scenario, until)
                print(f"{name:22} {line} ({time.monotonic() - started:.0f} s)", flush=True)

    def point(self, name, place, scenario, cut_short):
        """One crash, and everything that has to hold after it."""
        self.count += 1
        ground = scenario.farm
        try:
            ground.restore()
            scenario.answered = None
            scenario.act()
            if not cut_short():
                return False
            with ground.daemon():
                scenario.resume()
                if self.count % 3 == 0:
                    # Whatever was left of the crash, the next commit deploys.
                    scenario.next()
                    ground.wait(ground.is_deployed("next"), "the next commit is deployed")
            ground.check_end("next" if self.count % 3 == 0 else scenario.end)
            if self.count % 3 != 0:
                scenario.check()
        except FAULTS as error:
            self.failed(name, place, error, ground.place)
        return True

    def failed(self, name, place, error, where):
        """Says what did not hold, with the end of the log below `where`."""
        self.failures.append((name, place))
        said = str(error) if isinstance(error, farm.Wrong) else traceback.format_exc()
        print(f"FAILED {name} {place}: {said}\n{tail(where)}", flush=True)

    def finish(self, what):
        print(f"{self.count} {what}, {len(self.failures)} failed (seed {self.options.seed})")
        for name, place in self.failures:
            print(f"  {name} {place}")
        sys.exit(1 if self.failures else 0)


def tail(where):
    text = (where / "log").read_text(errors="replace").splitlines()
    return "\n".join(f"    {line}" for line in text[-12:])
