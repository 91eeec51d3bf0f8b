"""The bridge's messages and frames, in plain Python (docs/bridge.md).

Each message is a frozen dataclass with :meth:`Message.encode` and :meth:`Message.decode`; a field
that was not set has its default, a sub-message that was not set is ``None``. The bytes are those of
proto3 in canonical order (fields by number, defaults left out, numbers packed); fields that are not
known here are skipped when a message is read. Only what a worker needs is here.

Needs only the standard library. Everything is safe for any thread; a :class:`Channel` takes one
reader and any number of writers at once.
"""

from __future__ import annotations

import dataclasses
import functools
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

PROTOCOL_MAJOR = 1
PROTOCOL_MINOR = 0

#: The longest message that is taken or sent, in bytes.
MAX_MESSAGE_BYTES = 4 << 20

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_U64 = (1 << 64) - 1


class WireError(Exception):
    """Bytes that are no message, or a frame that breaks the protocol; the message says how."""


# ---------------------------------------------------------------- the encoding


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
            return value & _U64, at + count + 1
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
        return _encode_varint(value & _U64)

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
        return value.encode("utf-8")

    def decode(self, value: memoryview) -> str:
        try:
            return bytes(value).decode("utf-8")
        except UnicodeDecodeError as e:
            raise WireError(f"a text is not UTF-8: {e}") from e


class _Blob(_Kind):
    wire = _BYTES

    def default(self) -> bytes:
        return b""

    def encode(self, value: bytes) -> bytes:
        return bytes(value)

    def decode(self, value: memoryview) -> bytes:
        return bytes(value)


class _Sub(_Kind):
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
class _OneOf:
    """A group of sub-messages of which one is set."""

    options: Mapping[int, type[Message]]


def _of(number: int, kind: _Kind) -> Any:
    return field(default=kind.default(), metadata={"spec": _Spec(number, kind)})


def _list(number: int, kind: _Kind, *, packed: bool = False) -> Any:
    spec = _Spec(number, kind, repeated=True, packed=packed)
    return field(default=(), metadata={"spec": spec})


def _texts(number: int) -> Any:
    spec = _Spec(number, _Text(), texts=True)
    return field(default_factory=dict, metadata={"spec": spec})


def _one_of(options: Mapping[int, type[Message]]) -> Any:
    return field(default=None, metadata={"spec": _OneOf(options)})


_u64, _u32, _bool, _text, _blob = _Unsigned(64), _Unsigned(32), _Bool(), _Text(), _Blob()
_i64 = _Signed()
_double, _float = _Real("<d", _FIXED64), _Real("<f", _FIXED32)

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
            if isinstance(spec, _OneOf):
                if value is not None:
                    number = _option(spec, value)
                    parts.append((number, _delimited(number, value.encode())))
            elif spec.texts:
                for key, text in value.items():
                    entry = _delimited(1, _text.encode(key)) + _delimited(2, _text.encode(text))
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
            if isinstance(spec, _OneOf):
                if wire == _BYTES:
                    values[name] = spec.options[number].decode(value)
            elif spec.texts:
                if wire == _BYTES:
                    entry = _Entry.decode(value)
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
def _known(message: type[Message]) -> Mapping[int, tuple[str, _Spec | _OneOf]]:
    known: dict[int, tuple[str, _Spec | _OneOf]] = {}
    for one in dataclasses.fields(message):
        spec = one.metadata["spec"]
        for number in spec.options if isinstance(spec, _OneOf) else (spec.number,):
            known[number] = (one.name, spec)
    return known


def _option(spec: _OneOf, value: Message) -> int:
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
class _Entry(Message):
    key: str = _of(1, _text)
    value: str = _of(2, _text)


# ---------------------------------------------------------------- coxswain/control/v1/control.proto


@dataclass(frozen=True)
class JobSpec(Message):
    """One training run, as far as a worker needs it."""

    job_id: str = _of(1, _text)
    name: str = _of(2, _text)
    replicas: int = _of(3, _u32)
    shards: int = _of(4, _u32)
    steps: int = _of(5, _u64)
    seed: int = _of(6, _u64)
    data: str = _of(7, _text)
    batch: int = _of(8, _u32)
    microshards: int = _of(9, _u32)
    protect_copies: int = _of(10, _u32)
    protect_every: int = _of(11, _u32)
    protect_level: int = _of(12, _u32)
    return_wait_nanos: int = _of(13, _u64)
    collectives_within: str = _of(14, _text)
    collectives_across: str = _of(15, _text)
    runtime_kind: str = _of(16, _text)
    runtime_json: str = _of(17, _text)
    labels: Mapping[str, str] = _texts(18)


