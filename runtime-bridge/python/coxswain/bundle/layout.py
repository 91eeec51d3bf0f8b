"""The flat parameter vector and how it is cut into shards: pure arithmetic, without JAX.

The Java side computes the same from bundle.json; docs/bundle.md has the rules.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Leaves begin at multiples of this many elements (64 bytes), so that they can be used in place.
ALIGNMENT = 16
#: Cuts lie at multiples of this many elements from a leaf's begin.
BLOCK = 4096


class LayoutError(Exception):
    """The parameters cannot be laid out or cut as asked."""


@dataclass(frozen=True)
class Leaf:
    """A parameter leaf in the flat vector; ``begin`` and ``end`` count elements."""

    path: str
    shape: tuple[int, ...]
    begin: int

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def end(self) -> int:
        return self.begin + self.elements


@dataclass(frozen=True)
class Piece:
    """The elements [start, stop) of one leaf that lie in one shard; never empty."""

    leaf: int
    start: int
    stop: int

    @property
    def elements(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True)
class Layout:
    """The leaves in tree order and the length of the vector, a multiple of ALIGNMENT."""

    leaves: tuple[Leaf, ...]
    elements: int

    @staticmethod
    def of(leaves: Iterable[tuple[str, tuple[int, ...]]]) -> Layout:
        """Lays leaves (path, shape) out one after another."""
        placed: list[Leaf] = []
        begin = 0
        for path, shape in leaves:
            leaf = Leaf(path, shape, begin)
            if leaf.elements == 0:
                raise LayoutError(
                    f"parameter {path or '(the root)'} has no elements: {list(shape)}"
                )
            placed.append(leaf)
            begin = _aligned(leaf.end)
        if not placed:
            raise LayoutError("there are no parameters")
        return Layout(tuple(placed), begin)

    def cut(self, shards: int) -> list[tuple[int, int]]:
        """The shards' ranges [begin, end) of the vector, which they tile.

        The cut after shard s is the possible one nearest to elements·(s+1)/shards rounded down, the
        lower of two equally near; no shard is empty.
        """
        if shards < 1:
            raise LayoutError(f"there is at least 1 shard, not {shards}")
        possible = [
            leaf.begin + offset for leaf in self.leaves for offset in range(0, leaf.elements, BLOCK)
        ][1:]
        if shards - 1 > len(possible):
            raise LayoutError(
                f"{self.elements} parameters can be cut into at most {len(possible) + 1} shards"
                f" (at the begin of a leaf and every {BLOCK} elements in it), not {shards}"
            )
        cuts: list[int] = []
        at = 0
        for shard in range(1, shards):
            ideal = self.elements * shard // shards
            last = len(possible) - (shards - shard)
            while at < last and abs(possible[at + 1] - ideal) < abs(possible[at] - ideal):
                at += 1
            cuts.append(possible[at])
            at += 1
        edges = [0, *cuts, self.elements]
        return list(zip(edges, edges[1:]))

    def pieces(self, begin: int, end: int) -> list[Piece]:
        """What a range of the vector holds of the leaves, in their order."""
        pieces = []
        for index, leaf in enumerate(self.leaves):
            start, stop = max(begin, leaf.begin), min(end, leaf.end)
            if start < stop:
                pieces.append(Piece(index, start - leaf.begin, stop - leaf.begin))
        return pieces


def like(path: str, shape: tuple[int, ...], leaves: Sequence[Leaf]) -> int | None:
    """Which parameter an optimizer leaf belongs to, if any.

    It is the one of the same shape whose path the leaf's path ends with, the longest such path:
    ``['m']['l1']['w']`` belongs to ``['l1']['w']``. Where the parameters are one array without a
    path, that is every leaf of its shape, scalars apart.
    """
    best: int | None = None
    for index, leaf in enumerate(leaves):
        if leaf.shape != shape or not path.endswith(leaf.path):
            continue
        if leaf.path == "" and shape == ():
            continue
        if best is None or len(leaf.path) > len(leaves[best].path):
            best = index
    return best


def _aligned(elements: int) -> int:
    return -(-elements // ALIGNMENT) * ALIGNMENT
