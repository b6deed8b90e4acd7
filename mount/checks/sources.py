"""What holds of the files, before anything is built."""

import pathlib
import re

import commands
import modules

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
    """What is at the top; and that the modules are as they are drawn, and that neither half links what it must not."""
    right = True
    for name in sorted({path.split("/")[0] for path in commands.output("git", "ls-files", "-z").split("\0") if path}):
        if not name.startswith(".") and name not in TOP:
            print(f"'{name}' does not belong at the top level", file=out)
            right = False
    return modules.check(out) and right


def headings(text):
    """What the headings of a page are called in links to it."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", text, re.M)}


def links(out):
    """Every relative link of the documents leads to a file of the repository and a heading of it, and no line of prose is longer than 132
    characters."""
    right = True
    for page in [pathlib.Path("README.md"), *sorted(pathlib.Path("Docs").glob("*.md"))]:
        text = page.read_text()
        for target, heading in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?[^)]*\)", text):
            file = page.parent / target if target else page
            if "://" in target:
                continue
            if not file.exists():
                print(f"{page}: no such file: {target}", file=out)
                right = False
            elif heading and heading not in headings(file.read_text()):
                print(f"{page}: no such heading: {target}#{heading}", file=out)
                right = False
        code = False
        for number, line in enumerate(text.splitlines(), 1):
            code ^= line.lstrip().startswith("```")
            if len(line) > 132 and not code and not line.startswith("|"):
                print(f"{page}:{number}: {len(line)} characters", file=out)
                right = False
    return right
