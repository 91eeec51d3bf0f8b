"""A worker for the tests: a linear model, SGD with momentum, in plain Python with ``coxswain.run``.

Its data are made up: sample ``i`` has features that follow from ``i``, and a target that a hidden
weight vector gives. Sums are made in float64 in a fixed order and stored as float32, so the same
step gives the same bits, in any process and on any mesh. ``config`` may have:

* ``ballast``: bytes of further state, so that a snapshot takes a while (default 0);
* ``fail``: {"in": "build" | "warm_up" | "initialize" | "batch" | "grads" | "apply" | "state" |
  "evaluate", "step": k}: raises there (of steps only in that one; without: always);
* ``exit``: true: the same, but it calls ``sys.exit``;
* ``shrink``: k: from step k on, the state lacks its last part;
* ``pipe``: a named pipe; ``grads`` ends when somebody writes into it;
* ``hangAt``: k: there it sleeps for ever, where no process has made the file ``once`` yet;
* ``shout``: bytes that it prints in each step;
* ``report``: true: it tells metrics;
* ``raiseAt``, ``interruptAt``: k: the same, but it raises, or sends itself SIGINT.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from array import array
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import coxswain
from coxswain.order import derive
from coxswain.trainer import Floats

FEATURES = 48
RATE, MOMENTUM = 0.05, 0.9
SAMPLES = 1438


def noise(stream: int, index: int) -> float:
    """A number from -1 to 1."""
    return derive(derive(0, stream), index) / 2**63 - 1


class Linear(coxswain.Trainer):
    """y = w·x + b."""

    def build(self, job: coxswain.Job) -> coxswain.Program:
        self.job = job
        self.step = 0
        self.fail_maybe("build")
        self.hidden = [noise(1, i) for i in range(FEATURES)]
        self.ballast = bytes(range(256)) * (int(job.config.get("ballast", 0)) // 256)
        return coxswain.Program(
            (coxswain.Leaf("w", shape=(FEATURES,)), coxswain.Leaf("b")),
            (
                coxswain.Leaf("momentum/w", shape=(FEATURES,), like=0),
                coxswain.Leaf("momentum/b", like=1),
                coxswain.Leaf("step", "i64"),
                coxswain.Leaf("ballast", "u8", (len(self.ballast),)),
            ),
            SAMPLES,
            fingerprint="linear-1",
        )

    def fail_maybe(self, where: str) -> None:
        """Raises if the configuration says so."""
        fail = self.job.config.get("fail", {})
        if fail.get("in") == where and fail.get("step", self.step) == self.step:
            if self.job.config.get("exit"):
                sys.exit("as configured")
            raise ValueError(f"told to fail in {where}")

    def warm_up(self) -> None:
        self.fail_maybe("warm_up")

    def initialize(self, shard: coxswain.Shard) -> None:
        self.shard, self.step = shard, 0
        self.fail_maybe("initialize")
        self.w = [
            array("f", (noise(derive(self.job.seed, 2), i) for i in range(part.start, part.stop)))
            for part in shard.parameter_parts
        ]
        self.momentum = [array("f", bytes(part.size)) for part in shard.parameter_parts]

    def load(self, shard: coxswain.Shard, parts: Sequence[memoryview]) -> None:
        self.shard = shard
        count = len(shard.parameter_parts)
        self.w = [array("f", bytes(part)) for part in parts[:count]]
        self.momentum = [array("f", bytes(part)) for part in parts[count : 2 * count]]
        self.step = int.from_bytes(parts[2 * count], "little")
        self.ballast = bytes(parts[2 * count + 1])

    def state(self) -> Sequence[bytes]:
        self.fail_maybe("state")
        arrays = [one.tobytes() for one in (*self.w, *self.momentum)]
        parts = [*arrays, self.step.to_bytes(8, "little"), self.ballast]
        return parts[:-1] if self.step >= self.job.config.get("shrink", 2**63) else parts

    def batch(self, samples: Sequence[int]) -> list[tuple[list[float], float]]:
        self.fail_maybe("batch")
        rows = []
        for number in samples:
            x = [noise(3 + number, i) for i in range(FEATURES)]
            rows.append((x, sum(a * b for a, b in zip(x, self.hidden)) + 0.5))
        return rows

    def grads(
        self, parameters: Floats, batch: list[tuple[list[float], float]], gradient: Floats
    ) -> float:
        self.fail_maybe("grads")
        self.misbehave()
        if "pipe" in self.job.config:
            Path(self.job.config["pipe"]).read_bytes()
        w, b = parameters[:FEATURES].tolist(), parameters[FEATURES]
        total, loss = [0.0] * (FEATURES + 1), 0.0
        for x, y in batch:
            error = sum(v * u for v, u in zip(x, w)) + b - y
            loss += error * error / 2
            for i, v in enumerate(x):
                total[i] += error * v
            total[FEATURES] += error
        gradient[: FEATURES + 1] = memoryview(array("f", total))
        if self.job.config.get("report"):
            coxswain.report(sample_loss=loss / len(batch), rate=RATE, never=math.nan)
        return loss

    def misbehave(self) -> None:
        """Hangs, shouts or interrupts itself if the configuration says so."""
        config = self.job.config
        if config.get("hangAt") == self.step + 1 and self.first(config["once"]):
            self.sleep_for_ever()
        if config.get("raiseAt") == self.step + 1 and self.first(config["once"]):
            raise ValueError("told to fail once")
        if config.get("interruptAt") == self.step + 1 and self.first(config["once"]):
            if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
                # Whoever runs the tests in the background had it ignored.
                signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
        left = config.get("shout", 0)
        while left > 0:
            line = f"step {self.step + 1}, {left} bytes to go ".ljust(119, ".")
            print(line)
            left -= len(line) + 1

    def first(self, mark: str) -> bool:
        """Whether nobody was here before, in whatever process."""
        try:
            os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
            return True
        except FileExistsError:
            return False

    def sleep_for_ever(self) -> None:
        while True:
            time.sleep(3600)

    def apply(self, gradient: Floats) -> None:
        self.step += 1
        self.fail_maybe("apply")
        for part, w, momentum in zip(self.shard.parameter_parts, self.w, self.momentum):
            at = self.shard.place(part)
            for i in range(len(w)):
                momentum[i] = MOMENTUM * momentum[i] + gradient[at + i] / self.job.batch
                w[i] -= RATE * momentum[i]

    def evaluate(self, parameters: Floats) -> coxswain.Evaluation:
        self.fail_maybe("evaluate")
        rows = self.batch(range(SAMPLES, SAMPLES + 100))
        loss = self.grads(parameters, rows, memoryview(array("f", bytes(4 * FEATURES + 4))))
        return coxswain.Evaluation(loss / len(rows))


if __name__ == "__main__":
    coxswain.run(Linear())
