"""The bridge's messages: what an agent and its worker say to each other (docs/bridge.md).

Only what a worker needs is here.
"""

from __future__ import annotations

from dataclasses import dataclass

from ._control import (
    JobSpec,
    KeyValueOperation,
    KeyValueResult,
    LeafDigest,
    LineageSegment,
    StateLayout,
    StepPlan,
)
from ._proto import BLOB, BOOL, DOUBLE, FLOAT, TEXT, U32, U64, Message, Sub, listed, of, one_of

PROTOCOL_MAJOR = 1
PROTOCOL_MINOR = 0


@dataclass(frozen=True)
class Hello(Message):
    """The first message on each connection, from the worker."""

    protocol_major: int = of(1, U32)
    protocol_minor: int = of(2, U32)
    runtime_kind: str = of(3, TEXT)
    pid: int = of(4, U64)
    token: str = of(5, TEXT)
    side_channel: bool = of(6, BOOL)
    local_rank: int = of(40, U32)
    local_size: int = of(41, U32)
    job_id: str = of(42, TEXT)


@dataclass(frozen=True)
class Refused(Message):
    """Why the agent does not take this process."""

    reason: str = of(1, TEXT)


@dataclass(frozen=True)
class Welcome(Message):
    """The agent's answer to :class:`Hello`."""

    protocol_major: int = of(1, U32)
    protocol_minor: int = of(2, U32)
    heartbeat_nanos: int = of(3, U64)
    view_services: bool = of(90, BOOL)


@dataclass(frozen=True)
class LoadJob(Message):
    """Load program and data, compile, warm up."""

    job: JobSpec | None = of(1, Sub(JobSpec))
    warm_up: bool = of(2, BOOL)


@dataclass(frozen=True)
class ShardBox(Message):
    """A piece of a leaf."""

    shard: int = of(1, U32)
    offset: tuple[int, ...] = listed(2, U64, packed=True)
    extent: tuple[int, ...] = listed(3, U64, packed=True)


@dataclass(frozen=True)
class LeafCut(Message):
    """A leaf, and which shard has which box of it."""

    leaf: str = of(1, TEXT)
    dtype: str = of(2, TEXT)
    shape: tuple[int, ...] = listed(3, U64, packed=True)
    per_rank: bool = of(4, BOOL)
    boxes: tuple[ShardBox, ...] = listed(5, Sub(ShardBox))


@dataclass(frozen=True)
class JobLoaded(Message):
    """The state's layout."""

    layout: StateLayout | None = of(1, Sub(StateLayout))
    load_nanos: int = of(2, U64)
    compile_nanos: int = of(3, U64)
    shard_live_bytes: tuple[int, ...] = listed(4, U64, packed=True)
    shard_pieces: tuple[int, ...] = listed(5, U32, packed=True)
    reforms: bool = of(30, BOOL)
    shares_rank: bool = of(40, BOOL)
    leaves: tuple[LeafCut, ...] = listed(50, Sub(LeafCut))


STATE_ORIGIN_INIT = 1
STATE_ORIGIN_KEEP_LIVE = 2
STATE_ORIGIN_SLOT = 3


@dataclass(frozen=True)
class LocalPart(Message):
    """Which part of its rank a process is."""

    rank: int = of(1, U32)
    size: int = of(2, U32)
    slot_offset: int = of(3, U64)
    slot_bytes: int = of(4, U64)
    live_offset: int = of(5, U64)
    live_bytes: int = of(6, U64)


@dataclass(frozen=True)
class PrepareView(Message):
    """Take a rank, with this state."""

    plan: StepPlan | None = of(1, Sub(StepPlan))
    epoch: int = of(2, U64)
    rank: int = of(3, U32)
    replicas: int = of(4, U32)
    shards: int = of(5, U32)
    base_step: int = of(6, U64)
    region_path: str = of(7, TEXT)
    origin: int = of(8, U32)
    slot_path: str = of(9, TEXT)
    slot_index: int = of(10, U32)
    slot_digest: bytes = of(11, BLOB)
    host: str = of(30, TEXT)
    local: LocalPart | None = of(40, Sub(LocalPart))
    master_host: str = of(41, TEXT)


@dataclass(frozen=True)
class ViewPrepared(Message):
    """The rank is taken."""

    epoch: int = of(1, U64)
    step: int = of(2, U64)
    digest: bytes = of(3, BLOB)
    loaded_bytes: int = of(4, U64)


@dataclass(frozen=True)
class Execute(Message):
    """Compute the gradients of a step."""

    epoch: int = of(1, U64)
    step: int = of(2, U64)


@dataclass(frozen=True)
class Executed(Message):
    """The gradients are in the region."""

    epoch: int = of(1, U64)
    step: int = of(2, U64)
    microshard_losses: tuple[float, ...] = listed(3, FLOAT, packed=True)
    samples: int = of(4, U64)
    sample_hash: int = of(5, U64)
    execute_nanos: int = of(6, U64)
    data_wait_nanos: int = of(7, U64)
    loss: float = of(30, FLOAT)
    snapshot_stall_nanos: int = of(31, U64)
    own_nanos: int = of(80, U64)


@dataclass(frozen=True)
class Aborted(Message):
    """The request is of an epoch that is over."""

    epoch: int = of(1, U64)
    step: int = of(2, U64)


@dataclass(frozen=True)
class Apply(Message):
    """Update the state."""

    epoch: int = of(1, U64)
    step: int = of(2, U64)
    take_snapshot: bool = of(3, BOOL)
    slot_index: int = of(4, U32)


