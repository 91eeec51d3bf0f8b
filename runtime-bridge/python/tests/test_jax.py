"""coxswain.jax, in this process and as a worker. Needs JAX and NumPy."""

from __future__ import annotations

import importlib.util
import unittest
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

from coxswain import Job, TrainerError, _wire
from coxswain.jax import JaxTrainer
from coxswain.trainer import Shard

from .agent import Agent

EXAMPLE = Path(__file__).parents[3] / "examples" / "digits-jax" / "train.py"
DATA = EXAMPLE.parent / "../digits-xla/digits.safetensors"
HAS_JAX = bool(importlib.util.find_spec("jax") and importlib.util.find_spec("numpy"))


def job(**fields: Any) -> Job:
    """A job of six samples in three microshards."""
    values: dict[str, Any] = {
        "id": "job",
        "replicas": 1,
        "shards": 1,
        "steps": 10,
        "seed": 7,
        "data": "/nowhere",
        "batch": 6,
        "microshards": 3,
    }
    return Job(**{**values, **fields})


@unittest.skipUnless(HAS_JAX, "JAX is not installed")
class JaxCase(unittest.TestCase):
    """y = x @ w + b, by momentum."""

    def setUp(self) -> None:
        import jax
        import numpy as np

        self.jax, self.np = jax, np
        random = np.random.default_rng(5)
        x = random.standard_normal((50, 80)).astype("float32")
        self.data = {"x": x, "y": (x @ random.standard_normal(80)).astype("float32")}

    def options(self, **changes: Any) -> dict[str, Any]:
        jax, np = self.jax, self.np

        def loss(params: Any, batch: Any) -> Any:
            return ((batch["x"] @ params["w"] + params["b"] - batch["y"]) ** 2).mean()

        def apply(params: Any, optimizer: Any, gradients: Any) -> Any:
            m = jax.tree.map(lambda m, g: 0.9 * m + g, optimizer["m"], gradients)
            params = jax.tree.map(lambda p, m: p - 0.001 * m, params, m)
            return params, {"m": m, "t": optimizer["t"] + 1}

        def params(seed: int) -> Any:
            random = np.random.default_rng(seed)
            return {
                "b": np.zeros((), np.float32),
                "w": random.standard_normal(80).astype(np.float32),
            }

        values: dict[str, Any] = {
            "params": params,
            "optimizer": lambda p: {"m": jax.tree.map(np.zeros_like, p), "t": np.int32(0)},
            "grads": lambda p, b: jax.value_and_grad(loss)(p, b),
            "apply": apply,
            "reduction": "mean",
            "data": self.data,
        }
        return {**values, **changes}

    def build(self, of: Job | None = None, **changes: Any) -> Any:
        trainer = JaxTrainer(**self.options(**changes))
        return trainer, trainer.build(of or job())

    def refuse(self, text: str, of: Job | None = None, **changes: Any) -> TrainerError:
        with self.assertRaisesRegex(TrainerError, text) as caught:
            self.build(of, **changes)
        return caught.exception


