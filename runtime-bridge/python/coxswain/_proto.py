"""How messages are written: proto3 in canonical order, in plain Python (docs/bridge.md).

Each message is a frozen dataclass with :meth:`Message.encode` and :meth:`Message.decode`; a field
that was not set has its default, a sub-message that was not set is ``None``. Fields stand by number,
defaults are left out, numbers packed; fields that are not known here are skipped when a message is
read. Needs only the standard library.
"""

from __future__ import annotations

import dataclasses
import functools
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

#: The greatest number.
MAX_U64 = (1 << 64) - 1


class WireError(Exception):
    """Bytes that are no message, or a frame that breaks the protocol; the message says how."""


def _encode_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _decode_varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for count in range(10):
        if at + count >= len(data):
            raise WireError("the message ends inside a number")
        byte = data[at + count]
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value & MAX_U64, at + count + 1
    raise WireError("a number has more than ten bytes")


def _fields(data: memoryview) -> Iterator[tuple[int, int, Any]]:
    """Yields (number, wire type, value); the value is an int, or a memoryview of the bytes."""
    at = 0
    while at < len(data):
        key, at = _decode_varint(data, at)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise WireError("a field has number 0")
        if wire == _VARINT:
            value, at = _decode_varint(data, at)
            yield number, wire, value
            continue
        if wire == _BYTES:
            length, at = _decode_varint(data, at)
        elif wire == _FIXED64:
            length = 8
        elif wire == _FIXED32:
            length = 4
        else:
            raise WireError(f"field {number} has wire type {wire}, which this protocol has not")
        if length > len(data) - at:
            raise WireError(f"field {number} has {length} bytes, {len(data) - at} are left")
        yield number, wire, data[at : at + length]
        at += length


class _Kind:
    """How the values of a field are written: one per type of the .proto files."""

    wire = _VARINT

    def default(self) -> Any:
        return 0

    def is_default(self, value: Any) -> bool:
        return bool(value == self.default())

    def encode(self, value: Any) -> bytes:
        """The value alone, without key and length."""
        raise NotImplementedError

    def decode(self, value: Any) -> Any:
        """From what :func:`_fields` yields for this wire type."""
        raise NotImplementedError


class _Unsigned(_Kind):
    def __init__(self, bits: int) -> None:
        self.bits = bits

    def encode(self, value: int) -> bytes:
        if not 0 <= value < 1 << self.bits:
            raise ValueError(f"{value} does not fit into {self.bits} bits")
        return _encode_varint(value)

    def decode(self, value: int) -> int:
        return value & ((1 << self.bits) - 1)


class _Signed(_Kind):
    """64 bits in two's complement."""

    def encode(self, value: int) -> bytes:
        if not -1 << 63 <= value < 1 << 63:
            raise ValueError(f"{value} does not fit into 64 bits")
        return _encode_varint(value & MAX_U64)

    def decode(self, value: int) -> int:
        return value - (1 << 64) if value >> 63 else value


class _Bool(_Kind):
    def default(self) -> bool:
        return False

    def encode(self, value: bool) -> bytes:
        return b"\x01" if value else b"\x00"

    def decode(self, value: int) -> bool:
        return value != 0


class _Real(_Kind):
    def __init__(self, form: str, wire: int) -> None:
        self.form = form
        self.wire = wire

    def default(self) -> float:
        return 0.0

    def is_default(self, value: float) -> bool:
        # -0.0 is not the default: its bits are not.
        return not any(self.encode(value))

    def encode(self, value: float) -> bytes:
        return struct.pack(self.form, value)

    def decode(self, value: memoryview) -> float:
        return float(struct.unpack(self.form, value)[0])


class _Text(_Kind):
    wire = _BYTES

    def default(self) -> str:
        return ""

    def encode(self, value: str) -> bytes:
        # What a user's program says may hold half characters (surrogateescape), which UTF-8 has not.
        return value.encode("utf-8", "backslashreplace")

    def decode(self, value: memoryview) -> str:
        try:
            return bytes(value).decode("utf-8")
        except UnicodeDecodeError as e:
            raise WireError(f"a text is not UTF-8: {e}") from e


class Blob(_Kind):
    wire = _BYTES

    def default(self) -> bytes:
        return b""

    def encode(self, value: bytes) -> bytes:
        return bytes(value)

    def decode(self, value: memoryview) -> bytes:
        return bytes(value)


class Sub(_Kind):
    wire = _BYTES

    def __init__(self, message: type[Message]) -> None:
        self.message = message

    def default(self) -> None:
        return None

    def is_default(self, value: Message | None) -> bool:
        return value is None

    def encode(self, value: Message) -> bytes:
        return value.encode()

    def decode(self, value: memoryview) -> Message:
        return self.message.decode(value)


@dataclass(frozen=True)
class _Spec:
    """A field: its number and kind, and whether there may be several."""

    number: int
    kind: _Kind
    repeated: bool = False
    packed: bool = False
    texts: bool = False


