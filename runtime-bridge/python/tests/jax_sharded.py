"""What test_jax_cut checks of coxswain.jax.run_sharded, in a process of its own with eight devices. One
process can be one rank alone: whole jobs are in the integration tests."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import PartitionSpec

from coxswain import Group, Job, Lane, Stream, TrainerError, _report
from coxswain._streams import wrapped
from coxswain.jax import ShardedTrainer

STEPS = 4
RANDOM = np.random.default_rng(5)
X = RANDOM.standard_normal((50, 80)).astype("float32")
DATA = {"x": X, "y": (X @ RANDOM.standard_normal(80)).astype("float32")}


def job(**fields: Any) -> Job:
    values: dict[str, Any] = {
        "id": "job",
        "replicas": 1,
        "shards": 1,
        "steps": STEPS,
        "seed": 7,
        "data": "/nowhere",
        "batch": 8,
        "microshards": 2,
    }
    return Job(**{**values, **fields})


def begin(seed: int) -> Any:
    # By JAX, which touches the devices that the process had before it had a group.
    w = jax.random.normal(jax.random.key(seed), (80,))
    return {"w": w, "m": np.zeros(80, np.float64), "t": np.int32(0)}


def step(state: Any, batch: Any) -> Any:
    def loss(w: Any) -> Any:
        rows = jax.lax.with_sharding_constraint(
            batch["x"], PartitionSpec(("replicate", "shard", "local"))
        )
        return ((rows @ w - batch["y"]) ** 2).mean()

    value, gradient = jax.value_and_grad(loss)(state["w"])
    m = 0.9 * state["m"] + gradient
    return {"w": state["w"] - 0.001 * m, "m": m, "t": state["t"] + 1}, value


def cut(path: str, shape: tuple[int, ...]) -> PartitionSpec:
    return PartitionSpec(("shard", "local")) if shape else PartitionSpec()


def options(**changes: Any) -> dict[str, Any]:
    return {"state": begin, "specs": cut, "step": step, "data": DATA, **changes}


class Steps(unittest.TestCase):
    def ids(self, number: int) -> list[int]:
        return [(8 * number + i) % 50 for i in range(8)]

    def expected(self) -> Any:
        state, losses = begin(7), []
        state = {"w": state["w"], "m": jnp.zeros(80), "t": jnp.int32(0)}
        with jax.sharding.use_abstract_mesh(
            jax.sharding.AbstractMesh((1, 1, 1), ("replicate", "shard", "local"))
        ):
            for number in range(STEPS):
                batch = {name: rows[self.ids(number)] for name, rows in DATA.items()}
                state, loss = jax.jit(step)(state, batch)
                losses.append(float(loss))
        return {name: np.asarray(one) for name, one in state.items()}, losses

    def train(self, **changes: Any) -> tuple[Any, list[float], list[bytes]]:
        trainer = ShardedTrainer(**options(**changes))
        program = trainer.build(job())
        shard = program.shard(0, 1)
        trainer.initialize(shard)
        self.assertEqual(len(trainer.state()), 3)
        trainer.reform(Group(1, 0, 1))
        losses = []
        parts: list[bytes] = []
        for number in range(STEPS):
            ids = self.ids(number)
            losses.append(trainer.step(ids, trainer.batch(ids)))
            if number == 1:
                captured = trainer.state()
            if number == 2:
                parts = [bytes(one() if callable(one) else one) for one in captured]  # type: ignore[operator,arg-type]
        return trainer, losses, parts

    def test_as_a_loop_in_jax_does_and_goes_on_from_what_was_captured(self) -> None:
        state, losses = self.expected()
        for changes in (
            {},
            {"donate": True},
            {"donate": True, "snapshots": "device"},
            {"donate": True, "snapshots": "host"},
        ):
            with self.subTest(changes):
                trainer, found, parts = self.train(**changes)
                np.testing.assert_allclose(found, losses, rtol=1e-5)
                self.assertEqual(len(trainer._tree["w"].addressable_shards), 8)
                np.testing.assert_allclose(np.asarray(trainer._tree["w"]), state["w"], rtol=1e-5)
                again = ShardedTrainer(**options(**changes))
                shard = again.build(job()).shard(0, 1)
                again.load(shard, [memoryview(part) for part in parts])
                again.reform(Group(2, 0, 1, base_step=2))
                more = [again.step(i, again.batch(i)) for i in (self.ids(2), self.ids(3))]
                np.testing.assert_allclose(more, losses[2:], rtol=1e-5)

    def test_evaluates_in_the_last_step(self) -> None:
        trainer, _, _ = self.train(
            evaluate=lambda state, rows: (
                ((rows["x"] @ state["w"] - rows["y"]) ** 2).mean(),
                jnp.float32(0.5),
            ),
            held_out={"x": X[:7], "y": DATA["y"][:7]},
        )
        found = trainer.evaluate()
        self.assertEqual(found.accuracy, 0.5)
        expected = ((X[:7] @ np.asarray(trainer._tree["w"]) - DATA["y"][:7]) ** 2).mean()
        self.assertAlmostEqual(found.loss, float(expected), 3)

    def test_tells_when_it_begins_to_wait_but_not_what_is_its_own(self) -> None:
        entries = _report.open_entries()
        self.addCleanup(setattr, _report._current, "entries", None)
        entries.begin(1)
        self.train()
        self.assertEqual((entries.of(1), entries.first_nanos), (STEPS, 0))

    def test_streams(self) -> None:
        def lane(lane: Lane) -> Any:
            yield from range(lane.index, 50, lane.count)

        rows = lambda ids: {name: one[np.asarray(ids)] for name, one in DATA.items()}  # noqa: E731
        inner = ShardedTrainer(
            **options(data=None, batch=rows, samples=Stream(lane, position_bytes=8))
        )
        trainer, program = wrapped(inner, inner.build(job()), job())
        trainer.initialize(program.shard(0, 1))
        trainer.reform(Group(1, 0, 1))
        self.assertGreater(trainer.step([0] * 8, trainer.batch(list(range(8)))), 0)

    def test_what_is_refused_when_the_job_is_loaded(self) -> None:
        def refused(text: str, of: Job | None = None, **changes: Any) -> None:
            with self.assertRaisesRegex(TrainerError, text):
                ShardedTrainer(**options(**changes)).build(of or job())

        whole = begin(1)
        refused("element \\[3\\] is nan", state={**whole, "m": np.where(np.arange(80) == 3, np.nan, 0)})
        refused("is no array but object", state={**whole, "m": object()})
        refused("is no array but str", state={**whole, "m": "pickled"})
        refused("becomes f32\\[40\\], and was f32\\[80\\]", step=lambda s, b: ({**s, "w": s["w"][:40]}, 0.0))
        refused("a state like the one it got", step=lambda s, b: ({"w": s["w"]}, b["y"].mean()))
        refused("two things", step=lambda s, b: s)
        refused("one number", step=lambda s, b: (s, b["y"]))
        refused("microshards must divide batch", job(microshards=3))
        refused("3 shards do not divide dimension 0", job(shards=3))
        refused("either data", data=None)
        refused("one of wait, device, host", donate=True, snapshots="never")
        refused("same number of rows", data={"x": X, "y": DATA["y"][:3]})

    def test_what_does_not_fit_the_group(self) -> None:
        trainer = ShardedTrainer(**options())
        shard = trainer.build(job(batch=6)).shard(0, 1)
        trainer.initialize(shard)
        with self.assertRaisesRegex(TrainerError, "has 6 samples of each step and 8 devices"):
            trainer.reform(Group(1, 0, 1))
        with self.assertRaisesRegex(TrainerError, "cannot be dealt equally to 3 processes"):
            trainer.reform(Group(1, 0, 3))


if __name__ == "__main__":
    unittest.main()
