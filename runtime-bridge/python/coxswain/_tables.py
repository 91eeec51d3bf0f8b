"""What a slot of an arena holds, and the table of pieces that says so (docs/arena.md).

All numbers are little-endian. Needs only the standard library.
"""

from __future__ import annotations

import functools
import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ._crc32c import Data

CHUNK_BYTES = 1 << 20
PIECE_ALIGNMENT = 64

_TABLE_MAGIC = 0x31545843  # "CXT1"
_TABLE_HEADER = struct.Struct("<IIQQQIIQ")
_PIECE = struct.Struct("<QQBB")
_DIMENSION = struct.Struct("<QQQ")
_DIGEST_PREFIX = b"coxswain-snapshot-1"


class ArenaError(Exception):
    """A file that is no arena, or a slot that is not to be trusted; the message says why."""


def align(size: int, to: int) -> int:
    """The next multiple."""
    return -(-size // to) * to


@dataclass(frozen=True)
class Box:
    """A box of one leaf of the state.

    Attributes:
        leaf: the leaf's name.
        dtype: ``f32``, ``f64``, ``i32``, ``i64``, ``u8`` …
        shape: elements per dimension of the whole leaf.
        offset: first element of the box per dimension.
        extent: elements of the box per dimension.
        per_rank: copied but never compared.
        size: bytes of the box.
    """

    leaf: str
    dtype: str
    shape: tuple[int, ...]
    offset: tuple[int, ...]
    extent: tuple[int, ...]
    size: int
    per_rank: bool = False

    def __post_init__(self) -> None:
        if not len(self.shape) == len(self.offset) == len(self.extent) <= 255 or self.size < 0:
            raise ValueError(f"piece {self.leaf}: shape, offset and extent do not agree")
        for whole, first, count in zip(self.shape, self.offset, self.extent, strict=True):
            if first < 0 or count < 0 or first + count > whole:
                raise ValueError(f"piece {self.leaf}: the box does not lie in shape {self.shape}")


@dataclass(frozen=True)
class Piece:
    """A box, and where its bytes begin in the slot's data area."""

    box: Box
    at: int

    @property
    def end(self) -> int:
        """The first byte after it."""
        return self.at + self.box.size

    @functools.cached_property
    def encoded(self) -> bytes:
        """As it stands in the piece table and in the digest. Made once: snapshot after snapshot has
        the same pieces."""
        box = self.box
        parts = [
            _PIECE.pack(self.at, box.size, int(box.per_rank), len(box.shape)),
            _short_text(box.leaf),
            _short_text(box.dtype),
        ]
        parts += map(_DIMENSION.pack, box.shape, box.offset, box.extent)
        return b"".join(parts)


@dataclass(frozen=True)
class Meta:
    """What a slot holds, without the checksums."""

    job_id: str
    epoch: int
    step: int
    shard: int
    pieces: tuple[Piece, ...]
    data_bytes: int
    chunk_bytes: int = CHUNK_BYTES

    def __post_init__(self) -> None:
        end = 0
        for piece in self.pieces:
            if piece.at < end or piece.at % PIECE_ALIGNMENT:
                raise ValueError(
                    f"piece {piece.box.leaf} begins at byte {piece.at}: expected a multiple of"
                    f" {PIECE_ALIGNMENT}, not before {end}"
                )
            end = piece.end
        if end != self.data_bytes or self.chunk_bytes < CHUNK_BYTES:
            raise ValueError(f"pieces end at byte {end}, not at {self.data_bytes}")

    @staticmethod
    def lay_out(
        job_id: str, epoch: int, step: int, shard: int, boxes: Iterable[Box], begin: int = 0
    ) -> Meta:
        """Boxes one after another from a byte on, each at the next multiple of 64."""
        pieces = []
        end = begin
        for box in boxes:
            piece = Piece(box, align(end, PIECE_ALIGNMENT))
            pieces.append(piece)
            end = piece.end
        return Meta(job_id, epoch, step, shard, tuple(pieces), end if pieces else 0)

    def of(self, epoch: int, step: int) -> Meta:
        """The same pieces at another step."""
        return replace(self, epoch=epoch, step=step)

    def part(self, begin: int, end: int | None) -> Meta:
        """The pieces that begin between two bytes: those of one process of several."""
        pieces = tuple(
            piece for piece in self.pieces if begin <= piece.at and (end is None or piece.at < end)
        )
        last = pieces[-1].end if pieces else 0
        return replace(self, pieces=pieces, data_bytes=last)

    def chunks(self) -> Iterator[tuple[Piece, int, int]]:
        """Yields (piece, first byte, length) of each chunk, in order."""
        for piece in self.pieces:
            for at in range(piece.at, piece.end, self.chunk_bytes):
                yield piece, at, min(self.chunk_bytes, piece.end - at)

    def encode(self) -> bytes:
        """The piece table."""
        head = _TABLE_HEADER.pack(
            _TABLE_MAGIC,
            self.shard,
            self.epoch,
            self.step,
            self.data_bytes,
            self.chunk_bytes,
            len(self.pieces),
            0,
        )
        return head + _short_text(self.job_id) + b"".join([piece.encoded for piece in self.pieces])

    @staticmethod
    def decode(data: Data) -> Meta:
        """Reads a piece table.

        Raises:
            ArenaError: the bytes are none.
        """
        reader = _Reader(memoryview(data))
        magic, shard, epoch, step, data_bytes, chunk_bytes, count, reserved = reader.take(
            _TABLE_HEADER
        )
        if magic != _TABLE_MAGIC or reserved != 0:
            raise ArenaError("not a piece table, or of another version")
        job_id = reader.text()
        pieces = []
        try:
            for _ in range(count):
                at, size, flags, dimensions = reader.take(_PIECE)
                if flags not in (0, 1):
                    raise ArenaError(f"a piece has flags {flags}, which are not known here")
                leaf, dtype = reader.text(), reader.text()
                sizes = [reader.take(_DIMENSION) for _ in range(dimensions)]
                shape, offset, extent = (tuple(one[i] for one in sizes) for i in range(3))
                box = Box(leaf, dtype, shape, offset, extent, size, flags == 1)
                pieces.append(Piece(box, at))
            if not reader.done():
                raise ArenaError("bytes follow the last piece")
            return Meta(job_id, epoch, step, shard, tuple(pieces), data_bytes, chunk_bytes)
        except ValueError as e:
            raise ArenaError(str(e)) from e

    def digest(self, crcs: Sequence[int]) -> bytes:
        """The snapshot's digest, given the CRC-32C of each chunk."""
        sha256 = hashlib.sha256(_DIGEST_PREFIX)
        sha256.update(_short_text(self.job_id))
        sha256.update(
            struct.pack("<IQQI", self.shard, self.step, self.data_bytes, self.chunk_bytes)
        )
        sha256.update(b"".join([piece.encoded for piece in self.pieces]))
        for (piece, _, _), crc in zip(self.chunks(), crcs, strict=True):
            if not piece.box.per_rank:
                sha256.update(struct.pack("<I", crc))
        return sha256.digest()


def _short_text(text: str) -> bytes:
    encoded = text.encode("utf-8")
    return struct.pack("<H", len(encoded)) + encoded


class _Reader:
    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    def take(self, form: struct.Struct) -> tuple[int, ...]:
        return form.unpack(self._bytes(form.size))

    def text(self) -> str:
        (length,) = self.take(struct.Struct("<H"))
        try:
            return bytes(self._bytes(length)).decode("utf-8")
        except UnicodeDecodeError as e:
            raise ArenaError("a name in the piece table is not UTF-8") from e

    def done(self) -> bool:
        return self._at == len(self._data)

    def _bytes(self, length: int) -> memoryview:
        end = self._at + length
        if end > len(self._data):
            raise ArenaError(f"the piece table is cut off after {len(self._data)} bytes")
        taken = self._data[self._at : end]
        self._at = end
        return taken
