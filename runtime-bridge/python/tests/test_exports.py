"""States that are left in a folder, and taken up by another mesh. Needs no packages."""

from __future__ import annotations

import contextlib
import io
import json
import struct
import tempfile
import unittest
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from coxswain import _control, _tables, _wire, exports, safetensors
from coxswain._exports import Exporter, Initial, Settings, settings_of
from coxswain._pieces import box_of
from coxswain._ways import ways_of
from coxswain.trainer import FusedProgram, Job, Leaf, Piece, Shard, TrainerError

from .agent import Agent
from .test_fused import INIT, RUNTIME

ALLREDUCE = str(Path(__file__).with_name("allreduce_worker.py"))
ROWS, COLUMNS = 13, 3
W = Leaf("w", "f32", (ROWS, COLUMNS))
STEP = Leaf("step", "i64")
OWN = Leaf("own", "i32", (2,), per_rank=True)
VALUES = [float(i) for i in range(ROWS * COLUMNS)]


def program(ways: int, dimension: int = 0) -> FusedProgram:
    cut = tuple(
        (Piece.cut(W, way, ways, dimension), Piece.whole(STEP), Piece.whole(OWN))
        for way in range(ways)
    )
    return FusedProgram((W, STEP, OWN), 10, shards=cut)


def shards(ways: int, dimension: int = 0, replicas: int = 1) -> list[Shard]:
    """What each process of a mesh holds."""
    job = Job("job", replicas, 1, 10, 1, "", 16, 16, local_world_size=ways)
    made = [ways_of(program(ways, dimension), job, way).own[0] for way in range(ways)]
    return [replace(made[rank % ways], rank=rank) for rank in range(replicas * ways)]


