"""The golden bytes that Java and Python share: runtime-bridge/src/test/vectors/bridge.json."""

from __future__ import annotations

import dataclasses
import json
import socket
import struct
import tempfile
import unittest
from pathlib import Path
from typing import Any

from coxswain import _arena, _control, _crc32c, _frames, _proto, _tables, _wire

VECTORS = Path(__file__).parents[2] / "src" / "test" / "vectors" / "bridge.json"


def load() -> dict[str, Any]:
    """The file."""
    return dict(json.loads(VECTORS.read_text(encoding="utf-8")))


def camel(name: str) -> str:
    """``load_job`` → ``LoadJob``."""
    return "".join(part.capitalize() for part in name.split("_"))


def build(kind: type[_proto.Message], fields: dict[str, Any]) -> _proto.Message:
    """A message from the file's description of it."""
    specs = {one.name: one.metadata["spec"] for one in dataclasses.fields(kind)}
    values: dict[str, Any] = {}
    for name, value in fields.items():
        if name not in specs and "body" in specs:
            option = getattr(_wire, camel(name), None) or getattr(
                _control, "KeyValue" + camel(name)
            )
            values["body"] = build(option, value)
            continue
        name = "data_bytes" if name == "bytes" else name
        spec = specs[name]
        if spec.texts:
            values[name] = value
        elif spec.repeated:
            values[name] = tuple(convert(spec.kind, one) for one in value)
        else:
            values[name] = convert(spec.kind, value)
    return kind(**values)


def convert(kind: Any, value: Any) -> Any:
    """A field's value."""
    if isinstance(kind, _proto.Sub):
        return build(kind.message, value)
    return bytes.fromhex(value) if isinstance(kind, _proto.Blob) else value


class MessageVectors(unittest.TestCase):
    def test_messages_have_these_bytes(self) -> None:
        messages = load()["messages"]
        for vector in messages:
            with self.subTest(vector["name"]):
                kind = getattr(_wire, vector["type"])
                message = build(kind, vector["fields"])
                self.assertEqual(message.encode().hex(), vector["hex"])
                self.assertEqual(kind.decode(bytes.fromhex(vector["hex"])), message)

    def test_every_message_of_the_bridge_is_there(self) -> None:
        bodies = {
            option
            for kind in (
                _wire.ToWorker,
                _wire.FromWorker,
                _wire.ToWorkerSide,
                _wire.FromWorkerSide,
            )
            for one in dataclasses.fields(kind)
            if isinstance(one.metadata["spec"], _proto.OneOf)
            for option in one.metadata["spec"].options.values()
        }
        seen = {
            type(getattr(_wire, vector["type"]).decode(bytes.fromhex(vector["hex"])).body)
            for vector in load()["messages"]
        }
        self.assertEqual(seen, bodies)

    def test_unknown_fields_are_skipped(self) -> None:
        # Field 1000 as varint, bytes, fixed32 and fixed64.
        unknown = bytes.fromhex("c03e07 c23e03616263 c53e01020304 c13e0102030405060708")
        for vector in load()["messages"]:
            kind = getattr(_wire, vector["type"])
            data = bytes.fromhex(vector["hex"])
            with self.subTest(vector["name"]):
                self.assertEqual(kind.decode(unknown + data + unknown), kind.decode(data))

    def test_a_message_that_is_cut_off_is_none(self) -> None:
        for vector in load()["messages"]:
            kind = getattr(_wire, vector["type"])
            data = bytes.fromhex(vector["hex"])
            whole = kind.decode(data)
            for length in range(len(data)):
                # Cut between two fields it is another message; inside one it is none.
                with self.subTest(vector["name"], length=length):
                    try:
                        self.assertNotEqual(kind.decode(data[:length]), whole)
                    except _proto.WireError:
                        pass

    def test_numbers_are_checked_when_written(self) -> None:
        for wrong in (-1, 1 << 64):
            with self.assertRaises(ValueError):
                _wire.Execute(epoch=wrong).encode()
        with self.assertRaises(ValueError):
            _wire.Apply(slot_index=1 << 32).encode()
        with self.assertRaises(ValueError):
            _wire.ToWorkerSide(body=_wire.Pong()).encode()  # type: ignore[arg-type]

    def test_lists_may_come_unpacked(self) -> None:
        executed = _wire.Executed.decode(b"\x1d" + struct.pack("<f", 0.5) + b"\x1d" + bytes(4))
        self.assertEqual(executed.microshard_losses, (0.5, 0.0))


class FrameVectors(unittest.TestCase):
    def test_frames_are_read_as_the_file_says(self) -> None:
        for vector in load()["frames"]:
            with self.subTest(vector["name"]):
                ours, theirs = socket.socketpair()
                channel = _frames.Channel(ours)
                theirs.sendall(bytes.fromhex(vector["hex"]))
                theirs.close()
                try:
                    self.assertEqual(self.outcome(channel), (vector["outcome"], vector["message"]))
                finally:
                    channel.close()

    def outcome(self, channel: _frames.Channel) -> tuple[str, str]:
        """What came, in the file's words."""
        try:
            message = channel.receive(_wire.ToWorker)
        except _proto.WireError as e:
            return ("cut_off" if "ended inside" in str(e) else "too_long"), ""
        return ("end", "") if message is None else ("message", message.encode().hex())

    def test_frames_are_written_so(self) -> None:
        first = load()["frames"][0]
        self.assertEqual(_frames.frame(bytes.fromhex(first["message"])).hex(), first["hex"])
        with self.assertRaises(ValueError):
            _frames.frame(bytes(_frames.MAX_MESSAGE_BYTES + 1))


