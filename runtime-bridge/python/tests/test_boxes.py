"""The algebra of pieces. Needs no packages."""

from __future__ import annotations

import itertools
import math
import random
import unittest
from collections.abc import Iterator, Sequence

from coxswain import Leaf, Piece, TrainerError, _boxes
from coxswain._tables import Box, Meta
from coxswain._tables import Piece as Stored

SIZES = {"f64": 8, "f32": 4, "bf16": 2, "u8": 1}


def box(
    leaf: str,
    shape: Sequence[int],
    offset: Sequence[int],
    extent: Sequence[int],
    dtype: str = "f32",
    per_rank: bool = False,
) -> Box:
    size = math.prod(extent) * SIZES[dtype]
    return Box(leaf, dtype, tuple(shape), tuple(offset), tuple(extent), size, per_rank)


def random_cut(rng: random.Random, shape: Sequence[int]) -> list[tuple[tuple[int, ...], ...]]:
    """Boxes that make a whole: some dimensions cut at random places, or recursively."""
    boxes = [((0,) * len(shape), tuple(shape))]
    for _ in range(rng.randrange(4)):
        offset, extent = boxes.pop(rng.randrange(len(boxes)))
        if not shape:
            boxes.append((offset, extent))
            break
        along = rng.randrange(len(shape))
        places = sorted(rng.randrange(extent[along] + 1) for _ in range(rng.randrange(1, 4)))
        for begin, end in itertools.pairwise([0, *places, extent[along]]):
            one, count = list(offset), list(extent)
            one[along] += begin
            count[along] = end - begin
            boxes.append((tuple(one), tuple(count)))
    return boxes


def random_mesh(rng: random.Random, shape: Sequence[int], dtype: str) -> list[list[Box]]:
    """The boxes of a leaf, dealt to shards, some of them to several."""
    shards: list[list[Box]] = [[] for _ in range(rng.randrange(1, 5))]
    seen = set()
    for offset, extent in random_cut(rng, shape):
        if (offset, extent) in seen:
            continue  # An empty one may come twice.
        seen.add((offset, extent))
        for shard in rng.sample(shards, rng.randrange(1, len(shards) + 1)):
            shard.append(box("w", shape, offset, extent, dtype))
    return shards


def elements(one: Box) -> Iterator[tuple[int, ...]]:
    yield from itertools.product(*(range(a, a + n) for a, n in zip(one.offset, one.extent)))


def stored(boxes: Sequence[Box]) -> tuple[tuple[Stored, ...], bytearray]:
    """Boxes in a slot, and each element's own number in its bytes."""
    meta = Meta.lay_out("job", 1, 1, 0, boxes)
    data = bytearray(b"\xee" * meta.data_bytes)
    for piece in meta.pieces:
        size = SIZES[piece.box.dtype]
        for i, index in enumerate(elements(piece.box)):
            at = piece.at + i * size
            data[at : at + size] = element(piece.box.shape, index, size)
    return meta.pieces, data


def element(shape: Sequence[int], index: Sequence[int], size: int) -> bytes:
    number = 0
    for length, i in zip(shape, index):
        number = number * length + i
    return ((number * 2654435761 + 17) % 2 ** (8 * size)).to_bytes(size, "little")


