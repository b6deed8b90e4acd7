"""The gate of an ASGI application, on the event loop's thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
from typing import Any, Awaitable, Callable, Dict, Optional

from ..project.running import Running
from .lifespan import Lifespan

Message = Dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# Seconds in which a loop that runs comes to what is asked of it.
PATIENCE = 120.0


class ASGIGate:
    """What the server gets as its application: an object, since a bound method is taken for an application of ASGI 2.

    A request is inside until its answer begins. One that streams goes on between swap and swap, since all of it is this one thread's.
    """

    kind = "asgi"

    def __init__(self, application: Callable[[], Any], commit: Callable[[], str], running: Callable[[], Running]):
        self._application = application
        self._commit = commit
        self._running = running
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._count = 0
        self._lifespan: Optional[Lifespan] = None
        self._former: Optional[Lifespan] = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self._on_loop()
        if scope["type"] == "lifespan":
            await self._serve_lifespan(scope, receive, send)
            return
        await self._open.wait()
        inside = [True]
        self._count += 1
        self._idle.clear()

        async def out(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept"):
                commit = self._commit()
                if commit:
                    headers = [entry for entry in message.get("headers") or [] if bytes(entry[0]).lower() != b"x-pinfold-commit"]
                    message = {**message, "headers": headers + [(b"x-pinfold-commit", commit.encode())]}
            await send(message)
            # A first piece with more to come, or an open socket: from here on it streams.
            if message.get("more_body") or message["type"] == "websocket.accept":
                self._leave(inside)

        try:
            # A copy: servers keep the last one, and frameworks write endpoints into it. The state of the application's start is the lifespan's.
            inner = dict(scope)
            if self._lifespan is not None:
                inner["state"] = dict(self._lifespan.state)
            await self._application()(inner, receive, out)
        finally:
            self._leave(inside)

    def _on_loop(self) -> None:
        """Events belong to the loop that they are made on."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._open, self._idle = asyncio.Event(), asyncio.Event()
            self._open.set()
            self._idle.set()
            self._loop = loop

    def _leave(self, inside: Any) -> None:
        if inside.pop() if inside else False:
            self._count -= 1
            if self._count == 0:
                self._idle.set()

    # -- the application's start and end

    async def _serve_lifespan(self, scope: Message, receive: Receive, send: Send) -> None:
        """The server's one lifespan, and the application's: a new version's begins and the old one's ends while the server knows of neither."""
        self._lifespan = Lifespan(self._application(), scope, self._running())
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                problem = await self._lifespan.start()
                if problem is not None:
                    await send({"type": "lifespan.startup.failed", "message": problem})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._lifespan.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _begin_new(self, seconds: float) -> None:
        if self._lifespan is None:
            return
        former, fresh = self._lifespan, Lifespan(self._application(), self._lifespan.scope, self._running())
        problem = await fresh.start(seconds)
        if problem is not None:
            fresh.cancel()
            raise RuntimeError(f"the application does not start: {problem}")
        self._former, self._lifespan = former, fresh

    async def _end(self, which: Optional[Lifespan]) -> None:
        if which is not None:
            await which.stop()

    # -- what the agentlet asks, from its thread

    @property
    def started(self) -> Optional[Running]:
        """What ran at the start of the application that serves."""
        return None if self._lifespan is None else self._lifespan.running

    def hold(self, seconds: float) -> Optional[str]:
        if self._loop is None or not self._loop.is_running():
            return None
        late: Optional[str] = self._wait(self._hold(seconds), seconds + PATIENCE)
        return late

    async def _hold(self, seconds: float) -> Optional[str]:
        self._open.clear()
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except asyncio.TimeoutError:
            return f"{self._count} requests did not end within {seconds:.3g} s"
        return None

    def open(self) -> None:
        if self._loop is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(self._open.set)

    def run(self, body: Callable[[], None]) -> None:
        if self._loop is None or not self._loop.is_running():
            return body()

        async def on_loop() -> None:
            body()

        self._wait(on_loop())

    def start_new(self, seconds: float) -> None:
        """After a swap: the new application's start, inside the gate. Raises where it fails, or is not over in that time."""
        if self._loop is not None and self._loop.is_running():
            self._wait(self._begin_new(seconds))

    def go_back(self) -> None:
        """The old application's start is in force again; the new one's ends."""
        former, self._former = self._former, None
        if former is not None and self._loop is not None:
            fresh, self._lifespan = self._lifespan, former
            self._wait(self._end(fresh))

    def end_old(self) -> None:
        former, self._former = self._former, None
        if former is not None and self._loop is not None:
            self._wait(self._end(former))

    def let_go(self) -> None:
        self._lifespan = self._former = None

    def _wait(self, work: Any, seconds: float = PATIENCE) -> Any:
        assert self._loop is not None
        done = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return done.result(seconds)
        except concurrent.futures.TimeoutError as error:
            done.cancel()
            raise TimeoutError(f"the event loop did not come to it within {seconds:.3g} s") from error
