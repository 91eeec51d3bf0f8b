"""How many collectives PyTorch's process groups have begun, by their own count.

Each group numbers its collectives in C++ as they are begun, whoever begins them: DistributedDataParallel,
``fully_shard``, DTensor, the program itself. So nothing is wrapped, and a step costs nothing more.
Imports PyTorch when called.
"""

from __future__ import annotations

from typing import Any

from . import _report
from ._torch_data import require_torch


def total() -> int:
    """Of all groups that this process is in. Any thread.

    All ranks of a program begin the same collectives in the same order, each in groups of its own, so
    the sum tells which of two ranks is behind.
    """
    torch, _ = require_torch()
    count = 0
    for group in _groups(torch):
        try:
            count += int(group._get_sequence_number_for_group())
        except Exception:
            pass  # A backend that does not count, or a group that has just been left.
    return count


def begin(device: Any) -> None:
    """Counts those of the present groups from now on, if they count: older versions of PyTorch do
    not for every backend."""
    torch, _ = require_torch()
    _report.counted_by(None)
    before = total()
    # All ranks are here: none has begun its first step.
    torch.distributed.all_reduce(torch.zeros(1, device=device))
    if total() > before:
        _report.counted_by(total)


def _groups(torch: Any) -> list[Any]:
    world = getattr(torch.distributed.distributed_c10d, "_world", None)
    # Another thread may make a group meanwhile; a list is made in one piece.
    return [] if world is None else list(world.pg_map)
