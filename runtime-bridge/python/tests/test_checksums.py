"""Copies and checksums of a snapshot in one pass, and that they are those of two."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from unittest import mock

from coxswain import _arena, _crc32c, _tables, _views

SIZES = (5, 0, _tables.CHUNK_BYTES + 17, 64, 0)


def meta(step: int = 3) -> _tables.Meta:
    boxes = [
        _tables.Box(f"leaf {i}", "u8", (size,), (0,), (size,), size) for i, size in enumerate(SIZES)
    ]
    return _tables.Meta.lay_out("job", 1, step, 0, boxes)


def content() -> list[memoryview]:
    return [memoryview((bytes(range(251)) * (1 + size // 251))[:size]) for size in SIZES]


class Checksums(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        shape = _arena.Shape(slots=2, slot_data=meta().data_bytes, pieces=len(SIZES))
        self.arena = _arena.Arena.create(Path(folder.name) / "arena", shape)
        self.addCleanup(self.arena.close)

    def whole(self, slot: _arena.Slot) -> bytes:
        """As they were computed before: all copied, then all read."""
        data = slot.begin(meta())
        for piece, given in zip(meta().pieces, content()):
            data[piece.at : piece.end] = given
        slot.filled(meta())
        return slot.commit(meta())

    def test_one_pass_gives_what_two_give(self) -> None:
        expected = self.whole(self.arena.slot(0))
        for later in (range(len(SIZES)), (0, 1, 2), ()):
            with self.subTest(list(later)):
                slot = self.arena.slot(1)
                slot.free()
                data = slot.begin(meta())
                pieces = list(zip(meta().pieces, content()))
                for index, (piece, given) in enumerate(pieces):
                    if index not in later:
                        data[piece.at : piece.end] = given
                begun = _views.Begun(slot, meta(), tuple(pieces[i] for i in later))
                self.assertEqual(begun.complete().digest, expected)
                self.assertEqual(slot.verify(), (meta(), expected))

    def test_the_checksum_is_of_what_lies_in_the_slot(self) -> None:
        slot, piece = self.arena.slot(0), meta().pieces[2]
        slot.begin(meta())
        before = slot.checked(meta(), piece, content()[2])
        self.assertEqual(len(before), 2)
        self.assertEqual(slot.checked(meta(), piece), before)
        slot.data()[piece.end - 1] ^= 1
        after = slot.checked(meta(), piece)
        self.assertEqual(after[0], before[0])
        self.assertNotEqual(after[1], before[1])

    def test_the_same_pieces_at_another_step(self) -> None:
        self.assertEqual(meta().of(1, 9), meta(9))
        self.assertEqual(meta().of(1, 9).encode(), meta(9).encode())

    def test_arrays_give_the_checksum_of_their_bytes(self) -> None:
        data = memoryview(bytearray(content()[2]))
        expected = _crc32c.crc32c_plain(data[:3000], 7)
        self.assertEqual(_crc32c.crc32c(data[:3000], 7), expected)
        with mock.patch.object(_crc32c, "_numpy", lambda: None):
            self.assertEqual(_crc32c.crc32c(data[:3000], 7), expected)

    def test_copies(self) -> None:
        for size in (0, 100, 1 << 20):
            data = memoryview(bytes(range(256)) * (1 + size // 256))[:size]
            for numpy in (_crc32c._numpy, lambda: None):
                to = memoryview(bytearray(size))
                with mock.patch.object(_crc32c, "_numpy", numpy):
                    _crc32c.copy(to, data)
                self.assertEqual(to, data)


if __name__ == "__main__":
    unittest.main()
