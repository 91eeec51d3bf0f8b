"""Programs that do what nobody expects: children, second calls, long names, long words."""

from __future__ import annotations

import os
import signal
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

from coxswain import Leaf, Program, TrainerError, _children, _report, _wire

from .agent import Agent

INIT = _wire.STATE_ORIGIN_INIT
FOLDER = str(Path(__file__).parent)

#: A worker whose second step does what `act` says.
SCRIPT = """
import multiprocessing, os, subprocess, sys, time
sys.path.insert(0, {folder!r})
import coxswain, linear_worker
from coxswain import Leaf, Program

class Strange(linear_worker.Linear):
    def build(self, job):
        program = super().build(job)
        names = {names!r}
        if not names:
            return program
        leaves = tuple(Leaf(leaf.name + name, leaf.dtype, leaf.shape) for leaf, name in
                       zip(program.parameters, names))
        return Program(leaves, program.optimizer, program.samples)

    def grads(self, parameters, batch, gradient):
        if self.step == 1:
            self.act()
        return super().grads(parameters, batch, gradient)

    def act(self):
        {act}

{before}
coxswain.run({trainer})
"""


class Case(unittest.TestCase):
    def start(
        self,
        act: str = "pass",
        names: tuple[str, ...] = (),
        before: str = "",
        trainer: str = "Strange()",
        environment: dict[str, str] | None = None,
    ) -> Agent:
        """A worker that was started."""
        with tempfile.NamedTemporaryFile("w", suffix=".py", delete=False) as script:
            script.write(
                SCRIPT.format(folder=FOLDER, act=act, names=names, before=before, trainer=trainer)
            )
        self.addCleanup(os.unlink, script.name)
        agent = Agent([script.name], environment)
        self.addCleanup(agent.__exit__, None, None, None)
        return agent

    def begun(self, act: str = "pass", **given: Any) -> Agent:
        """The same, with a rank and a step made."""
        agent = self.start(act, **given)
        self.assertIsInstance(agent.load(), _wire.JobLoaded, agent.log())
        self.assertIsInstance(agent.prepare(1, 0, INIT), _wire.ViewPrepared)
        self.assertIsInstance(agent.step(1, 1), _wire.Applied)
        return agent


class Words(Case):
    def test_an_exception_of_megabytes_is_told_without_its_middle(self) -> None:
        agent = self.begun("raise ValueError('begin' + 'x' * 9_000_000 + 'the end')")
        answer = agent.call(_wire.Execute(1, 2))
        self.assertIsInstance(answer, _wire.Fault)
        self.assertRegex(answer.message, r"(?s)^ValueError: beginx+ … \d+ characters … x+the end")
        self.assertLess(len(answer.message), 5000)
        self.assertLess(len(answer.traceback), 20000)

    def test_half_a_character(self) -> None:
        agent = self.begun("raise ValueError('half \\udc80')")
        answer = agent.call(_wire.Execute(1, 2))
        self.assertIsInstance(answer, _wire.Fault)
        self.assertIn("half \\udc80", answer.message)

    def test_without_a_standard_error_to_print_to(self) -> None:
        agent = self.begun("sys.stderr.close(); raise ValueError('unseen')")
        answer = agent.call(_wire.Execute(1, 2))
        self.assertIsInstance(answer, _wire.Fault)
        self.assertIn("ValueError: unseen", answer.message)

    def test_a_metric_that_cannot_be_told_ends_nothing(self) -> None:
        class Wrong:
            def __float__(self) -> float:
                raise RuntimeError("no")

        class Loss:
            def detach(self) -> float:
                return 2.5

            def __float__(self) -> float:
                raise AssertionError("asked with its graph")

        board = _report.Board()
        board.take(1, {"wrong": Wrong(), "\udc80": 1, "loss": Loss()})
        told = board.fresh()
        assert told is not None
        self.assertEqual([(one.name, one.value) for one in told.values][1:], [("loss", 2.5)])
        self.assertIn(b"udc80", _wire.FromWorker(body=told).encode())


