"""The agent's deploy action, with pydantic 2 (``pip install 'pinfold-agent[action]'``): commits what changed in its repository, has it tested and deployed.

Nothing of a server imports this module; it is for the agent's own framework, inside ``pinfold run`` or outside, over the agent's socket.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import time
from typing import Any, Callable, Dict, Optional

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ActionOutput", "DeployAgentCodeAction", "DeployAgentCodeInput", "DeployAgentCodeOutput", "PinfoldError"]

#: States in which nothing more happens of itself, and the one in which a human has to answer.
SETTLED = frozenset({"deployed", "failed", "rejected", "superseded", "rolled_back", "awaiting_approval"})
#: Seconds for which a daemon that restarts may be away.
ABSENCE = 20.0
#: The largest answer, in bytes.
LARGEST = 64 << 20


class ActionOutput(BaseModel):
    """What every action answers with."""

    model_config = ConfigDict(extra="forbid")


class DeployAgentCodeInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    commit_message: str = Field(description="Commit message for the changes")
    force_deploy: bool = Field(default=False, description="Skip human approval check")


class DeployAgentCodeOutput(ActionOutput):
    success: bool
    commit_hash: str
    tests_passed: bool
    human_approval_required: bool
    deployed: bool
    backup_location: str


class PinfoldError(Exception):
    """Nothing was deployed, and this says why.

    ``kind`` is one word: ``refused``, ``forbidden`` (force is the admin's), ``usage``, ``busy``, ``waiting``, ``unavailable`` (no daemon answers), …
    ``exit_code`` is what ``pinfold deploy`` would have ended with.
    """

    def __init__(self, kind: str, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.kind = kind
        self.exit_code = exit_code

    @property
    def passes(self) -> bool:
        """Whether it may be otherwise in a moment."""
        return self.kind in ("unavailable", "busy")


class DeployAgentCodeAction:
    """Commits all that has changed, and waits until it is deployed, has failed, or needs a human.

    ``record`` is the whole record of the last run's deployment: its number, state, reason, and what to do.
    """

    def __init__(
        self, socket_path: Optional[str] = None, *, progress: Optional[Callable[[Dict[str, Any]], None]] = None
    ) -> None:
        """``socket_path`` is the agent's; without it ``AGENT_DATA_ROOT`` says where that is. ``progress`` gets the record at each change of state."""
        root = os.environ.get("AGENT_DATA_ROOT", "./agent-data")
        self.socket_path = os.path.abspath(socket_path or os.path.join(root, "deployments", "agent", "deploy.sock"))
        self.record: Dict[str, Any] = {}
        self._progress = progress or (lambda record: None)

    def run(self, input: DeployAgentCodeInput, timeout: Optional[float] = None) -> DeployAgentCodeOutput:
        """Blocks until the deployment is settled, or for ``timeout`` seconds: then the output says how far it is, and it goes on by itself.

        :raises PinfoldError: where nothing was committed, or nobody answers.
        """
        end = None if timeout is None else time.monotonic() + timeout
        asked = {"commit_message": input.commit_message, "force_deploy": input.force_deploy}
        try:
            record = self._ask("POST", "/deploy", asked)
        except _CutOff:
            # The commit may be made or not: asked again, it is what is waited for either way.
            record = self._persistently("POST", "/deploy", asked)
        told = None
        while True:
            self.record = record
            if record["state"] != told:
                told = record["state"]
                self._progress(record)
            left = 25.0 if end is None else end - time.monotonic()
            if told in SETTLED or left <= 0:
                return _output(record)
            record = self._persistently("GET", f"/deploy/{int(record['id'])}?wait={max(1, min(25, int(left)))}")

    async def run_async(self, input: DeployAgentCodeInput, timeout: Optional[float] = None) -> DeployAgentCodeOutput:
        """The same in a thread, for a program with an event loop."""
        return await asyncio.get_running_loop().run_in_executor(None, self.run, input, timeout)

    def _persistently(self, method: str, target: str, body: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
        deadline = time.monotonic() + ABSENCE
        while True:
            try:
                return self._ask(method, target, body)
            except PinfoldError as error:
                if not error.passes or time.monotonic() >= deadline:
                    raise
            time.sleep(0.2)

    def _ask(self, method: str, target: str, body: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
        connection = _Connection(self.socket_path)
        try:
            try:
                connection.connect()
            except OSError as error:
                raise PinfoldError(
                    "unavailable", f"the deploy daemon cannot be reached at {self.socket_path}: {error.strerror or error}", 4
                ) from None
            try:
                fields = {} if body is None else {"Content-Type": "application/json"}
                connection.request(method, target, None if body is None else json.dumps(body), fields)
                response = connection.getresponse()
                data = response.read(LARGEST + 1)
            except (OSError, http.client.HTTPException) as error:
                raise _CutOff(f"the deploy daemon at {self.socket_path} did not finish its answer: {error}") from None
        finally:
            connection.close()
        try:
            value = json.loads(data) if len(data) <= LARGEST else None
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise PinfoldError("broken", f"what answers at {self.socket_path} does not speak as the deploy daemon does")
        if response.status >= 400:
            raise PinfoldError(
                str(value.get("kind", "broken")), str(value.get("message", "no reason is given")), int(value.get("exit_code", 1))
            )
        return value


class _CutOff(PinfoldError):
    def __init__(self, message: str) -> None:
        super().__init__("unavailable", message, 4)


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket, whose path may be longer than an address holds (``man 7 unix``)."""

    def __init__(self, path: str) -> None:
        super().__init__("pinfold", timeout=60)
        self._path = path

    def connect(self) -> None:
        directory, name = os.path.split(self._path)
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        place = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.sock.connect(f"/proc/self/fd/{place}/{name}")
        finally:
            os.close(place)


def _output(record: Dict[str, Any]) -> DeployAgentCodeOutput:
    deployed = record["state"] == "deployed"
    return DeployAgentCodeOutput(
        success=deployed,
        commit_hash=record["commit"],
        tests_passed=bool((record.get("verdict") or {}).get("passed", False)),
        human_approval_required=bool(record.get("approval_reasons")),
        deployed=deployed,
        backup_location=record.get("backup") or "",
    )
