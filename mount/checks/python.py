"""The package that a server's process has in it: its types, its tests, and that pip installs it."""

import io
import re
import tempfile

import commands

# Debian's own: what else is in PATH need not have what the tests serve with.
PYTHON = "/usr/bin/python3"
LEAST = 40


def check(out):
    return all([
        commands.run(out, PYTHON, "-m", "mypy", "--cache-dir", "/dev/null", cwd="Python"),
        passes(out),
        installs(out),
    ])


def passes(out):
    """All tests: to find none is right for Python 3.11."""
    said = io.StringIO()
    right = commands.run(said, PYTHON, "-m", "unittest", "discover", "--top-level-directory", ".", "--start-directory", "tests", cwd="Python")
    out.write(said.getvalue())
    ran = re.search(r"^Ran (\d+) tests", said.getvalue(), re.M)
    if not ran or int(ran[1]) < LEAST:
        print(f"fewer tests ran than the {LEAST} that are there at least", file=out)
        return False
    return right


def installs(out):
    """From a wheel that is built here, without the network."""
    with tempfile.TemporaryDirectory() as place:
        pip = [PYTHON, "-m", "pip", "--quiet", "--quiet", "--disable-pip-version-check"]
        return (
            commands.run(out, "cp", "-r", "Python", f"{place}/source")
            and commands.run(out, *pip, "wheel", "--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", place, f"{place}/source")
            and commands.run(
                out, *pip, "install", "--no-deps", "--no-index", "--find-links", place, "--target", f"{place}/installed", "pinfold-agent")
            and commands.run(
                out, PYTHON, "-c", "import pinfold_agent; assert callable(pinfold_agent.wsgi), pinfold_agent", cwd=f"{place}/installed")
        )