@dataclass(frozen=True)
class Applied(Message):
    """The next step may be executed."""

    epoch: int = of(1, U64)
    step: int = of(2, U64)
    apply_nanos: int = of(3, U64)
    snapshot_stall_nanos: int = of(4, U64)


@dataclass(frozen=True)
class Snapshot(Message):
    """Copy the live state into a slot."""

    epoch: int = of(1, U64)
    step: int = of(2, U64)
    slot_index: int = of(3, U32)


@dataclass(frozen=True)
class SnapshotCommitted(Message):
    """How a snapshot ended."""

    epoch: int = of(1, U64)
    step: int = of(2, U64)
    slot_index: int = of(3, U32)
    digest: bytes = of(4, BLOB)
    data_bytes: int = of(5, U64)  # `bytes` in the .proto file
    failed: bool = of(6, BOOL)
    reason: str = of(7, TEXT)
    piece_table: bytes = of(40, BLOB)
    chunk_crcs: bytes = of(41, BLOB)


@dataclass(frozen=True)
class Finish(Message):
    """Describe the final state."""

    epoch: int = of(1, U64)
    step: int = of(2, U64)
    evaluate: bool = of(3, BOOL)
    lineage: tuple[LineageSegment, ...] = listed(4, Sub(LineageSegment))


@dataclass(frozen=True)
class Finished(Message):
    """The final state."""

    leaves: tuple[LeafDigest, ...] = listed(1, Sub(LeafDigest))
    held_out_loss: float = of(2, DOUBLE)
    accuracy: float = of(3, DOUBLE)
    samples_seen: int = of(4, U64)
    samples_distinct_per_pass: tuple[int, ...] = listed(5, U64, packed=True)


@dataclass(frozen=True)
class Fault(Message):
    """The request could not be done."""

    code: str = of(1, TEXT)
    message: str = of(2, TEXT)
    traceback: str = of(20, TEXT)


@dataclass(frozen=True)
class Metric(Message):
    """One value that the program measured."""

    name: str = of(1, TEXT)
    value: float = of(2, DOUBLE)


@dataclass(frozen=True)
class Metrics(Message):
    """What the program measured: the newest of each name. Unsolicited."""

    step: int = of(1, U64)
    values: tuple[Metric, ...] = listed(2, Sub(Metric))


@dataclass(frozen=True)
class ExportTold(Message):
    """A part of the state was left in the job's folder, or could not be.

    Attributes:
        reason: why not; empty: it was.
    """

    step: int = of(1, U64)
    path: str = of(2, TEXT)
    reason: str = of(3, TEXT)


@dataclass(frozen=True)
class Output(Message):
    """What a process printed that the agent did not start. Unsolicited."""

    data: bytes = of(1, BLOB)
    dropped_bytes: int = of(2, U64)


@dataclass(frozen=True)
class Shutdown(Message):
    """End."""

    again: bool = of(40, BOOL)


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

    request_id: int = of(1, U64)
    body: Request | None = one_of(
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

    request_id: int = of(1, U64)
    body: Answer | None = one_of(
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

    sequence: int = of(1, U64)


@dataclass(frozen=True)
class Pong(Message):
    """A heartbeat's answer."""

    sequence: int = of(1, U64)
    operation: str = of(2, TEXT)
    step: int = of(3, U64)
    entered: int = of(80, U32)
    part: str = of(100, TEXT)


@dataclass(frozen=True)
class StacksWanted(Message):
    """Asks what the process's threads do."""

    sequence: int = of(1, U64)


@dataclass(frozen=True)
class Stacks(Message):
    """What they do."""

    sequence: int = of(1, U64)
    text: str = of(2, TEXT)


@dataclass(frozen=True)
class Abort(Message):
    """Work of epochs below this one is over."""

    below_epoch: int = of(1, U64)


@dataclass(frozen=True)
class KeyValueRequest(Message):
    """An operation on the key-value store of the view of that epoch."""

    id: int = of(1, U64)
    epoch: int = of(2, U64)
    operation: KeyValueOperation | None = of(3, Sub(KeyValueOperation))


@dataclass(frozen=True)
class KeyValueAnswer(Message):
    """The answer to a :class:`KeyValueRequest`."""

    id: int = of(1, U64)
    result: KeyValueResult | None = of(2, Sub(KeyValueResult))


@dataclass(frozen=True)
class ViewServiceRequest(Message):
    """Start a process beside this one that serves all processes of the view of that epoch."""

    id: int = of(1, U64)
    epoch: int = of(2, U64)
    name: str = of(3, TEXT)
    command: tuple[str, ...] = listed(4, TEXT)


@dataclass(frozen=True)
class ViewServiceAnswer(Message):
    """The answer to a :class:`ViewServiceRequest`; the code is empty if it serves."""

    id: int = of(1, U64)
    address: str = of(2, TEXT)
    code: str = of(3, TEXT)
    message: str = of(4, TEXT)


@dataclass(frozen=True)
class ToWorkerSide(Message):
    """A message to the worker on the side channel; the body is ``None`` if it is not known here."""

    body: Ping | Abort | Welcome | KeyValueAnswer | StacksWanted | ViewServiceAnswer | None = (
        one_of(
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

    body: Hello | Pong | KeyValueRequest | Stacks | ViewServiceRequest | None = one_of(
        {1: Hello, 2: Pong, 10: KeyValueRequest, 80: Stacks, 90: ViewServiceRequest}
    )