@dataclass(frozen=True)
class StateLayout(Message):
    """What a runtime says of a job's state."""

    parameter_elements: int = _of(1, _u64)
    shard_begin: tuple[int, ...] = _list(2, _u64, packed=True)
    shard_state_bytes: tuple[int, ...] = _list(3, _u64, packed=True)
    shard_region_bytes: tuple[int, ...] = _list(4, _u64, packed=True)
    fingerprint: str = _of(5, _text)
    deterministic: bool = _of(6, _bool)


#: Kind of the plan's operation that names a rank's microshards.
OPERATION_KIND_EXECUTE = 1


@dataclass(frozen=True)
class PlanOperation(Message):
    """One operation of a step plan."""

    id: int = _of(1, _u32)
    kind: int = _of(2, _u32)
    depends_on: tuple[int, ...] = _list(3, _u32, packed=True)
    background: bool = _of(4, _bool)
    every: int = _of(5, _u32)
    microshard_from: int = _of(6, _u32)
    microshard_to: int = _of(7, _u32)


@dataclass(frozen=True)
class StepPlan(Message):
    """What a rank does in each step of a view."""

    epoch: int = _of(1, _u64)
    operations: tuple[PlanOperation, ...] = _list(2, _Sub(PlanOperation))
    report_every: int = _of(3, _u32)


@dataclass(frozen=True)
class LineageSegment(Message):
    """Steps that one view contributed to the committed history."""

    epoch: int = _of(1, _u64)
    first_step: int = _of(2, _u64)
    last_step: int = _of(3, _u64)


@dataclass(frozen=True)
class LeafDigest(Message):
    """One rank's part of one leaf of the final digest tree."""

    leaf: str = _of(1, _text)
    leaf_index: int = _of(2, _u32)
    leaf_blocks: int = _of(3, _u64)
    first_block: int = _of(4, _u64)
    block_digests: bytes = _of(5, _blob)
    leaf_header: bytes = _of(6, _blob)


@dataclass(frozen=True)
class KeyValueSet(Message):
    """Set a key."""

    key: str = _of(1, _text)
    value: bytes = _of(2, _blob)


#: Wait until the view is over.
WAIT_FOR_EVER = _U64


@dataclass(frozen=True)
class KeyValueGet(Message):
    """All of these keys, at one time."""

    keys: tuple[str, ...] = _list(1, _text)
    wait_nanos: int = _of(2, _u64)
    omit_values: bool = _of(3, _bool)


@dataclass(frozen=True)
class KeyValueAdd(Message):
    """Add to a number."""

    key: str = _of(1, _text)
    amount: int = _of(2, _i64)


@dataclass(frozen=True)
class KeyValueDelete(Message):
    """Remove a key."""

    key: str = _of(1, _text)


@dataclass(frozen=True)
class KeyValueCompareSet(Message):
    """Set a key if it has a value."""

    key: str = _of(1, _text)
    expected: bytes = _of(2, _blob)
    desired: bytes = _of(3, _blob)


@dataclass(frozen=True)
class KeyValueCount(Message):
    """How many keys begin so."""

    prefix: str = _of(1, _text)


#: Bodies of :class:`KeyValueOperation`.
Operation = (
    KeyValueSet | KeyValueGet | KeyValueAdd | KeyValueDelete | KeyValueCompareSet | KeyValueCount
)


@dataclass(frozen=True)
class KeyValueOperation(Message):
    """What is asked of a view's key-value store."""

    body: Operation | None = _one_of(
        {
            1: KeyValueSet,
            2: KeyValueGet,
            3: KeyValueAdd,
            4: KeyValueDelete,
            5: KeyValueCompareSet,
            6: KeyValueCount,
        }
    )


@dataclass(frozen=True)
class KeyValueResult(Message):
    """What came of it; the code is empty if it was done."""

    code: str = _of(1, _text)
    message: str = _of(2, _text)
    values: tuple[bytes, ...] = _list(3, _blob)
    number: int = _of(4, _i64)


# ---------------------------------------------------------------- coxswain/bridge/v1/bridge.proto


@dataclass(frozen=True)
class Hello(Message):
    """The first message on each connection, from the worker."""

    protocol_major: int = _of(1, _u32)
    protocol_minor: int = _of(2, _u32)
    runtime_kind: str = _of(3, _text)
    pid: int = _of(4, _u64)
    token: str = _of(5, _text)
    side_channel: bool = _of(6, _bool)
    local_rank: int = _of(40, _u32)
    local_size: int = _of(41, _u32)
    job_id: str = _of(42, _text)


