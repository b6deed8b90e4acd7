"""The deployments that are cut short: what is there before, what is asked for, and what has to come of it."""

import threading
import time

from farm import Wrong


class Scenario:
    """`prepare` makes what is there before; `act` does the agent's part before the daemon's start; `answer` is asked of the running daemon."""

    name = ""
    #: Versions that the target may be when the daemon ended.
    versions = ("one", "two")
    #: The version that runs in the end.
    end = "two"
    push = False
    def __init__(self, farm):
        self.farm = farm
        self.answered = None

    def prepare(self):
        for version in ("older", "old", "one"):
            self.deploy(version)

    def deploy(self, version, **changes):
        self.farm.commit(version, **changes)
        with self.farm.daemon():
            self.farm.wait(self.farm.is_deployed(version), f"{version} is deployed")

    def act(self):
        self.farm.commit("two")

    def words(self):
        """What is asked of the daemon; None for nothing."""
        return None

    def ask(self):
        words = self.words()
        if words:
            self.answered = self.farm.ask(*words)

    def asking(self):
        """Asks beside the daemon's run."""
        thread = threading.Thread(target=self.ask, daemon=True)
        thread.start()
        return thread

    def done(self, status):
        return self.farm.is_deployed(self.end)(status)

    def resume(self):
        """The daemon runs again, to the end; who got no answer asks again."""
        self.farm.wait(self.done, f"{self.name} is through")

    def next(self):
        """The agent's next commit, which nothing stands against."""
        self.farm.commit("next")

    def check(self):
        """Beyond what always holds."""


class First(Scenario):
    name = "first"
    versions = ("nothing", "two")

    def prepare(self):
        pass


class Commit(Scenario):
    name = "commit"
    push = True

    def done(self, status):
        # status.json tells nothing of a push.
        return super().done(status) and any((last.get("push") or {}).get("done") for last in self.farm.history()[-1:])


class Approved(Scenario):
    name = "approved"

    def prepare(self):
        super().prepare()
        self.farm.commit("two", tests=2)
        with self.farm.daemon():
            self.farm.wait(lambda status: status.get("waiting"), "somebody is asked")

    def act(self):
        pass

    def words(self):
        return "approve", self.farm.commits["two"]

    def resume(self):
        self.farm.wait(lambda status: self.done(status) or status.get("waiting"), "it is through, or somebody is asked again")
        # What is on record and not taken up yet is shown as waiting for a moment.
        if self.answered == 0:
            self.farm.wait(lambda status: self.done(status) or not status.get("waiting"), "the approval that was taken counts")
        elif self.farm.status().get("waiting") and not self.done(self.farm.status()):
            time.sleep(0.5)
            if self.farm.status().get("waiting"):
                self.ask()
        super().resume()

    def check(self):
        row = self.farm.history()[-1]
        if not row.get("approval", {}).get("used"):
            raise Wrong(f"it was deployed without an approval that was used: {row.get('approval')}")


class GoneBack(Scenario):
    """What is left is quarantined, so the agent takes it back first."""

    end = "one"

    def next(self):
        self.farm.take_back("one")
        self.farm.commit("next")


class WayBack(GoneBack):
    name = "way-back"

    def act(self):
        self.farm.commit("two", sick=True)

    def done(self, status):
        return super().done(status) and (status.get("last") or {}).get("state") == "rolled_back"

    def check(self):
        status = self.farm.status()
        if [entry["commit"] for entry in status["quarantine"]] != [self.farm.commits["two"]]:
            raise Wrong(f"it is not quarantined: {status['quarantine']}")


class Rollback(GoneBack):
    name = "rollback"

    def prepare(self):
        super().prepare()
        self.deploy("two")

    def act(self):
        pass

    def words(self):
        return ("rollback",)

    def resume(self):
        deadline = time.monotonic() + (30 if self.answered == 0 else 1.5)
        while not any("rollback" in row["kind"] for row in self.farm.history()):
            if time.monotonic() > deadline:
                if self.answered == 0:
                    raise Wrong("a rollback that was done is lost")
                self.ask()
                break
            time.sleep(0.05)
        super().resume()

    def done(self, status):
        return super().done(status) and status.get("quarantine")

    def check(self):
        rows = self.farm.history()
        if [entry["commit"] for entry in self.farm.status()["quarantine"]] != [self.farm.commits["two"]]:
            raise Wrong("what was rolled back is not quarantined")
        if len([row for row in rows if "rollback" in row["kind"]]) != 1:
            raise Wrong("it was rolled back twice")


ALL = {scenario.name: scenario for scenario in (First, Commit, Approved, WayBack, Rollback)}
