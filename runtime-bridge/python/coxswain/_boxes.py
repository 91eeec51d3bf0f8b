"""The algebra of pieces: which boxes make a whole state, and which bytes of some fill another.

The same in Java is ``io.coxswain.bridge.pieces``. Pure; needs only the standard library.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ._tables import Box, Piece
from .safetensors import DTYPES

#: A part of an index space: per dimension the first element, and how many.
Space = tuple[tuple[int, ...], tuple[int, ...]]


def element_bytes(dtype: str) -> int:
    """Bytes of an element of that type."""
    return DTYPES[dtype][1]


# ---------------------------------------------------------------- what makes a whole


def problem(
    shards: Sequence[Sequence[Box]], name: Callable[[int], str] = "shard {}".format
) -> str | None:
    """Why these pieces of the shards do not make a state, for a person; ``None`` if they do.

    Each element of each leaf must be in some shard. Two pieces of a leaf are the same box, in
    different shards, or have no element in common. A leaf per rank is whole in every shard.

    Args:
        name: what to call the shards.
    """
    leaves: dict[str, Box] = {}
    where: dict[str, dict[Space, int]] = {}
    for shard, boxes in enumerate(shards):
        own: set[tuple[str, Space]] = set()
        for box in boxes:
            wrong = _wrong_alone(box)
            if wrong is None:
                wrong = _wrong_kind(leaves.setdefault(box.leaf, box), box)
            space = (box.offset, box.extent)
            if wrong is None and (box.leaf, space) in own:
                wrong = f"has {_text(space)} of leaf {box.leaf} twice"
            if wrong is not None:
                return f"{name(shard)}: {wrong}"
            own.add((box.leaf, space))
            where.setdefault(box.leaf, {}).setdefault(space, shard)
        for leaf, box in leaves.items():
            if box.per_rank and (leaf, (box.offset, box.extent)) not in own:
                return f"{name(shard)} has no piece of leaf {leaf}, which each rank has one of"
    for leaf, box in leaves.items():
        wrong = None if box.per_rank else _wrong_together(box, where[leaf], name)
        if wrong is not None:
            return f"leaf {leaf} of shape {list(box.shape)}: {wrong}"
    return None


def _wrong_alone(box: Box) -> str | None:
    if box.dtype not in DTYPES:
        return f"leaf {box.leaf} has elements of type '{box.dtype}'; there are {', '.join(DTYPES)}"
    expected = math.prod(box.extent) * element_bytes(box.dtype)
    if box.size != expected:
        return (
            f"{_text((box.offset, box.extent))} of leaf {box.leaf}, {box.dtype}, has {box.size}"
            f" bytes; its elements have {expected}"
        )
    whole = box.offset == (0,) * len(box.shape) and box.extent == box.shape
    if box.per_rank and not whole:
        return (
            f"leaf {box.leaf} is per rank, so that each rank has all of its own, and this is"
            f" {_text((box.offset, box.extent))} of {list(box.shape)}"
        )
    return None


def _wrong_kind(first: Box, box: Box) -> str | None:
    if (first.dtype, first.shape, first.per_rank) == (box.dtype, box.shape, box.per_rank):
        return None
    return (
        f"leaf {box.leaf} is {_kind(box)}, and {_kind(first)} in another piece: all pieces of a leaf"
        " describe the same leaf"
    )


def _kind(box: Box) -> str:
    return f"{box.dtype}{list(box.shape)}" + (" per rank" if box.per_rank else "")


def _wrong_together(
    leaf: Box, where: Mapping[Space, int], name: Callable[[int], str]
) -> str | None:
    spaces = [space for space in where if math.prod(space[1])]
    clash = _clash(spaces, len(leaf.shape))
    if clash is not None:
        one, other = clash
        return (
            f"{_text(one)} in {name(where[one])} and {_text(other)} in {name(where[other])} overlap;"
            " two pieces of a leaf must be the same box, or have no element in common"
        )
    held, whole = sum(math.prod(extent) for _, extent in spaces), math.prod(leaf.shape)
    if held == whole:
        return None
    gap = _gap(spaces, leaf.shape)
    return (
        f"{whole - held} of its {whole} elements are in no shard, such as {list(gap)}; the shards"
        " must have all of a leaf together"
    )


def _clash(spaces: Sequence[Space], dimensions: int) -> tuple[Space, Space] | None:
    """Two spaces with a common element. Sweeps along the dimension that tells most of them apart."""
    if dimensions == 0 or len(spaces) < 2:
        return (spaces[0], spaces[1]) if len(spaces) > 1 else None
    along = max(range(dimensions), key=lambda d: len({offset[d] for offset, _ in spaces}))
    under_way: list[Space] = []
    for space in sorted(spaces, key=lambda one: one[0][along]):
        begin = space[0][along]
        under_way = [one for one in under_way if one[0][along] + one[1][along] > begin]
        for one in under_way:
            if common(one, space) is not None:
                return one, space
        under_way.append(space)
    return None


def _gap(spaces: Sequence[Space], shape: Sequence[int]) -> tuple[int, ...]:
    """The first element, in row-major order, of those that are in none of the spaces."""
    if not shape:
        return ()
    length = shape[0]
    bounds = {0, length}
    for offset, extent in spaces:
        bounds |= {offset[0], offset[0] + extent[0]}
    rest = math.prod(shape[1:])
    for begin in sorted(bounds - {length}):
        here = [
            (offset[1:], extent[1:])
            for offset, extent in spaces
            if offset[0] <= begin < offset[0] + extent[0]
        ]
        if sum(math.prod(extent) for _, extent in here) < rest:
            return (begin, *_gap(here, shape[1:]))
    raise AssertionError("there is no gap")


def _text(space: Space) -> str:
    ranges = (f"{first}:{first + count}" for first, count in zip(*space))
    return f"[{', '.join(ranges)}]"


# ---------------------------------------------------------------- which bytes fill which


def common(one: Space, other: Space) -> Space | None:
    """The elements that both have; ``None`` if there are none."""
    offset, extent = [], []
    for first, count, other_first, other_count in zip(*one, *other):
        begin = max(first, other_first)
        length = min(first + count, other_first + other_count) - begin
        if length <= 0:
            return None
        offset.append(begin)
        extent.append(length)
    return tuple(offset), tuple(extent)


@dataclass(frozen=True)
class Run:
    """Bytes that are copied as they are.

    Attributes:
        source: which of the sources has them.
        source_at: their first byte in its data.
        target_at: where they go.
        length: how many.
    """

    source: int
    source_at: int
    target_at: int
    length: int


def plan(wanted: Sequence[Piece], sources: Sequence[Sequence[Piece]], own: int = 0) -> list[Run]:
    """Which bytes of which source fill the wanted pieces.

    Of sources that hold the same box the one is taken that has given the fewest bytes yet; pieces
    per rank come from the source ``own``.

    Raises:
        ValueError: some element is in no source; the message names it.
    """
    held: dict[str, dict[Space, list[tuple[int, Piece]]]] = {}
    for source, pieces in enumerate(sources):
        for piece in pieces:
            box = piece.box
            if math.prod(box.extent) and (not box.per_rank or source == own):
                spaces = held.setdefault(box.leaf, {})
                spaces.setdefault((box.offset, box.extent), []).append((source, piece))
    given = [0] * len(sources)
    runs: list[Run] = []
    for target in wanted:
        box = target.box
        space = (box.offset, box.extent)
        missing = math.prod(box.extent)
        for other, holders in held.get(box.leaf, {}).items():
            source, piece = min(holders, key=lambda one: given[one[0]])
            wrong = _wrong_kind(piece.box, box)
            if wrong is not None:
                raise ValueError(f"source {source}: {wrong}")
            shared = common(space, other)
            if shared is None:
                continue
            size = element_bytes(box.dtype)
            missing -= math.prod(shared[1])
            given[source] += math.prod(shared[1]) * size
            runs += (
                Run(source, piece.at + at, target.at + to, length)
                for at, to, length in _runs(shared, other, space, size)
            )
        if missing < 0:
            raise ValueError(f"the sources' pieces of leaf {box.leaf} overlap")
        if missing:
            raise ValueError(
                f"{missing} elements of {_text(space)} of leaf {box.leaf} are in no source"
            )
    return runs


def _runs(shared: Space, source: Space, target: Space, size: int) -> Iterator[tuple[int, int, int]]:
    """Yields (byte in the source's box, byte in the target's, length)."""
    extent = shared[1]
    # What lies behind each other in both: all dimensions from `last` on, of which those behind it
    # are whole in both boxes.
    last, length = len(extent), size
    while last > 0:
        last -= 1
        length *= extent[last]
        if not extent[last] == source[1][last] == target[1][last]:
            break
    from_, to = _strides(source[1], size), _strides(target[1], size)
    starts = [first - begin for first, begin in zip(shared[0], source[0])]
    ends = [first - begin for first, begin in zip(shared[0], target[0])]
    for index in itertools.product(*(range(count) for count in extent[:last])):
        steps = (*index, *(0,) * (len(extent) - last))
        yield (
            sum((a + i) * stride for a, i, stride in zip(starts, steps, from_)),
            sum((a + i) * stride for a, i, stride in zip(ends, steps, to)),
            length,
        )


def _strides(extent: Sequence[int], size: int) -> list[int]:
    strides = [size] * len(extent)
    for dimension in range(len(extent) - 2, -1, -1):
        strides[dimension] = strides[dimension + 1] * extent[dimension + 1]
    return strides


def fill(target: memoryview, sources: Sequence[memoryview], runs: Sequence[Run]) -> None:
    """Copies the bytes of a plan."""
    for run in runs:
        target[run.target_at : run.target_at + run.length] = sources[run.source][
            run.source_at : run.source_at + run.length
        ]
