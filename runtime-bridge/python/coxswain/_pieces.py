"""Parts of the state as the arena's pieces."""

from __future__ import annotations

from . import _arena
from ._jobs import Refused
from .trainer import Part, Shard


def box_of(part: Part) -> _arena.Box:
    """A part as a piece: a range of its leaf's elements in row-major order."""
    elements = part.leaf.elements
    return _arena.Box(
        part.name,
        part.leaf.dtype,
        (elements,),
        (part.start,),
        (part.stop - part.start,),
        part.size,
    )


def require_same_pieces(where: str, meta: _arena.Meta, shard: Shard) -> None:
    """Refuses a slot whose pieces are not those of the shard."""
    found, expected = [piece.box for piece in meta.pieces], [box_of(part) for part in shard.parts]
    if found == expected:
        return
    for box in found:
        if box not in expected:
            raise Refused(
                "bad_state",
                f"{where} has piece {box.leaf}, {box.dtype}{list(box.shape)} from {box.offset} on,"
                " which is not in this program's state: another version of the program wrote it",
            )
    raise Refused("bad_state", f"{where} has {len(found)} pieces, expected {len(expected)}")
