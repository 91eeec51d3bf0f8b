"""A job, the program that trains it, and the group that it trains in. Part of ``coxswain.trainer``."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ._leaves import WRITER, Leaf, Part, Piece, Shard, TrainerError
from ._store import Store
from .bundle.layout import Layout, LayoutError
from .stream import Stream


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
        local_world_size: how many processes each agent has (``runtime.workersPerAgent``).
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
    local_world_size: int = 1

    @property
    def ways(self) -> int:
        """How many processes hold the state together where each has a part of its own: those of
        ``shards`` agents. The processes of a job are ``replicas`` × ``ways``."""
        return self.shards * self.local_world_size

    def microshard_sizes(self) -> list[int]:
        """How many samples microshards have: one number, or two where they cannot be equal."""
        smaller, rest = divmod(self.batch, self.microshards)
        return [smaller, smaller + 1] if rest else [smaller]


def require_samples(samples: Any) -> None:
    """Refuses what is no number of samples, and no stream of them."""
    if isinstance(samples, Stream):
        return
    try:
        count = operator.index(samples)
    except TypeError:
        raise TrainerError(
            f"the number of samples is {samples!r:.100}; expected a whole number, or a"
            " coxswain.Stream",
            "data_unreadable",
        ) from None
    if count < 1:
        raise TrainerError("there are no training samples", "data_unreadable")
    if count >= 1 << 63:
        raise TrainerError(
            f"there are {count} samples; ids are whole numbers below 2^63", "data_unreadable"
        )


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
            known = set()
            for leaf in leaves:
                if leaf.name in known:
                    raise TrainerError(f"two leaves have the name of {kind} '{leaf.name}'")
                known.add(leaf.name)
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
        require_samples(self.samples)

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
class FusedProgram:
    """What :meth:`FusedTrainer.build` found out. It must be the same in every process of every host.

    Attributes:
        leaves: the whole state: parameters, optimizer, whatever else; of any element type.
        samples: how many training samples there are; their ids are 0 to ``samples`` - 1. Or a
            :class:`Stream`: then ``batch`` gets samples of it in place of ids.
        fingerprint: as in :class:`Program`.
        deterministic: as in :class:`Program`.
        shards: how the state is cut where ``job.ways`` is above 1: for each of the ``job.ways``
            processes that hold it together its pieces, in the order in which
            :meth:`FusedTrainer.state` gives them. Together they must have each element of each
            leaf; two pieces of a leaf are the same box (replicated) or have no element in common. A
            leaf per rank is whole in every process. Where there are ``job.shards`` entries only,
            all processes of an agent hold the same; none: each holds the whole.
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
        require_samples(self.samples)

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
        make_service: does what :meth:`serve` says.
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
    make_service: Callable[[str, Sequence[str]], str] | None = None

    @property
    def store(self) -> Store:
        """The view's key-value store, seen by its ranks alone and over with the view."""
        if self.make_store is None:
            raise TrainerError("this agent serves no key-value store")
        return self.make_store()

    def serve(self, name: str, command: Sequence[str]) -> str:
        """Has a process started on this host that serves all processes of the view, and outlives
        this one: the agent starts it, in the environment and folder of the job, and ends it some
        seconds after the view, or with itself. Waits until it serves. In one process of the view it
        is asked for, as a rule, and the others get its address by ``store``.

        It must say where it serves on a line ``coxswain-service ADDRESS`` of its output, and end
        when its standard input does. What else it prints stands in the worker's log.

        Args:
            name: what it serves: 1 to 32 of a-z, 0-9 and ``-``. One process for each name and view.
            command: a program and its arguments.

        Returns:
            The address, as the process said it.
        """
        if self.make_service is None:
            raise TrainerError("this agent starts no services")
        return self.make_service(name, command)


class Evaluation(NamedTuple):
    """How good the final parameters are on held-out data.

    ``nan`` stands for what was not measured; reports say so.
    """

    loss: float
    accuracy: float = math.nan
