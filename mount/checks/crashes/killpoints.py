"""Kills the deploy daemon before each system call by which any of its threads changes the disk, one after the other, and starts it again.

After each: the target is the old version or the new one, whole; the next start comes to the same end; nothing is deployed or tested twice,
no answer is lost; the mirror, the releases and the backups are sound; and the next commit deploys. `init` is `pinfold init`, in the same way;
`push`, `push-new` and `commit-in-repo` are `pinfold-git` in a repository that is not Pinfold's."""

import collections

import initial
import repositories
import runs
import stops


def add(parser):
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each Nth point")
    parser.add_argument("--point", type=int, metavar="N", help="that one alone")


def main():
    grounds = {"init": initial.Initial, **repositories.ALL}
    options = runs.arguments(__doc__, "points", add, list(grounds))
    run = runs.Run(options)

    def chosen(total):
        points = [options.point] if options.point else list(range(1 + run.chance.randrange(options.every), total + 1, options.every))
        if options.seconds:
            run.chance.shuffle(points)
        return points

    def late(until):
        return until and runs.time.monotonic() > until

    def single(name, path, until):
        ground = grounds[name](run.programs, path)
        ground.restore()
        total, _ = ground.stop(None)
        tried = 0
        for point in chosen(total):
            if late(until):
                break
            place = f"--point {point}"
            run.count += 1
            try:
                ground.restore()
                _, ended = ground.stop(point)
                if ended:
                    place += f" ({ended[0]})"
                    tried += 1
                ground.check()
            except runs.FAULTS as error:
                run.failed(name, place, error, ground.place)
        return f"{total} points, {tried} tried"

    def body(name, scenario, until):
        ground = scenario.farm
        threads = collections.Counter()

        def stop(at):
            daemon = stops.Stopped(ground.command(), ground.environment(), str(ground.root), ground.log)
            asking = scenario.asking()
            counted = daemon.run(at, lambda: scenario.done(ground.status()))
            asking.join()
            return counted

        # How many there are.
        ground.restore()
        scenario.act()
        total, _ = stop(None)

        def at(point):
            def cut_short():
                _, ended = stop(point)
                if ended is None:
                    return False
                threads[ended[1]] += 1
                place[0] = f"--point {point} ({ended[0]} on {ended[1]})"
                ground.check_cut_off(scenario.versions)
                return True

            return cut_short

        for point in chosen(total):
            if late(until):
                break
            place = Place(f"--point {point}")
            run.point(name, place, scenario, at(point))
        return f"{total} points, {sum(threads.values())} tried: " + ", ".join(f"{name} {count}" for name, count in threads.most_common())

    run.each(body, single)
    run.finish("kills")


class Place(list):
    """Where it was, known only once it was there."""

    def __init__(self, text):
        super().__init__([text])

    def __str__(self):
        return self[0]


main()
