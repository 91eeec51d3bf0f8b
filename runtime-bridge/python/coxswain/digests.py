"""The digest of a whole training state, computed in parts where the state lives (docs/arena.md has
the digests of snapshots, which are others).

A leaf's elements are cut into blocks of 4096, counted from the leaf's begin. A block's digest is the
SHA-256 of its bytes, with every NaN as the same bits; a leaf's is that of a header and its blocks'
digests; the state's is that of its leaves' digests. The coordinator puts them together, so that the
same state has the same digest on any mesh.

Where a program reduces by itself and its state is cut into boxes, each box counts as a leaf: its
blocks are counted from the box's begin, and its header has the box too. So the digest is that of a
state *and* its cut. Leaves per rank are not in it.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from . import _control
from .trainer import Part, Shard

#: A leaf's place in the state, and a box of it.
Key = tuple[int, tuple[int, ...], tuple[int, ...]]

#: Elements of a block. Shards are cut between blocks.
BLOCK_ELEMENTS = 4096

#: Of each floating-point type: bytes, bits that are all set in what is no number, those of which one
#: is set in a NaN, the NaN that stands for all.
_FLOATS = {
    "f16": (2, 0x7C00, 0x03FF, 0x7E00),
    "bf16": (2, 0x7F80, 0x007F, 0x7FC0),
    "f32": (4, 0x7F800000, 0x007FFFFF, 0x7FC00000),
    "f64": (8, 0x7FF0000000000000, 0x000FFFFFFFFFFFFF, 0x7FF8000000000000),
}
_CODES = {2: "H", 4: "I", 8: "Q"}


def leaf_digest(part: Part, data: memoryview) -> _control.LeafDigest:
    """A shard's part of a leaf in the final digest tree.

    Args:
        part: which part of which leaf; begins at a block's begin.
        data: its bytes.
    """
    return _control.LeafDigest(
        part.name,
        part.index,
        -(-part.leaf.elements // BLOCK_ELEMENTS),
        part.start // BLOCK_ELEMENTS,
        _blocks(part, data),
        _header(part),
    )


def box_key(part: Part) -> Key | None:
    """What tells boxes of the state apart; ``None`` of what is per rank."""
    if part.leaf.per_rank or part.piece is None:
        return None
    return part.index, tuple(part.piece.offset), tuple(part.piece.extent)


def fused_digests(
    shards: Sequence[Shard], own: Shard, captured: Iterable[memoryview]
) -> tuple[_control.LeafDigest, ...]:
    """What a shard of a program that reduces by itself has of the final digest tree.

    Args:
        shards: all of them.
        own: the one whose state it is.
        captured: the bytes of each of its parts.
    """
    keys = {key for shard in shards for part in shard.parts if (key := box_key(part)) is not None}
    numbers = {key: number for number, key in enumerate(sorted(keys))}
    found = []
    for part, data in zip(own.parts, captured):
        key = box_key(part)
        if key is not None:
            one = replace(part, index=numbers[key])
            whole = len(shards) == 1 and part.stop == part.leaf.elements
            found.append(leaf_digest(one, data) if whole else piece_digest(one, data))
    return tuple(found)


def piece_digest(part: Part, data: memoryview) -> _control.LeafDigest:
    """A box in the final digest tree.

    Args:
        part: which box of which leaf; its index is that of the box among all boxes.
        data: its bytes.
    """
    piece = part.piece
    assert piece is not None
    box = struct.pack(f"<{2 * len(piece.offset)}Q", *piece.offset, *piece.extent)
    blocks = _blocks(part, data)
    return _control.LeafDigest(
        part.name, part.index, len(blocks) // 32, 0, blocks, _header(part) + box
    )


def _blocks(part: Part, data: memoryview) -> bytes:
    data = unify_nans(part.leaf.dtype, data)
    block = BLOCK_ELEMENTS * part.leaf.element_bytes
    return b"".join(
        hashlib.sha256(data[at : at + block]).digest() for at in range(0, len(data), block)
    )


def _header(part: Part) -> bytes:
    leaf = part.leaf
    return (
        part.name.encode()
        + b"\0"
        + leaf.dtype.encode()
        + b"\0"
        + struct.pack(f"<{len(leaf.shape) + 2}I", len(leaf.shape), *leaf.shape, BLOCK_ELEMENTS)
    )


def unify_nans(dtype: str, data: memoryview) -> memoryview:
    """The same numbers, with every NaN as the same bits: the others show the processor."""
    if dtype not in _FLOATS:
        return data
    size, exponent, fraction, nan = _FLOATS[dtype]
    try:
        import numpy as np
    except ImportError:
        code: Any = _CODES[size]
        numbers = data.cast(code)
        found = [i for i, x in enumerate(numbers) if x & exponent == exponent and x & fraction]
        if not found:
            return data
        copy = memoryview(bytearray(data)).cast(code)
        for i in found:
            copy[i] = nan
        return copy.cast("B")
    array = np.frombuffer(data, f"<u{size}")
    odd = ((array & exponent) == exponent) & ((array & fraction) != 0)
    if not odd.any():
        return data
    array = array.copy()
    array[odd] = nan
    return memoryview(array.tobytes())
