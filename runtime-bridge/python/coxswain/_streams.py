"""Trainers of streams: theirs, with the lanes' positions as a further leaf of the state.

Where agents reduce, the positions are parameters: the gradient of a microshard has the next position
of its lane, byte by byte as numbers, and zeros for the others. So the sum over all microshards, made
by the agents, has all of them, and is what the update puts in place of the old ones. Every process
then finds them in the flat vector that it computes gradients with, as everything a microshard
depends on. Where the program reduces, it adds them up with :meth:`FusedTrainer.add`.
"""

from __future__ import annotations

import bisect
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .bundle.layout import Layout
from .stream import Lanes, Position, Stream, Taken
from .trainer import (
    Captured,
    Evaluation,
    Floats,
    FusedProgram,
    FusedTrainer,
    Group,
    Job,
    Leaf,
    Part,
    Piece,
    Program,
    Shard,
    Trainer,
    TrainerError,
)

LEAF = "coxswain/stream"


def wrapped(
    trainer: Trainer | FusedTrainer, program: Program | FusedProgram, job: Job
) -> tuple[Trainer | FusedTrainer, Any]:
    """The trainer and the program with the positions in their state, if they read a stream."""
    stream = program.samples
    if not isinstance(stream, Stream):
        return trainer, program
    lanes = Lanes(stream, job.microshards)
    if isinstance(trainer, FusedTrainer):
        assert isinstance(program, FusedProgram)
        fused = FusedStream(trainer, program, lanes, job)
        return fused, fused.program
    assert isinstance(program, Program)
    split = SplitStream(trainer, program, lanes, job)
    return split, split.program


