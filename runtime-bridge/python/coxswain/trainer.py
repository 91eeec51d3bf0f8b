"""What a program must do to be trained by Coxswain: :class:`Trainer`, or :class:`FusedTrainer` if it
reduces between ranks by itself, and the words it is told in.

Everything is framework-neutral: parameters and gradients are flat vectors of float32 in shared
memory, the rest of the state is bytes. ``coxswain.jax`` is a trainer for JAX scripts. Needs only the
standard library.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ._store import Store, StoreError
from .bundle.layout import Layout, LayoutError
from .safetensors import DTYPES

if TYPE_CHECKING:
    from .stream import Stream

    #: A view of float32 numbers.
    Floats = memoryview[float]
else:
    Floats = memoryview


class Copy(abc.ABC):
    """A part of the state that goes into its place by itself, beside the steps, as a device's copy
    engine does it."""

    @abc.abstractmethod
    def begin(self, place: memoryview) -> None:
        """Begins to write the bytes of the state as it is now, and does not wait. Main thread."""

    @abc.abstractmethod
    def end(self) -> None:
        """Waits until they are there. Another thread."""

    @abc.abstractmethod
    def now(self) -> bytes | bytearray | memoryview:
        """The bytes, in place of :meth:`begin`. Main thread."""


#: A part of the state: contiguous bytes, a function that gives them later, or a copy.
Captured = bytes | bytearray | memoryview | Callable[[], bytes | bytearray | memoryview] | Copy


class TrainerError(Exception):
    """What a person can mend: the agent shows the message, and does not try again where it is no use.

    Args:
        message: for a person: what, what was expected, what to do.
        code: ``program_invalid`` (the program or its settings), ``data_unreadable`` (the training
            data), ``out_of_memory``, or ``bad_state`` (a stored state that does not fit).
    """

    def __init__(self, message: str, code: str = "program_invalid") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Job:
    """The job, as far as a program needs it.

    Attributes:
        id: the job's id.
        replicas: R: how often the state is held.
        shards: S: into how many parts the state is cut.
        steps: how many steps in all.
        seed: of everything random.
        data: the job's ``data``, a path or URI.
        batch: samples of a global step.
        microshards: into how many parts a batch is cut; what is summed does not depend on who
            computes which of them.
        config: ``runtime.config`` of the job file, for the program.
    """

    id: str
    replicas: int
    shards: int
    steps: int
    seed: int
    data: str
    batch: int
    microshards: int
    config: Mapping[str, Any] = field(default_factory=dict)

    def microshard_sizes(self) -> list[int]:
        """How many samples microshards have: one number, or two where they cannot be equal."""
        smaller, rest = divmod(self.batch, self.microshards)
        return [smaller, smaller + 1] if rest else [smaller]


@dataclass(frozen=True)
class Leaf:
    """An array of the state.

    Attributes:
        name: unique among its kind.
        dtype: ``f32``, ``f64``, ``f16``, ``bf16``, ``i32``, ``i64``, ``u8`` …; of parameters ``f32``.
        shape: elements per dimension; ``()`` for one number.
        like: of the optimizer's leaves: the index of the parameter that it is cut with (it has the
            same shape), or ``None`` for one that every shard holds whole.
        per_rank: of a :class:`FusedProgram`: each rank has one of its own, of this shape, such as
            the state of a random-number generator: it is copied, and never compared.
    """

    name: str
    dtype: str = "f32"
    shape: tuple[int, ...] = ()
    like: int | None = None
    per_rank: bool = False

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise TrainerError(
                f"leaf {self.name}: '{self.dtype}' is no element type; there are"
                f" {', '.join(DTYPES)}"
            )

    @property
    def elements(self) -> int:
        """How many elements the whole leaf has."""
        return math.prod(self.shape)

    @property
    def element_bytes(self) -> int:
        """Bytes of an element."""
        return DTYPES[self.dtype][1]


@dataclass(frozen=True)
class Program:
    """What :meth:`Trainer.build` found out. It must be the same in every process of every host.

    Attributes:
        parameters: the parameters' leaves, in the order of the flat vector.
        optimizer: all other state.
        samples: how many training samples there are; their ids are 0 to ``samples`` - 1. Or a
            :class:`Stream`: then ``batch`` gets samples of it in place of ids.
        fingerprint: a digest of whatever else must be equal everywhere, such as the program's text,
            the initial state and the data. Workers with different ones are refused.
        deterministic: the same step from the same state gives the same bits, in any process on such
            a host.
    """

    parameters: tuple[Leaf, ...]
    optimizer: tuple[Leaf, ...]
    samples: int | Stream
    fingerprint: str = ""
    deterministic: bool = True

    def __post_init__(self) -> None:
        for kind, leaves in (("parameter", self.parameters), ("optimizer leaf", self.optimizer)):
            names = [leaf.name for leaf in leaves]
            for name in names:
                if names.count(name) > 1:
                    raise TrainerError(f"two leaves have the name of {kind} '{name}'")
        for leaf in (*self.parameters, *self.optimizer):
            if leaf.per_rank:
                raise TrainerError(
                    f"leaf {leaf.name} is per rank, and agents reduce: what differs between ranks"
                    " would make them differ in the next step; draw random numbers from the seed,"
                    " the step and the sample ids instead"
                )
        for leaf in self.parameters:
            if leaf.dtype != "f32":
                raise TrainerError(f"parameter {leaf.name} is {leaf.dtype}; parameters are f32")
        for leaf in self.optimizer:
            if leaf.like is None:
                continue
            if not 0 <= leaf.like < len(self.parameters):
                raise TrainerError(f"optimizer leaf {leaf.name} is like parameter {leaf.like}")
            other = self.parameters[leaf.like]
            if leaf.shape != other.shape:
                raise TrainerError(
                    f"optimizer leaf {leaf.name} has shape {list(leaf.shape)}, and parameter"
                    f" {other.name}, which it is cut with, {list(other.shape)}"
                )
        if isinstance(self.samples, int) and self.samples < 1:
            raise TrainerError("there are no training samples", "data_unreadable")

    def layout(self) -> Layout:
        """Where each parameter lies in the flat vector."""
        try:
            return Layout.of((leaf.name, leaf.shape) for leaf in self.parameters)
        except LayoutError as e:
            raise TrainerError(str(e)) from e

    def shard(self, index: int, count: int) -> Shard:
        """What one of ``count`` shards holds."""
        layout = self.layout()
        try:
            begin, end = layout.cut(count)[index]
        except LayoutError as e:
            raise TrainerError(str(e)) from e
        held = {piece.leaf: piece for piece in layout.pieces(begin, end)}
        parts = [
            Part(leaf, f"parameters/{leaf.name}", i, held[i].start, held[i].stop)
            for i, leaf in enumerate(self.parameters)
            if i in held
        ]
        for i, leaf in enumerate(self.optimizer, len(self.parameters)):
            if leaf.like is None:
                parts.append(Part(leaf, f"optimizer/{leaf.name}", i, 0, leaf.elements))
            elif leaf.like in held:
                piece = held[leaf.like]
                parts.append(Part(leaf, f"optimizer/{leaf.name}", i, piece.start, piece.stop))
        return Shard(index, count, begin, end, tuple(parts), layout)


@dataclass(frozen=True)
class Part:
    """What a shard holds of a leaf: a range of its elements in row-major order, or a box.

    Attributes:
        leaf: the whole leaf.
        name: what snapshots and digests call it.
        index: the leaf's place among all of the state, the parameters first.
        start: its first element; 0 of a box.
        stop: the end of its elements, exclusive; of a box how many it has.
        piece: the box, or ``None`` for a range.
    """

    leaf: Leaf
    name: str
    index: int
    start: int
    stop: int
    piece: Piece | None = None

    @property
    def size(self) -> int:
        """In bytes."""
        return (self.stop - self.start) * self.leaf.element_bytes


@dataclass(frozen=True)
class Shard:
    """A part of the state.

    Attributes:
        index: which shard.
        count: of how many.
        begin: its first element in the flat parameter vector.
        end: the end of its elements, exclusive.
        parts: what it holds: of the parameters first, then of the rest, in the leaves' order.
        layout: where each parameter lies in the flat vector.
        rank: that this process takes.
        writer: of a stored state with leaves per rank: the rank that wrote it, whose they are.
            Another one than ``rank`` where this rank's own state is lost, and a replica's is taken.
        leaves: of a :class:`FusedProgram`: all leaves of the state.
    """

    index: int
    count: int
    begin: int
    end: int
    parts: tuple[Part, ...]
    layout: Layout
    rank: int = 0
    writer: int | None = None
    leaves: tuple[Leaf, ...] = ()

    @property
    def parameter_parts(self) -> tuple[Part, ...]:
        """The parts that are parameters; they come first."""
        return tuple(part for part in self.parts if part.index < len(self.layout.leaves))

    def place(self, part: Part) -> int:
        """Where a parameter's part begins in the shard's range of the flat vector, in elements."""
        return self.layout.leaves[part.index].begin + part.start - self.begin


@dataclass(frozen=True)
class Piece:
    """What a process holds of a leaf: a box of its elements, stored in row-major order.

    Attributes:
        leaf: the leaf's name.
        offset: the box's first element, per dimension.
        extent: how many elements it has, per dimension; 0 where this shard has none of the leaf.
    """

    leaf: str
    offset: tuple[int, ...] = ()
    extent: tuple[int, ...] = ()

    @staticmethod
    def whole(leaf: Leaf) -> Piece:
        """All of a leaf, as each shard holds what is replicated."""
        return Piece(leaf.name, (0,) * len(leaf.shape), leaf.shape)

    @staticmethod
    def cut(leaf: Leaf, shard: int, shards: int, dimension: int = 0) -> Piece:
        """A leaf cut along one dimension into pieces of equal length, the last ones shorter, or
        empty, where that does not go even. So do ``torch.chunk``, DTensor's ``Shard`` and JAX."""
        if not 0 <= dimension < len(leaf.shape) or not 0 <= shard < shards:
            raise TrainerError(
                f"leaf {leaf.name} of shape {list(leaf.shape)} has no dimension {dimension} that"
                f" piece {shard} of {shards} can be cut from"
            )
        length = leaf.shape[dimension]
        each = -(-length // shards)
        begin, end = min(shard * each, length), min((shard + 1) * each, length)
        offset, extent = [0] * len(leaf.shape), list(leaf.shape)
        offset[dimension], extent[dimension] = begin, end - begin
        return Piece(leaf.name, tuple(offset), tuple(extent))

    @property
    def elements(self) -> int:
        """How many elements it has."""
        return math.prod(self.extent)


#: The leaf that says which rank wrote a state; only where there are leaves per rank.
WRITER = Leaf("coxswain/rank", "i32", per_rank=True)


@dataclass(frozen=True)
class FusedProgram:
    """What :meth:`FusedTrainer.build` found out. It must be the same in every process of every host.

    Attributes:
        leaves: the whole state: parameters, optimizer, whatever else; of any element type.
        samples: how many training samples there are; their ids are 0 to ``samples`` - 1. Or a
            :class:`Stream`: then ``batch`` gets samples of it in place of ids.
        fingerprint: as in :class:`Program`.
        deterministic: as in :class:`Program`.
        shards: how the state is cut where ``job.shards`` is above 1: for each shard its pieces, in
            the order in which :meth:`FusedTrainer.state` gives them. Together they must have each
            element of each leaf; two pieces of a leaf are the same box (replicated) or have no
            element in common. A leaf per rank is whole in every shard.
    """

    leaves: tuple[Leaf, ...]
    samples: int | Stream
    fingerprint: str = ""
    deterministic: bool = True
    shards: tuple[tuple[Piece, ...], ...] = ()

    def __post_init__(self) -> None:
        names = [leaf.name for leaf in self.leaves]
        if not names:
            raise TrainerError("the state has no leaves")
        known = set()
        for name in names:
            if name in known or name == WRITER.name:
                raise TrainerError(f"two leaves have the name '{name}'")
            known.add(name)
        if all(leaf.per_rank for leaf in self.leaves):
            raise TrainerError("all leaves are per rank: there is nothing that ranks train together")
        if isinstance(self.samples, int) and self.samples < 1:
            raise TrainerError("there are no training samples", "data_unreadable")

    @property
    def parameters(self) -> tuple[Leaf, ...]:
        """None that agents know of."""
        return ()

    @property
    def optimizer(self) -> tuple[Leaf, ...]:
        """All of the state."""
        return self.leaves

    @property
    def has_ranks(self) -> bool:
        """Whether a state must say which rank wrote it."""
        return any(leaf.per_rank for leaf in self.leaves)

    def layout(self) -> Layout:
        """Of an empty vector: agents exchange nothing."""
        return Layout((), 0)

    def shard(self, index: int, count: int) -> Shard:
        """What one of ``count`` shards holds."""
        if count == 1 and not self.shards:
            pieces = tuple(Piece.whole(leaf) for leaf in self.leaves)
        elif len(self.shards) != count:
            said = f"is cut into {len(self.shards)}" if self.shards else "says not how it is cut"
            raise TrainerError(
                f"the state is to be cut into {count} shards, and the program {said}: give"
                f" FusedProgram.shards the pieces of each of the job's {count} shards"
                " (coxswain.Piece.cut, Piece.whole), or set mesh.shards to 1"
            )
        else:
            pieces = self.shards[index]
        places = {leaf.name: i for i, leaf in enumerate(self.leaves)}
        parts = []
        for piece in pieces:
            place = places.get(piece.leaf)
            if place is None:
                raise TrainerError(
                    f"shard {index} has a piece of leaf '{piece.leaf}', which the state has not; it"
                    f" has {', '.join(places)}"
                )
            parts.append(_box_part(self.leaves[place], place, piece))
        if self.has_ranks:
            parts.append(_box_part(WRITER, len(self.leaves), Piece(WRITER.name)))
        return Shard(index, count, 0, 0, tuple(parts), self.layout(), leaves=self.leaves)


def _box_part(leaf: Leaf, index: int, piece: Piece) -> Part:
    return Part(leaf, leaf.name, index, 0, piece.elements, piece)


@dataclass(frozen=True)
class Group:
    """The processes that train together in one view. Each view has a group of its own.

    Attributes:
        epoch: the view's number; it only grows.
        rank: of this process, among those of all hosts.
        world_size: how many processes there are, on all hosts.
        host: where the other processes reach this one: a host's name or address.
        base_step: the step that the view begins from.
        env: RANK, LOCAL_RANK, WORLD_SIZE, LOCAL_WORLD_SIZE, MASTER_ADDR and MASTER_PORT, as
            launchers of process groups set them. They stand in ``os.environ`` when
            :meth:`FusedTrainer.reform` is called, and what stood there before does not. Nobody
            listens at MASTER_ADDR: it is where rank 0 runs, and the port is another one in each
            view, for libraries whose rank 0 serves the others. Better find each other through
            ``store``, which outlives each process.
        make_store: makes ``store``.
        local_rank: of this process, among those of its host.
        local_world_size: how many there are on this host.
    """

    epoch: int
    rank: int
    world_size: int
    host: str = "127.0.0.1"
    base_step: int = 0
    env: Mapping[str, str] = field(default_factory=dict)
    make_store: Callable[[], Store] | None = None
    local_rank: int = 0
    local_world_size: int = 1

    @property
    def store(self) -> Store:
        """The view's key-value store, seen by its ranks alone and over with the view."""
        if self.make_store is None:
            raise TrainerError("this agent serves no key-value store")
        return self.make_store()


class Evaluation(NamedTuple):
    """How good the final parameters are on held-out data.

    ``nan`` stands for what was not measured; reports say so.
    """

    loss: float
    accuracy: float = math.nan


class Trainer(abc.ABC):
    """A program that Coxswain trains. Subclass it and pass an object to :func:`coxswain.run`.

    The order of calls: :meth:`build`; :meth:`warm_up`, perhaps; then, whenever this process takes a
    rank, :meth:`initialize` or :meth:`load` (or neither, if it goes on with the state that it has);
    for each step :meth:`batch` and :meth:`grads` per microshard, then :meth:`apply`. A job that is
    over asks for :meth:`evaluate`.

    Everything is called on the main thread, but for functions that :meth:`state` gives. An
    exception ends the step; its traceback goes to the worker's log and its message to the agent.
    Raise :class:`TrainerError` for what a person can mend. Whoever holds Python's global lock for 2 s
    is taken for hung and killed.

    The flat vector: the parameters one after another, each beginning at a multiple of 16 elements
    (``Program.layout()``); what lies between is zero and not the trainer's business.
    """

    @abc.abstractmethod
    def build(self, job: Job) -> Program:
        """Loads program and data for a job. Another job may follow; it replaces this one."""

    def warm_up(self) -> None:
        """Compiles all there is to compile, so that no step has to. Changes no state."""

    @abc.abstractmethod
    def initialize(self, shard: Shard) -> None:
        """Makes the initial state of the shard, from the job's seed, the live one."""

    @abc.abstractmethod
    def load(self, shard: Shard, parts: Sequence[memoryview]) -> None:
        """Makes a stored state the live one.

        Args:
            shard: the shard, which need not be the one before.
            parts: the bytes of each of the shard's parts. Copy them: they are gone afterwards.
        """

    @abc.abstractmethod
    def state(self) -> Sequence[Captured]:
        """The live state: for each of the shard's parts its bytes, in order.

        Bytes are copied at once, while the step waits. A function is called later, on another
        thread, while the next steps are made: it must give the bytes of the state as it is now. A
        :class:`Copy` is begun at once and ended later.
        """

    def mapped(self, memory: memoryview) -> None:
        """The memory that states are copied into is mapped: it may be registered with a device."""

    def unmapped(self, memory: memoryview) -> None:
        """The same memory (the same object) is unmapped next."""

    def batch(self, samples: Sequence[int]) -> Any:
        """The data of these samples, for :meth:`grads`. Its time is booked as waiting for data."""
        return samples

    @abc.abstractmethod
    def grads(
        self, parameters: Floats, batch: Any, gradient: Floats
    ) -> float | Callable[[], float]:
        """Writes the *sum* of the samples' gradients; gives the sum of their losses.

        Where the device works by itself, it may give a function that waits for it and writes: it is
        called when the next microshard has been given to the device, or in the end.

        Must not change the live state, nor the parameters. What it gives must follow from its
        arguments alone, so that it does not matter which process computes it.

        Args:
            parameters: float32, the whole flat vector.
            batch: what :meth:`batch` gave for one microshard.
            gradient: float32, the whole flat vector; holds anything.
        """

    @abc.abstractmethod
    def apply(self, gradient: Floats) -> None:
        """Updates the live state.

        Args:
            gradient: float32, the shard's range of the flat vector: the *sum* over the global
                batch. (A mean is made by dividing by ``job.batch``.)
        """

    def evaluate(self, parameters: Floats) -> Evaluation | None:
        """Evaluates the final parameters (float32, the whole flat vector) on held-out data."""
        return None


class FusedTrainer(abc.ABC):
    """A program that makes each step whole and reduces with the other ranks' processes by itself, as
    with ``collectives: {across: runtime}`` in the job file: by gloo, NCCL, or sockets of its own.

    The order of calls: :meth:`build`; :meth:`warm_up`, perhaps; :meth:`initialize` or :meth:`load`
    when this process takes a rank; :meth:`reform` once all ranks of the view have their state; then
    for each step :meth:`batch` and :meth:`step`. Between steps :meth:`state` may be asked for. A job
    that is over asks for :meth:`evaluate`, of rank 0 alone.

    When a member dies, the others' step cannot end. Unless the program says that it ``reforms``,
    the processes of *all* ranks are killed and started anew then; what they load lies in memory of
    their host. All replicas of a shard hold the same state; it may differ in no bit between them,
    but for leaves that are per rank.

    Threads and errors: as of :class:`Trainer`.
    """

    #: The program can leave a broken group and join the next one, in the same process. Then
    #: :meth:`interrupt` must end a step that waits for others within a second, by an exception for
    #: which :meth:`broken` is true, and **a step that ends so must leave the state as it was**.
    reforms: bool = False

    @abc.abstractmethod
    def build(self, job: Job) -> FusedProgram:
        """Loads program and data for a job. There is no group yet."""

    def warm_up(self) -> None:
        """Compiles what can be compiled without the others. Changes no state."""

    @abc.abstractmethod
    def initialize(self, shard: Shard) -> None:
        """Makes the initial state, from the job's seed, the live one."""

    @abc.abstractmethod
    def load(self, shard: Shard, parts: Sequence[memoryview]) -> None:
        """Makes a stored state the live one: the bytes of each leaf, or of each piece of the
        shard. Copy them."""

    @abc.abstractmethod
    def state(self) -> Sequence[Captured]:
        """The live state, leaf by leaf or piece by piece, as of :meth:`Trainer.state`."""

    def mapped(self, memory: memoryview) -> None:
        """As of :class:`Trainer`."""

    def unmapped(self, memory: memoryview) -> None:
        """As of :class:`Trainer`."""

    @abc.abstractmethod
    def reform(self, group: Group) -> None:
        """Joins the group of a view: builds process group and collectives anew. Returns when steps
        can be made. Called before the first step of each view; what an earlier view left behind is
        of no use."""

    def batch(self, samples: Sequence[int]) -> Any:
        """The data of these samples, for :meth:`step`. Its time is booked as waiting for data."""
        return samples

    @abc.abstractmethod
    def step(self, samples: Sequence[int], batch: Any) -> float:
        """Makes one step with all ranks of the group: gradients, their reduction, update.

        Args:
            samples: the ids of this rank's part of the global batch. Ranks may have one more or less.
            batch: what :meth:`batch` gave for them.

        Returns:
            The mean loss of the global batch, or of these samples where it is not known.
        """

    def add(self, values: Floats) -> None:
        """Only with a :class:`Stream`: makes of a vector of float32 the sum over all ranks of the
        group, in place. Called before each step; the numbers are whole ones below 256, so the sum
        is exact in any order."""
        raise NotImplementedError

    def interrupt(self) -> None:
        """Ends a step that waits for others, or :meth:`reform`, if the program ``reforms``. Called on
        another thread, at any time; the next group is joined when it has returned."""

    def broken(self, error: BaseException) -> bool:
        """Whether an exception of :meth:`step` or :meth:`reform` means that the group broke, rather
        than that this program is wrong: then nobody blames this rank, but waits a second for the
        news of who died. Errors of the view's store count as broken groups."""
        return isinstance(error, (ConnectionError, TimeoutError, EOFError, StoreError))

    def evaluate(self) -> Evaluation | None:
        """Evaluates the final state on held-out data. The other ranks take no part in it: where
        the state is cut, what is needed of it must have been gathered in the last step."""
        return None
