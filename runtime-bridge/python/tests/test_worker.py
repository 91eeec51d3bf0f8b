"""The worker's host, with a trainer in plain Python in another process. Needs no packages."""

from __future__ import annotations

import os
import signal
import sys
import unittest
from pathlib import Path
from typing import Any

from coxswain import _control, _wire

from . import agent as agents
from .agent import Agent

LINEAR = str(Path(__file__).with_name("linear_worker.py"))
INIT, KEEP, SLOT = (
    _wire.STATE_ORIGIN_INIT,
    _wire.STATE_ORIGIN_KEEP_LIVE,
    _wire.STATE_ORIGIN_SLOT,
)


class WorkerCase(unittest.TestCase):
    def start(self, **job: Any) -> Agent:
        """A worker that has taken its rank."""
        agent = (
            self.enterContext(Agent([LINEAR])) if sys.version_info >= (3, 11) else Agent([LINEAR])
        )
        if sys.version_info < (3, 11):
            self.addCleanup(agent.__exit__, None, None, None)
        loaded = agent.load(**job)
        self.assertIsInstance(loaded, _wire.JobLoaded, loaded)
        prepared = agent.prepare(1, 0, INIT)
        self.assertIsInstance(prepared, _wire.ViewPrepared, prepared)
        return agent

    def assert_fault(self, answer: Any, code: str, *texts: str) -> None:
        self.assertIsInstance(answer, _wire.Fault, answer)
        self.assertEqual(answer.code, code, answer)
        for text in texts:
            self.assertIn(text, answer.message)


class Training(WorkerCase):
    def test_a_loss_that_falls_and_a_state_that_another_process_takes_up(self) -> None:
        first = self.start()
        losses = []
        for step in (1, 2, 3):
            executed = first.call(_wire.Execute(1, step))
            losses.append(sum(executed.microshard_losses))
            self.assertEqual(executed.samples, 6)
            first.reduce()
            self.assertIsInstance(first.call(_wire.Apply(1, step)), _wire.Applied)
        committed = first.call(_wire.Snapshot(1, 3, 1))
        self.assertEqual(len(committed.digest), 32, committed)
        after = first.step(1, 4, slot=2)

        second = self.start()
        self.assertIsNotNone(first.arena)
        path = str(first.arena.path) if first.arena else ""
        taken = second.prepare(
            2, 3, SLOT, slot_path=path, slot_index=1, slot_digest=committed.digest
        )
        self.assertEqual(taken, _wire.ViewPrepared(2, 3, committed.digest, committed.data_bytes))
        self.assertEqual(second.step(2, 4, slot=0).digest, after.digest)
        self.assertEqual(
            first.loaded and first.loaded.layout, second.loaded and second.loaded.layout
        )

    def test_the_end_of_a_job(self) -> None:
        agent = self.start()
        agent.step(1, 1)
        finished = agent.call(_wire.Finish(1, 1, True, (_control.LineageSegment(1, 1, 1),)))
        self.assertGreater(finished.held_out_loss, 0)
        self.assertEqual((finished.samples_seen, finished.samples_distinct_per_pass), (6, (6,)))
        self.assertEqual(
            [leaf.leaf for leaf in finished.leaves],
            [
                "parameters/w",
                "parameters/b",
                "optimizer/momentum/w",
                "optimizer/momentum/b",
                "optimizer/step",
                "optimizer/ballast",
            ],
        )
        agent.send(_wire.Shutdown())
        self.assertEqual(agent.ended(), 0)

    def test_an_abort_is_answered_in_the_middle_of_a_microshard(self) -> None:
        agent = self.start_with_pipe()
        pipe = agent.folder / "pipe"
        running = agent.send(_wire.Execute(1, 1))
        # Opens when the program reads: it is in the microshard until the pipe is closed.
        with pipe.open("wb"):
            self.assertEqual(agent.ping().operation, "execute")
            agent.abort(2)
            self.assertEqual(agent.answer(running), _wire.Aborted(1, 1))
        # The microshard ends, and its result goes nowhere.
        self.assertIsInstance(agent.prepare(2, 0, KEEP), _wire.ViewPrepared)

    def test_it_ends_with_its_agent_in_the_middle_of_a_microshard(self) -> None:
        agent = self.start_with_pipe()
        agent.send(_wire.Execute(1, 1))
        while agent.ping().operation != "execute":
            pass
        agent.side.close()
        self.assertEqual(agent.ended(), 3)
        self.assertIn("the agent closed the bridge", agent.log().splitlines()[-1])

    def start_with_pipe(self) -> Agent:
        """Its grads end when somebody opens the pipe."""
        agent = Agent([LINEAR])
        self.addCleanup(agent.__exit__, None, None, None)
        os.mkfifo(agent.folder / "pipe")
        agent.load(config={"pipe": str(agent.folder / "pipe")})
        agent.prepare(1, 0, INIT)
        return agent


