"""Gates that are held, and what happens where one cannot be."""

from __future__ import annotations

import asyncio
import threading
import unittest
from typing import Any, Optional
from unittest import mock

from pinfold_agent.gates import asgi
from pinfold_agent.gates.asgi import ASGIGate
from pinfold_agent.gates.gate import Gates, ThreadGate


class Stuck(ThreadGate):
    def hold(self, seconds: float) -> Optional[str]:
        raise TimeoutError("it does not come to it")


class GatesTest(unittest.TestCase):
    def test_where_one_cannot_be_held_all_are_open_again(self) -> None:
        gates, first = Gates(), ThreadGate()
        gates.add(first)
        gates.add(Stuck())
        self.assertRaises(TimeoutError, gates.hold, 1)
        inside = threading.Thread(target=first.enter, daemon=True)
        inside.start()
        inside.join(10)
        self.assertFalse(inside.is_alive())

    def test_a_loop_is_waited_for_as_long_as_its_requests_may_take(self) -> None:
        async def scenario() -> Optional[str]:
            entered, goes_on = asyncio.Event(), asyncio.Event()

            async def application(scope: Any, receive: Any, send: Any) -> None:
                entered.set()
                await goes_on.wait()

            gate = ASGIGate(lambda: application, lambda: "", mock.Mock())
            request = asyncio.ensure_future(gate({"type": "http"}, mock.AsyncMock(), mock.AsyncMock()))
            await entered.wait()
            with mock.patch.object(asgi, "PATIENCE", 0.05):
                held = asyncio.get_running_loop().run_in_executor(None, gate.hold, 20)
                # Longer than the loop itself is waited for.
                await asyncio.sleep(0.3)
                goes_on.set()
                late = await held
            await request
            return late

        self.assertIsNone(asyncio.run(scenario()))


if __name__ == "__main__":
    unittest.main()