@dataclass(frozen=True)
class Refused(Message):
    """Why the agent does not take this process."""

    reason: str = _of(1, _text)


@dataclass(frozen=True)
class Welcome(Message):
    """The agent's answer to :class:`Hello`."""

    protocol_major: int = _of(1, _u32)
    protocol_minor: int = _of(2, _u32)
    heartbeat_nanos: int = _of(3, _u64)
    view_services: bool = _of(90, _bool)


@dataclass(frozen=True)
class LoadJob(Message):
    """Load program and data, compile, warm up."""

    job: JobSpec | None = _of(1, _Sub(JobSpec))
    warm_up: bool = _of(2, _bool)


@dataclass(frozen=True)
class ShardBox(Message):
    """A piece of a leaf."""

    shard: int = _of(1, _u32)
    offset: tuple[int, ...] = _list(2, _u64, packed=True)
    extent: tuple[int, ...] = _list(3, _u64, packed=True)


@dataclass(frozen=True)
class LeafCut(Message):
    """A leaf, and which shard has which box of it."""

    leaf: str = _of(1, _text)
    dtype: str = _of(2, _text)
    shape: tuple[int, ...] = _list(3, _u64, packed=True)
    per_rank: bool = _of(4, _bool)
    boxes: tuple[ShardBox, ...] = _list(5, _Sub(ShardBox))


@dataclass(frozen=True)
class JobLoaded(Message):
    """The state's layout."""

    layout: StateLayout | None = _of(1, _Sub(StateLayout))
    load_nanos: int = _of(2, _u64)
    compile_nanos: int = _of(3, _u64)
    shard_live_bytes: tuple[int, ...] = _list(4, _u64, packed=True)
    shard_pieces: tuple[int, ...] = _list(5, _u32, packed=True)
    reforms: bool = _of(30, _bool)
    shares_rank: bool = _of(40, _bool)
    leaves: tuple[LeafCut, ...] = _list(50, _Sub(LeafCut))


STATE_ORIGIN_INIT = 1
STATE_ORIGIN_KEEP_LIVE = 2
STATE_ORIGIN_SLOT = 3


@dataclass(frozen=True)
class LocalPart(Message):
    """Which part of its rank a process is."""

    rank: int = _of(1, _u32)
    size: int = _of(2, _u32)
    slot_offset: int = _of(3, _u64)
    slot_bytes: int = _of(4, _u64)
    live_offset: int = _of(5, _u64)
    live_bytes: int = _of(6, _u64)


@dataclass(frozen=True)
class PrepareView(Message):
    """Take a rank, with this state."""

    plan: StepPlan | None = _of(1, _Sub(StepPlan))
    epoch: int = _of(2, _u64)
    rank: int = _of(3, _u32)
    replicas: int = _of(4, _u32)
    shards: int = _of(5, _u32)
    base_step: int = _of(6, _u64)
    region_path: str = _of(7, _text)
    origin: int = _of(8, _u32)
    slot_path: str = _of(9, _text)
    slot_index: int = _of(10, _u32)
    slot_digest: bytes = _of(11, _blob)
    host: str = _of(30, _text)
    local: LocalPart | None = _of(40, _Sub(LocalPart))
    master_host: str = _of(41, _text)


@dataclass(frozen=True)
class ViewPrepared(Message):
    """The rank is taken."""

    epoch: int = _of(1, _u64)
    step: int = _of(2, _u64)
    digest: bytes = _of(3, _blob)
    loaded_bytes: int = _of(4, _u64)


@dataclass(frozen=True)
class Execute(Message):
    """Compute the gradients of a step."""

    epoch: int = _of(1, _u64)
    step: int = _of(2, _u64)


@dataclass(frozen=True)
class Executed(Message):
    """The gradients are in the region."""

    epoch: int = _of(1, _u64)
    step: int = _of(2, _u64)
    microshard_losses: tuple[float, ...] = _list(3, _float, packed=True)
    samples: int = _of(4, _u64)
    sample_hash: int = _of(5, _u64)
    execute_nanos: int = _of(6, _u64)
    data_wait_nanos: int = _of(7, _u64)
    loss: float = _of(30, _float)
    snapshot_stall_nanos: int = _of(31, _u64)
    own_nanos: int = _of(80, _u64)


@dataclass(frozen=True)
class Aborted(Message):
    """The request is of an epoch that is over."""

    epoch: int = _of(1, _u64)
    step: int = _of(2, _u64)