def values_of(shard: Shard, step: int = 7) -> list[bytes]:
    """Its parts, as a program has them."""
    piece = shard.parts[0].piece
    assert piece is not None
    (row, column), (rows, columns) = piece.offset, piece.extent
    own = [
        VALUES[(row + r) * COLUMNS + column + c] for r in range(rows) for c in range(columns)
    ]
    return [
        struct.pack(f"<{len(own)}f", *own),
        struct.pack("<q", step),
        struct.pack("<2i", shard.rank, -shard.rank),
        struct.pack("<i", shard.rank),
    ]


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="cxe")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "exported"

    def leave(self, mesh: Sequence[Shard], step: int = 7, epoch: int = 1) -> None:
        for shard in mesh:
            exporter = Exporter(Settings(self.folder))
            self.assertEqual(exporter.holds(shard), shard.rank < shard.ways)
            if exporter.holds(shard):
                # Where they lie in a slot is of no matter.
                meta = _tables.Meta.lay_out("job", epoch, step, 0, map(box_of, shard.parts), 640)
                exporter.write(shard, meta, [memoryview(one) for one in values_of(shard, step)])

    def take(self, shard: Shard) -> tuple[Shard, list[bytes]]:
        initial = Initial(self.folder)
        initial.require_fits([shard])
        taken: list[tuple[Shard, list[bytes]]] = []
        initial.load(shard, lambda own, parts: taken.append((own, [bytes(one) for one in parts])))
        return taken[0]

    def test_any_mesh_takes_up_the_state_of_any_other(self) -> None:
        for before in (1, 2, 4, 5, 16):
            self.leave(shards(before, before % 2), step=before)
            for after in (1, 2, 3, 4, 13):
                for dimension in (0, 1):
                    for shard in shards(after, dimension):
                        own, parts = self.take(shard)
                        expected = values_of(shard, before)
                        self.assertEqual(parts[:2], expected[:2], (before, after, shard.way))
                        self.assertEqual(own.writer, shard.rank % before)
                        written = struct.pack("<2i", shard.rank % before, -(shard.rank % before))
                        self.assertEqual(parts[2], written)
                        self.assertEqual(len(parts), 3)

    def test_the_first_replica_leaves_it(self) -> None:
        self.leave(shards(2, replicas=3))
        names = sorted(path.name for path in self.folder.glob("step-*/*"))
        self.assertEqual(names, ["part-0-of-2.arena", "part-1-of-2.arena"])

    def test_a_part_that_is_missing_or_of_another_state(self) -> None:
        self.leave(shards(2), step=5)
        self.leave(shards(2)[:1], step=6)
        self.assertEqual(Initial(self.folder).step, 5, "the newest whole one")
        with self.assertRaisesRegex(TrainerError, "of 2 parts these are missing: 1"):
            Initial(self.folder / "step-000000000006")
        self.leave(shards(2)[1:], step=6, epoch=2)
        with self.assertRaisesRegex(TrainerError, "parts are of different states"):
            Initial(self.folder / "step-000000000006")

    def test_nothing_there(self) -> None:
        with self.assertRaisesRegex(TrainerError, "there is no folder .* on this host"):
            Initial(self.folder)
        self.folder.mkdir()
        with self.assertRaisesRegex(TrainerError, "is no whole state that a job exported"):
            Initial(self.folder)

    def test_damage_is_found(self) -> None:
        self.leave(shards(2))
        initial = Initial(self.folder)
        (path,) = self.folder.glob("step-*/part-1-of-2.arena")
        data = bytearray(path.read_bytes())
        data[-4096] ^= 1
        path.write_bytes(data)
        with self.assertRaisesRegex(TrainerError, "part-1-of-2.arena: .*CRC"):
            initial.load(shards(1)[0], lambda *_: self.fail("it was taken"))
        path.write_bytes(data[:-1])
        with self.assertRaisesRegex(TrainerError, "cut off"):
            Initial(self.folder)
        path.write_bytes(b"")
        with self.assertRaisesRegex(TrainerError, "only 0 bytes"):
            Initial(self.folder)

    def test_another_program_is_refused_by_the_leaf(self) -> None:
        self.leave(shards(2))
        job = Job("job", 1, 1, 10, 1, "", 16, 16)
        for leaves, words in (
            ((W, STEP), "has leaf own, which this program has not"),
            ((Leaf("w", "f64", W.shape), STEP, OWN), "w is f64"),
            ((Leaf("w", "f32", (14, 3)), STEP, OWN), r"f32\[13, 3\] in another piece|14, 3"),
            ((W, STEP, OWN, Leaf("more")), "leaf more are in no source"),
        ):
            own = ways_of(FusedProgram(leaves, 10), job, 0).own
            with self.assertRaisesRegex(TrainerError, words):
                Initial(self.folder).require_fits(own)

    def test_whole_leaves_are_for_people(self) -> None:
        self.leave(shards(4, 1))
        file = self.folder / "state.safetensors"
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(exports.main([str(self.folder), str(file)]), 0)
        self.assertIn("2 leaves of step 7 of job", said.getvalue())
        found = safetensors.read(file)
        self.assertEqual(found["w"].shape, W.shape)
        self.assertEqual(bytes(found["w"].data), struct.pack(f"<{len(VALUES)}f", *VALUES))
        self.assertEqual(bytes(found["step"].data), struct.pack("<q", 7))
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(exports.main([str(self.folder / "none"), str(file)]), 1)
            self.assertEqual(exports.main([]), 64)
        self.assertIn("there is no folder", said.getvalue())

    def test_two_steps_are_kept_and_later_ones_of_an_earlier_run_go(self) -> None:
        for step in (10, 20, 30):
            self.leave(shards(2), step=step)
            if step == 10:
                (self.folder / "step-000000000010" / ".part-0-of-2.arena.77").write_text("")
        self.assertEqual(self.steps(), [20, 30])
        self.leave(shards(2), step=5)
        self.assertEqual(self.steps(), [5])
        self.leave(shards(1), step=5)
        names = [path.name for path in self.folder.glob("step-*/*")]
        self.assertEqual(names, ["part-0-of-1.arena"], "another mesh")

    def steps(self) -> list[int]:
        return sorted(int(path.name[5:]) for path in self.folder.iterdir())

    def test_a_failure_is_told_and_stops_nothing(self) -> None:
        told: list[_wire.ExportTold] = []
        exporter = Exporter(Settings(self.folder), told.append)
        in_the_way = self.folder / "step-000000000007"
        in_the_way.write_text("in the way")
        (shard,) = shards(1)
        meta = _tables.Meta.lay_out("job", 1, 7, 0, map(box_of, shard.parts))
        data = [memoryview(one) for one in values_of(shard)]
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            exporter.write(shard, meta, data)
        path = f"{in_the_way}/part-0-of-1.arena"
        self.assertIn(f"the state of step 7 was not exported to {path}: ", said.getvalue())
        self.assertEqual(told, [_wire.ExportTold(7, path, "File exists")])
        # Whatever goes wrong, and the next one that is written is told too.
        with contextlib.redirect_stderr(said):
            exporter.write(shard, replace(meta, job_id="j" * 10_000), data)
        self.assertRegex(told[1].reason, "^[A-Z].*")
        in_the_way.unlink()
        exporter.write(shard, meta, data)
        self.assertEqual(told[2], _wire.ExportTold(7, path, ""))

    def test_a_folder_that_cannot_be_written_is_refused_at_once(self) -> None:
        self.folder.write_text("a file")
        with self.assertRaisesRegex(TrainerError, "runtime.export.folder cannot be written"):
            Exporter(Settings(self.folder))


