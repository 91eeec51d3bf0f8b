"""Processes that no agent started: what they print and do they say themselves. Needs no packages."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

from coxswain import _output, _report, _wire

from .agent import PACKAGE, PATIENCE, TOKEN, Agent

LINEAR = str(Path(__file__).with_name("linear_worker.py"))
MINIMAL = """
import sys, threading, logging
import coxswain
print("before it is a worker")
logging.basicConfig()
{then}
"""


class Printed(unittest.TestCase):
    def test_the_newest_is_kept_and_what_is_dropped_is_counted(self) -> None:
        untold = _output.Untold(most=10)
        self.assertIsNone(untold.take())
        for piece in (b"abcd", b"efgh", b"ijkl"):
            untold.add(piece)
        self.assertEqual(untold.take(), _wire.Output(b"efghijkl", 4))
        untold.add(b"0123456789ABCDEF")
        self.assertEqual(untold.take(), _wire.Output(b"6789ABCDEF", 6))
        self.assertIsNone(untold.take())

    def test_a_stream_is_what_it_was(self) -> None:
        below, untold = io.StringIO(), _output.Untold()
        tee = _output.Tee(below, untold)
        with contextlib.redirect_stdout(tee):  # type: ignore[type-var]
            print("ä line", end="")
        tee.writelines(["one\n", "two\n"])
        self.assertEqual(below.getvalue(), "ä lineone\ntwo\n")
        told = untold.take()
        assert told is not None
        self.assertEqual(told.data.decode(), below.getvalue())
        self.assertFalse(tee.closed)


class Entering(unittest.TestCase):
    def test_counts_by_step_and_times_the_first(self) -> None:
        entries = _report.Entries()
        entries.begin(7)
        self.assertEqual((entries.of(7), entries.first_nanos), (0, 0))
        entries.entering()
        first = entries.first_nanos
        entries.entering()
        self.assertEqual((entries.of(7), entries.of(8), entries.first_nanos), (2, 0, first))
        entries.begin(8)
        entries.entering(own=False)
        entries.entering()
        self.assertEqual((entries.of(8), entries.first_nanos), (2, 0))


class Attached(unittest.TestCase):
    def agent(self) -> Agent:
        agent = Agent([LINEAR], attach=True)
        self.addCleanup(agent.__exit__, None, None, None)
        return agent

    def test_what_it_prints_reaches_the_agent(self) -> None:
        agent = self.agent()
        loaded = agent.load(config={"shout": 240})
        self.assertIsInstance(loaded, _wire.JobLoaded, agent.log())
        agent.prepare(1, 0, _wire.STATE_ORIGIN_INIT)
        self.assertIsInstance(agent.step(1, 1), _wire.Applied, agent.log())
        agent.main.send(_wire.ToWorker(99, _wire.Shutdown(again=True)))
        self.drain(agent)
        self.assertEqual(agent.ended(), 75)
        said = b"".join(one.data for one in agent.output).decode()
        self.assertIn("step 1, 240 bytes to go", said)
        self.assertIn(said, agent.log())

    def drain(self, agent: Agent) -> None:
        while (message := agent.main.receive(_wire.FromWorker)) is not None:
            if isinstance(message.body, _wire.Output):
                agent.output.append(message.body)

    def test_it_says_what_its_threads_do(self) -> None:
        agent = self.agent()
        agent.side.send(_wire.ToWorkerSide(_wire.StacksWanted(5)))
        message = agent.side.receive(_wire.FromWorkerSide)
        assert message is not None and isinstance(message.body, _wire.Stacks), agent.log()
        self.assertEqual(message.body.sequence, 5)
        self.assertIn("most recent call first", message.body.text)
        self.assertIn("linear_worker.py", message.body.text)
        # Where the agent sees the process, a signal does it too.
        self.assertEqual(len(list(agent.folder.glob(f"stacks.{agent.process.pid}.*"))), 1)

    def test_who_holds_the_interpreter_has_his_stacks_written_unasked(self) -> None:
        script = (
            "import ctypes, sys; from coxswain import _evidence\n"
            "_evidence._file, _evidence.LATE = int(sys.argv[1]), 0.1\n"
            "_evidence.runs()\n"
            # As a C extension that keeps the lock.
            "ctypes.PyDLL(None).read(0, ctypes.create_string_buffer(1), 1)\n"
        )
        read, write = os.pipe()
        with subprocess.Popen(
            [sys.executable, "-c", script, str(write)],
            env={"PYTHONPATH": str(PACKAGE)},
            stdin=subprocess.PIPE,
            pass_fds=[write],
        ) as process:
            os.close(write)
            said = b""
            while b"line 4" not in said and (more := os.read(read, 4096)):
                said += more
            assert process.stdin is not None
            process.stdin.close()
            self.assertEqual(process.wait(PATIENCE), 0)
        os.close(read)
        self.assertTrue(said.startswith(b"Timeout ("), said)

    def test_a_script_that_fails_before_it_is_a_worker_tells_why(self) -> None:
        with tempfile.TemporaryDirectory(prefix="cxo") as name, socket.socket(
            socket.AF_UNIX
        ) as listener:
            folder = Path(name)
            listener.bind(str(folder / "s"))
            listener.listen()
            listener.settimeout(PATIENCE)
            (folder / "worker.env").write_text(
                f"COXSWAIN_BRIDGE_SOCKET={folder}/s\nCOXSWAIN_BRIDGE_TOKEN={TOKEN}\n"
            )
            with subprocess.Popen(
                [sys.executable, "-c", MINIMAL.format(then="raise KeyError('no such layer')")],
                env={"PYTHONPATH": str(PACKAGE), "COXSWAIN_ATTACH": name},
                stderr=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            ) as process:
                channel, hello = Agent._accept(listener, _wire.FromWorker)
                self.assertIsInstance(hello.body, _wire.Hello)
                channel.send(_wire.ToWorker(1, _wire.Welcome(1, 0, 1)))
                said: Any = channel.receive(_wire.FromWorker)
                channel.close()
                self.assertEqual(process.wait(PATIENCE), 1)
        text = said.body.data.decode()
        self.assertTrue(text.startswith("before it is a worker\n"), text)
        self.assertIn("KeyError: 'no such layer'", text.splitlines()[-1])

    def test_nothing_is_changed_where_an_agent_reads_the_output(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", "import coxswain, sys; print(type(sys.stdout).__name__)"],
            env={k: v for k, v in os.environ.items() if not k.startswith("COXSWAIN_")}
            | {"PYTHONPATH": str(PACKAGE)},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        self.assertEqual(done.stdout.strip(), "TextIOWrapper")


if __name__ == "__main__":
    unittest.main()
