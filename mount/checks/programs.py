"""What is built, and the programs in use."""

import os
import pathlib
import re
import subprocess

import commands

PROGRESS = re.compile(r"^(\[\d+/\d+\]|Building|Fetch|Comput|Creating|Working|Updat)")


def debug(out):
    """With the tests; there a warning of our own is an error, and an import of what a target does not stand on."""
    return commands.run(out, "swift", "build", "--build-tests", "--explicit-target-dependency-import-check", "error", hidden=PROGRESS)


def directory():
    """Where the debug build's programs are."""
    return pathlib.Path(commands.output("swift", "build", "--show-bin-path").strip())


def release(out):
    """What is installed is optimized, and that alone has had a fault. Without the deploy daemon, whose libraries take most of the time."""
    built = subprocess.run(
        ["bash", "mount/install/release", "pinfold", "pinfold-mount", "pinfold-fence", "pinfold-git"], capture_output=True, text=True, check=False
    )
    if built.returncode:
        print(built.stderr[-8000:], file=out)
        return False
    return commands.run(out, "bash", "mount/checks/smoke", built.stdout.strip())


def quickstart(out):
    """The README's first command, with the programs that were just built."""
    return commands.run(out, "bash", "mount/quickstart")


def browser(out):
    """A page that is open in Chromium while its client is deployed, by nginx and by Caddy."""
    return commands.run(out, "mount/checks/browser")


def api(out):
    """Each listener of the deploy daemon held to its description."""
    return commands.run(out, "mount/checks/api", "--examples", "3")


def load(out):
    """The review page with 200 readers and 10,000 connections, beside whatever else this machine does."""
    return commands.run(out, "mount/checks/load", "--busy")


def crashes(out):
    """A minute of what killpoints and powercuts do for hours: at points and moments chosen by chance."""
    environment = {**os.environ, "PINFOLD_PROGRAMS": str(directory())}
    kills = commands.run(out, "mount/checks/killpoints", "--seconds", "30", env=environment)
    return commands.run(out, "mount/checks/powercuts", "--seconds", "25", env=environment) and kills
