"""Copies from a device beside the steps, with a device that is made up. Needs no packages."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import unittest
from collections.abc import Callable
from typing import Any

from coxswain._torch_copies import Copies

from .agent import PACKAGE


class Device:
    """Two queues that do nothing until they are told to: of the steps, and of copies."""

    def __init__(self, trouble: str = "") -> None:
        self.trouble = trouble
        self.steps: list[tuple[str, Any]] = []
        self.copying: list[tuple[str, Any]] = []
        self.registered: list[memoryview] = []
        self.done: set[int] = set()
        self.marks = 0

    def has(self, tensor: Any) -> bool:
        return isinstance(tensor, bytearray)

    def register(self, memory: memoryview) -> str:
        if not self.trouble:
            self.registered.append(memory)
        return self.trouble

    def unregister(self, memory: memoryview) -> None:
        self.registered.remove(memory)

    def copy(self, place: memoryview, tensor: bytearray) -> Any:
        def write() -> None:
            place[:] = tensor

        self.copying.append(("copy", write))
        return tensor

    def mark(self) -> int:
        self.marks += 1
        self.copying.append(("mark", self.marks))
        return self.marks

    def hold(self, mark: int) -> None:
        self.steps.append(("hold", mark))

    def wait(self, mark: int) -> None:
        while mark not in self.done:
            self.run_copying()

    def now(self, tensor: bytearray) -> memoryview:
        return memoryview(tensor)

    def compute(self, work: Callable[[], None]) -> None:
        self.steps.append(("compute", work))

    def run_copying(self) -> None:
        kind, what = self.copying.pop(0)
        if kind == "copy":
            what()
        else:
            self.done.add(what)

    def run_steps(self) -> None:
        """As far as they get without the copies."""
        while self.steps and not (self.steps[0][0] == "hold" and self.steps[0][1] not in self.done):
            kind, what = self.steps.pop(0)
            if kind == "compute":
                what()


class Order(unittest.TestCase):
    def setUp(self) -> None:
        self.device = Device()
        self.copies = Copies(self.device)
        self.state = [bytearray(b"old!"), bytearray(b"state")]
        self.slot = memoryview(bytearray(9))

    def snapshot(self) -> list[Any]:
        begun = [self.copies.of(one) for one in self.state]
        begun[0].begin(self.slot[:4])
        begun[1].begin(self.slot[4:])
        return begun

    def update(self) -> None:
        self.state[0][:] = b"new!"
        self.state[1][:] = b"STATE"

    def test_steps_go_on_while_it_is_copied_and_only_the_update_waits(self) -> None:
        begun = self.snapshot()
        seen = []
        self.device.compute(lambda: seen.append("backward"))
        self.copies.before_update()
        self.device.compute(self.update)
        self.device.run_steps()
        self.assertEqual((seen, bytes(self.state[0])), (["backward"], b"old!"))
        for one in begun:
            one.end()
        self.device.run_steps()
        self.assertEqual(bytes(self.slot), b"old!state")
        self.assertEqual(bytes(self.state[0]), b"new!")

    def test_an_update_waits_for_copies_before_it_once(self) -> None:
        self.copies.before_update()
        self.assertEqual(self.device.steps, [])
        self.snapshot()
        self.copies.before_update()
        self.copies.before_update()
        self.assertEqual(self.device.steps, [("hold", 2)])

    def test_bytes_at_once(self) -> None:
        self.assertEqual(bytes(self.copies.of(self.state[1]).now()), b"state")
        self.assertEqual(self.device.copying, [])

    def test_an_arena_is_registered_while_it_is_mapped(self) -> None:
        first, second = memoryview(bytearray(8)), memoryview(bytearray(8))
        self.copies.mapped(first)
        self.copies.mapped(second)
        self.copies.unmapped(first)
        self.assertEqual(len(self.device.registered), 1)
        self.assertIs(self.device.registered[0], second)
        self.copies.unmapped(first)
        self.copies.unmapped(second)
        self.assertEqual(self.device.registered, [])

    def test_one_that_cannot_be_registered_is_used_as_it_is(self) -> None:
        self.device.trouble = "too little locked memory"
        memory, said = memoryview(bytearray(8)), io.StringIO()
        with contextlib.redirect_stderr(said):
            self.copies.mapped(memory)
        self.assertIn("the arena's 8 bytes stay pageable", said.getvalue())
        self.assertIn("too little locked memory", said.getvalue())
        self.copies.unmapped(memory)
        begun = self.snapshot()
        begun[1].end()
        self.assertEqual(bytes(self.slot), b"old!state")


class Bench(unittest.TestCase):
    def test_it_measures_what_is_here_and_says_what_is_not(self) -> None:
        ended = subprocess.run(
            [sys.executable, "-m", "coxswain._snapshot_bench", "--bytes", "1048576", "--runs", "2"],
            env={"PYTHONPATH": str(PACKAGE)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.assertEqual(ended.returncode, 0, ended.stderr)
        found = json.loads(ended.stdout)
        self.assertEqual(len(found["cpu"]["memcpy"]), 2)
        self.assertGreater(min(found["cpu"]["memcpy"]), 0)
        self.assertNotEqual("gpu" in found, "why" in found)


if __name__ == "__main__":
    unittest.main()