class Whole(unittest.TestCase):
    def test_random_meshes_make_a_whole_until_a_piece_is_left_out_or_moved(self) -> None:
        for seed in range(400):
            rng = random.Random(seed)
            shape = [rng.randrange(1, 8) for _ in range(rng.randrange(5))]
            mesh = random_mesh(rng, shape, rng.choice(list(SIZES)))
            self.assertIsNone(_boxes.problem(mesh), seed)
            gone = rng.choice([one for shard in mesh for one in shard if one.size])
            without = [[one for one in shard if one != gone] for shard in mesh]
            found = _boxes.problem(without)
            if any(without):
                self.assertIn("of its", found or "", seed)
                self.assertIn("are in no shard", found or "", seed)

    def test_what_is_wrong_is_named(self) -> None:
        left, right = box("w", [4, 4], [0, 0], [2, 4]), box("w", [4, 4], [2, 0], [2, 4])
        seed = box("seed", [2], [0], [2], per_rank=True)
        for shards, expected in (
            ([[left], [right]], None),
            ([[left, right], [right]], None),
            ([[left, seed], [right, seed]], None),
            ([[left], [box("w", [4, 4], [2, 0], [2, 3])]], "2 of its 16 elements are in no shard, such as [2, 3]"),
            ([[left], [box("w", [4, 4], [1, 0], [3, 4])]], "[0:2, 0:4] in shard 0 and [1:4, 0:4] in shard 1 overlap"),
            ([[left, left], [right]], "shard 0: has [0:2, 0:4] of leaf w twice"),
            ([[left], [box("w", [4, 4], [2, 0], [2, 4], "f64")]], "shard 1: leaf w is f64[4, 4], and f32[4, 4]"),
            ([[left], [box("w", [4, 5], [2, 0], [2, 4])]], "leaf w is f32[4, 5], and f32[4, 4]"),
            ([[left, seed], [right]], "shard 1 has no piece of leaf seed"),
            ([[box("s", [2], [0], [1], per_rank=True)]], "leaf s is per rank"),
            ([[Box("w", "f9", (1,), (0,), (1,), 4)]], "elements of type 'f9'"),
            ([[Box("w", "f32", (3,), (0,), (3,), 11)]], "has 11 bytes; its elements have 12"),
        ):  # fmt: skip
            found = _boxes.problem(shards)
            if expected is None:
                self.assertIsNone(found)
            else:
                self.assertIn(expected, found or "")

    def test_many_shards_are_checked_soon(self) -> None:
        for along in (0, 1):
            leaf = Leaf("w", "f32", (20000, 20000))
            cut = [Piece.cut(leaf, shard, 10000, along) for shard in range(10000)]
            shards = [[box("w", leaf.shape, one.offset, one.extent)] for one in cut]
            self.assertIsNone(_boxes.problem(shards))
            shards[7777] = shards[7776]
            self.assertIn("are in no shard", _boxes.problem(shards) or "")

    def test_cuts_are_those_of_chunks(self) -> None:
        leaf = Leaf("w", "f32", (3, 5))
        self.assertEqual(
            [(p.offset[1], p.extent[1]) for p in (Piece.cut(leaf, i, 4, 1) for i in range(4))],
            [(0, 2), (2, 2), (4, 1), (5, 0)],
        )
        for wrong in ((0, 2, 2), (2, 2, 0), (0, 1, -1)):
            with self.assertRaisesRegex(TrainerError, "can be cut from"):
                Piece.cut(leaf, *wrong)


class Plans(unittest.TestCase):
    def test_whatever_the_meshes_are_the_gathered_pieces_are_those_of_the_whole(self) -> None:
        for seed in range(400):
            rng = random.Random(seed)
            shape = [rng.randrange(1, 7) for _ in range(rng.randrange(5))]
            dtype = rng.choice(list(SIZES))
            before = [stored(shard) for shard in random_mesh(rng, shape, dtype)]
            for shard in random_mesh(rng, shape, dtype):
                wanted, expected = stored(shard)
                found = bytearray(b"\xee" * len(expected))
                runs = _boxes.plan(wanted, [pieces for pieces, _ in before])
                _boxes.fill(memoryview(found), [memoryview(data) for _, data in before], runs)
                self.assertEqual(found, expected, seed)

    def test_runs_are_as_long_as_can_be(self) -> None:
        whole, _ = stored([box("w", [6, 4], [0, 0], [6, 4])])
        rows, _ = stored([box("w", [6, 4], [2, 0], [3, 4])])
        columns, _ = stored([box("w", [6, 4], [0, 1], [6, 2])])
        self.assertEqual(_boxes.plan(rows, [whole]), [_boxes.Run(0, 32, 0, 48)])
        self.assertEqual(
            _boxes.plan(columns, [whole]),
            [_boxes.Run(0, 16 * row + 4, 8 * row, 8) for row in range(6)],
        )

    def test_who_has_given_least_is_asked(self) -> None:
        both = [stored([box(leaf, [8], [0], [8])])[0][0] for leaf in ("a", "b")]
        runs = _boxes.plan(both, [both, both])
        self.assertEqual([run.source for run in runs], [0, 1])

    def test_what_is_per_rank_comes_from_ones_own(self) -> None:
        mine = stored([box("seed", [2], [0], [2], per_rank=True)])[0]
        self.assertEqual([run.source for run in _boxes.plan(mine, [mine, mine], own=1)], [1])

    def test_what_nobody_has_is_named(self) -> None:
        half = stored([box("w", [4], [0], [2])])[0]
        whole = stored([box("w", [4], [0], [4])])[0]
        other = stored([box("w", [4], [0], [4], "f64")])[0]
        with self.assertRaisesRegex(ValueError, r"2 elements of \[0:4\] of leaf w are in no source"):
            _boxes.plan(whole, [half])
        with self.assertRaisesRegex(ValueError, r"source 0: leaf w is f64\[4\], and|is f32"):
            _boxes.plan(whole, [other])
        with self.assertRaisesRegex(ValueError, "overlap"):
            _boxes.plan(whole, [half, whole])


if __name__ == "__main__":
    unittest.main()
