"""Programs that reduce between ranks by themselves, each in a process of its own. Needs no packages."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from typing import Any

from coxswain import _wire

from .agent import Agent

ALLREDUCE = str(Path(__file__).with_name("allreduce_worker.py"))
LINEAR = str(Path(__file__).with_name("linear_worker.py"))
INIT, KEEP, SLOT = (
    _wire.STATE_ORIGIN_INIT,
    _wire.STATE_ORIGIN_KEEP_LIVE,
    _wire.STATE_ORIGIN_SLOT,
)
STALE = {"RANK": "7", "MASTER_ADDR": "elsewhere", "TORCHELASTIC_RUN_ID": "x"}


class FusedCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="cxg")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def worker(self, **config: Any) -> Agent:
        agent = Agent([ALLREDUCE], STALE)
        self.addCleanup(agent.__exit__, None, None, None)
        loaded = agent.load(config={"folder": self.folder, **config}, **RUNTIME)
        self.assertIsInstance(loaded, _wire.JobLoaded, loaded)
        self.assertEqual(loaded.layout.parameter_elements, 0)
        return agent

    def prepare(
        self, agent: Agent, rank: int, epoch: int, step: int, origin: int, **slot: Any
    ) -> None:
        assert agent.arena is not None
        prepared = agent.call(
            _wire.PrepareView(
                epoch=epoch,
                rank=rank,
                replicas=2,
                shards=1,
                base_step=step,
                region_path=str(agent.arena.path),
                origin=origin,
                host="127.0.0.1",
                **slot,
            )
        )
        self.assertIsInstance(prepared, _wire.ViewPrepared, (prepared, agent.log()))

    def step(self, agents_: list[Agent], epoch: int, step: int) -> list[Any]:
        requests = [agent.send(_wire.Execute(epoch, step)) for agent in agents_]
        answers = [agent.answer(request) for agent, request in zip(agents_, requests)]
        for agent, answer in zip(agents_, answers):
            self.assertIsInstance(answer, _wire.Executed, (answer, agent.log()))
        return answers


RUNTIME = {"collectives_across": "runtime", "replicas": 2, "batch": 8, "microshards": 4}


class Steps(FusedCase):
    def test_all_ranks_make_the_same_state(self) -> None:
        both = [self.worker(), self.worker()]
        for rank, agent in enumerate(both):
            self.prepare(agent, rank, 1, 0, INIT)
        losses = []
        for step in range(1, 6):
            answers = self.step(both, 1, step)
            self.assertEqual([answer.samples for answer in answers], [4, 4])
            self.assertEqual(answers[0].loss, answers[1].loss)
            losses.append(answers[0].loss)
        self.assertLess(losses[-1], losses[0])
        digests = [agent.call(_wire.Snapshot(1, 5, 0)).digest for agent in both]
        self.assertEqual(digests[0], digests[1])
        finished = both[0].call(
            _wire.Finish(1, 5, True, (_wire.LineageSegment(1, 1, 5),))
        )
        self.assertEqual(finished.samples_seen, 40)
        self.assertGreater(finished.held_out_loss, 0)

    def test_new_processes_go_on_with_what_was_stored(self) -> None:
        both = [self.worker(), self.worker()]
        for rank, agent in enumerate(both):
            self.prepare(agent, rank, 1, 0, INIT)
        for step in (1, 2):
            self.step(both, 1, step)
        both[1].call(_wire.Snapshot(1, 2, 1))
        at_three = self.step(both, 1, 3)[0]
        stored = both[1].arena
        assert stored is not None
        others = [self.worker(), self.worker()]
        for rank, agent in enumerate(others):
            self.prepare(agent, rank, 2, 2, SLOT, slot_path=str(stored.path), slot_index=1)
        again = self.step(others, 2, 3)[0]
        self.assertEqual((again.loss, again.sample_hash), (at_three.loss, at_three.sample_hash))

    def test_a_rank_that_dies_breaks_the_group_of_the_others(self) -> None:
        both = [self.worker(), self.worker()]
        for rank, agent in enumerate(both):
            self.prepare(agent, rank, 1, 0, INIT)
        self.step(both, 1, 1)
        waits = both[0].send(_wire.Execute(1, 2))
        both[1].process.kill()
        answer = both[0].answer(waits)
        self.assertIsInstance(answer, _wire.Fault, answer)
        self.assertEqual(answer.code, "group_broken", answer)

    def test_who_reforms_is_interrupted_keeps_its_state_and_joins_the_next_group(self) -> None:
        first, second = self.worker(reforms=True), self.worker(reforms=True)
        assert first.loaded is not None and first.loaded.reforms
        for rank, agent in enumerate((first, second)):
            self.prepare(agent, rank, 1, 0, INIT)
        self.step([first, second], 1, 1)
        waits = first.send(_wire.Execute(1, 2))
        while first.ping().operation != "execute":
            pass
        first.abort(2)
        self.assertIsInstance(first.answer(waits), _wire.Aborted)
        third = self.worker(reforms=True)
        self.prepare(first, 1, 2, 1, KEEP)
        second.call(_wire.Snapshot(1, 1, 0))
        assert second.arena is not None
        self.prepare(third, 0, 2, 1, SLOT, slot_path=str(second.arena.path), slot_index=0)
        self.step([third, first], 2, 2)

    def test_who_does_not_answers_that_it_stopped_and_can_be_ended(self) -> None:
        first, second = self.worker(), self.worker()
        for rank, agent in enumerate((first, second)):
            self.prepare(agent, rank, 1, 0, INIT)
        waits = first.send(_wire.Execute(1, 1))
        first.abort(2)
        self.assertIsInstance(first.answer(waits), _wire.Aborted)
        first.send(_wire.Shutdown())
        self.assertEqual(first.ended(), 0)

    def test_an_exception_that_is_no_broken_group_is_the_programs(self) -> None:
        both = [self.worker(), self.worker(failAt=1)]
        for rank, agent in enumerate(both):
            self.prepare(agent, rank, 1, 0, INIT)
        requests = [agent.send(_wire.Execute(1, 1)) for agent in both]
        answer = both[1].answer(requests[1])
        self.assertIsInstance(answer, _wire.Fault)
        self.assertEqual(answer.code, "internal")
        self.assertIn("told to fail", answer.message)


class Refusals(FusedCase):
    def fault(self, script: str, **job: Any) -> _wire.Fault:
        agent = Agent([script])
        self.addCleanup(agent.__exit__, None, None, None)
        answer = agent.load(**job)
        assert isinstance(answer, _wire.Fault), answer
        return answer

    def test_a_program_that_reduces_otherwise_than_the_job_says(self) -> None:
        fused = self.fault(ALLREDUCE, collectives_across="agent")
        self.assertEqual(fused.code, "program_invalid")
        self.assertIn("set collectives.across to runtime", fused.message)
        split = self.fault(LINEAR, collectives_across="runtime")
        self.assertEqual(split.code, "program_invalid")
        self.assertIn("FusedTrainer", split.message)

    def test_a_state_that_is_to_be_cut(self) -> None:
        fault = self.fault(ALLREDUCE, collectives_across="runtime", shards=2)
        self.assertEqual(fault.code, "program_invalid")
        self.assertIn("mesh.shards to 1", fault.message)


if __name__ == "__main__":
    unittest.main()