@dataclass(frozen=True)
class Apply(Message):
    """Update the state."""

    epoch: int = _of(1, _u64)
    step: int = _of(2, _u64)
    take_snapshot: bool = _of(3, _bool)
    slot_index: int = _of(4, _u32)


@dataclass(frozen=True)
class Applied(Message):
    """The next step may be executed."""

    epoch: int = _of(1, _u64)
    step: int = _of(2, _u64)
    apply_nanos: int = _of(3, _u64)
    snapshot_stall_nanos: int = _of(4, _u64)


@dataclass(frozen=True)
class Snapshot(Message):
    """Copy the live state into a slot."""

    epoch: int = _of(1, _u64)
    step: int = _of(2, _u64)
    slot_index: int = _of(3, _u32)


@dataclass(frozen=True)
class SnapshotCommitted(Message):
    """How a snapshot ended."""

    epoch: int = _of(1, _u64)
    step: int = _of(2, _u64)
    slot_index: int = _of(3, _u32)
    digest: bytes = _of(4, _blob)
    data_bytes: int = _of(5, _u64)  # `bytes` in the .proto file
    failed: bool = _of(6, _bool)
    reason: str = _of(7, _text)
    piece_table: bytes = _of(40, _blob)
    chunk_crcs: bytes = _of(41, _blob)


@dataclass(frozen=True)
class Finish(Message):
    """Describe the final state."""

    epoch: int = _of(1, _u64)
    step: int = _of(2, _u64)
    evaluate: bool = _of(3, _bool)
    lineage: tuple[LineageSegment, ...] = _list(4, _Sub(LineageSegment))


@dataclass(frozen=True)
class Finished(Message):
    """The final state."""

    leaves: tuple[LeafDigest, ...] = _list(1, _Sub(LeafDigest))
    held_out_loss: float = _of(2, _double)
    accuracy: float = _of(3, _double)
    samples_seen: int = _of(4, _u64)
    samples_distinct_per_pass: tuple[int, ...] = _list(5, _u64, packed=True)


@dataclass(frozen=True)
class Fault(Message):
    """The request could not be done."""

    code: str = _of(1, _text)
    message: str = _of(2, _text)
    traceback: str = _of(20, _text)


@dataclass(frozen=True)
class Metric(Message):
    """One value that the program measured."""

    name: str = _of(1, _text)
    value: float = _of(2, _double)


@dataclass(frozen=True)
class Metrics(Message):
    """What the program measured: the newest of each name. Unsolicited."""

    step: int = _of(1, _u64)
    values: tuple[Metric, ...] = _list(2, _Sub(Metric))


@dataclass(frozen=True)
class ExportTold(Message):
    """A part of the state was left in the job's folder, or could not be.

    Attributes:
        reason: why not; empty: it was.
    """

    step: int = _of(1, _u64)
    path: str = _of(2, _text)
    reason: str = _of(3, _text)


@dataclass(frozen=True)
class Output(Message):
    """What a process printed that the agent did not start. Unsolicited."""

    data: bytes = _of(1, _blob)
    dropped_bytes: int = _of(2, _u64)


@dataclass(frozen=True)
class Shutdown(Message):
    """End."""

    again: bool = _of(40, _bool)


#: Bodies of :class:`ToWorker`.
Request = (
    Welcome | LoadJob | PrepareView | Execute | Apply | Snapshot | Finish | Shutdown | Refused
)

#: Bodies of :class:`FromWorker`.
Answer = (
    Hello
    | JobLoaded
    | ViewPrepared
    | Executed
    | Aborted
    | Applied
    | SnapshotCommitted
    | Finished
    | Fault
    | Metrics
    | Output
    | ExportTold
)


@dataclass(frozen=True)
class ToWorker(Message):
    """A request on the main connection; the body is ``None`` if its kind is not known here."""

    request_id: int = _of(1, _u64)
    body: Request | None = _one_of(
        {
            2: Welcome,
            3: LoadJob,
            4: PrepareView,
            5: Execute,
            6: Apply,
            7: Snapshot,
            8: Finish,
            9: Shutdown,
            40: Refused,
        }
    )


@dataclass(frozen=True)
class FromWorker(Message):
    """An answer on the main connection."""

    request_id: int = _of(1, _u64)
    body: Answer | None = _one_of(
        {
            2: Hello,
            3: JobLoaded,
            4: ViewPrepared,
            5: Executed,
            6: Aborted,
            7: Applied,
            8: SnapshotCommitted,
            9: Finished,
            10: Fault,
            20: Metrics,
            80: Output,
            100: ExportTold,
        }
    )


