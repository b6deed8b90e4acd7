"""Cuts the power at moments chosen by chance while the deploy daemon works, on a disk image of its own: what has not reached the device by then
is gone. Then the disk is mounted again and the daemon started.

Beside what holds after a kill: whatever had been said to be done is on record."""

import runs

# In order: what a deployment has been, it has been.
STATES = ["detected", "testing", "awaiting_approval", "backing_up", "deploying", "reloading", "checking", "deployed", "rolled_back"]


def add(parser):
    parser.add_argument("--times", type=int, default=40, metavar="N", help="how often for each scenario (default: 40)")


def main():
    options = runs.arguments(__doc__, "moments", add)
    run = runs.Run(options)

    def body(name, scenario, until):
        ground = scenario.farm

        def work(moment):
            """Runs until then, or to the end; what had been told by then."""
            told = {}
            with ground.daemon() as daemon:
                asking = scenario.asking()
                started = runs.time.monotonic()
                while runs.time.monotonic() - started < moment:
                    told = ground.status() or told
                    if moment > 60 and scenario.done(told):
                        break
                    runs.time.sleep(0.002)
                spent = runs.time.monotonic() - started
                answered = scenario.answered
                if moment <= 60:
                    told = ground.status() or told
                    ground.cut()
                    daemon.kill()
                    daemon.wait()
                asking.join()
                scenario.answered = answered
            return spent, told

        ground.restore()
        scenario.act()
        duration, _ = work(90)
        times = 0

        def at(moment):
            def cut_short():
                _, told = work(moment)
                ground.unmount()
                ground.mount()
                ground.check_cut_off(scenario.versions)
                check_told(told, ground.history())
                return True

            return cut_short

        while times < options.times or options.seconds:
            if until and runs.time.monotonic() > until:
                break
            moment = run.chance.uniform(0, duration * 1.1)
            run.point(name, f"after {moment:.3f} of {duration:.3f} s", scenario, at(moment))
            times += 1
        return f"{times} cuts within {duration:.2f} s"

    run.each(body)
    run.finish("power cuts")


def check_told(told, rows):
    """Nothing of what the status said is forgotten."""
    by_number = {row["id"]: row for row in rows}
    for part in ("current", "last"):
        said = told.get(part)
        if not said:
            continue
        row = by_number.get(said["id"])
        if row is None:
            raise runs.farm.Wrong(f"deployment {said['id']} was {said['state']} and is not on record")
        if said["state"] in STATES and row["state"] in STATES and STATES.index(row["state"]) < STATES.index(said["state"]):
            raise runs.farm.Wrong(f"deployment {said['id']} was {said['state']} and is {row['state']} on record")


main()
