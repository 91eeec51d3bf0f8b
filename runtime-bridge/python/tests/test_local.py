"""Several processes that are one worker: each has a part of its rank. Needs no packages."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

from coxswain import _arena, _group, _tables, _wire

from .agent import PACKAGE, PATIENCE, SLOTS, Agent
from .test_fused import ALLREDUCE, INIT, RUNTIME, SLOT, STALE

SIZE = 2


def place(local: int) -> dict[str, str]:
    """What an agent says to one of its processes."""
    return {
        **STALE,
        "COXSWAIN_BRIDGE_LOCAL_RANK": str(local),
        "COXSWAIN_BRIDGE_LOCAL_SIZE": str(SIZE),
        "MASTER_PORT": "1",
        "LOCAL_RANK": "9",
    }


def room(size: int) -> int:
    """As agents cut a slot."""
    return (size // 64 + 1) * 64


class GroupCase(unittest.TestCase):
    """One rank with two processes, and the part of its agent that joins them."""

    program = ALLREDUCE

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="cxg")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def processes(self, **config: Any) -> list[Agent]:
        made = []
        for local in range(SIZE):
            agent = Agent([self.program], place(local))
            self.addCleanup(agent.__exit__, None, None, None)
            one = {"folder": str(self.folder), **config}
            loaded = agent.load(config=one, **{**RUNTIME, "replicas": 1})
            self.assertIsInstance(loaded, _wire.JobLoaded, (loaded, agent.log()))
            self.assertTrue(loaded.shares_rank)
            self.assertEqual((agent.hello.local_rank, agent.hello.local_size), (local, SIZE))
            made.append(agent)
        return made

    def region(self, processes: list[Agent], name: str) -> _arena.Arena:
        self.sizes = [room(process.loaded.layout.shard_state_bytes[0]) for process in processes]  # type: ignore[union-attr]
        size = sum(self.sizes)
        pieces = sum(process.loaded.shard_pieces[0] for process in processes)  # type: ignore[union-attr]
        shape = _arena.Shape(slots=SLOTS, slot_data=size, pieces=pieces)
        arena = _arena.Arena.create(self.folder / name, shape)
        self.addCleanup(arena.close)
        return arena

    def part(self, local: int) -> _wire.LocalPart:
        return _wire.LocalPart(local, SIZE, sum(self.sizes[:local]), self.sizes[local])

    def prepare(
        self,
        processes: list[Agent],
        region: _arena.Arena,
        epoch: int,
        step: int,
        origin: int,
        **slot: Any,
    ) -> list[Any]:
        requests = [
            process.send(
                _wire.PrepareView(
                    epoch=epoch,
                    rank=0,
                    replicas=1,
                    shards=1,
                    base_step=step,
                    region_path=str(region.path),
                    origin=origin,
                    host="127.0.0.1",
                    local=self.part(local),
                    master_host="127.0.0.1",
                    **slot,
                )
            )
            for local, process in enumerate(processes)
        ]
        return [process.answer(request) for process, request in zip(processes, requests)]

    def step(self, processes: list[Agent], epoch: int, step: int) -> list[Any]:
        requests = [process.send(_wire.Execute(epoch, step)) for process in processes]
        answers = [process.answer(request) for process, request in zip(processes, requests)]
        for process, answer in zip(processes, answers):
            self.assertIsInstance(answer, _wire.Executed, (answer, process.log()))
        return answers

    def snapshot(
        self, processes: list[Agent], region: _arena.Arena, epoch: int, step: int, slot: int
    ) -> bytes:
        """As an agent does: asks for the parts, joins their tables and commits."""
        parts = [process.call(_wire.Snapshot(epoch, step, slot)) for process in processes]
        metas = []
        crcs: list[int] = []
        for part in parts:
            self.assertEqual(part.digest, b"")
            metas.append(_tables.Meta.decode(part.piece_table))
            crcs += struct.unpack(f"<{len(part.chunk_crcs) // 4}I", part.chunk_crcs)
        pieces = tuple(piece for meta in metas for piece in meta.pieces)
        whole = _tables.Meta("job", epoch, step, 0, pieces, pieces[-1].end)
        target = region.slot(slot)
        self.assertNotEqual(target.mark, _arena.MARK_COMMITTED)
        target.begin(whole)
        digest = target.commit(whole)
        self.assertEqual(target.table()[1], tuple(crcs), "what they computed")
        return digest


class Parts(GroupCase):
    def test_each_writes_its_part_and_takes_it_again(self) -> None:
        processes = self.processes()
        region = self.region(processes, "first")
        for answer in self.prepare(processes, region, 1, 0, INIT):
            self.assertIsInstance(answer, _wire.ViewPrepared, answer)
        answers = self.step(processes, 1, 1)
        self.assertEqual([answer.samples for answer in answers], [4, 4])
        self.assertEqual(answers[0].loss, answers[1].loss)
        self.step(processes, 1, 2)
        digest = self.snapshot(processes, region, 1, 2, 1)
        after = self.step(processes, 1, 3)

        others = self.processes()
        new = self.region(others, "second")
        slot = {"slot_path": str(region.path), "slot_index": 1, "slot_digest": digest}
        for answer in self.prepare(others, new, 2, 2, SLOT, **slot):
            self.assertIsInstance(answer, _wire.ViewPrepared, answer)
            self.assertEqual(answer.digest, digest)
        again = self.step(others, 2, 3)
        self.assertEqual(
            [(one.loss, one.sample_hash) for one in again],
            [(one.loss, one.sample_hash) for one in after],
        )

    def test_a_part_that_is_damaged_is_refused_by_its_process(self) -> None:
        processes = self.processes()
        region = self.region(processes, "first")
        self.prepare(processes, region, 1, 0, INIT)
        self.step(processes, 1, 1)
        self.snapshot(processes, region, 1, 1, 0)
        data = region.slot(0).data()
        data[self.part(1).slot_offset] ^= 1

        others = self.processes()
        new = self.region(others, "second")
        slot = {"slot_path": str(region.path), "slot_index": 0}
        first, second = self.prepare(others, new, 2, 1, SLOT, **slot)
        self.assertIsInstance(first, _wire.ViewPrepared)
        self.assertIsInstance(second, _wire.Fault)
        self.assertEqual(second.code, "bad_state")

    def test_a_slot_that_is_committed_is_not_written(self) -> None:
        processes = self.processes()
        region = self.region(processes, "first")
        self.prepare(processes, region, 1, 0, INIT)
        self.step(processes, 1, 1)
        self.snapshot(processes, region, 1, 1, 0)
        refused = processes[1].call(_wire.Snapshot(1, 1, 0))
        self.assertIsInstance(refused, _wire.Fault)
        self.assertIn("committed", refused.message)

    def test_it_asks_to_be_started_again_only_if_it_is_told_to(self) -> None:
        for again, status in ((True, 75), (False, 0)):
            with Agent([ALLREDUCE], place(1)) as agent:
                agent.send(_wire.Shutdown(again))
                self.assertEqual(agent.ended(), status)

    def test_a_program_that_leaves_the_reduction_to_agents_is_one_process(self) -> None:
        linear = str(Path(__file__).with_name("linear_worker.py"))
        with Agent([linear]) as agent:
            loaded = agent.load()
            self.assertIsInstance(loaded, _wire.JobLoaded, loaded)
            self.assertFalse(loaded.shares_rank)


class Numbers(unittest.TestCase):
    def group(self, **fields: Any) -> Any:
        request = _wire.PrepareView(replicas=2, shards=1, host="b", master_host="a", **fields)
        return _group.group_of("job", request, None)

    def test_ranks_count_all_processes(self) -> None:
        group = self.group(epoch=3, rank=1, local=_wire.LocalPart(1, 4))
        self.assertEqual((group.rank, group.world_size), (5, 8))
        self.assertEqual((group.local_rank, group.local_world_size), (1, 4))
        self.assertEqual(
            {name: group.env[name] for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE")},
            {"RANK": "5", "LOCAL_RANK": "1", "WORLD_SIZE": "8"},
        )
        self.assertEqual(group.env["MASTER_ADDR"], "a")

    def test_all_processes_of_a_view_have_one_port_and_the_next_view_another(self) -> None:
        first = self.group(epoch=3, rank=0, local=_wire.LocalPart(0, 2))
        same = self.group(epoch=3, rank=1, local=_wire.LocalPart(1, 2))
        later = self.group(epoch=4, rank=0, local=_wire.LocalPart(0, 2))
        self.assertEqual(first.env["MASTER_PORT"], same.env["MASTER_PORT"])
        self.assertNotEqual(first.env["MASTER_PORT"], later.env["MASTER_PORT"])
        self.assertTrue(1024 < int(first.env["MASTER_PORT"]) < 32768)

    def test_microshards_are_shared_out_whole(self) -> None:
        for count in (2, 3, 7, 8):
            shares = [
                _group.share(range(5, 5 + count), _wire.PrepareView(local=_wire.LocalPart(i, 2)))
                for i in range(2)
            ]
            self.assertEqual([*shares[0], *shares[1]], list(range(5, 5 + count)))
            self.assertTrue(all(shares), shares)


class Attaching(unittest.TestCase):
    """A worker that nobody waits for."""

    def run_worker(self, **environment: str) -> subprocess.CompletedProcess[str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("COXSWAIN_")}
        return subprocess.run(
            [sys.executable, ALLREDUCE],
            env={**clean, "PYTHONPATH": str(PACKAGE), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def test_it_says_what_it_waits_for_and_ends(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            ended = self.run_worker(COXSWAIN_ATTACH=folder, COXSWAIN_ATTACH_WAIT="0.3")
            self.assertEqual(ended.returncode, 64)
            self.assertIn(f"there is no worker.env in {folder}", ended.stderr)
            self.assertIn("no agent came within 0.3 s", ended.stderr)

    def test_an_agent_that_has_ended_is_told(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            job = Path(folder) / "job-1"
            job.mkdir()
            (job / "worker.env").write_text(f"COXSWAIN_BRIDGE_SOCKET={folder}/gone\n")
            ended = self.run_worker(COXSWAIN_ATTACH=folder, COXSWAIN_ATTACH_WAIT="0")
            self.assertEqual(ended.returncode, 64)
            self.assertIn(f"nobody listens at {folder}/gone", ended.stderr)

    def test_nonsense_is_told(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            ended = self.run_worker(COXSWAIN_ATTACH=folder, COXSWAIN_ATTACH_WAIT="soon")
            self.assertIn("COXSWAIN_ATTACH_WAIT is 'soon'", ended.stderr)


if __name__ == "__main__":
    unittest.main()
