"""A worker for the tests whose ranks are processes of one JAX program: arrays with a ``NamedSharding``
over all ranks' devices. Rank 0 serves JAX's coordination for its view; with a rank the whole group is
replaced, so that does no harm here.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import coxswain
import coxswain.jax

FEATURES, SAMPLES = 32, 1438
RATE, MOMENTUM = 0.01, 0.9
SPECS = {"w": PartitionSpec("shard"), "momentum": PartitionSpec("shard"), "step": PartitionSpec()}


def update(state: Any, batch: Any) -> Any:
    x, y = batch

    def loss(w: Any) -> Any:
        return ((x @ w - y) ** 2).mean()

    value, gradient = jax.value_and_grad(loss)(state["w"])
    momentum = MOMENTUM * state["momentum"] + gradient
    made = {"w": state["w"] - RATE * momentum, "momentum": momentum, "step": state["step"] + 1}
    return made, value


class Linear(coxswain.FusedTrainer):
    """y = x @ w."""

    def build(self, job: coxswain.Job) -> coxswain.FusedProgram:
        self.job = job
        random = np.random.default_rng(job.seed)
        self.x = random.standard_normal((SAMPLES, FEATURES)).astype("float32")
        self.y = self.x @ random.standard_normal(FEATURES).astype("float32")
        self.initial = {
            "w": random.standard_normal(FEATURES).astype("float32"),
            "momentum": np.zeros(FEATURES, "float32"),
            "step": np.zeros((), "int32"),
        }
        self.tree: Any = None
        self.cut = coxswain.jax.Cut(self.initial, SPECS, job.shards)
        return coxswain.FusedProgram(
            self.cut.leaves, SAMPLES, deterministic=False, shards=self.cut.shards
        )

    def initialize(self, shard: coxswain.Shard) -> None:
        self.shard, self.parts, self.tree = shard, self.cut.take(self.initial, shard), None

    def load(self, shard: coxswain.Shard, parts: Sequence[memoryview]) -> None:
        self.shard, self.parts, self.tree = shard, [memoryview(bytes(p)) for p in parts], None

    def state(self) -> Sequence[Any]:
        return self.parts if self.tree is None else self.cut.capture(self.tree, self.shard)

    def reform(self, group: coxswain.Group) -> None:
        if group.rank == 0:
            with socket.create_server((group.host, 0)) as free:
                group.store.set("jax", f"{group.host}:{free.getsockname()[1]}")
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        jax.distributed.initialize(
            group.store.get("jax", 60.0).decode(),
            group.world_size,
            group.rank,
            initialization_timeout=60,
        )
        devices = np.array(jax.devices()).reshape(-1, self.job.shards)
        self.mesh = Mesh(devices, ("replicate", "shard"))
        self.tree = self.cut.restore(self.parts, self.shard, self.mesh)
        self.rows = NamedSharding(self.mesh, PartitionSpec(("replicate", "shard")))
        kept = self.cut.shardings(self.mesh)
        self.update = jax.jit(
            update,
            in_shardings=(kept, (self.rows, self.rows)),
            out_shardings=(kept, NamedSharding(self.mesh, PartitionSpec())),
        )

    def batch(self, samples: Sequence[int]) -> Any:
        ids = np.asarray(samples)
        return self.x[ids], self.y[ids]

    def step(self, samples: Sequence[int], batch: Any) -> float:
        whole = tuple(
            jax.make_array_from_process_local_data(self.rows, rows) for rows in batch
        )
        tree, loss = self.update(self.tree, whole)
        value = float(loss)
        self.tree = tree
        return value

    def broken(self, error: BaseException) -> bool:
        return super().broken(error) or isinstance(error, jax.errors.JaxRuntimeError)


if __name__ == "__main__":
    coxswain.run(Linear())
