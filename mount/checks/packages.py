"""On a minimal Debian the set-up installs all that is needed, and a toolchain that does not start all the same is one line.

`mount/checks/fresh` tries the whole."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import commands

# What the scripts and the build start or read, beside what the toolchain loads.
WANTED = [
    "/usr/bin/git", "/usr/bin/python3", "/usr/bin/ps", "/usr/bin/bwrap", "/usr/bin/findmnt", "/usr/bin/setpriv", "/usr/sbin/useradd",
    "/usr/bin/ldd", "/usr/bin/ld", "/usr/include/stdlib.h", "/usr/include/c++/12/string", "/etc/ssl/certs/ca-certificates.crt",
]


def check(out):
    # All of them, whatever the first finds.
    return all([broken_toolchain(out), everything_installed(out), everything_named(out)])


def broken_toolchain(out):
    with tempfile.TemporaryDirectory() as directory:
        swift = pathlib.Path(directory, "swift")
        swift.write_text('#!/bin/sh\necho "swift: error while loading shared libraries: libncurses.so.6" >&2\nexit 127\n')
        swift.chmod(0o755)
        ended = subprocess.run(
            ["bash", "mount/setup"], env={**os.environ, "PATH": f"{directory}:{os.environ['PATH']}"}, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False,
        )
        said = f"pinfold: the Swift toolchain at {swift} does not start: "
    lines = ended.stdout.splitlines()
    if ended.returncode == 2 and len(lines) == 1 and lines[0].startswith(said) and "libncurses" in lines[0]:
        return True
    print(f"a toolchain that cannot start ends the set-up with code {ended.returncode} and these words: {ended.stdout}", file=out)
    return False


def everything_installed(out):
    """What the toolchain loads, and what the scripts start, is in a package of the list, in one that such a package needs, or in every Debian."""
    installed = closure(set(commands.output("mount/setup", "--list").split()))
    right = True
    for path, tool in sorted(needed().items()):
        owners = owning(path)
        if not owners & installed:
            print(f"{path}, which {tool} needs, is in {owners or 'no package'}: mount/setup does not install that", file=out)
            right = False
    return right


def needed():
    files = {path: "the scripts or the build" for path in WANTED}
    tools = pathlib.Path(shutil.which("swift")).resolve().parent
    for tool in ["swift-driver", "swift-package", "swift-frontend", "swift-format", "clang", "lld"]:
        loaded = subprocess.run(["ldd", tools / tool], capture_output=True, text=True, check=False).stdout
        for path in re.findall(r"=> (/\S+)", loaded):
            if not path.startswith(str(tools.parent)):
                files[path] = tool
    return files


def owning(path):
    """The packages that the file is of, by any of its names."""
    if path.endswith("ca-certificates.crt"):
        # Made when the package is installed.
        return {"ca-certificates"}
    real = str(pathlib.Path(path).resolve())
    names = {path, path.removeprefix("/usr"), real, real.removeprefix("/usr")}
    found = subprocess.run(["dpkg-query", "-S", *names], capture_output=True, text=True, check=False).stdout.splitlines()
    lines = [line.rsplit(": ", 1)[0] for line in found if not line.startswith("diversion")]
    return {owner.split(":")[0] for line in lines for owner in line.split(", ")}


def closure(packages):
    """These, what they depend on, and what every Debian has."""
    table = commands.output(
        "dpkg-query", "-W", "-f", "${Package}\t${Essential}\t${Priority}\t${Provides}\t${Pre-Depends}, ${Depends}\n"
    )
    needs, providers, everywhere = {}, {}, {"apt"}
    for line in table.splitlines():
        package, essential, priority, provides, depends = line.split("\t")
        needs[package] = [[name(choice) for choice in group.split("|")] for group in depends.split(",") if group.strip()]
        for provided in provides.split(","):
            providers.setdefault(name(provided), package)
        if essential == "yes" or priority == "required":
            everywhere.add(package)
    there, pending = set(everywhere), packages | everywhere
    while pending:
        package = pending.pop()
        there.add(package)
        for group in needs.get(package, []):
            found = next((choice for choice in group if choice in needs), None)
            found = found or next((providers[choice] for choice in group if choice in providers), None)
            if found and found not in there:
                pending.add(found)
    return there


def name(dependency):
    """Of `libc6:any (>= 2.36)`, libc6."""
    return re.split("[ (:]", dependency.strip())[0]


def everything_named(out):
    """The README says what is installed."""
    readme = pathlib.Path("README.md").read_text()
    right = True
    for option in [[], ["--quickstart"], ["--test"]]:
        for package in commands.output("mount/setup", "--list", *option).split():
            if not re.search(rf"(?<![\w-]){re.escape(package)}(?![\w-])", readme):
                print(f"README.md does not name {package}, which mount/setup installs", file=out)
                right = False
    return right
