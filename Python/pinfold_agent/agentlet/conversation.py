"""One connection, which is one transaction: whatever ends it before `keep` leaves everything as it was."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Dict, Optional

from ..reasons import Refused, refusal_of
from ..transaction import Transaction
from .lines import Lines, Malformed

if TYPE_CHECKING:
    from .server import Server

# Between two lines of a daemon that has requests waiting, beyond the time that another process may take to empty its gates.
SECONDS_HELD = 10.0
SECONDS_OPEN = 300.0
COMMIT = re.compile(r"[0-9a-f]{40}\Z")


class Conversation:
    """Verbs in their order: `status` at any time; `prepare`, `hold`, `swap`, `keep`, `release`. Any other order is refused and ends it."""

    def __init__(self, server: "Server", lines: Lines):
        self._server = server
        self._lines = lines
        self._transaction: Optional[Transaction] = None
        self._commit = ""
        self._held = False
        self._swapped = False
        self._kept = False
        self._mine = False
        self._over = False

    def run(self) -> None:
        try:
            while True:
                try:
                    request = self._lines.read(self._server.drain + SECONDS_HELD if self._held else SECONDS_OPEN)
                except Malformed as error:
                    self._lines.write({"error": str(error)})
                    return
                except TimeoutError:
                    return
                if request is None:
                    return
                answer = self._answer(request)
                heard = self._lines.write(answer)
                if self._over:
                    self._finish()
                if not heard or "error" in answer:
                    return
        finally:
            self._end()

    def _answer(self, request: Dict[str, Any]) -> Dict[str, Any]:
        verb = request["do"]
        try:
            if verb == "status":
                return {"ok": True, **self._server.status()}
            step = {"prepare": self._prepare, "hold": self._hold, "swap": self._swap, "keep": self._keep, "release": self._release}.get(verb)
            if step is None:
                return {"error": f"there is no verb {verb[:40]!r}"}
            return step(request)
        except Refused as refusal:
            return dict(refusal.as_json())
        except Exception as error:
            return dict(refusal_of(error, self._server.project.root).as_json())

    def _prepare(self, request: Dict[str, Any]) -> Dict[str, Any]:
        release, commit = request.get("release"), request.get("commit")
        if self._transaction is not None or not isinstance(release, str) or not isinstance(commit, str):
            return {"error": "`prepare` comes once in a conversation, with `release` and `commit`"}
        if not os.path.isabs(release) or not os.path.isdir(release) or COMMIT.match(commit) is None:
            return {"error": "`release` is the absolute path of a directory, and `commit` forty hexadecimal digits"}
        if not self._mine:
            self._server.begin()
            self._mine = True
        self._transaction = self._server.prepare(os.path.realpath(release))
        self._commit = commit
        return {"ok": True, "tier": self._transaction.tier, "modules": self._transaction.modules}

    def _hold(self, request: Dict[str, Any]) -> Dict[str, Any]:
        if self._transaction is None or self._held or self._kept:
            return {"error": "`hold` comes after `prepare`"}
        self._server.hold()
        self._held = True
        return {"ok": True}

    def _swap(self, request: Dict[str, Any]) -> Dict[str, Any]:
        if self._transaction is None or not self._held or self._swapped:
            return {"error": "`swap` comes after `hold`"}
        self._server.swap(self._transaction)
        self._swapped = True
        return {"ok": True}

    def _keep(self, request: Dict[str, Any]) -> Dict[str, Any]:
        if self._transaction is None or not self._swapped or self._kept:
            return {"error": "`keep` comes after `swap`"}
        self._kept = True
        self._server.keep(self._transaction, self._commit)
        return {"ok": True}

    def _release(self, request: Dict[str, Any]) -> Dict[str, Any]:
        if not self._held:
            return {"error": "`release` comes after `hold`"}
        if self._swapped and not self._kept:
            self._server.revert(self._transaction)
            self._swapped = False
        self._held = False
        seconds = self._server.open()
        if self._transaction is not None and not self._kept:
            transaction, self._transaction = self._transaction, None
            transaction.revert()
        # The rest is done once this is said: the daemon does not wait for the end of what an old version began.
        self._server.ending = True
        self._over = True
        return {"ok": True, "commit": self._server.commit, "paused": round(seconds * 1000, 1)}

    def _end(self) -> None:
        if self._mine:
            # The daemon that lost another process comes again at once.
            self._server.ending = True
        try:
            if self._transaction is not None and not self._kept:
                transaction, self._transaction = self._transaction, None
                self._server.revert(transaction)
        finally:
            if self._held:
                self._held = False
                self._server.open()
            self._finish()

    def _finish(self) -> None:
        """With the gates open: the old version ends, where another was kept."""
        transaction, self._transaction = self._transaction, None
        self._over = False
        try:
            if transaction is not None and self._kept:
                self._server.end_old(transaction)
        finally:
            if self._mine:
                self._mine = False
                self._server.finish()
