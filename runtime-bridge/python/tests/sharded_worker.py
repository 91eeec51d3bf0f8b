"""A worker for the tests whose state is cut: the model of ``allreduce_worker`` as a matrix of 7×7, of
which each shard has some rows, the last one fewer.

In each step the ranks put the matrix together, compute the gradients of their samples, add them, and
each updates its own rows. Beside that a rank has leaves of its own: how many samples it has seen, and
a number that it draws anew in each step. ``config`` may have what ``allreduce_worker`` takes, and

* ``wrong``: a mistake in how the state is cut: ``gap``, ``overlap``, ``bounds``, ``uncut``;
* ``parts``: into how many the rows are cut, in place of one for each process that a replica has.
"""

from __future__ import annotations

import dataclasses
import sys
from array import array
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from allreduce_worker import FEATURES, MOMENTUM, RATE, SAMPLES, Linear

import coxswain
from coxswain.order import derive

SIDE = 7
ROWS = coxswain.Leaf("w", "f64", (SIDE, SIDE))
MOMENTA = coxswain.Leaf("momentum", "f64", (SIDE, SIDE))
STEP = coxswain.Leaf("step", "i64")
SEEN = coxswain.Leaf("seen", "i64", per_rank=True)
DRAWN = coxswain.Leaf("drawn", "u64", (2,), per_rank=True)


class Sharded(Linear):
    """y = w·x + b, each rank with a part of w."""

    def build(self, job: coxswain.Job) -> coxswain.FusedProgram:
        whole = super().build(job)
        parts = int(job.config.get("parts", job.ways))
        self.ways, self.same = job.ways, job.ways // parts
        cut = [
            tuple(
                coxswain.Piece.cut(leaf, part, parts)
                if leaf.shape == ROWS.shape
                else coxswain.Piece.whole(leaf)
                for leaf in (ROWS, MOMENTA, STEP, SEEN, DRAWN)
            )
            for part in range(parts)
        ]
        rows = cut[-1][0]
        wrong = {
            "gap": dataclasses.replace(rows, extent=(rows.extent[0] - 1, SIDE)),
            "overlap": dataclasses.replace(rows, offset=(1, 0), extent=(6, SIDE)),
            "bounds": dataclasses.replace(rows, offset=(5, 0)),
        }.get(job.config.get("wrong", ""))
        if wrong is not None:
            cut[-1] = (wrong, *cut[-1][1:])
        return coxswain.FusedProgram(
            (ROWS, MOMENTA, STEP, SEEN, DRAWN),
            SAMPLES,
            fingerprint="sharded-1 " + whole.fingerprint,
            shards=() if job.config.get("wrong") == "uncut" else tuple(cut),
        )

    def place(self, shard: coxswain.Shard) -> None:
        piece = shard.parts[0].piece
        assert piece is not None
        self.begin = piece.offset[0] * SIDE
        self.end = self.begin + piece.elements
        self.own_rank = shard.rank

    def initialize(self, shard: coxswain.Shard) -> None:
        super().initialize(shard)
        self.place(shard)
        self.w, self.momentum = self.w[self.begin : self.end], self.momentum[self.begin : self.end]
        self.seen, self.drawn = 0, [shard.rank, derive(self.job.seed, shard.rank)]

    def load(self, shard: coxswain.Shard, parts: Sequence[memoryview]) -> None:
        super().load(shard, parts[:3])
        self.place(shard)
        self.seen = int.from_bytes(parts[3], "little")
        self.drawn = list(array("Q", bytes(parts[4])))
        if shard.writer != shard.rank:
            # Another replica's: two ranks must not draw the same from now on.
            self.drawn = [shard.rank, derive(self.drawn[1], shard.rank)]
            self.seen = 0

    def state(self) -> Sequence[bytes]:
        own = [self.seen.to_bytes(8, "little"), array("Q", self.drawn).tobytes()]
        return [*super().state(), *own]

    def step(self, samples: Sequence[int], batch: list[tuple[list[float], float]]) -> float:
        sums = self.sums
        if sums is None:
            raise ConnectionError("the group is over")
        own, mine = self.w, array("d", bytes(8 * SIDE * SIDE))
        if self.rank < self.ways and self.rank % self.same == 0:
            mine[self.begin : self.end] = own
        self.w = sums.add(mine)
        try:
            total, loss = self.gradient(batch)
        finally:
            self.w = own
        reduced = sums.add(array("d", [*total, loss]))
        for i, total_ in enumerate(reduced[self.begin : self.end]):
            self.momentum[i] = MOMENTUM * self.momentum[i] + total_ / self.job.batch
            self.w[i] -= RATE * self.momentum[i]
        self.made += 1
        self.seen += len(samples)
        self.drawn[1] = derive(self.drawn[1], self.made)
        return reduced[-1] / self.job.batch

    def evaluate(self) -> None:  # type: ignore[override]
        return None


assert FEATURES + 1 == SIDE * SIDE

if __name__ == "__main__":
    coxswain.run(Sharded())
