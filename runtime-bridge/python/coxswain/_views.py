"""A taken rank, and the snapshots that are made of its state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from . import _arena, _frames, _tables, _wire
from ._jobs import Refused
from .trainer import WRITER, Captured, Copy, Group, Shard, TrainerError

#: Says what the worker is doing: an operation's name, and for which step.
Activity = Callable[[str, int], None]

#: What a message has room for, beside its other fields.
_MOST_TABLE_BYTES = _frames.MAX_MESSAGE_BYTES - 4096


@dataclass(frozen=True)
class View:
    """A taken rank."""

    epoch: int
    shard: Shard
    microshards: range
    region: _arena.Arena
    group: Group
    local: _wire.LocalPart | None = None


@dataclass(frozen=True)
class Begun:
    """A snapshot that is not in its slot yet, or not committed.

    Attributes:
        slot: where it goes.
        meta: what it is.
        later: pieces that are still to be copied, and the functions that give their bytes.
        part: whether it is one process's part of a snapshot, which the agent commits.
        export: leaves the pieces somewhere else too, before anybody hears that they are in place.
    """

    slot: _arena.Slot
    meta: _tables.Meta
    later: tuple[tuple[_tables.Piece, Captured], ...]
    part: bool = False
    export: Callable[[_tables.Meta, list[memoryview]], None] | None = None

    def complete(self) -> _wire.SnapshotCommitted:
        """Copies what is left, computes checksums and commits."""
        slot, meta = self.slot, self.meta
        crcs: dict[int, list[int]] = {}
        for piece, captured in self.later:
            if isinstance(captured, Copy):
                captured.end()
                continue
            data = bytes_of(piece.box.leaf, piece.box.size, captured)
            crcs[piece.at] = slot.checked(meta, piece, data)
        data = slot.data()
        done = _wire.SnapshotCommitted(meta.epoch, meta.step, slot.index)
        if self.export is not None:
            self.export(meta, [data[piece.at : piece.end] for piece in meta.pieces])
        if self.part:
            table, packed = meta.encode(), slot.part_crcs(meta)
            if len(table) + len(packed) > _MOST_TABLE_BYTES:
                raise Refused(
                    "bad_request",
                    f"the table of {len(meta.pieces)} pieces and their checksums have"
                    f" {len(table) + len(packed)} bytes, and a message takes {_MOST_TABLE_BYTES}:"
                    " join leaves, or use fewer processes per agent",
                )
            return replace(done, piece_table=table, chunk_crcs=packed)
        if self.later:
            slot.filled(meta)
        # An empty piece begins where the next one does, and has no chunk.
        each = [
            crc
            for piece in meta.pieces
            if piece.box.size
            for crc in crcs.get(piece.at) or slot.checked(meta, piece)
        ]
        return replace(done, digest=slot.commit(meta, each), data_bytes=meta.data_bytes)


def asked(shard: Shard) -> Shard:
    """What of a shard is the trainer's business."""
    return replace(shard, parts=tuple(part for part in shard.parts if part.leaf is not WRITER))


def own_bytes(local: _wire.LocalPart | None) -> tuple[int, int | None]:
    """Where a process's pieces lie in a slot."""
    return (local.slot_offset, local.slot_offset + local.slot_bytes) if local else (0, None)


def bytes_of(name: str, size: int, captured: Captured) -> memoryview:
    """The bytes of a part of the state, which must be as many as it has."""
    if isinstance(captured, Copy):
        captured = captured.now()
    given = captured() if callable(captured) else captured
    try:
        view = memoryview(given)
    except TypeError as e:
        raise TrainerError(
            f"{name} is {type(given).__name__}, where the bytes of an array belong: state() gives"
            " bytes, a memoryview, or a function that gives them, for each leaf"
        ) from e
    if view.nbytes == size == 0:
        return memoryview(b"")
    if view.nbytes != size or not view.c_contiguous:
        raise TrainerError(
            f"{name} has {view.nbytes} bytes"
            + ("" if view.c_contiguous else ", not contiguous")
            + f", expected {size}: the state changed its shape since the job was loaded"
        )
    return view.cast("B")


def open_arena(path: str, broken: str) -> _arena.Arena:
    """Maps a file.

    Args:
        path: of an arena.
        broken: the fault's code if there is no such file, or not all of it: ``bad_state`` says that
            nobody need look at it again. A file that cannot be mapped says nothing of what is in it.
    """
    try:
        return _arena.Arena.open(path)
    except _tables.ArenaError as e:
        raise Refused(broken, str(e)) from e
    except OSError as e:
        raise Refused("internal", f"cannot map arena {path}: {e}") from e
