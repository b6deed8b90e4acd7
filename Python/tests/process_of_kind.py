"""One kind of change in a process of its own: `process_of_kind.py fresh|old|reload NAME DIRECTORY` prints a line of JSON."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
from typing import Any, Dict, Iterator, Optional

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tests.kinds import KINDS, Kind  # noqa: E402

from pinfold_agent.project.project import Project  # noqa: E402
from pinfold_agent.reasons import Refused  # noqa: E402
from pinfold_agent.transaction import Transaction  # noqa: E402

_dumps = json.dumps


def write(root: str, files: Dict[str, Optional[str]]) -> None:
    for path, text in files.items():
        file = os.path.join(root, path)
        if text is None:
            os.remove(file)
            continue
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "w") as out:
            out.write(text)


def look(what: str) -> Any:
    try:
        return eval(what, {"app": sys.modules.get("srv.app")})
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def main(how: str, kind: Kind, place: str) -> Dict[str, Any]:
    old, new = os.path.join(place, "1-aaaaaaa"), os.path.join(place, "2-bbbbbbb")
    write(old, dict(kind.old))
    write(new, dict(kind.old))
    write(new, kind.new)
    root = new if how == "fresh" else old
    os.chdir(root)
    sys.path.insert(0, root)
    project = Project(root)
    project.begin()
    importlib.import_module("srv.app")
    said: Dict[str, Any] = {}
    if how != "fresh":
        exec(kind.warm, {"app": sys.modules["srv.app"]})
    said["kept before"] = look(kind.keeps) if kind.keeps else None
    if how == "reload":
        said.update(take_in(project, new, kind))
    # State first: looking at the answer changes it.
    said["kept"] = look(kind.keeps) if kind.keeps else None
    said["answer"] = look(kind.look)
    return said


def take_in(project: Project, new: str, kind: Kind) -> Dict[str, Any]:
    @contextlib.contextmanager
    def still() -> Iterator[None]:
        exec(kind.before_fork, {})
        yield

    try:
        transaction = Transaction(
            project, new, fixed={"__main__"}, entries={"srv.app"}, gated=True, check=None, still=still, let_go=lambda: None,
            seconds=15, on_main=not kind.elsewhere)
        exec(kind.prepared, {})
        transaction.swap()
    except Refused as refusal:
        return {"tier": "refused", "reason": str(refusal)}
    transaction.keep()
    transaction.end_old()
    return {"tier": transaction.tier, "modules": transaction.modules}


if __name__ == "__main__":
    chosen = next(kind for kind in KINDS if kind.name == sys.argv[2])
    print(_dumps(main(sys.argv[1], chosen, os.path.realpath(sys.argv[3])), default=repr), flush=True)
    os._exit(0)