@dataclass(frozen=True)
class OneOf:
    """A group of sub-messages of which one is set."""

    options: Mapping[int, type[Message]]


def of(number: int, kind: _Kind) -> Any:
    return field(default=kind.default(), metadata={"spec": _Spec(number, kind)})


def listed(number: int, kind: _Kind, *, packed: bool = False) -> Any:
    spec = _Spec(number, kind, repeated=True, packed=packed)
    return field(default=(), metadata={"spec": spec})


def texts(number: int) -> Any:
    spec = _Spec(number, _Text(), texts=True)
    return field(default_factory=dict, metadata={"spec": spec})


def one_of(options: Mapping[int, type[Message]]) -> Any:
    return field(default=None, metadata={"spec": OneOf(options)})


U64, U32, BOOL, TEXT, BLOB = _Unsigned(64), _Unsigned(32), _Bool(), _Text(), Blob()
I64 = _Signed()
DOUBLE, FLOAT = _Real("<d", _FIXED64), _Real("<f", _FIXED32)

M = TypeVar("M", bound="Message")


class Message:
    """A message of the bridge; its subclasses are frozen dataclasses."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    def encode(self) -> bytes:
        """The message's bytes.

        Raises:
            ValueError: a number does not fit into its field.
        """
        parts: list[tuple[int, bytes]] = []
        for one in dataclasses.fields(self):
            spec = one.metadata["spec"]
            value = getattr(self, one.name)
            if isinstance(spec, OneOf):
                if value is not None:
                    number = _option(spec, value)
                    parts.append((number, _delimited(number, value.encode())))
            elif spec.texts:
                for key, text in value.items():
                    entry = _delimited(1, TEXT.encode(key)) + _delimited(2, TEXT.encode(text))
                    parts.append((spec.number, _delimited(spec.number, entry)))
            elif spec.packed:
                if value:
                    packed = b"".join(map(spec.kind.encode, value))
                    parts.append((spec.number, _delimited(spec.number, packed)))
            else:
                for single in value if spec.repeated else (value,):
                    if spec.repeated or not spec.kind.is_default(single):
                        parts.append((spec.number, _keyed(spec, single)))
        parts.sort(key=lambda part: part[0])
        return b"".join(encoded for _, encoded in parts)

    @classmethod
    def decode(cls: type[M], data: bytes | bytearray | memoryview) -> M:
        """Reads a message. Unknown fields are skipped; of one that stands twice the last counts.

        Raises:
            WireError: the bytes are no such message.
        """
        known = _known(cls)  # type: ignore[arg-type]  # Classes are hashable.
        values: dict[str, Any] = {}
        for number, wire, value in _fields(memoryview(data)):
            if number not in known:
                continue
            name, spec = known[number]
            if isinstance(spec, OneOf):
                if wire == _BYTES:
                    values[name] = spec.options[number].decode(value)
            elif spec.texts:
                if wire == _BYTES:
                    entry = Entry.decode(value)
                    values.setdefault(name, {})[entry.key] = entry.value
            elif spec.repeated and wire == _BYTES and spec.kind.wire != _BYTES:
                values.setdefault(name, []).extend(_unpack(spec.kind, value))
            elif wire == spec.kind.wire:
                single = spec.kind.decode(value)
                if spec.repeated:
                    values.setdefault(name, []).append(single)
                else:
                    values[name] = single
        for name, value in values.items():
            if isinstance(value, list):
                values[name] = tuple(value)
        return cls(**values)


@functools.cache
def _known(message: type[Message]) -> Mapping[int, tuple[str, _Spec | OneOf]]:
    known: dict[int, tuple[str, _Spec | OneOf]] = {}
    for one in dataclasses.fields(message):
        spec = one.metadata["spec"]
        for number in spec.options if isinstance(spec, OneOf) else (spec.number,):
            known[number] = (one.name, spec)
    return known


def _option(spec: OneOf, value: Message) -> int:
    for number, option in spec.options.items():
        if isinstance(value, option):
            return number
    raise ValueError(f"{type(value).__name__} is no body of this message")


def _delimited(number: int, value: bytes) -> bytes:
    return _encode_varint(number << 3 | _BYTES) + _encode_varint(len(value)) + value


def _keyed(spec: _Spec, value: Any) -> bytes:
    encoded = spec.kind.encode(value)
    if spec.kind.wire == _BYTES:
        return _delimited(spec.number, encoded)
    return _encode_varint(spec.number << 3 | spec.kind.wire) + encoded


def _unpack(kind: _Kind, data: memoryview) -> Iterator[Any]:
    size = {_FIXED32: 4, _FIXED64: 8}.get(kind.wire, 0)
    if size and len(data) % size:
        raise WireError(f"packed numbers of {size} bytes in {len(data)} bytes")
    at = 0
    while at < len(data):
        if size:
            yield kind.decode(data[at : at + size])
            at += size
        else:
            value, at = _decode_varint(data, at)
            yield kind.decode(value)


@dataclass(frozen=True)
class Entry(Message):
    key: str = of(1, TEXT)
    value: str = of(2, TEXT)