class ArenaVectors(unittest.TestCase):
    def setUp(self) -> None:
        self.vectors = load()["arena"]
        self.shape = _arena.Shape(**self.vectors["header"]["shape"])

    def meta(self) -> _tables.Meta:
        """The table, built from the file's description."""
        table = self.vectors["table"]
        boxes = [
            _tables.Box(
                piece["leaf"],
                piece["dtype"],
                tuple(piece["shape"]),
                tuple(piece["offset"]),
                tuple(piece["extent"]),
                piece["size"],
                piece["per_rank"],
            )
            for piece in table["pieces"]
        ]
        meta = _tables.Meta.lay_out(
            table["job_id"], table["epoch"], table["step"], table["shard"], boxes
        )
        self.assertEqual([piece.at for piece in meta.pieces], [p["at"] for p in table["pieces"]])
        self.assertEqual(meta.data_bytes, table["data_bytes"])
        return meta

    def data(self) -> bytes:
        """What is in the data area."""
        return bytes((31 * i + 7) % 251 for i in range(self.vectors["table"]["data_bytes"]))

    def test_checksums(self) -> None:
        for vector in self.vectors["crc32c"]:
            text = vector["text"].encode()
            self.assertEqual(f"{_arena.crc32c(text):08x}", vector["crc32c"])
            self.assertEqual(f"{_crc32c.crc32c_plain(text):08x}", vector["crc32c"])

    def test_file_header(self) -> None:
        header = self.vectors["header"]
        data = bytes.fromhex(header["hex"])
        self.assertEqual(self.shape.header()[: len(data)], data)
        self.assertEqual(self.shape.file_bytes, header["file_bytes"])
        self.assertEqual(_arena.Shape.of_header(data.ljust(4096, b"\0")), self.shape)
        for slot in self.vectors["slots"]:
            self.assertEqual(self.shape.slot_at(slot["index"]), slot["at"])

    def test_a_damaged_file_header_is_refused(self) -> None:
        header = bytearray(self.shape.header())
        for at in (0, 8, 16, 24, 68):
            header[at] ^= 1
            with self.subTest(at=at), self.assertRaises(_tables.ArenaError):
                _arena.Shape.of_header(header)
            header[at] ^= 1

    def test_piece_table_and_digest(self) -> None:
        meta = self.meta()
        table = bytes.fromhex(self.vectors["table"]["hex"])
        self.assertEqual(meta.encode().hex(), table.hex())
        self.assertEqual(_tables.Meta.decode(table), meta)
        chunks = self.vectors["chunks"]
        self.assertEqual(
            [(meta.pieces.index(piece), at, length) for piece, at, length in meta.chunks()],
            [(chunk["piece"], chunk["at"], chunk["length"]) for chunk in chunks],
        )
        crcs = [int(chunk["crc32c"], 16) for chunk in chunks]
        self.assertEqual(meta.digest(crcs).hex(), self.vectors["digest"])
        for length in range(len(table)):
            with self.subTest(length=length), self.assertRaises(_tables.ArenaError):
                _tables.Meta.decode(table[:length])

    def test_a_slot_in_each_state(self) -> None:
        meta, data = self.meta(), self.data()
        with tempfile.TemporaryDirectory() as folder:
            arena = _arena.Arena.create(Path(folder) / "arena", self.shape)
            for index in (1, 2, 3):
                arena.slot(index).begin(meta)[:] = data
            arena.slot(2).filled(meta)
            self.assertEqual(arena.slot(3).commit(meta).hex(), self.vectors["digest"])
            arena.close()
            image = (Path(folder) / "arena").read_bytes()
            for slot in self.vectors["slots"]:
                with self.subTest(slot["name"]):
                    self.check_bytes(image, slot)
            arena = _arena.Arena.open(Path(folder) / "arena")
            marks = [arena.slot(index).mark for index in range(4)]
            self.assertEqual(
                marks,
                [
                    _arena.MARK_EMPTY,
                    _arena.MARK_WRITING,
                    _arena.MARK_FILLED,
                    _arena.MARK_COMMITTED,
                ],
            )
            for index in (0, 1, 2):
                with self.assertRaises(_tables.ArenaError):
                    arena.slot(index).verify()
            self.assertEqual(arena.slot(3).verify(), (meta, bytes.fromhex(self.vectors["digest"])))
            with self.assertRaises(_tables.ArenaError):
                arena.slot(3).begin(meta)
            arena.close()

    def check_bytes(self, image: bytes, slot: dict[str, Any]) -> None:
        """Compares a slot's bytes before its data."""
        at = slot["at"]
        self.assertEqual(image[at : at + 128].hex(), slot["header"])
        table = image[at + 128 : at + 128 + self.shape.table_bytes]
        self.assertEqual(table.rstrip(b"\0").hex(), slot["table"])
        crcs = at + 128 + self.shape.table_bytes
        expected = bytes.fromhex(slot["crcs"])
        self.assertEqual(image[crcs : crcs + len(expected)], expected)

    def test_a_flipped_bit_anywhere_is_found(self) -> None:
        meta, data = self.meta(), self.data()
        with tempfile.TemporaryDirectory() as folder:
            arena = _arena.Arena.create(Path(folder) / "arena", self.shape)
            slot = arena.slot(0)
            slot.begin(meta)[:] = data
            slot.commit(meta)
            view = slot._view
            begin = self.shape.data_at
            last = begin + meta.data_bytes - 1
            for at in (0, 9, 17, 21, 25, 40, 65, 130, begin, begin + 70, last):
                view[at] ^= 4
                with self.subTest(at=at), self.assertRaises(_tables.ArenaError):
                    slot.verify()
                view[at] ^= 4
            slot.verify()
            slot.free()
            self.assertEqual(slot.generation, 2)
            with self.assertRaises(_tables.ArenaError):
                slot.commit(meta)
            del view
            arena.close()


if __name__ == "__main__":
    unittest.main()
