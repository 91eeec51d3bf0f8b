"""Several processes that are one worker, and hold a part of its state each. Needs no packages."""

from __future__ import annotations

import unittest
from pathlib import Path
from typing import Any

from coxswain import _arena, _group, _wire
from coxswain._ways import namer, ways_of
from coxswain.trainer import FusedProgram, Job, Leaf, Piece, TrainerError

from .agent import Agent
from .test_fused import INIT, RUNTIME, SLOT
from .test_local import SIZE, GroupCase, place

SHARDED = str(Path(__file__).with_name("sharded_worker.py"))


class CutParts(GroupCase):
    program = SHARDED

    def boxes(self, region: _arena.Arena, slot: int) -> list[tuple[str, Any, Any]]:
        pieces = region.slot(slot).table()[0].pieces
        return [(piece.box.leaf, piece.box.offset, piece.box.extent) for piece in pieces]

    def test_each_has_rows_of_its_own_and_takes_them_again(self) -> None:
        processes = self.processes()
        sizes = [one.loaded.layout.shard_state_bytes for one in processes]  # type: ignore[union-attr]
        self.assertEqual([len(one) for one in sizes], [1, 1])
        self.assertEqual(
            processes[0].loaded.layout.fingerprint,  # type: ignore[union-attr]
            processes[1].loaded.layout.fingerprint,  # type: ignore[union-attr]
        )
        region = self.region(processes, "first")
        for answer in self.prepare(processes, region, 1, 0, INIT):
            self.assertIsInstance(answer, _wire.ViewPrepared, answer)
        for step in (1, 2):
            answers = self.step(processes, 1, step)
        self.assertEqual([answer.samples for answer in answers], [4, 4])
        digest = self.snapshot(processes, region, 1, 2, 1)
        found = self.boxes(region, 1)
        self.assertEqual([box for box in found if box[0] == "w"], [
            ("w", (0, 0), (4, 7)),
            ("w", (4, 0), (3, 7)),
        ])  # fmt: skip
        self.assertEqual(len([box for box in found if box[0] == "coxswain/rank"]), 2)
        after = self.step(processes, 1, 3)

        others = self.processes()
        new = self.region(others, "second")
        slot = {"slot_path": str(region.path), "slot_index": 1, "slot_digest": digest}
        for answer in self.prepare(others, new, 2, 2, SLOT, **slot):
            self.assertIsInstance(answer, _wire.ViewPrepared, answer)
            self.assertEqual(answer.digest, digest)
        self.assertEqual(self.snapshot(others, new, 2, 2, 0), digest, "the same pieces")
        again = self.step(others, 2, 3)
        self.assertEqual(
            [(one.loss, one.sample_hash) for one in again],
            [(one.loss, one.sample_hash) for one in after],
        )

    def test_the_final_state_is_told_once(self) -> None:
        processes = self.processes()
        region = self.region(processes, "first")
        self.prepare(processes, region, 1, 0, INIT)
        self.step(processes, 1, 1)
        finished = [process.call(_wire.Finish(1, 1)) for process in processes]
        told = [[(leaf.leaf, leaf.leaf_index) for leaf in one.leaves] for one in finished]
        rows = [[leaf for leaf in one if leaf[0] == "w"] for one in told]
        self.assertEqual(rows, [[("w", 0)], [("w", 1)]])
        steps = [[leaf for leaf in one if leaf[0] == "step"] for one in told]
        self.assertEqual(steps[0], steps[1], "what both hold")
        self.assertEqual({i for one in told for _, i in one}, set(range(5)))

    def test_processes_of_an_agent_may_hold_the_same(self) -> None:
        processes = self.processes(parts=1)
        region = self.region(processes, "first")
        self.prepare(processes, region, 1, 0, INIT)
        self.step(processes, 1, 1)
        self.snapshot(processes, region, 1, 1, 0)
        rows = [box for box in self.boxes(region, 0) if box[0] == "w"]
        self.assertEqual(rows, [("w", (0, 0), (7, 7))] * 2)

    def test_a_wrong_number_of_parts_is_refused(self) -> None:
        with Agent([SHARDED], place(0)) as agent:
            answer = agent.load(config={"parts": 3}, **{**RUNTIME, "replicas": 1})
        self.assertIsInstance(answer, _wire.Fault)
        self.assertEqual(answer.code, "program_invalid")
        self.assertIn("2 processes of 1 agent hold the state together", answer.message)
        self.assertIn("is cut into 3", answer.message)

    def test_a_gap_names_the_process(self) -> None:
        with Agent([SHARDED], place(0)) as agent:
            answer = agent.load(config={"wrong": "overlap"}, **{**RUNTIME, "replicas": 1})
        self.assertIn("in shard 0, local rank 1 overlap", answer.message)

    def test_a_rank_of_another_size_is_refused(self) -> None:
        processes = self.processes()
        region = self.region(processes, "first")
        request = _wire.PrepareView(
            epoch=1, replicas=1, shards=1, region_path=str(region.path), origin=INIT
        )
        answer = processes[0].call(request)
        self.assertIsInstance(answer, _wire.Fault)
        self.assertEqual(answer.code, "bad_request")
        self.assertIn("started as one of 2", answer.message)


def job(shards: int, processes: int) -> Job:
    return Job("job", 2, shards, 10, 1, "", 16, 16, local_world_size=processes)


def program(parts: int) -> FusedProgram:
    leaf = Leaf("w", "f32", (13, 3))
    return FusedProgram((leaf,), 10, shards=tuple((Piece.cut(leaf, i, parts),) for i in range(parts)))


class Numbers(unittest.TestCase):
    def test_parts_follow_the_order_of_processes(self) -> None:
        for shards, processes in ((1, 2), (2, 2), (2, 3), (3, 1)):
            ways = shards * processes
            order = []
            for rank in range(ways):
                request = _wire.PrepareView(
                    rank=rank // processes,
                    replicas=1,
                    shards=shards,
                    local=_wire.LocalPart(rank % processes, processes),
                )
                group = _group.group_of("job", request, None)
                self.assertEqual(group.rank, rank)
                own = ways_of(program(ways), job(shards, processes), rank % processes).own
                self.assertEqual([shard.index for shard in own], list(range(shards)))
                order.append(own[rank // processes].way)
            self.assertEqual(order, list(range(ways)))

    def test_a_whole_state_is_in_each_process(self) -> None:
        found = ways_of(FusedProgram((Leaf("w", "f32", (4,)),), 10), job(1, 4), 3)
        self.assertEqual(len(found.cut), 1)
        self.assertEqual(found.own[0].parts[0].stop, 4)
        self.assertEqual(namer(found, job(1, 4))(0), "shard 0")

    def test_what_fits_nobody_is_refused(self) -> None:
        with self.assertRaisesRegex(TrainerError, "says not how it is cut.*each of the 4 processes"):
            ways_of(FusedProgram((Leaf("w", "f32", (4,)),), 10), job(2, 2), 0)
        with self.assertRaisesRegex(TrainerError, "is cut into 3: .*each of the 2 shards"):
            ways_of(program(3), job(2, 2), 0)


if __name__ == "__main__":
    unittest.main()
