"""`swift build` of a small package by `pinfold run`, and by a bubblewrap that does the same binds on the disk below, in turns."""

import os
import pathlib
import pwd
import shlex
import shutil
import statistics
import subprocess
import time

import running

FILE = """import Foundation

struct Record{number}: Codable {{
    var count: Int
    var text: String
    func lines() -> String {{ (0..<10).map {{ "\\($0 + count) " + text }}.joined(separator: "\\n") }}
}}

func encoded{number}() throws -> String {{
    String(decoding: try JSONEncoder().encode(Record{number}(count: {number}, text: "text")), as: UTF8.self)
}}
"""
FILES = 20


def measure(place, corpus, rounds):
    swift = shutil.which("swift")
    if swift is None:
        return None
    command = f"HOME=/tmp PATH={shlex.quote(str(pathlib.Path(swift).parent))}:/usr/bin:/bin swift build --disable-sandbox -j 2"
    user = pwd.getpwnam(running.USER)
    times = {"native": [], "pinfold run": []}
    with running.view(place, corpus) as (run, environment):
        for turn in range(rounds + 1):
            for name in times if turn % 2 else reversed(times):
                directory = (place if name == "native" else corpus.tree / "sandbox") / f"package{turn}"
                make_package(directory, user)
                words = ["/bin/sh", "-c", f"cd {shlex.quote(str(directory))} && {command}"]
                if name == "native":
                    start = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
                             "bwrap", "--bind", "/", "/", *running.PLAIN[4:-1], "--", *words]  # fmt: skip
                else:
                    start = [*run, "--", *words]
                started = time.perf_counter()
                done = subprocess.run(start, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
                if done.returncode != 0:
                    raise SystemExit(f"pinfold: swift build failed ({name}):\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
                # The first turn warms the disk's caches for both.
                if turn > 0:
                    times[name].append(time.perf_counter() - started)
    ratio = statistics.median(ours / base for ours, base in zip(times["pinfold run"], times["native"]))
    return {"seconds": {name: round(statistics.median(values), 2) for name, values in times.items()}, "ratio": round(ratio, 3)}


def make_package(directory, user):
    sources = directory / "Sources" / "demo"
    sources.mkdir(parents=True)
    manifest = 'import PackageDescription\n\nlet package = Package(name: "demo", targets: [.executableTarget(name: "demo")])\n'
    (directory / "Package.swift").write_text("// swift-tools-version:6.0\n" + manifest)
    for number in range(FILES):
        (sources / f"record{number}.swift").write_text(FILE.format(number=number))
    (sources / "main.swift").write_text("".join(f"print(try encoded{number}())\n" for number in range(FILES)))
    for path in [directory, *directory.rglob("*")]:
        os.chown(path, user.pw_uid, user.pw_gid)
