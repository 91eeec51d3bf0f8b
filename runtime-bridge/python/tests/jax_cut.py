"""What test_jax_cut checks, in a process of its own: it needs eight devices, which a process has from
its start or never."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import jax
import numpy as np
from jax.sharding import Mesh, PartitionSpec

from coxswain import FusedProgram, Shard, TrainerError
from coxswain.jax import Cut

SHARDS = 2
SPECS = {
    "rows": PartitionSpec(("shard", "local"), None),
    "columns": PartitionSpec("local", "shard"),
    "local": PartitionSpec(None, "local"),
    "half": PartitionSpec("shard"),
    "step": PartitionSpec(),
}


def tree() -> dict[str, Any]:
    random = np.random.default_rng(3)
    return {
        "rows": random.standard_normal((16, 3)).astype("float32"),
        "columns": random.standard_normal((4, 6, 2)).astype("float32"),
        "local": random.integers(0, 99, (2, 8)).astype("int8"),
        "half": jax.numpy.asarray(random.standard_normal(10), "bfloat16"),
        "step": np.asarray(7, "int32"),
    }


def mesh(local: int, turned: bool = False) -> Mesh:
    """Of some devices; turned: in another order."""
    devices = np.array(jax.devices()[: SHARDS * local]).reshape(SHARDS, local)
    return Mesh(devices[:, ::-1] if turned else devices, ("shard", "local"))


class OfOneProcess:
    """A state as if each shard's devices were another process's."""

    def __init__(self, specs: Any = SPECS) -> None:
        self.cut = Cut(tree(), specs, SHARDS)
        program = FusedProgram(self.cut.leaves, 10, shards=self.cut.shards)
        self.shards = [program.shard(i, SHARDS) for i in range(SHARDS)]
        # One process has all devices here: what it restores is both shards' parts.
        parts = tuple(part for shard in self.shards for part in shard.parts)
        self.both = Shard(0, 1, 0, 0, parts, program.layout())

    def restored(self, parts: list[list[Any]], on: Mesh) -> Any:
        seen, kept, data = set(), [], []
        for part, one in zip(self.both.parts, [one for shard in parts for one in shard]):
            key = (part.index, part.piece)
            if key not in seen:
                seen.add(key)
                kept.append(part)
                data.append(one)
        shard = Shard(0, 1, 0, 0, tuple(kept), self.both.layout)
        return self.cut.restore(data, shard, on)


class Arrays(unittest.TestCase):
    def same(self, found: Any) -> None:
        for name, value in tree().items():
            np.testing.assert_array_equal(np.asarray(found[name]), np.asarray(value), name)

    def test_pieces_are_those_of_the_shards(self) -> None:
        one = OfOneProcess()
        pieces = {p.leaf: (p.offset, p.extent) for p in one.cut.shards[1]}
        self.assertEqual(
            pieces,
            {
                "['columns']": ((0, 3, 0), (4, 3, 2)),
                "['half']": ((5,), (5,)),
                "['local']": ((0, 0), (2, 8)),
                "['rows']": ((8, 0), (8, 3)),
                "['step']": ((), ()),
            },
        )

    def test_a_state_goes_from_one_arrangement_of_devices_to_another(self) -> None:
        one = OfOneProcess()
        first = [one.cut.take(tree(), shard) for shard in one.shards]
        live = one.restored(first, mesh(4))
        self.same(live)
        self.assertEqual(len(live["rows"].addressable_shards), 8)
        for donated in (False, True):
            captured = [one.cut.capture(live, shard, donated) for shard in one.shards]
            given = [[x() if callable(x) else x for x in shard] for shard in captured]
            self.assertEqual(
                [[bytes(x) for x in shard] for shard in given],
                [[bytes(x) for x in shard] for shard in first],
            )
        for other in (mesh(2), mesh(1), mesh(4, turned=True)):
            again = one.restored(given, other)
            self.same(again)
            self.assertEqual(again["rows"].sharding.mesh, other)
            once_more = [one.cut.capture(again, shard, True) for shard in one.shards]
            self.assertEqual([[bytes(x) for x in s] for s in once_more], [[bytes(x) for x in s] for s in first])  # fmt: skip

    def test_specs_by_function_and_one_for_all(self) -> None:
        by_path = OfOneProcess(lambda path, shape: SPECS[path[2:-2]])
        self.assertEqual(by_path.cut.shards, OfOneProcess().cut.shards)
        whole = Cut(tree(), PartitionSpec(), 4)
        self.assertEqual(whole.shards[0], whole.shards[3])

    def test_what_cannot_be_cut(self) -> None:
        def refused(text: str, *arguments: Any) -> None:
            with self.assertRaisesRegex(TrainerError, text):
                Cut(*arguments)

        rows = {"w": np.zeros((6, 2), "float32")}
        refused("4 shards do not divide dimension 0", rows, PartitionSpec("shard"), 4)
        refused("must come first", rows, PartitionSpec(("local", "shard")), 2)
        refused("a tree like", rows, {"v": PartitionSpec()}, 2)
        refused("expected a PartitionSpec", rows, lambda p, s: None, 2)
        refused("has no shape and type", {"w": "text"}, PartitionSpec(), 2)

    def test_a_state_that_changes_or_a_mesh_in_another_order(self) -> None:
        one = OfOneProcess()
        first = [one.cut.take(tree(), shard) for shard in one.shards]
        with self.assertRaisesRegex(TrainerError, "its tree must not change"):
            one.cut.capture({"rows": tree()["rows"]}, one.shards[0])
        longer = {**tree(), "rows": np.zeros((18, 3), "float32")}
        with self.assertRaisesRegex(TrainerError, r"is f32\[18, 3\], and was f32\[16, 3\]"):
            one.cut.capture(longer, one.shards[0])
        with self.assertRaisesRegex(TrainerError, "have the ranks in their order"):
            one.cut.restore(first[1], one.shards[1], mesh(4))


if __name__ == "__main__":
    unittest.main()
