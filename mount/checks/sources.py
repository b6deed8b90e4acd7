"""What holds of the files, before anything is built."""

import pathlib
import re

import commands

# The gateway half, which may read the whole machine and is to be read by whoever audits it.
AUDITED = [
    "LinuxSystem", "AuditLog", "Patterns", "ZonePolicy", "FuseSession", "GatewayFileSystem", "AgentFence", "pinfold-mount", "pinfold-fence",
]
UNAUDITED = re.compile(
    r"^ *(@[a-z]+ +)?((public|package|internal|private) +)?import (Foundation\w*|NIO\w*|Hummingbird|CLibgit2|GRDB)", re.MULTILINE
)
TOP = {"Package.swift", "Sources", "Tests", "Python", "mount", "Docs", "README.md", "LICENSE"}


def format(out):
    return commands.run(out, "swift", "format", "lint", "--strict", "--recursive", "--parallel", "Package.swift", "Sources", "Tests")


def shell(out):
    scripts = [
        path
        for path in map(pathlib.Path, commands.output("git", "ls-files", "-z", "mount", ".ci").split("\0"))
        if path.is_file() and re.match(rb"#!.*(bash|/sh)\n|# .*\n# shellcheck shell", path.read_bytes())
    ]
    return commands.run(out, "shellcheck", "--external-sources", *scripts)


def layout(out):
    """What is at the top, and that the audited half links no git, no HTTP and no Foundation."""
    right = True
    for name in sorted({path.split("/")[0] for path in commands.output("git", "ls-files", "-z").split("\0") if path}):
        if not name.startswith(".") and name not in TOP:
            print(f"'{name}' does not belong at the top level", file=out)
            right = False
    for module in AUDITED:
        for path in pathlib.Path("Sources", module).rglob("*.swift"):
            for found in UNAUDITED.finditer(path.read_text()):
                print(f"{path}: the gateway half has none of this: {found[0]}", file=out)
                right = False
    return right


def links(out):
    """Every relative link of the documents leads to a file of the repository, and no line of prose is longer than 132 characters."""
    right = True
    for page in [pathlib.Path("README.md"), *sorted(pathlib.Path("Docs").glob("*.md"))]:
        text = page.read_text()
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            if "://" not in target and not (page.parent / target).exists():
                print(f"{page}: no such file: {target}", file=out)
                right = False
        code = False
        for number, line in enumerate(text.splitlines(), 1):
            code ^= line.lstrip().startswith("```")
            if len(line) > 132 and not code and not line.startswith("|"):
                print(f"{page}:{number}: {len(line)} characters", file=out)
                right = False
    return right