class Training(JaxCase):
    def train(self, shards: int, steps: int = 4) -> list[bytes]:
        """Steps on all shards; gives the final state's parts, put together."""
        trainers, parts = [], []
        for index in range(shards):
            trainer, program = self.build(job(shards=shards))
            trainer.warm_up()
            shard = program.shard(index, shards)
            trainer.initialize(shard)
            trainers.append((trainer, shard))
        elements = program.layout().elements
        flat = memoryview(array("f", bytes(4 * elements)))
        for step in range(steps + 1):
            for trainer, shard in trainers:
                self.publish(trainer, shard, flat)
            if step == steps:
                break
            total = self.np.zeros(elements, self.np.float32)
            for microshard in range(3):
                gradient = memoryview(array("f", bytes(4 * elements)))
                ids = [(6 * step + 2 * microshard + i) % 50 for i in range(2)]
                trainers[0][0].grads(flat, trainers[0][0].batch(ids), gradient)()
                total += self.np.frombuffer(gradient, self.np.float32)
            for trainer, shard in trainers:
                trainer.apply(memoryview(total)[shard.begin : shard.end])
        for trainer, shard in trainers:
            for part, captured in zip(shard.parts, trainer.state()):
                if part.index < 4 or shard.index == 0:
                    parts.append((part.index, part.start, bytes(captured())))
        parts.sort()
        return [b"".join(data for i, _, data in parts if i == index) for index in range(5)]

    def publish(self, trainer: JaxTrainer, shard: Shard, flat: memoryview) -> None:
        for part, captured in zip(shard.parameter_parts, trainer.state()):
            assert callable(captured)
            at = shard.begin + shard.place(part)
            flat[at : at + part.stop - part.start] = memoryview(captured()).cast("f")

    def test_as_a_loop_in_jax_does(self) -> None:
        np, options = self.np, self.options()
        params = options["params"](7)
        optimizer = options["optimizer"](params)
        for step in range(4):
            ids = [(6 * step + i) % 50 for i in range(6)]
            batch = {name: rows[ids] for name, rows in self.data.items()}
            _, gradients = options["grads"](params, batch)
            params, optimizer = options["apply"](params, optimizer, gradients)
        found = self.train(1)
        np.testing.assert_allclose(np.frombuffer(found[1], np.float32), params["w"], rtol=1e-5)
        np.testing.assert_allclose(
            np.frombuffer(found[3], np.float32), optimizer["m"]["w"], rtol=1e-4, atol=1e-6
        )
        self.assertEqual(np.frombuffer(found[4], np.int32).tolist(), [4])

    def test_with_shards_to_the_bit(self) -> None:
        self.assertEqual(self.train(2), self.train(1))

    def test_a_state_that_is_stored_and_loaded(self) -> None:
        trainer, program = self.build()
        shard = program.shard(0, 1)
        trainer.initialize(shard)
        elements = program.layout().elements
        gradient = memoryview(self.np.ones(elements, self.np.float32))
        trainer.apply(gradient)
        stored = [bytearray(captured()) for captured in trainer.state()]
        trainer.apply(gradient)
        expected = [bytes(captured()) for captured in trainer.state()]
        other, _ = self.build()
        other.load(shard, [memoryview(part).toreadonly() for part in stored])
        for part in stored:
            part[:] = bytes(len(part))  # What was loaded is a copy.
        other.apply(gradient)
        self.assertEqual([bytes(captured()) for captured in other.state()], expected)

    def test_a_snapshot_is_of_the_step_at_which_it_was_taken(self) -> None:
        trainer, program = self.build()
        trainer.initialize(program.shard(0, 1))
        captured = trainer.state()
        before = [bytes(one()) for one in trainer.state()]
        trainer.apply(memoryview(self.np.ones(program.layout().elements, self.np.float32)))
        self.assertEqual([bytes(one()) for one in captured], before)
        self.assertNotEqual([bytes(one()) for one in trainer.state()], before)

    def test_batches_from_a_function(self) -> None:
        data = self.data
        by_rows, _ = self.build()
        by_function, program = self.build(
            data=None, batch=lambda ids: {k: v[ids] for k, v in data.items()}, samples=50
        )
        self.assertEqual(program.samples, 50)
        for a, b in zip(by_rows.batch([3, 1]), by_function.batch([3, 1])):
            self.np.testing.assert_array_equal(a, b)


class Fingerprints(JaxCase):
    def test_the_same_program_has_the_same(self) -> None:
        self.assertEqual(self.build()[1], self.build()[1])

    def test_another_has_another(self) -> None:
        usual = self.build()[1].fingerprint
        other = {"x": self.data["x"] + 1, "y": self.data["y"]}
        apply: Callable[..., Any] = lambda p, o, g: (p, o)  # noqa: E731
        for what, built in (
            ("seed", self.build(job(seed=8))),
            ("data", self.build(data=other)),
            ("program", self.build(apply=apply)),
        ):
            with self.subTest(what):
                self.assertNotEqual(built[1].fingerprint, usual)


