"""Of the control protocol's messages those that the bridge uses too (docs/bridge.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ._proto import (
    BLOB,
    BOOL,
    I64,
    MAX_U64,
    TEXT,
    U32,
    U64,
    Message,
    Sub,
    listed,
    of,
    one_of,
    texts,
)


@dataclass(frozen=True)
class JobSpec(Message):
    """One training run, as far as a worker needs it."""

    job_id: str = of(1, TEXT)
    name: str = of(2, TEXT)
    replicas: int = of(3, U32)
    shards: int = of(4, U32)
    steps: int = of(5, U64)
    seed: int = of(6, U64)
    data: str = of(7, TEXT)
    batch: int = of(8, U32)
    microshards: int = of(9, U32)
    protect_copies: int = of(10, U32)
    protect_every: int = of(11, U32)
    protect_level: int = of(12, U32)
    return_wait_nanos: int = of(13, U64)
    collectives_within: str = of(14, TEXT)
    collectives_across: str = of(15, TEXT)
    runtime_kind: str = of(16, TEXT)
    runtime_json: str = of(17, TEXT)
    labels: Mapping[str, str] = texts(18)


@dataclass(frozen=True)
class StateLayout(Message):
    """What a runtime says of a job's state."""

    parameter_elements: int = of(1, U64)
    shard_begin: tuple[int, ...] = listed(2, U64, packed=True)
    shard_state_bytes: tuple[int, ...] = listed(3, U64, packed=True)
    shard_region_bytes: tuple[int, ...] = listed(4, U64, packed=True)
    fingerprint: str = of(5, TEXT)
    deterministic: bool = of(6, BOOL)


#: Kind of the plan's operation that names a rank's microshards.
OPERATION_KIND_EXECUTE = 1


@dataclass(frozen=True)
class PlanOperation(Message):
    """One operation of a step plan."""

    id: int = of(1, U32)
    kind: int = of(2, U32)
    depends_on: tuple[int, ...] = listed(3, U32, packed=True)
    background: bool = of(4, BOOL)
    every: int = of(5, U32)
    microshard_from: int = of(6, U32)
    microshard_to: int = of(7, U32)


@dataclass(frozen=True)
class StepPlan(Message):
    """What a rank does in each step of a view."""

    epoch: int = of(1, U64)
    operations: tuple[PlanOperation, ...] = listed(2, Sub(PlanOperation))
    report_every: int = of(3, U32)


@dataclass(frozen=True)
class LineageSegment(Message):
    """Steps that one view contributed to the committed history."""

    epoch: int = of(1, U64)
    first_step: int = of(2, U64)
    last_step: int = of(3, U64)


@dataclass(frozen=True)
class LeafDigest(Message):
    """One rank's part of one leaf of the final digest tree."""

    leaf: str = of(1, TEXT)
    leaf_index: int = of(2, U32)
    leaf_blocks: int = of(3, U64)
    first_block: int = of(4, U64)
    block_digests: bytes = of(5, BLOB)
    leaf_header: bytes = of(6, BLOB)


@dataclass(frozen=True)
class KeyValueSet(Message):
    """Set a key."""

    key: str = of(1, TEXT)
    value: bytes = of(2, BLOB)


#: Wait until the view is over.
WAIT_FOR_EVER = MAX_U64


@dataclass(frozen=True)
class KeyValueGet(Message):
    """All of these keys, at one time."""

    keys: tuple[str, ...] = listed(1, TEXT)
    wait_nanos: int = of(2, U64)
    omit_values: bool = of(3, BOOL)


@dataclass(frozen=True)
class KeyValueAdd(Message):
    """Add to a number."""

    key: str = of(1, TEXT)
    amount: int = of(2, I64)


@dataclass(frozen=True)
class KeyValueDelete(Message):
    """Remove a key."""

    key: str = of(1, TEXT)


@dataclass(frozen=True)
class KeyValueCompareSet(Message):
    """Set a key if it has a value."""

    key: str = of(1, TEXT)
    expected: bytes = of(2, BLOB)
    desired: bytes = of(3, BLOB)


@dataclass(frozen=True)
class KeyValueCount(Message):
    """How many keys begin so."""

    prefix: str = of(1, TEXT)


#: Bodies of :class:`KeyValueOperation`.
Operation = (
    KeyValueSet | KeyValueGet | KeyValueAdd | KeyValueDelete | KeyValueCompareSet | KeyValueCount
)


@dataclass(frozen=True)
class KeyValueOperation(Message):
    """What is asked of a view's key-value store."""

    body: Operation | None = one_of(
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

    code: str = of(1, TEXT)
    message: str = of(2, TEXT)
    values: tuple[bytes, ...] = listed(3, BLOB)
    number: int = of(4, I64)