class Exceptions(WorkerCase):
    def test_at_step_k(self) -> None:
        agent = self.start(config={"fail": {"in": "grads", "step": 2}})
        agent.step(1, 1)
        agent.step(1, 2)
        answer = agent.step(1, 3)
        self.assert_fault(
            answer,
            "internal",
            "ValueError: told to fail in grads (linear_worker.py:",
            "(in execute of step 3)",
        )
        self.assertIn("Traceback", agent.log())
        self.assertIn("ValueError: told to fail in grads", agent.log().splitlines()[-1])
        # The state is as it was, and the worker goes on.
        self.assertIsInstance(agent.prepare(2, 2, KEEP), _wire.ViewPrepared)

    def test_in_an_update_the_state_is_lost(self) -> None:
        agent = self.start(config={"fail": {"in": "apply", "step": 1}})
        self.assert_fault(agent.step(1, 1), "internal", "told to fail in apply", "apply of step 1")
        self.assert_fault(agent.call(_wire.Execute(1, 1)), "bad_state", "no live state")
        self.assert_fault(agent.prepare(2, 0, KEEP), "bad_state", "no live state")
        self.assertIsInstance(agent.prepare(3, 0, INIT), _wire.ViewPrepared)

    def test_while_data_are_fetched(self) -> None:
        agent = self.start(config={"fail": {"in": "batch", "step": 0}})
        self.assert_fault(agent.step(1, 1), "internal", "told to fail in batch")

    def test_while_a_job_is_loaded(self) -> None:
        for where in ("build", "warm_up"):
            with self.subTest(where), Agent([LINEAR]) as agent:
                self.assert_fault(agent.load(config={"fail": {"in": where}}), "internal", where)
                self.assertIsInstance(agent.load(), _wire.JobLoaded)

    def test_when_the_program_ends_itself(self) -> None:
        agent = self.start(config={"fail": {"in": "grads", "step": 0}, "exit": True})
        agent.send(_wire.Execute(1, 1))
        self.assertEqual(agent.ended(), 70)
        last = agent.log().splitlines()[-1]
        self.assertIn("the program ended itself: SystemExit: as configured", last)
        self.assertIn("execute of step 1", last)

    def test_a_state_that_changes_its_shape(self) -> None:
        agent = self.start(config={"shrink": 1})
        self.assert_fault(
            agent.step(1, 1), "program_invalid", "the state has 5 parts", "it changed since"
        )

    @unittest.skipIf(
        signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
        "whoever started this ignores SIGINT, and so do its children",
    )
    def test_an_interrupt(self) -> None:
        agent = self.start()
        agent.process.send_signal(signal.SIGINT)
        self.assertEqual(agent.ended(), -signal.SIGINT)


class BadInput(WorkerCase):
    def test_no_agent(self) -> None:
        done = agents.run_alone([LINEAR])
        self.assertEqual(done.returncode, 64)
        self.assertIn("coxswain train", done.stderr)

    def test_an_agent_that_is_not_there(self) -> None:
        script = (
            "import os, runpy; os.environ.update(COXSWAIN_BRIDGE_SOCKET='/nowhere/s',"
            f" COXSWAIN_BRIDGE_TOKEN='t'); runpy.run_path({LINEAR!r}, run_name='__main__')"
        )
        done = agents.run_alone(["-c", script])
        self.assertEqual(done.returncode, 64)
        self.assertIn("cannot reach the agent at /nowhere/s", done.stderr)

    def test_jobs_that_make_no_sense(self) -> None:
        cases: list[tuple[dict[str, Any], str, str]] = [
            ({"runtime_kind": "other"}, "program_invalid", "asks for runtime other"),
            ({"json_text": '{"'}, "program_invalid", "no JSON"),
            ({"json_text": "[]"}, "program_invalid", "must be objects"),
            ({"json_text": '{"config": 3}'}, "program_invalid", "must be objects"),
            ({"json_text": '{"minStepMillis": "x"}'}, "program_invalid", "minStepMillis"),
            ({"microshards": 7}, "bad_request", "7 microshards"),
            ({"shards": 3}, "program_invalid", "cut into at most 2 shards"),
        ]
        with Agent([LINEAR]) as agent:
            for job, code, text in cases:
                with self.subTest(text):
                    self.assert_fault(agent.load(**job), code, text)
            self.assertIsInstance(agent.load(), _wire.JobLoaded)

    def test_a_slot_of_another_program(self) -> None:
        first = self.start(config={"ballast": 512})
        first.step(1, 1, slot=0)
        second = self.start()
        assert first.arena is not None
        answer = second.prepare(2, 1, SLOT, slot_path=str(first.arena.path))
        self.assert_fault(answer, "bad_state", "optimizer/ballast", "another version")


if __name__ == "__main__":
    unittest.main()