class Children(Case):
    def test_a_forked_child_does_not_hold_the_bridge_open(self) -> None:
        agent = self.begun("os.fork() == 0 and (time.sleep(600), os._exit(0)); os._exit(3)")
        agent.send(_wire.Execute(1, 2))
        self.assertIsNone(agent.main.receive(_wire.FromWorker))
        self.assertEqual(agent.ended(), 3)

    def test_children_end_with_the_process(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            pipe = os.path.join(folder, "pipe")
            os.mkfifo(pipe)
            held = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
            self.addCleanup(os.close, held)
            os.set_blocking(held, True)
            agent = self.begun(f"subprocess.Popen(['sleep', '600'], stdout=open({pipe!r}, 'w'))")
            self.assertIsInstance(agent.step(1, 2), _wire.Applied)
            agent.send(_wire.Shutdown())
            self.assertEqual(agent.ended(), 0)
            # Its end is seen when nobody holds the other one any more.
            self.assertEqual(os.read(held, 1), b"")

    def test_descendants_of_this_session_alone(self) -> None:
        from_child, to_test = os.pipe()
        own, other = self.child(lambda: None), self.child(lambda: self.leave(to_test))
        try:
            self.assertEqual(os.read(from_child, 1), b"!")
            found = _children.descendants(os.getpid(), os.getsid(0))
            self.assertIn(own, found)
            self.assertNotIn(other, found)
        finally:
            for pid in (own, other):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            os.close(from_child)
            os.close(to_test)

    def child(self, work: Callable[[], None]) -> int:
        pid = os.fork()
        if pid == 0:
            work()
            signal.pause()
            os._exit(0)
        return pid

    def leave(self, to_test: int) -> None:
        os.setsid()
        os.write(to_test, b"!")

    def test_a_script_that_multiprocessing_imports_anew(self) -> None:
        agent = self.begun(
            "child = multiprocessing.get_context('spawn').Process(target=print);"
            " child.start(); child.join(); print('ended', child.exitcode, flush=True)"
        )
        self.assertIsInstance(agent.step(1, 2), _wire.Applied)
        self.assertIn('put the call, and what begins to train, under `if __name__', agent.log())
        self.assertIn("ended 1", agent.log())


class Calls(Case):
    def test_a_second_one(self) -> None:
        answer = self.begun("coxswain.run(Strange())").call(_wire.Execute(1, 2))
        self.assertIsInstance(answer, _wire.Fault)
        self.assertIn("coxswain.run was called a second time in this process", answer.message)

    def test_what_is_no_trainer(self) -> None:
        import coxswain

        for given, text in (("Net", "got str"), (Linear, r"got the class Linear: make .*Linear\(\)")):
            with self.assertRaisesRegex(TypeError, text):
                coxswain.run(given)  # type: ignore[arg-type]


class Linear:
    """No trainer."""


class Names(Case):
    def test_long_ones_have_room_in_snapshots(self) -> None:
        agent = self.begun(names=("-" * 4000, "ä" * 300))
        committed = agent.step(1, 2, slot=1)
        self.assertIsInstance(committed, _wire.SnapshotCommitted)
        self.assertFalse(committed.failed, committed.reason)

    def test_what_no_snapshot_can_hold(self) -> None:
        for name, text in (
            ("x" * 70_000, "a name of 70000 bytes; at most 4096"),
            ("\udc80", "cannot be written as UTF-8"),
            (3, "a leaf's name is 3; expected a text"),
        ):
            with self.assertRaisesRegex(TrainerError, text):
                Leaf(name)  # type: ignore[arg-type]
        for shape in ((-1,), (2.5,)):
            with self.assertRaisesRegex(TrainerError, "expected whole numbers from 0 on"):
                Leaf("w", shape=shape)  # type: ignore[arg-type]

    def test_what_is_no_number_of_samples(self) -> None:
        for samples, text in (
            (5.5, "is 5.5; expected a whole number"),
            ("many", "is 'many'; expected a whole number"),
            (0, "there are no training samples"),
            (1 << 63, "whole numbers below 2"),
        ):
            with self.assertRaisesRegex(TrainerError, text):
                Program((Leaf("w"),), (), samples)  # type: ignore[arg-type]


if __name__ == "__main__":
    unittest.main()
