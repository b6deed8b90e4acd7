"""One application's lifespan: its task is ours, so that a server's task does not hold an old version."""

from __future__ import annotations

import asyncio
from typing import Any, Dict, Optional

from ..project.running import Running

Message = Dict[str, Any]
SECONDS = 60.0


class Lifespan:
    def __init__(self, application: Any, scope: Message, running: Running):
        # What ran at the start: its results are in the application's state.
        self.running = running
        self.scope = {key: value for key, value in scope.items() if key != "state"}
        self.state: Dict[str, Any] = {}
        self._application = application
        self._to: "asyncio.Queue[Message]" = asyncio.Queue()
        self._from: "asyncio.Queue[Message]" = asyncio.Queue()
        self._task: Optional["asyncio.Task[None]"] = None

    async def start(self, seconds: float = SECONDS) -> Optional[str]:
        """What went wrong, in words. An application that knows nothing of lifespans has none, and all is well."""
        self._task = asyncio.get_running_loop().create_task(self._run())
        self.running.begin()
        try:
            answer = await self._ask("lifespan.startup", seconds)
        finally:
            self.running.end()
        if answer is not None and answer["type"] == "lifespan.startup.failed":
            return str(answer.get("message") or "it said so")
        return None

    async def stop(self) -> None:
        if self._task is None or self._task.done():
            return
        await self._ask("lifespan.shutdown", SECONDS)
        self.cancel()

    def cancel(self) -> None:
        """Where it neither began nor ends by itself."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    async def _ask(self, what: str, seconds: float) -> Optional[Message]:
        assert self._task is not None
        await self._to.put({"type": what})
        answer = asyncio.get_running_loop().create_task(self._from.get())
        done, _ = await asyncio.wait({self._task, answer}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if answer in done:
            return answer.result()
        answer.cancel()
        return None if self._task in done else {"type": "lifespan.startup.failed", "message": f"no answer within {seconds:.3g} s"}

    async def _run(self) -> None:
        scope = {**self.scope, "state": self.state}
        try:
            await self._application(scope, self._to.get, self._from.put)
        except Exception:
            # It does not know the protocol: that is allowed.
            return
