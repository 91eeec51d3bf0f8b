"""Programs that reduce between ranks by themselves, each in a process of its own. Needs no packages."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from typing import Any

from coxswain import FusedProgram, Leaf, Piece, Program, TrainerError, _control, _tables, _wire

from .agent import Agent

ALLREDUCE = str(Path(__file__).with_name("allreduce_worker.py"))
SHARDED = str(Path(__file__).with_name("sharded_worker.py"))
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
        self,
        agent: Agent,
        rank: int,
        epoch: int,
        step: int,
        origin: int,
        shards: int = 1,
        **slot: Any,
    ) -> None:
        assert agent.arena is not None
        prepared = agent.call(
            _wire.PrepareView(
                epoch=epoch,
                rank=rank,
                replicas=2,
                shards=shards,
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
            _wire.Finish(1, 5, True, (_control.LineageSegment(1, 1, 5),))
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

    def test_how_far_it_came_shows_while_it_waits(self) -> None:
        both = [self.worker(), self.worker()]
        for rank, agent in enumerate(both):
            self.prepare(agent, rank, 1, 0, INIT)
        executed = self.step(both, 1, 1)[0]
        self.assertLess(0, executed.own_nanos)
        self.assertLessEqual(executed.own_nanos, executed.execute_nanos)
        waits = both[0].send(_wire.Execute(1, 2))
        while (pong := both[0].ping()).entered == 0:
            self.assertIn(pong.operation, ("idle", "execute"))
        self.assertEqual((pong.operation, pong.step, pong.entered), ("execute", 2, 1))
        self.assertEqual(both[1].ping().entered, 0)
        self.assertIsInstance(both[1].call(_wire.Execute(1, 2)), _wire.Executed)
        self.assertIsInstance(both[0].answer(waits), _wire.Executed)
        self.assertEqual(both[0].ping().entered, 0)

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


class CutStates(FusedCase):
    """Two replicas of a state that is cut in two; ranks 0 and 2 have the first shard."""

    JOB = {**RUNTIME, "shards": 2}

    def worker(self, **config: Any) -> Agent:
        agent = Agent([SHARDED], STALE)
        self.addCleanup(agent.__exit__, None, None, None)
        loaded = agent.load(config={"folder": self.folder, **config}, **self.JOB)
        self.assertIsInstance(loaded, _wire.JobLoaded, (loaded, agent.log()))
        return agent

    def all_of(self, epoch: int, step: int, origins: list[dict[str, Any]]) -> list[Agent]:
        agents = [self.worker() for _ in origins]
        for rank, (agent, slot) in enumerate(zip(agents, origins)):
            self.prepare(agent, rank, epoch, step, SLOT if slot else INIT, shards=2, **slot)
        return agents

    def stored(self, agent: Agent, slot: int) -> dict[str, bytes]:
        assert agent.arena is not None
        meta, _ = agent.arena.slot(slot).verify()
        data = agent.arena.slot(slot).data()
        return {piece.box.leaf: bytes(data[piece.at : piece.end]) for piece in meta.pieces}

    def test_what_is_said_of_the_pieces_is_what_is_stored(self) -> None:
        agent = self.worker()
        assert agent.loaded is not None and agent.loaded.layout is not None
        cuts = {cut.leaf: cut for cut in agent.loaded.leaves}
        self.assertEqual(
            [(box.shard, box.offset, box.extent) for box in cuts["w"].boxes],
            [(0, (0, 0), (4, 7)), (1, (4, 0), (3, 7))],
        )
        self.assertEqual([c.leaf for c in cuts.values() if c.per_rank][:2], ["seen", "drawn"])
        self.assertEqual(agent.loaded.shard_pieces, (6, 6))
        self.prepare(agent, 1, 1, 0, INIT, shards=2)
        agent.call(_wire.Snapshot(1, 0, 0))
        assert agent.arena is not None
        meta, _ = agent.arena.slot(0).verify()
        self.assertEqual(meta.data_bytes, agent.loaded.layout.shard_state_bytes[1])
        found = [(p.box.leaf, p.box.offset, p.box.extent) for p in meta.pieces]
        self.assertEqual(found[0], ("w", (4, 0), (3, 7)))
        self.assertEqual([name for name, _, _ in found][2:], ["step", "seen", "drawn", "coxswain/rank"])

    def test_replicas_agree_but_for_what_is_per_rank(self) -> None:
        agents = self.all_of(1, 0, [{}] * 4)
        for step in (1, 2, 3):
            answers = self.step(agents, 1, step)
            self.assertEqual(len({answer.loss for answer in answers}), 1)
        digests = [agent.call(_wire.Snapshot(1, 3, 0)).digest for agent in agents]
        self.assertEqual((digests[0], digests[1]), (digests[2], digests[3]))
        self.assertNotEqual(digests[0], digests[1])
        drawn = {self.stored(agent, 0)["drawn"] for agent in agents}
        self.assertEqual(len(drawn), 4)
        self.assertEqual(
            [int.from_bytes(self.stored(a, 0)["coxswain/rank"], "little") for a in agents],
            [0, 1, 2, 3],
        )
        finished = [agent.call(_wire.Finish(1, 3)).leaves for agent in agents]
        self.assertEqual(finished[0], finished[2])
        numbers = [[leaf.leaf_index for leaf in leaves] for leaves in finished[:2]]
        self.assertEqual(sorted({*numbers[0], *numbers[1]}), [0, 1, 2, 3, 4])
        self.assertEqual(set(numbers[0]) & set(numbers[1]), {4})

    def test_each_rank_goes_on_with_its_own_or_another_replicas_state(self) -> None:
        agents = self.all_of(1, 0, [{}] * 4)
        self.step(agents, 1, 1)
        for agent in agents:
            agent.call(_wire.Snapshot(1, 1, 2))
        before = [self.stored(agent, 2) for agent in agents]
        expected = self.step(agents, 1, 2)[0]
        # Rank 3's state is lost: it takes that of rank 1.
        paths = [str(agents[i].arena.path) for i in (0, 1, 2, 1)]  # type: ignore[union-attr]
        others = self.all_of(2, 1, [{"slot_path": path, "slot_index": 2} for path in paths])
        for agent in others:
            agent.call(_wire.Snapshot(2, 1, 0))
        after = [self.stored(agent, 0) for agent in others]
        self.assertEqual(after[:3], before[:3])
        self.assertEqual(after[3]["w"], before[3]["w"])
        self.assertNotIn(after[3]["drawn"], [one["drawn"] for one in before])
        self.assertEqual(int.from_bytes(after[3]["seen"], "little"), 0)
        again = self.step(others, 2, 2)[0]
        self.assertEqual((again.loss, again.sample_hash), (expected.loss, expected.sample_hash))

    def test_a_slot_of_another_shard_or_with_other_pieces_is_refused(self) -> None:
        first = self.worker()
        self.prepare(first, 0, 1, 0, INIT, shards=2)
        first.call(_wire.Snapshot(1, 0, 0))
        assert first.arena is not None
        path = str(first.arena.path)
        second = self.worker()
        assert second.arena is not None
        request = _wire.PrepareView(
            epoch=2, rank=1, replicas=2, shards=2, region_path=str(second.arena.path),
            origin=SLOT, slot_path=path, slot_index=0,
        )  # fmt: skip
        self.assertEqual(second.call(request).code, "bad_state")
        slot = first.arena.slot(0)
        meta, _ = slot.verify()
        boxes = [piece.box for piece in meta.pieces]
        moved = _tables.Box("w", "f64", (7, 7), (3, 0), (4, 7), boxes[0].size)
        slot.free()
        other = _tables.Meta.lay_out(meta.job_id, 1, 0, 0, [moved, *boxes[1:]])
        slot.begin(other)
        slot.commit(other)
        answer = second.call(
            _wire.PrepareView(
                epoch=3, rank=0, replicas=2, shards=2, region_path=str(second.arena.path),
                origin=SLOT, slot_path=path, slot_index=0,
            )  # fmt: skip
        )
        self.assertEqual(answer.code, "bad_state")
        self.assertIn("piece w, [4, 7] elements from [3, 0] on of f64[7, 7]", answer.message)


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

    def test_a_state_that_is_to_be_cut_and_nobody_says_how(self) -> None:
        for fault in (
            self.fault(ALLREDUCE, collectives_across="runtime", shards=2),
            self.fault(
                SHARDED, collectives_across="runtime", shards=2, config={"wrong": "uncut"}
            ),
        ):
            self.assertEqual(fault.code, "program_invalid")
            self.assertIn("FusedProgram.shards", fault.message)
            self.assertIn("mesh.shards to 1", fault.message)

    def test_pieces_that_make_no_state(self) -> None:
        for wrong, expected in (
            ("gap", "leaf w of shape [7, 7]: 7 of its 49 elements are in no shard, such as [6, 0]"),
            ("overlap", "[0:4, 0:7] in shard 0 and [1:7, 0:7] in shard 1 overlap"),
            ("bounds", "the box does not lie in shape (7, 7)"),
        ):
            fault = self.fault(
                SHARDED, collectives_across="runtime", shards=2, config={"wrong": wrong}
            )
            self.assertEqual(fault.code, "program_invalid")
            self.assertIn(expected, fault.message)

    def test_programs_that_are_none(self) -> None:
        leaf, own = Leaf("w", "f32", (4,)), Leaf("r", "u64", per_rank=True)
        for leaves, text in (
            ((leaf, leaf), "two leaves have the name 'w'"),
            ((own,), "all leaves are per rank"),
            ((leaf, Leaf("coxswain/rank")), "coxswain/rank"),
        ):
            with self.assertRaisesRegex(TrainerError, text):
                FusedProgram(leaves, 1)
        with self.assertRaisesRegex(TrainerError, "agents reduce"):
            Program((leaf,), (own,), 1)
        half = FusedProgram((leaf,), 1, shards=((Piece.cut(leaf, 0, 2),), (Piece("v"),)))
        with self.assertRaisesRegex(TrainerError, "leaf 'v', which the state has not"):
            half.shard(1, 2)
        with self.assertRaisesRegex(TrainerError, "is cut into 2: give"):
            half.shard(0, 3)


if __name__ == "__main__":
    unittest.main()