class Due(unittest.TestCase):
    def test_the_first_snapshot_after_each_so_many_steps(self) -> None:
        exporter = Exporter(Settings(None, every=10))
        exporter.begin(0)
        due = [step for step in (3, 9, 12, 18, 20, 21, 45, 46) if exporter.due(step)]
        self.assertEqual(due, [12, 20, 45])
        exporter.begin(41)
        self.assertEqual([exporter.due(step) for step in (41, 49, 50)], [False, False, True])

    def test_settings_are_read_and_checked(self) -> None:
        def read(section: object) -> Settings:
            return settings_of(_control.JobSpec(runtime_json=json.dumps(section)))

        self.assertEqual(read({}), Settings())
        self.assertEqual(
            read({"export": {"folder": "/a", "every": 5}, "initial": "/b"}),
            Settings(Path("/a"), 5, Path("/b")),
        )
        for wrong in ({"export": "/a"}, {"export": {"folder": "/a", "every": -1}}, {"initial": 3}):
            with self.assertRaisesRegex(TrainerError, "runtime.export must be"):
                read(wrong)


class Jobs(unittest.TestCase):
    """A whole worker, which reduces alone."""

    def test_a_job_begins_where_another_one_ended(self) -> None:
        with tempfile.TemporaryDirectory(prefix="cxe") as folder:

            def section(**more: object) -> dict[str, object]:
                text = json.dumps({"config": {"folder": folder}, **more})
                return {**RUNTIME, "replicas": 1, "json_text": text}

            left = str(Path(folder) / "left")
            with Agent([ALLREDUCE]) as agent:
                agent.load(**section(export={"folder": left}))  # type: ignore[arg-type]
                agent.prepare(1, 0, INIT)
                for step in (1, 2):
                    self.assertIsInstance(agent.call(_wire.Execute(1, step)), _wire.Executed)
                ended = agent.call(_wire.Finish(1, 2))
                (told,) = agent.exports
                self.assertEqual((told.step, told.reason), (2, ""))
                before = agent.loaded.layout.fingerprint  # type: ignore[union-attr]
            with Agent([ALLREDUCE]) as agent:
                agent.load(**section(initial=left))  # type: ignore[arg-type]
                self.assertNotEqual(agent.loaded.layout.fingerprint, before)  # type: ignore[union-attr]
                self.assertIsInstance(agent.prepare(1, 0, INIT), _wire.ViewPrepared)
                begun = agent.call(_wire.Finish(1, 0))
            self.assertEqual(begun.leaves, ended.leaves, "the same state, to the bit")

    def test_what_cannot_be_exported_is_told_to_the_agent(self) -> None:
        with tempfile.TemporaryDirectory(prefix="cxe") as folder, Agent([ALLREDUCE]) as agent:
            in_the_way = Path(folder) / "left" / "step-000000000001"
            in_the_way.parent.mkdir()
            in_the_way.write_text("")
            export = {"config": {"folder": folder}, "export": {"folder": str(in_the_way.parent)}}
            agent.load(**{**RUNTIME, "replicas": 1, "json_text": json.dumps(export)})
            agent.prepare(1, 0, INIT)
            self.assertIsInstance(agent.call(_wire.Execute(1, 1)), _wire.Executed)
            self.assertIsInstance(agent.call(_wire.Finish(1, 1)), _wire.Finished)
            path = str(in_the_way / "part-0-of-1.arena")
            self.assertEqual(agent.exports, [_wire.ExportTold(1, path, "File exists")])

    def test_a_folder_that_is_not_there_is_a_fault_of_the_program(self) -> None:
        with Agent([ALLREDUCE]) as agent:
            text = json.dumps({"config": {}, "initial": "/nowhere"})
            answer = agent.load(**{**RUNTIME, "replicas": 1, "json_text": text})
        self.assertIsInstance(answer, _wire.Fault)
        self.assertEqual(answer.code, "program_invalid")
        self.assertIn("there is no folder /nowhere", answer.message)


if __name__ == "__main__":
    unittest.main()
