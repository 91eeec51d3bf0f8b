"""What users do wrong, each with an error of its own. Some need JAX or PyTorch, and say so."""

from __future__ import annotations

import os
import struct
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from coxswain import TrainerError, _finite, _views, _wire

from . import test_jax, test_torch
from .agent import Agent

INIT = _wire.STATE_ORIGIN_INIT
FOLDER = str(Path(__file__).parent)

#: A worker that does wrong what `wrong` says.
SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
import coxswain, linear_worker

class Wrong(linear_worker.Linear):
    def initialize(self, shard):
        super().initialize(shard)
        if {wrong!r} == "nan":
            self.w[0][3] = float("nan")

    def state(self):
        parts = super().state()
        if {wrong!r} == "object":
            parts[0] = {{"pickled": True}}
        if {wrong!r} == "pickle":
            import pickle
            parts[0] = pickle.dumps(self.w)
        return parts

coxswain.run(Wrong())
"""


class Programs(unittest.TestCase):
    def prepared(self, wrong: str) -> Any:
        with tempfile.NamedTemporaryFile("w", suffix=".py", delete=False) as script:
            script.write(SCRIPT.format(folder=FOLDER, wrong=wrong))
        self.addCleanup(os.unlink, script.name)
        agent = Agent([script.name])
        self.addCleanup(agent.__exit__, None, None, None)
        self.assertIsInstance(agent.load(), _wire.JobLoaded, agent.log())
        return agent.prepare(1, 0, INIT)

    def refused(self, wrong: str) -> str:
        answer = self.prepared(wrong)
        self.assertIsInstance(answer, _wire.Fault)
        self.assertEqual(answer.code, "program_invalid", answer)
        return str(answer.message)

    def test_the_initial_state_is_looked_at(self) -> None:
        self.assertRegex(
            self.refused("nan"), "^parameters/.* is not finite in the initial state: element 3 of"
        )
        self.assertIsInstance(self.prepared("nothing"), _wire.ViewPrepared)

    def test_what_is_no_array(self) -> None:
        self.assertRegex(self.refused("object"), "is dict, where the bytes of an array belong")
        self.assertRegex(self.refused("pickle"), "bytes, expected .* changed its shape")

    def test_views_that_are_not_bytes(self) -> None:
        with self.assertRaisesRegex(TrainerError, "x is NoneType, where the bytes"):
            _views.bytes_of("x", 4, None)  # type: ignore[arg-type]


class Numbers(unittest.TestCase):
    def test_the_first_that_is_not_finite(self) -> None:
        nan, infinite = float("nan"), float("-inf")
        cases: list[tuple[str, bytes, int | None]] = [
            ("f32", struct.pack("<4f", 0, 1, nan, infinite), 2),
            ("f32", struct.pack("<3f", 0, -3.4e38, 1e-45), None),
            ("f64", struct.pack("<2d", infinite, 1), 0),
            ("f16", struct.pack("<2e", 65504, nan), 1),
            ("bf16", bytes([0x80, 0x3F, 0x80, 0x7F]), 1),
            ("bf16", bytes([0x80, 0x3F, 0x7F, 0x7F]), None),
            ("i32", b"\xff" * 8, None),
            ("f32", b"", None),
        ]
        for numpy in (_finite._numpy(), None):
            with mock.patch.object(_finite, "_numpy", lambda numpy=numpy: numpy):
                for dtype, data, expected in cases:
                    with self.subTest(dtype, numpy=numpy is not None):
                        self.assertEqual(
                            _finite.first_wrong(dtype, memoryview(data)), expected
                        )


class WithoutTheFramework(unittest.TestCase):
    def test_jax(self) -> None:
        from coxswain.jax import JaxTrainer, ShardedTrainer

        def never(*_: Any) -> Any:
            raise AssertionError

        some: dict[str, Any] = {"data": {"x": [0.0]}}
        of_agents = JaxTrainer(
            params={}, optimizer={}, grads=never, apply=never, reduction="mean", **some
        )
        for trainer in (of_agents, ShardedTrainer(state={}, specs=never, step=never, **some)):
            with mock.patch.dict(sys.modules, {"jax": None}):
                with self.assertRaisesRegex(
                    TrainerError, "the program needs JAX, and .* cannot import it .* -m pip install"
                ):
                    trainer.build(test_jax.job())

    def test_torch(self) -> None:
        from coxswain.torch import TorchTrainer

        trainer = TorchTrainer(
            module=object, optimizer=lambda m: m, loss=lambda m, b: b, reduction="sum", data={}
        )
        with mock.patch.dict(sys.modules, {"torch": None}):
            with self.assertRaisesRegex(
                TrainerError, "needs PyTorch, and .* cannot import it .* -m pip install"
            ):
                trainer.build(test_torch.job())


class UnequalSeeds(test_jax.JaxCase):
    def test_the_fingerprint_says_that_it_is_the_state(self) -> None:
        def of(seed: int) -> list[str]:
            changes = {"params": lambda _: self.options()["params"](seed)}
            return str(self.build(**changes)[1].fingerprint).split(", ")

        one, same, other = of(1), of(1), of(2)
        self.assertEqual(one, same)
        self.assertEqual([a.split()[0] for a, b in zip(one, other) if a != b], ["state"])


if __name__ == "__main__":
    unittest.main()
