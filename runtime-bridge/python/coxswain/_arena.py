"""The arena: shared memory of an agent and its worker, in plain Python (docs/arena.md).

:class:`Arena` maps a file and gives views of its regions; :class:`Slot` reads, checks and writes
one of its slots. All numbers are little-endian. Needs only the standard library; how fast checksums
are depends on what else is installed (:mod:`coxswain._crc32c`).

Not safe for use by several threads at once, but for different slots. A slot's marks are 8 bytes that
are stored at once; on processors that reorder stores (ARM) a worker whose process may be killed at
any moment needs a fence between data and mark that plain Python does not have.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ._crc32c import Data, copy, crc32c
from ._tables import CHUNK_BYTES, ArenaError, Meta, Piece, align

MAGIC = 0x414E455241584F43  # "COXARENA"
VERSION = 1
HEADER_BYTES = 4096
DIGEST_BYTES = 32

MARK_EMPTY = 0
MARK_WRITING = 0x474E495449525743  # "CWRITING"
MARK_FILLED = 0x0044454C4C494643  # "CFILLED\0"
MARK_COMMITTED = 0x44455454494D4F43  # "COMITTED"

_PAGE = 4096
_LINE = 64

#: Room for a slot's piece table: for its head, and for each piece.
_TABLE_BYTES, _BYTES_OF_PIECE = 1024, 256
_HEADER = struct.Struct("<QIIQQIIQQQI")
_SLOT_HEADER_BYTES = 128
_SLOT_FIELDS = struct.Struct("<QIIQ32s")  # from byte 8 to 64: what the header's CRC covers


@dataclass(frozen=True)
class Shape:
    """How large the parts of an arena are.

    Attributes:
        parameters: float32 elements of the parameters, and of each gradient buffer.
        gradients: how many gradient buffers.
        reduced: float32 elements of the reduced gradient.
        live: bytes of live state.
        slots: how many slots.
        slot_data: bytes of data of each slot.
        pieces: pieces of a slot, at most.
    """

    parameters: int = 0
    gradients: int = 0
    reduced: int = 0
    live: int = 0
    slots: int = 0
    slot_data: int = 0
    pieces: int = 0

    def gradient_at(self, buffer: int) -> int:
        """Where a gradient buffer begins in the file."""
        return HEADER_BYTES + (1 + buffer) * align(4 * self.parameters, _LINE)

    @property
    def reduced_at(self) -> int:
        """Where the reduced gradient begins."""
        return self.gradient_at(self.gradients)

    @property
    def live_at(self) -> int:
        """Where the live state begins."""
        return align(self.reduced_at + align(4 * self.reduced, _LINE), _PAGE)

    @property
    def table_bytes(self) -> int:
        """Room for a slot's piece table."""
        return align(_TABLE_BYTES + _BYTES_OF_PIECE * self.pieces, _LINE)

    @property
    def chunk_room(self) -> int:
        """How many chunks a slot can have."""
        return self.slot_data // CHUNK_BYTES + self.pieces

    @property
    def data_at(self) -> int:
        """Where the data area begins in a slot."""
        crc_bytes = align(4 * self.chunk_room, _LINE)
        return align(_SLOT_HEADER_BYTES + self.table_bytes + crc_bytes, _PAGE)

    def slot_at(self, slot: int) -> int:
        """Where a slot begins in the file."""
        size = self.data_at + align(self.slot_data, _PAGE)
        return align(self.live_at + self.live, _PAGE) + slot * size

    @property
    def file_bytes(self) -> int:
        """How long the file is."""
        return self.slot_at(self.slots)

    def header(self) -> bytes:
        """The file's first 4096 bytes."""
        fields = _HEADER.pack(
            MAGIC,
            VERSION,
            HEADER_BYTES,
            self.file_bytes,
            self.parameters,
            self.gradients,
            self.slots,
            self.reduced,
            self.live,
            self.slot_data,
            self.pieces,
        )
        return (fields + struct.pack("<I", crc32c(fields))).ljust(HEADER_BYTES, b"\0")

    @staticmethod
    def of_header(header: Data) -> Shape:
        """Reads a file's header.

        Raises:
            ArenaError: it is none, of another version, or damaged.
        """
        if len(header) < HEADER_BYTES:
            raise ArenaError(f"only {len(header)} bytes, not even a header")
        fields = _HEADER.unpack_from(header)
        (crc,) = struct.unpack_from("<I", header, _HEADER.size)
        magic, version, _, length, *sizes = fields
        if magic != MAGIC:
            raise ArenaError(f"no arena, or its maker died: it begins with {magic:016x}")
        found = crc32c(memoryview(header)[: _HEADER.size])
        if crc != found:
            raise ArenaError(f"the header has CRC {found:08x}, expected {crc:08x}")
        if version != VERSION:
            raise ArenaError(f"an arena of version {version}; this program reads {VERSION}")
        parameters, gradients, slots, reduced, live, slot_data, pieces = sizes
        shape = Shape(parameters, gradients, reduced, live, slots, slot_data, pieces)
        if length != shape.file_bytes:
            raise ArenaError(f"the header says {length} bytes, its shape makes {shape.file_bytes}")
        return shape