class BadInput(JaxCase):
    def test_initial_states(self) -> None:
        np = self.np
        good = self.options()["params"](7)
        self.refuse("not finite in the initial state", params={**good, "w": good["w"] * np.nan})
        self.refuse("'w'.* is no array but Linear", params={**good, "w": type("Linear", (), {})()})
        self.refuse("kept in f32", params={**good, "w": np.zeros(80, np.int32)})
        self.refuse("no array but str", optimizer={"m": "zeros"})

    def test_functions(self) -> None:
        np, usual = self.np, self.options()
        self.refuse("two things", grads=lambda p, b: usual["grads"](p, b)[0])
        self.refuse("lacks.*'b'", grads=lambda p, b: (p["b"], {"w": p["w"]}))
        self.refuse(
            "the new optimizer state must be a tree like", apply=lambda p, o, g: (p, {"m": o["m"]})
        )
        self.refuse("must be i32", apply=lambda p, o, g: (p, {**o, "t": o["t"].astype(np.float32)}))
        self.refuse("reduction must be", reduction="average")

    def test_an_update_that_cannot_be_cut(self) -> None:
        jax = self.jax

        def clipped(params: Any, optimizer: Any, gradients: Any) -> Any:
            norm = jax.numpy.sqrt(sum((g**2).sum() for g in jax.tree.leaves(gradients)))
            return jax.tree.map(lambda p, g: p - g / norm, params, gradients), optimizer

        self.build(apply=clipped)
        self.refuse("does not work element by element", job(shards=2), apply=clipped)

    def test_data(self) -> None:
        np, data = self.np, self.data
        objects = np.array([{"a": 1}] * 50, dtype=object)
        for text, wrong in (
            ("objects where an array belongs", {**data, "x": objects}),
            ("a single number", {**data, "y": np.float32(3)}),
            (r"same number of rows.*\[49, 50\]", {**data, "y": data["y"][:49]}),
            ("no arrays", {}),
        ):
            with self.subTest(text):
                self.assertEqual(self.refuse(text, data=wrong).code, "data_unreadable")

        def missing(path: str) -> Any:
            return np.load(path)

        self.assertEqual(self.refuse("cannot be read", data=missing).code, "data_unreadable")
        self.refuse("microshards must divide batch", job(batch=7))

    def test_held_out_data(self) -> None:
        def evaluate(params: Any, batch: Any) -> Any:
            return params["b"], params["b"]

        self.refuse("held_out has the leaves", evaluate=evaluate, held_out={"x": self.data["x"]})
        wide = {"x": self.np.zeros((3, 81), self.np.float32), "y": self.data["y"][:3]}
        self.refuse("does not fit a batch's", evaluate=evaluate, held_out=wide)
        self.refuse("give both or neither", held_out=self.data)

    def test_what_is_given_or_not(self) -> None:
        self.refuse("either data .* or batch", data=None)
        self.refuse("either data .* or batch", batch=lambda ids: self.data, samples=3)
        self.refuse("belong together", data=None, batch=lambda ids: self.data)

    def test_a_batch_that_changes_its_shape(self) -> None:
        data = self.data
        trainer, _ = self.build(
            data=None,
            batch=lambda ids: {k: v[ids[: 2 - (9 in ids)]] for k, v in data.items()},
            samples=50,
        )
        trainer.batch([1, 2])
        with self.assertRaisesRegex(TrainerError, "must be f32"):
            trainer.batch([9, 2])


class TheExample(JaxCase):
    def test_trains_as_a_worker(self) -> None:
        import sysconfig

        packages = sysconfig.get_paths()["purelib"]
        package = str(Path(__file__).parents[1])
        environment = {"PYTHONPATH": f"{package}:{packages}", "JAX_PLATFORMS": "cpu"}
        with Agent([str(EXAMPLE)], environment) as agent:
            loaded = agent.load(data=str(DATA), batch=32, microshards=4)
            self.assertIsInstance(loaded, _wire.JobLoaded, loaded)
            agent.prepare(1, 0, _wire.STATE_ORIGIN_INIT)
            committed = agent.step(1, 1, slot=0)
            self.assertEqual(len(committed.digest), 32, committed)


class WithoutJax(unittest.TestCase):
    def test_it_is_said_what_is_missing(self) -> None:
        if HAS_JAX:
            self.skipTest("JAX is installed")
        trainer = JaxTrainer(
            params={}, optimizer={}, grads=max, apply=max, reduction="sum", data={}
        )
        with self.assertRaisesRegex(TrainerError, "pip install jax"):
            trainer.build(job())


if __name__ == "__main__":
    unittest.main()