class _Microshards:
    """Which places of a step's samples are whose."""

    def __init__(self, job: Job) -> None:
        self._batch = job.batch
        self._firsts = [job.batch * m // job.microshards for m in range(job.microshards)]

    def of(self, place: int) -> int:
        """The microshard of a place in the job's sequence of samples."""
        return bisect.bisect_right(self._firsts, place % self._batch) - 1

    def split(self, places: Sequence[int]) -> list[tuple[int, list[int]]]:
        """Places by their microshard, in order."""
        found: list[tuple[int, list[int]]] = []
        for place in places:
            microshard = self.of(place)
            if not found or found[-1][0] != microshard:
                found.append((microshard, []))
            found[-1][1].append(place)
        return found


class StreamProgram:
    """A program whose last parameter is the positions. Shards are cut as without it."""

    def __init__(self, program: Program, elements: int) -> None:
        self._inner = program
        self._leaf = Leaf(LEAF, "f32", (elements,))
        self.parameters = (*program.parameters, self._leaf)
        self.optimizer = program.optimizer
        self.fingerprint, self.deterministic = program.fingerprint, program.deterministic
        #: A stream has none.
        self.samples = 0

    def layout(self) -> Layout:
        """Where each parameter lies in the flat vector; the positions in the end."""
        return Layout.of((leaf.name, leaf.shape) for leaf in self.parameters)

    def shard(self, index: int, count: int) -> Shard:
        """What a shard holds; the last one has the positions, too."""
        inner, layout = self._inner.shard(index, count), self.layout()
        own = len(inner.parameter_parts)
        place = len(self._inner.parameters)
        parts = [
            part if part.index < place else replace(part, index=part.index + 1)
            for part in inner.parts
        ]
        end = inner.end
        if index == count - 1:
            parts.insert(
                own, Part(self._leaf, f"parameters/{LEAF}", place, 0, self._leaf.elements)
            )
            end = layout.elements
        return replace(inner, end=end, parts=tuple(parts), layout=layout)

    def inner(self, shard: Shard) -> Shard:
        """The shard as the program knows it."""
        return self._inner.shard(shard.index, shard.count)


class _Spliced(Sequence[Captured]):
    """Captured parts with one more among them. Of a step only some are asked for."""

    def __init__(self, parts: Sequence[Captured], at: int, more: bytes) -> None:
        self._parts, self._at, self._more = parts, at, more

    def __len__(self) -> int:
        return len(self._parts) + 1

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        if index == self._at:
            return self._more
        return self._parts[index if index < self._at else index - 1]


@dataclass(frozen=True)
class _Batch:
    microshard: int
    next: Position
    inner: Any


class SplitStream(Trainer):
    """A trainer with positions, where agents reduce."""

    def __init__(self, trainer: Trainer, program: Program, lanes: Lanes, job: Job) -> None:
        self._inner, self._lanes, self._size = trainer, lanes, lanes.record_bytes
        self._microshards = _Microshards(job)
        self.program = StreamProgram(program, job.microshards * self._size)
        self._begin = program.layout().elements
        self._flat: tuple[Floats, Floats] | None = None
        self._reading: Floats | None = None
        self._positions = b""

    def build(self, job: Job) -> Program:
        raise AssertionError("it was built before it was wrapped")

    def warm_up(self) -> None:
        self._inner.warm_up()

    # ------------------------------------------------------------ the state

    def initialize(self, shard: Shard) -> None:
        self._inner.initialize(self._take(shard))
        self._positions = bytes(4 * self._elements())

    def load(self, shard: Shard, parts: Sequence[memoryview]) -> None:
        inner = self._take(shard)
        if self._has_positions:
            at = len(inner.parameter_parts)
            self._positions = bytes(parts[at])
            parts = [*parts[:at], *parts[at + 1 :]]
        self._inner.load(inner, parts)

    def _take(self, shard: Shard) -> Shard:
        self._shard, self._flat = shard, None
        self._has_positions = shard.index == shard.count - 1
        self._inner_shard = self.program.inner(shard)
        return self._inner_shard

    def _elements(self) -> int:
        return self.program.parameters[-1].elements

    def state(self) -> Sequence[Captured]:
        captured = self._inner.state()
        if self._has_positions:
            return _Spliced(captured, len(self._inner_shard.parameter_parts), self._positions)
        return captured

    def mapped(self, memory: memoryview) -> None:
        self._inner.mapped(memory)

    def unmapped(self, memory: memoryview) -> None:
        self._inner.unmapped(memory)

    # ------------------------------------------------------------ steps

    def read_from(self, parameters: Floats, microshards: range) -> None:
        """The lanes are read from the positions in these parameters."""
        self._reading = parameters
        self._lanes.keep(microshards)

    def batch(self, samples: Sequence[int]) -> _Batch:
        microshard, reading = self._microshards.of(samples[0]), self._reading
        assert reading is not None
        at = self._begin + microshard * self._size
        record = bytes(map(int, reading[at : at + self._size].tolist()))
        found, after = self._lanes.take(microshard, Position.decode(record), len(samples))
        return _Batch(microshard, after, self._inner.batch(Taken(found, samples)))

    def grads(
        self, parameters: Floats, batch: _Batch, gradient: Floats
    ) -> float | Callable[[], float]:
        tail = array("f", bytes(4 * self._elements()))
        at = batch.microshard * self._size
        tail[at : at + self._size] = array("f", list(batch.next.encode(self._size)))
        gradient[self._begin : self._begin + len(tail)] = memoryview(tail)
        return self._inner.grads(self._own(parameters), batch.inner, gradient[: self._begin])

    def _own(self, parameters: Floats) -> Floats:
        # The same view for the same vector: trainers know it again by that.
        if self._flat is None or self._flat[0] is not parameters:
            self._flat = (parameters, parameters[: self._begin])
        return self._flat[1]

    def apply(self, gradient: Floats) -> None:
        shard = self._shard
        own = self._inner_shard.end - shard.begin
        self._inner.apply(gradient[:own])
        if self._has_positions:
            at = self._begin - shard.begin
            self._positions = gradient[at : at + self._elements()].tobytes()

    def evaluate(self, parameters: Floats) -> Evaluation | None:
        return self._inner.evaluate(self._own(parameters))


class FusedStream(FusedTrainer):
    """A trainer with positions that reduces by itself."""

    def __init__(
        self, trainer: FusedTrainer, program: FusedProgram, lanes: Lanes, job: Job
    ) -> None:
        if type(trainer).add is FusedTrainer.add:
            raise TrainerError(
                "a program that reduces by itself and reads a Stream must have a method add(values)"
                " that sums a vector of float32 over all ranks, in place: how far each rank has"
                " read is a part of the state of all"
            )
        self._inner, self._lanes, self._size = trainer, lanes, lanes.record_bytes
        self._microshards = _Microshards(job)
        self.reforms = trainer.reforms
        self._bytes = job.microshards * self._size
        leaf = Leaf(LEAF, "u8", (self._bytes,))
        self.program = replace(
            program,
            leaves=(*program.leaves, leaf),
            samples=1,
            shards=tuple((*pieces, Piece.whole(leaf)) for pieces in program.shards),
        )
        self._positions = b""
        self._ahead: dict[int, Position] = {}

    def build(self, job: Job) -> FusedProgram:
        raise AssertionError("it was built before it was wrapped")

    def warm_up(self) -> None:
        self._inner.warm_up()

    def initialize(self, shard: Shard) -> None:
        self._inner.initialize(self._own(shard))
        self._positions = bytes(self._bytes)

    def load(self, shard: Shard, parts: Sequence[memoryview]) -> None:
        self._inner.load(self._own(shard), parts[:-1])
        self._positions = bytes(parts[-1])

    @staticmethod
    def _own(shard: Shard) -> Shard:
        return replace(shard, parts=shard.parts[:-1], leaves=shard.leaves[:-1])

    def state(self) -> Sequence[Captured]:
        captured = self._inner.state()
        return _Spliced(captured, len(captured), self._positions)

    def mapped(self, memory: memoryview) -> None:
        self._inner.mapped(memory)

    def unmapped(self, memory: memoryview) -> None:
        self._inner.unmapped(memory)

    def expect(self, group: Group) -> None:
        self._inner.expect(group)

    def reform(self, group: Group) -> None:
        self._inner.reform(group)

    def batch(self, samples: Sequence[int]) -> Any:
        found: list[Any] = []
        self._ahead = {}
        split = self._microshards.split(samples)
        if split:
            self._lanes.keep(range(split[0][0], split[-1][0] + 1))
        for microshard, places in split:
            at = microshard * self._size
            position = Position.decode(self._positions[at : at + self._size])
            some, after = self._lanes.take(microshard, position, len(places))
            found += some
            self._ahead[microshard] = after
        return self._inner.batch(Taken(found, samples))

    def step(self, samples: Sequence[int], batch: Any) -> float:
        values = array("f", bytes(4 * self._bytes))
        own = []
        for microshard, position in self._ahead.items():
            at = microshard * self._size
            record = position.encode(self._size)
            values[at : at + self._size] = array("f", list(record))
            own.append((at, record))
        # Before the step: where it fails the state is as it was.
        self._inner.add(memoryview(values))
        try:
            after = bytes(map(int, values))
        except ValueError:
            after = b""
        if any(after[at : at + self._size] != record for at, record in own):
            raise TrainerError(
                "add must leave the sum over all ranks of what each of them gives, exactly; this"
                " rank does not find its own numbers in it"
            )
        loss = self._inner.step(samples, batch)
        self._positions = after
        return loss

    def interrupt(self) -> None:
        self._inner.interrupt()

    def broken(self, error: BaseException) -> bool:
        return self._inner.broken(error)

    def evaluate(self) -> Evaluation | None:
        return self._inner.evaluate()
