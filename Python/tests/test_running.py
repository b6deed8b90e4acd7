"""What is noted of the functions that run while something is made of them."""

from __future__ import annotations

import gc
import sys
import unittest
from types import FrameType
from typing import Any, Set

from pinfold_agent.project.running import Running, Unseen


def first() -> None:
    pass


def second() -> None:
    pass


class Ring:
    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        second()


class RunningTest(unittest.TestCase):
    def test_what_runs_amid_the_agents_own_work_is_not_noted_and_what_runs_after_it_is(self) -> None:
        running = Running((__file__,), {})
        running.begin()
        with Unseen():
            first()
        second()
        running.end()
        self.assertEqual({code.co_name for code in running.ran.values()}, {"second"})
        self.assertIsNone(sys.getprofile())

    def test_what_the_collector_ends_amid_the_agents_own_work_is_noted(self) -> None:
        running = Running((__file__,), {})
        running.begin()
        with Unseen():
            Ring()
            gc.collect()
            first()
        running.end()
        self.assertEqual({code.co_name for code in running.ran.values()}, {"__del__", "second"})
        self.assertEqual(gc.callbacks, [])

    def test_an_interrupt_amid_the_agents_own_work_leaves_no_profiler(self) -> None:
        running = Running((__file__,), {})
        running.begin()
        Unseen().__enter__()
        running.end()
        self.assertIsNone(sys.getprofile())

    def test_another_ones_profiler_goes_on_amid_the_agents_own_work(self) -> None:
        seen: Set[str] = set()

        def profiler(frame: FrameType, event: str, argument: Any) -> None:
            seen.add(frame.f_code.co_name)

        sys.setprofile(profiler)
        with Unseen():
            first()
        self.assertIs(sys.getprofile(), profiler)
        sys.setprofile(None)
        self.assertIn("first", seen)


if __name__ == "__main__":
    unittest.main()
