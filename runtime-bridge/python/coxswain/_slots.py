"""Stored states, made the live one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from . import _tables, _wire
from ._jobs import Refused
from ._pieces import require_same_pieces, writer_of
from ._views import View, open_arena, own_bytes
from .trainer import WRITER, Shard


def load_slot(
    request: _wire.PrepareView,
    view: View,
    old: View | None,
    job_id: str,
    take: Callable[[Shard, Sequence[memoryview]], None],
) -> tuple[bytes, int]:
    """Verifies the slot that a request names, and has its state taken.

    Args:
        take: gets the shard, with who wrote its state, and the bytes of each of its parts that the
            trainer knows of; they are gone afterwards.

    Returns:
        The slot's digest, and how many bytes were loaded.
    """
    path, index = request.slot_path, request.slot_index
    mapped = [one.region for one in (view, old) if one and str(one.region.path) == path]
    file = mapped[0] if mapped else open_arena(path, "bad_state")
    try:
        if index >= file.shape.slots:
            raise Refused(
                "bad_request", f"slot {index} of {path}, which has {file.shape.slots} slots"
            )
        slot = file.slot(index)
        try:
            whole, digest = slot.verify(*own_bytes(request.local))
        except _tables.ArenaError as e:
            raise Refused("bad_state", f"{path}: {e}") from e
        where = f"slot {index} of {path}"
        if request.slot_digest and request.slot_digest != digest:
            raise Refused(
                "bad_state",
                f"{where} has digest {digest.hex()}, expected {request.slot_digest.hex()}",
            )
        meta = whole.part(*own_bytes(request.local)) if request.local else whole
        found = (meta.step, meta.shard, meta.job_id)
        if found != (request.base_step, view.shard.index, job_id):
            raise Refused(
                "bad_state",
                f"{where} holds step %d of shard %d of job %s"
                % found
                + f", expected step {request.base_step} of shard {view.shard.index} of job"
                f" {job_id}",
            )
        require_same_pieces(where, meta, view.shard)
        data = slot.data()
        parts = [data[piece.at : piece.end].toreadonly() for piece in meta.pieces]
        shard = replace(view.shard, writer=writer_of(view.shard, parts))
        given = [one for part, one in zip(shard.parts, parts) if part.leaf is not WRITER]
        take(shard, given)
        return digest, max(0, meta.data_bytes - own_bytes(request.local)[0])
    finally:
        if not mapped:
            file.close()
