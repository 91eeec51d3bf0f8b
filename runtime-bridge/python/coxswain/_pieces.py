"""Parts of the state as the arena's pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import _boxes, _tables, _wire
from ._jobs import Refused
from .trainer import WRITER, Part, Shard, TrainerError

#: How much of an answer may be taken by the list of pieces.
_MAX_LIST_BYTES = 2 << 20


def box_of(part: Part) -> _tables.Box:
    """A part as a piece of an arena: a box, or a range of its leaf's elements in row-major order."""
    leaf = part.leaf
    if part.piece is not None:
        try:
            return _tables.Box(
                part.name,
                leaf.dtype,
                leaf.shape,
                tuple(part.piece.offset),
                tuple(part.piece.extent),
                part.size,
                leaf.per_rank,
            )
        except ValueError as e:
            raise TrainerError(
                f"{e}: it begins at {list(part.piece.offset)} and has"
                f" {list(part.piece.extent)} elements"
            ) from e
    elements = leaf.elements
    return _tables.Box(
        part.name,
        part.leaf.dtype,
        (elements,),
        (part.start,),
        (part.stop - part.start,),
        part.size,
    )


def require_same_pieces(where: str, meta: _tables.Meta, shard: Shard) -> None:
    """Refuses a slot whose pieces are not those of the shard."""
    found, expected = [piece.box for piece in meta.pieces], [box_of(part) for part in shard.parts]
    if found == expected:
        return
    for box in found:
        if box not in expected:
            raise Refused(
                "bad_state",
                f"{where} has piece {box.leaf}, {list(box.extent)} elements from"
                f" {list(box.offset)} on of {box.dtype}{list(box.shape)},"
                " which is not in this program's state: another version of the program wrote it",
            )
    raise Refused("bad_state", f"{where} has {len(found)} pieces, expected {len(expected)}")


def require_whole(shards: Sequence[Shard], name: Callable[[int], str]) -> None:
    """Refuses parts of a program's state that do not make it together.

    Args:
        name: what to call them, for a person.
    """
    wrong = _boxes.problem([[box_of(part) for part in shard.parts] for shard in shards], name)
    if wrong is not None:
        raise TrainerError(f"the pieces of the state do not fit together: {wrong}")
    held = {part.index for shard in shards for part in shard.parts}
    for index, leaf in enumerate(shards[0].leaves):
        if index not in held:
            raise TrainerError(f"leaf {leaf.name} is in no shard")


def leaf_cuts(shards: Sequence[Shard]) -> tuple[_wire.LeafCut, ...]:
    """The pieces of all shards as an agent is told of them; none if they are very many."""
    boxes: dict[str, list[_wire.ShardBox]] = {}
    leaves = {}
    for shard in shards:
        for part in shard.parts:
            box = box_of(part)
            leaves.setdefault(box.leaf, box)
            boxes.setdefault(box.leaf, []).append(
                _wire.ShardBox(shard.index, box.offset, box.extent)
            )
    cuts = tuple(
        _wire.LeafCut(box.leaf, box.dtype, box.shape, box.per_rank, tuple(boxes[box.leaf]))
        for box in leaves.values()
    )
    return cuts if sum(len(cut.encode()) for cut in cuts) <= _MAX_LIST_BYTES else ()


def writer_of(shard: Shard, parts: Sequence[memoryview]) -> int | None:
    """Which rank wrote a state; ``None`` where nothing of it is per rank."""
    for part, data in zip(shard.parts, parts):
        if part.leaf is WRITER:
            return int.from_bytes(data, "little")
    return None