def pieces_for(meta: Meta) -> int:
    """For how many pieces a slot needs room: more than there are, if their names are long."""
    size = sum(len(piece.encoded) for piece in meta.pieces)
    return max(len(meta.pieces), -(-size // _BYTES_OF_PIECE))


class Arena:
    """A mapped arena. Views of it must be released before it is closed."""

    def __init__(self, path: Path, shape: Shape, memory: mmap.mmap) -> None:
        self.path = path
        self.shape = shape
        self._memory = memory
        self._view = memoryview(memory)

    @staticmethod
    def open(path: str | Path) -> Arena:
        """Maps a file that somebody made.

        Raises:
            ArenaError: it is missing, cut off, damaged, or of another version.
            OSError: it cannot be mapped; that says nothing of what is in it.
        """
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError as e:
            raise ArenaError(f"there is no arena {path}") from e
        try:
            try:
                shape = Shape.of_header(os.pread(descriptor, HEADER_BYTES, 0))
            except ArenaError as e:
                raise ArenaError(f"{path}: {e}") from e
            size = os.fstat(descriptor).st_size
            if size != shape.file_bytes:
                raise ArenaError(f"{path} has {size} bytes; its header says {shape.file_bytes}")
            return Arena(Path(path), shape, mmap.mmap(descriptor, size))
        finally:
            os.close(descriptor)

    @staticmethod
    def create(path: str | Path, shape: Shape) -> Arena:
        """Makes a file, all of its memory reserved, with mode 0600.

        Raises:
            OSError: it exists already, or there is too little room; nothing is left behind then.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            zeros = bytes(CHUNK_BYTES)
            at = 0
            while at < shape.file_bytes:
                at += os.pwrite(descriptor, zeros[: shape.file_bytes - at], at)
            memory = mmap.mmap(descriptor, shape.file_bytes)
        except OSError:
            os.unlink(path)
            raise
        finally:
            os.close(descriptor)
        header = shape.header()
        memory[8:HEADER_BYTES] = header[8:]
        memory[:8] = header[:8]  # The magic number last: a file without it has no finished maker.
        return Arena(Path(path), shape, memory)

    def memory(self) -> memoryview:
        """All of it; the same object each time."""
        return self._view

    def _floats(self, at: int, elements: int) -> memoryview[float]:
        return self._view[at : at + 4 * elements].cast("f")

    def parameters(self) -> memoryview[float]:
        """The whole parameter vector, as float32."""
        return self._floats(HEADER_BYTES, self.shape.parameters)

    def gradient(self, buffer: int) -> memoryview[float]:
        """A gradient buffer, as float32."""
        if not 0 <= buffer < self.shape.gradients:
            raise IndexError(f"gradient buffer {buffer} of {self.shape.gradients}")
        return self._floats(self.shape.gradient_at(buffer), self.shape.parameters)

    def reduced(self) -> memoryview[float]:
        """The reduced gradient of the own shard, as float32."""
        return self._floats(self.shape.reduced_at, self.shape.reduced)

    def live(self) -> memoryview:
        """The live state's bytes."""
        return self._view[self.shape.live_at : self.shape.live_at + self.shape.live]

    def slot(self, index: int) -> Slot:
        """One of the slots."""
        if not 0 <= index < self.shape.slots:
            raise IndexError(f"slot {index} of {self.shape.slots}")
        begin = self.shape.slot_at(index)
        return Slot(index, self.shape, self._view[begin : self.shape.slot_at(index + 1)])

    def flush(self) -> None:
        """Waits until a file that is on a disk is there."""
        self._memory.flush()

    def close(self) -> None:
        """Unmaps the file; it stays where it is. Views that are still held keep it mapped."""
        try:
            self._view.release()
            self._memory.close()
        except BufferError:
            pass


class Slot:
    """A slot of a mapped arena."""

    def __init__(self, index: int, shape: Shape, view: memoryview) -> None:
        self.index = index
        self._shape = shape
        self._view = view
        # One store of 8 bytes each, so that no reader sees half a mark.
        self._words = view[:16].cast("Q")

    @property
    def mark(self) -> int:
        """The commit mark, one of the MARK constants if it is not damaged."""
        return int(self._words[0])

    @property
    def generation(self) -> int:
        """One more at each begin of a write and at each freeing."""
        return int(self._words[1])

    def data(self) -> memoryview:
        """The data area; what is in it counts only while the slot is committed."""
        return self._view[self._shape.data_at :]

    def table(self) -> tuple[Meta, tuple[int, ...], bytes]:
        """What is in a committed slot: its table, the CRC of each chunk, the digest.

        Raises:
            ArenaError: it is not committed, or header and table do not match their CRC.
        """
        if self.mark != MARK_COMMITTED:
            raise ArenaError(f"slot {self.index}: it is not committed (mark {self.mark:016x})")
        _, table_bytes, chunks, _, digest = _SLOT_FIELDS.unpack_from(self._view, 8)
        if table_bytes > self._shape.table_bytes or chunks > self._shape.chunk_room:
            raise ArenaError(f"slot {self.index}: its header names a table of {table_bytes} bytes")
        (expected,) = struct.unpack_from("<I", self._view, 64)
        crc = self._header_crc(table_bytes, chunks)
        if crc != expected:
            raise ArenaError(
                f"slot {self.index}: its header has CRC {crc:08x}, expected {expected:08x}"
            )
        meta = Meta.decode(self._table()[:table_bytes])
        if sum(1 for _ in meta.chunks()) != chunks or meta.data_bytes > self._shape.slot_data:
            raise ArenaError(f"slot {self.index}: its table does not fit its header")
        return meta, struct.unpack_from(f"<{chunks}I", self._crcs()), bytes(digest)

    def verify(self, begin: int = 0, end: int | None = None) -> tuple[Meta, bytes]:
        """Reads every byte of a committed slot and compares it with its checksums.

        Args:
            begin: of several processes each reads its own pieces alone: those from this byte on,
            end: that begin before that one. What the others read is in the digest all the same.

        Returns:
            The table, and the digest.

        Raises:
            ArenaError: the slot is not to be trusted.
        """
        meta, crcs, digest = self.table()
        data = self.data()
        for (piece, at, length), expected in zip(meta.chunks(), crcs, strict=True):
            if piece.at < begin or (end is not None and piece.at >= end):
                continue
            crc = crc32c(data[at : at + length])
            if crc != expected:
                raise ArenaError(
                    f"slot {self.index}: {piece.box.leaf}, bytes {at} to {at + length}, has CRC"
                    f" {crc:08x}, expected {expected:08x}"
                )
        if meta.digest(crcs) != digest:
            raise ArenaError(f"slot {self.index}: the digest does not match the chunks")
        return meta, digest

    def free(self) -> None:
        """Empties the slot, whatever is in it."""
        self._words[1] = self.generation + 1
        self._words[0] = MARK_EMPTY

    def begin(self, meta: Meta) -> memoryview:
        """Begins to write; an interrupted write is taken over.

        Returns:
            The data area, to be filled before :meth:`filled` and :meth:`commit`.

        Raises:
            ArenaError: the slot is committed, or the state does not fit.
        """
        if self.mark == MARK_COMMITTED:
            raise ArenaError(f"slot {self.index} holds a committed state; free it first")
        chunks = sum(1 for _ in meta.chunks())
        if (
            meta.data_bytes > self._shape.slot_data
            or len(meta.pieces) > self._shape.pieces
            or len(meta.encode()) > self._shape.table_bytes
            or chunks > self._shape.chunk_room
        ):
            raise ArenaError(
                f"slot {self.index} takes {self._shape.slot_data} bytes in {self._shape.pieces}"
                f" pieces and a table of {self._shape.table_bytes}; the state has"
                f" {meta.data_bytes} in {len(meta.pieces)} and one of {len(meta.encode())}"
            )
        self._words[0] = MARK_WRITING
        self._words[1] = self.generation + 1
        return self.data()[: meta.data_bytes]

    def begin_part(self, meta: Meta) -> memoryview:
        """Begins to write the pieces of one process of several: the agent commits when all have.

        Returns:
            The data area, of which only the process's own part may be written.

        Raises:
            ArenaError: the slot is committed, or the state does not fit.
        """
        if self.mark == MARK_COMMITTED:
            raise ArenaError(f"slot {self.index} holds a committed state; free it first")
        if meta.data_bytes > self._shape.slot_data:
            raise ArenaError(
                f"slot {self.index} takes {self._shape.slot_data} bytes; this process's part ends"
                f" at {meta.data_bytes}"
            )
        return self.data()[: meta.data_bytes]

    def part_crcs(self, meta: Meta) -> bytes:
        """The CRC of each chunk of what one process wrote, u32 each."""
        data = self.data()
        crcs = [crc32c(data[at : at + length]) for _, at, length in meta.chunks()]
        return struct.pack(f"<{len(crcs)}I", *crcs)

    def filled(self, meta: Meta) -> None:
        """Says that all data are in place and only checksums are missing."""
        table = meta.encode()
        self._table()[: len(table)] = table
        struct.pack_into("<I", self._view, 16, len(table))
        struct.pack_into("<I", self._view, 64, crc32c(table))
        self._words[0] = MARK_FILLED

    def checked(self, meta: Meta, piece: Piece, data: Data | None = None) -> list[int]:
        """The CRC of each chunk of a piece, read from the slot.

        Args:
            data: its bytes, which are put in place first. Each chunk is read again while it is in
                the processor's cache.
        """
        place, crcs = self.data(), []
        for at in range(piece.at, piece.end, meta.chunk_bytes):
            chunk = place[at : min(at + meta.chunk_bytes, piece.end)]
            if data is not None:
                begin = at - piece.at
                copy(chunk, memoryview(data)[begin : begin + len(chunk)])
            crcs.append(crc32c(chunk))
        return crcs

    def commit(self, meta: Meta, crcs: Sequence[int] | None = None) -> bytes:
        """Sets the commit mark.

        Args:
            crcs: of each chunk, as :meth:`checked` read them from the slot; else they are computed
                here.

        Returns:
            The digest.

        Raises:
            ArenaError: somebody else has taken the slot.
        """
        if crcs is None:
            crcs = [crc for piece in meta.pieces for crc in self.checked(meta, piece)]
        digest = meta.digest(crcs)
        table = meta.encode()
        if self.mark not in (MARK_WRITING, MARK_FILLED):
            raise ArenaError(f"slot {self.index} was freed while step {meta.step} was written")
        self._table()[: len(table)] = table
        struct.pack_into(f"<{len(crcs)}I", self._crcs(), 0, *crcs)
        _SLOT_FIELDS.pack_into(
            self._view, 8, self.generation, len(table), len(crcs), meta.data_bytes, digest
        )
        struct.pack_into("<I", self._view, 64, self._header_crc(len(table), len(crcs)))
        self._words[0] = MARK_COMMITTED
        return digest

    def _table(self) -> memoryview:
        return self._view[_SLOT_HEADER_BYTES : _SLOT_HEADER_BYTES + self._shape.table_bytes]

    def _crcs(self) -> memoryview:
        begin = _SLOT_HEADER_BYTES + self._shape.table_bytes
        return self._view[begin : begin + 4 * self._shape.chunk_room]

    def _header_crc(self, table_bytes: int, chunks: int) -> int:
        crc = crc32c(self._view[8:64])
        crc = crc32c(self._table()[:table_bytes], crc)
        return crc32c(self._crcs()[: 4 * chunks], crc)
