"""Workers for the tests that read a stream, in plain Python: ``split``,
``fused``, or ``cannot-add``.

Lane l of the stream has the numbers ``1000·l``, ``1000·l + 1`` …, ``length`` of them in a pass.
``config`` may have:

* ``journal``: a file to which each process appends what it trains on: a line per microshard, or per
  rank of a fused step, with the numbers;
* ``length``: numbers of a lane in a pass (default 1,000);
* ``seekable``: false: the iterator tells no position, so it is read from its begin;
* ``position``: how many bytes its position has (default 4);
* ``folder``: as of ``allreduce_worker.py``;
* ``failAt``: the step in which rank 1 of a fused job raises what a broken group raises.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import allreduce_worker

import coxswain
from coxswain.trainer import Floats


class Numbers:
    """The numbers of a lane from ``at`` on."""

    def __init__(self, lane: coxswain.Lane, length: int, size: int) -> None:
        self._lane, self._length, self._size = lane, length, size
        self._at = int.from_bytes(lane.position[:4], "little")

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        if self._at >= self._length:
            raise StopIteration
        self._at += 1
        return 1000 * self._lane.index + self._at - 1

    def position(self) -> bytes:
        return self._at.to_bytes(4, "little").ljust(self._size, b"\0")


def stream(config: Any) -> coxswain.Stream:
    """The stream of a job."""
    length = config.get("length", 1000)

    def open_lane(lane: coxswain.Lane) -> Iterator[int]:
        numbers = Numbers(lane, length, config.get("position", 4))
        if config.get("seekable", True):
            return numbers
        return (number for number in numbers)

    return coxswain.Stream(open_lane, position_bytes=8)


def note(config: Any, what: Any) -> None:
    """Appends a line to the journal."""
    if "journal" in config:
        with open(config["journal"], "a", encoding="utf-8") as journal:
            journal.write(json.dumps(what) + "\n")


class Split(coxswain.Trainer):
    """The sum of all numbers that it has seen."""

    def build(self, job: coxswain.Job) -> coxswain.Program:
        self.config = job.config
        return coxswain.Program(
            (coxswain.Leaf("sum", shape=(2,)),),
            (coxswain.Leaf("steps", "i64"),),
            stream(job.config),
        )

    def initialize(self, shard: coxswain.Shard) -> None:
        self.check(shard)
        self.sum, self.steps = array("f", [0.0, 0.0]), 0

    def load(self, shard: coxswain.Shard, parts: Sequence[memoryview]) -> None:
        self.check(shard)
        self.sum = array("f", bytes(parts[0]))
        self.steps = int.from_bytes(parts[1], "little")

    def check(self, shard: coxswain.Shard) -> None:
        names = [part.name for part in shard.parts]
        if names != ["parameters/sum", "optimizer/steps"] or (shard.begin, shard.end) != (0, 16):
            raise AssertionError(f"what the SDK adds is not the program's business: {shard}")

    def state(self) -> Sequence[bytes]:
        return [self.sum.tobytes(), self.steps.to_bytes(8, "little")]

    def batch(self, samples: Sequence[int]) -> Sequence[int]:
        note(self.config, [self.steps + 1, list(samples)])
        return samples

    def grads(self, parameters: Floats, batch: Sequence[int], gradient: Floats) -> float:
        if len(parameters) != 16 or len(gradient) != 16:
            raise AssertionError("the vectors are longer than the program's")
        gradient[0], gradient[1] = float(sum(batch)), float(len(batch))
        return float(len(batch))

    def apply(self, gradient: Floats) -> None:
        self.steps += 1
        for i in range(2):
            self.sum[i] += gradient[i]

    def evaluate(self, parameters: Floats) -> coxswain.Evaluation:
        return coxswain.Evaluation(parameters[0])


class Fused(coxswain.FusedTrainer):
    """The same, where the processes add."""

    def build(self, job: coxswain.Job) -> coxswain.FusedProgram:
        self.config = job.config
        return coxswain.FusedProgram(
            (coxswain.Leaf("sum", "f64"), coxswain.Leaf("steps", "i64")), stream(job.config)
        )

    def initialize(self, shard: coxswain.Shard) -> None:
        self.sum, self.steps = 0.0, 0

    def load(self, shard: coxswain.Shard, parts: Sequence[memoryview]) -> None:
        self.sum = array("d", bytes(parts[0]))[0]
        self.steps = int.from_bytes(parts[1], "little")

    def state(self) -> Sequence[bytes]:
        return [array("d", [self.sum]).tobytes(), self.steps.to_bytes(8, "little")]

    def reform(self, group: coxswain.Group) -> None:
        self.rank = group.rank
        store = allreduce_worker.FolderStore(self.config["folder"], group.epoch)
        self.sums = allreduce_worker.Sums(group, store)

    def step(self, samples: Sequence[int], batch: Sequence[int]) -> float:
        note(self.config, [self.steps + 1, list(batch)])
        if self.rank == 1 and self.config.get("failAt") == self.steps + 1:
            raise ConnectionError("told to fail")
        self.sum += self.sums.add(array("d", [float(sum(batch))]))[0]
        self.steps += 1
        return self.sum


class Adding(Fused):
    """It can add what the SDK has."""

    def add(self, values: Floats) -> None:
        summed = self.sums.add(array("d", values))
        values[:] = memoryview(array("f", summed))


if __name__ == "__main__":
    if sys.argv[1] == "split":
        coxswain.run(Split())
    coxswain.run(Fused() if sys.argv[1] == "cannot-add" else Adding())