@dataclass(frozen=True)
class Ping(Message):
    """A heartbeat."""

    sequence: int = _of(1, _u64)


@dataclass(frozen=True)
class Pong(Message):
    """A heartbeat's answer."""

    sequence: int = _of(1, _u64)
    operation: str = _of(2, _text)
    step: int = _of(3, _u64)
    entered: int = _of(80, _u32)
    part: str = _of(100, _text)


@dataclass(frozen=True)
class StacksWanted(Message):
    """Asks what the process's threads do."""

    sequence: int = _of(1, _u64)


@dataclass(frozen=True)
class Stacks(Message):
    """What they do."""

    sequence: int = _of(1, _u64)
    text: str = _of(2, _text)


@dataclass(frozen=True)
class Abort(Message):
    """Work of epochs below this one is over."""

    below_epoch: int = _of(1, _u64)


@dataclass(frozen=True)
class KeyValueRequest(Message):
    """An operation on the key-value store of the view of that epoch."""

    id: int = _of(1, _u64)
    epoch: int = _of(2, _u64)
    operation: KeyValueOperation | None = _of(3, _Sub(KeyValueOperation))


@dataclass(frozen=True)
class KeyValueAnswer(Message):
    """The answer to a :class:`KeyValueRequest`."""

    id: int = _of(1, _u64)
    result: KeyValueResult | None = _of(2, _Sub(KeyValueResult))


@dataclass(frozen=True)
class ViewServiceRequest(Message):
    """Start a process beside this one that serves all processes of the view of that epoch."""

    id: int = _of(1, _u64)
    epoch: int = _of(2, _u64)
    name: str = _of(3, _text)
    command: tuple[str, ...] = _list(4, _text)


@dataclass(frozen=True)
class ViewServiceAnswer(Message):
    """The answer to a :class:`ViewServiceRequest`; the code is empty if it serves."""

    id: int = _of(1, _u64)
    address: str = _of(2, _text)
    code: str = _of(3, _text)
    message: str = _of(4, _text)


@dataclass(frozen=True)
class ToWorkerSide(Message):
    """A message to the worker on the side channel; the body is ``None`` if it is not known here."""

    body: Ping | Abort | Welcome | KeyValueAnswer | StacksWanted | ViewServiceAnswer | None = (
        _one_of(
            {
                1: Ping,
                2: Abort,
                3: Welcome,
                10: KeyValueAnswer,
                80: StacksWanted,
                90: ViewServiceAnswer,
            }
        )
    )


@dataclass(frozen=True)
class FromWorkerSide(Message):
    """A message from the worker on the side channel."""

    body: Hello | Pong | KeyValueRequest | Stacks | ViewServiceRequest | None = _one_of(
        {1: Hello, 2: Pong, 10: KeyValueRequest, 80: Stacks, 90: ViewServiceRequest}
    )


# ---------------------------------------------------------------- frames


def frame(message: bytes) -> bytes:
    """A message with its length before it.

    Raises:
        ValueError: it is longer than a frame may be.
    """
    if len(message) > MAX_MESSAGE_BYTES:
        raise ValueError(f"a message of {len(message)} bytes; the bridge takes {MAX_MESSAGE_BYTES}")
    return struct.pack(">I", len(message)) + message


class Channel:
    """Messages over a connected stream socket."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._sending = threading.Lock()

    def send(self, message: Message) -> None:
        """Sends a message whole; blocks while the socket's buffer is full."""
        data = frame(message.encode())
        with self._sending:
            self._socket.sendall(data)

    def receive(self, kind: type[M]) -> M | None:
        """Waits for a message; ``None`` when the other side has closed the connection.

        Raises:
            WireError: a frame is too long, cut off, or no such message.
            OSError: the connection broke.
        """
        header = self._read(4, at_end=True)
        if not header:
            return None
        (length,) = struct.unpack(">I", header)
        if length > MAX_MESSAGE_BYTES:
            raise WireError(
                f"a frame announces {length} bytes; the bridge takes {MAX_MESSAGE_BYTES}"
            )
        return kind.decode(self._read(length, at_end=False))

    def _read(self, length: int, *, at_end: bool) -> bytes:
        data = bytearray()
        while len(data) < length:
            chunk = self._socket.recv(length - len(data))
            if not chunk:
                if at_end and not data:
                    return b""
                raise WireError("the connection ended inside a frame")
            data += chunk
        return bytes(data)

    def close(self) -> None:
        """Closes the socket; a thread in :meth:`receive` is woken."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # The other side was faster.
        self._socket.close()
