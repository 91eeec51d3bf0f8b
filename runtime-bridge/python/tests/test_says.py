"""What a program says: metrics, tracebacks, and stacks upon a signal. Needs no packages."""

from __future__ import annotations

import contextlib
import io
import math
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import coxswain
from coxswain import _control, _evidence, _report, _wire

from . import agent as agents
from .test_worker import WorkerCase


class Metrics(WorkerCase):
    def test_the_newest_of_each_name_comes_before_the_answer(self) -> None:
        agent = self.start(config={"report": True})
        for step in (1, 2, 3):
            agent.step(1, step)
        agent.call(_wire.Finish(1, 3, False, (_control.LineageSegment(1, 1, 3),)))
        self.assertTrue(agent.metrics)
        values = {one.name: one.value for said in agent.metrics for one in said.values}
        self.assertEqual(set(values), {"sample_loss", "rate", "never"})
        self.assertEqual(values["rate"], 0.05)
        self.assertTrue(math.isnan(values["never"]))
        self.assertEqual(agent.metrics[-1].step, 3)

    def test_a_fault_comes_after_what_was_measured_and_with_the_whole_traceback(self) -> None:
        agent = self.start(config={"report": True, "fail": {"in": "apply", "step": 1}})
        answer = agent.step(1, 1)
        self.assert_fault(answer, "internal", "told to fail in apply")
        self.assertIn("Traceback (most recent call last)", answer.traceback)
        self.assertIn("fail_maybe", answer.traceback)
        self.assertIn("ValueError: told to fail in apply", answer.traceback.splitlines()[-1])
        self.assertTrue(agent.metrics)


class Board(unittest.TestCase):
    def test_bounds_are_kept_with_a_warning_once(self) -> None:
        board = _report.Board()
        with contextlib.redirect_stderr(io.StringIO()) as said:
            board.take(1, {"": 1.0, "x" * 65: 1.0})
            board.take(1, {"text": "good", "list": [1.0, 2.0], "none": None})
            board.take(2, {f"m{i}": i for i in range(40)})
            board.take(3, {"m0": True, "m1": 2**2000})
        lines = said.getvalue().splitlines()
        self.assertEqual(len(lines), 3, lines)
        self.assertIn("a name of more than 64 characters", lines[0])
        self.assertIn("'text' is a str, which is no single number", lines[1])
        self.assertIn("'m32' is one too many: a program has 32 names", lines[2])
        fresh = board.fresh()
        assert fresh is not None
        self.assertEqual((fresh.step, len(fresh.values)), (3, 32))
        self.assertEqual(fresh.values[0], _wire.Metric("m0", 1.0))
        self.assertIsNone(board.fresh())

    def test_where_no_agent_listens_nothing_happens(self) -> None:
        before = _report._current.board
        _report._current.board = None
        self.addCleanup(setattr, _report._current, "board", before)
        coxswain.report(loss="nothing", accuracy=0.5)


class Tracebacks(unittest.TestCase):
    def test_a_long_one_keeps_its_end(self) -> None:
        def deep(n: int) -> None:
            if n == 0:
                raise ValueError("ä" * 30_000 + "the end")
            deep(n - 1)

        try:
            deep(50)
        except ValueError as e:
            text = _evidence.whole_traceback(e)
        self.assertTrue(text.rstrip().endswith("the end"))
        self.assertLess(len(text.encode()), 17_000)

    def test_an_exception_that_cannot_be_printed(self) -> None:
        class Mute(Exception):
            def __str__(self) -> str:
                raise RuntimeError("no words")

        text = _evidence.whole_traceback(Mute())
        self.assertIn("Mute", text)


@unittest.skipUnless(hasattr(signal, "SIGRTMIN"), "no real-time signals here")
class Stacks(WorkerCase):
    def test_upon_the_signal_all_threads_are_written_again_and_again(self) -> None:
        agent = self.start()
        pid = agent.process.pid
        number = signal.SIGRTMIN + 7
        file = agent.folder / f"stacks.{pid}.{number}"
        self.assertEqual(file.read_bytes(), b"")
        for _ in range(2):
            os.kill(pid, number)
            # The end of the main thread's stack, the last that is written: what threads that run have
            # on theirs may be cut short.
            while b"linear_worker.py" not in file.read_bytes():
                self.assertEqual(agent.ping().operation, "idle")
            os.truncate(file, 0)
        self.assertIsInstance(agent.step(1, 1), _wire.Applied)

    def test_a_forked_child_writes_its_own(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        folder = temporary.name
        script = (
            "import coxswain, os, sys\n"
            "child = os.fork()\n"
            "if child == 0:\n"
            "    sys.stdin.read()\n"
            "    os._exit(0)\n"
            "print(child, flush=True)\n"
            "os.waitpid(child, 0)\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", script],
            env={"PYTHONPATH": str(agents.PACKAGE), _evidence.FOLDER: folder},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None and process.stdout is not None
        child = int(process.stdout.readline())
        for pid in (child, process.pid):
            file = Path(folder) / f"stacks.{pid}.{signal.SIGRTMIN + 7}"
            while not file.exists():
                self.assertIsNone(process.poll())
            # A signal that comes between the file and its handler tells nobody: it is sent again.
            while b"most recent call first" not in file.read_bytes():
                os.kill(pid, signal.SIGRTMIN + 7)
                self.assertIsNone(process.poll())
        process.stdin.close()
        self.assertEqual(process.wait(agents.PATIENCE), 0)
        process.stdout.close()

    def test_a_folder_that_is_not_there_is_no_reason_to_fail(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", "import coxswain; print('went on')"],
            env={"PYTHONPATH": str(agents.PACKAGE), _evidence.FOLDER: "/nowhere/at/all"},
            capture_output=True,
            text=True,
        )
        self.assertEqual((done.stdout.strip(), done.stderr), ("went on", ""))


if __name__ == "__main__":
    unittest.main()
