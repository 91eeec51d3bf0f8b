"""Which part of the state each process holds, where an agent may have several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ._leaves import Shard, TrainerError
from ._programs import FusedProgram, Job, Program


@dataclass(frozen=True)
class Ways:
    """How the state is cut.

    Attributes:
        cut: what each part has that the state is made of.
        own: what this process holds of each of the job's shards.
    """

    cut: tuple[Shard, ...]
    own: tuple[Shard, ...]


def ways_of(program: Program | FusedProgram, job: Job, local_rank: int) -> Ways:
    """The state of a program, as one of the processes of an agent sees it.

    With several processes per agent the parts lie in the order of processes: shard s is held by an
    agent, and its local rank l has part s · n + l.
    """
    processes, shards = job.local_world_size, job.shards
    given = len(program.shards) if isinstance(program, FusedProgram) else 0
    if processes == 1 or (given == 0 and shards == 1) or given == shards:
        # Each process has all of its agent's shard.
        held = tuple(_placed(program.shard(i, shards), i, shards, i, shards) for i in range(shards))
        return Ways(held, held)
    if given != job.ways:
        said = f"is cut into {given}" if given else "says not how it is cut"
        raise TrainerError(
            f"{processes} processes of {_agents(shards)} hold the state together, and the program"
            f" {said}: give FusedProgram.shards the pieces of each of the {job.ways} processes"
            " (job.ways; coxswain.Piece.cut, Piece.whole)"
            + f", or of {_shards(shards)}, if the processes of an agent hold the same,"
            " or set runtime.workersPerAgent to 1"
        )
    cut = tuple(
        _placed(program.shard(way, job.ways), way // processes, shards, way, job.ways)
        for way in range(job.ways)
    )
    return Ways(cut, tuple(cut[shard * processes + local_rank] for shard in range(shards)))


def _agents(shards: int) -> str:
    return "1 agent" if shards == 1 else f"each of {shards} agents"


def _shards(shards: int) -> str:
    return "the one shard" if shards == 1 else f"each of the {shards} shards"


def _placed(shard: Shard, index: int, count: int, way: int, ways: int) -> Shard:
    return replace(shard, index=index, count=count, way=way, ways=ways)


def namer(ways: Ways, job: Job) -> Callable[[int], str]:
    """What to call the parts of :attr:`Ways.cut`, for a person."""
    if len(ways.cut) == job.shards:
        return lambda number: f"shard {number}"
    return lambda number: (
        f"shard {number // job.local_world_size}, local rank {number % job.local_world_size}"
    )
