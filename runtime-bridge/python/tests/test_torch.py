"""coxswain.torch, in this process and as a worker. Needs PyTorch and NumPy."""

from __future__ import annotations

import importlib.util
import unittest
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

from coxswain import Job, Program, TrainerError, _wire
from coxswain.torch import TorchTrainer
from coxswain.trainer import Shard

from .agent import Agent

EXAMPLE = Path(__file__).parents[3] / "examples" / "digits-torch" / "train.py"
DATA = EXAMPLE.parent / "../digits-xla/digits.safetensors"
HAS_TORCH = bool(importlib.util.find_spec("torch") and importlib.util.find_spec("numpy"))
STEPS = 4


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


def squares(module: Any, batch: Any) -> Any:
    return ((module(batch["x"])[:, 0] - batch["y"]) ** 2).mean()


@unittest.skipUnless(HAS_TORCH, "PyTorch is not installed")
class TorchCase(unittest.TestCase):
    """y = x @ w + b."""

    def setUp(self) -> None:
        import torch

        self.torch = torch
        random = torch.Generator().manual_seed(5)
        x = torch.randn(50, 80, generator=random)
        self.data = {"x": x, "y": x @ torch.randn(80, generator=random)}
        threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
        self.addCleanup(torch.set_num_threads, threads)
        self.addCleanup(torch.use_deterministic_algorithms, strict)

    def options(self, **changes: Any) -> dict[str, Any]:
        torch = self.torch
        values: dict[str, Any] = {
            "module": lambda: torch.nn.Linear(80, 1),
            "optimizer": lambda m: torch.optim.SGD(m.parameters(), lr=0.001, momentum=0.9),
            "loss": squares,
            "reduction": "mean",
            "data": self.data,
        }
        return {**values, **changes}

    def build(self, of: Job | None = None, **changes: Any) -> tuple[TorchTrainer, Program]:
        trainer = TorchTrainer(**self.options(**changes))
        return trainer, trainer.build(of or job())

    def refuse(self, text: str, of: Job | None = None, **changes: Any) -> TrainerError:
        with self.assertRaisesRegex(TrainerError, text) as caught:
            self.build(of, **changes)
        return caught.exception

    # ------------------------------------------------------------ steps of all shards

    def train(
        self, shards: int = 1, steps: int = STEPS, reload_at: int = -1, **changes: Any
    ) -> dict[str, bytes]:
        """Steps on all shards; gives the final state's leaves. At one step other trainers go on."""
        one = job(shards=shards)
        trainers = [self.build(one, **changes) for _ in range(shards)]
        held = [program.shard(i, shards) for i, (_, program) in enumerate(trainers)]
        for (trainer, _), shard in zip(trainers, held):
            trainer.initialize(shard)
        elements = trainers[0][1].layout().elements
        flat = memoryview(array("f", bytes(4 * elements)))
        for step in range(steps + 1):
            if step == reload_at:
                trainers = [
                    self.moved(t, shard, one, changes) for (t, _), shard in zip(trainers, held)
                ]
            for (trainer, _), shard in zip(trainers, held):
                self.publish(trainer, shard, flat)
            if step < steps:
                self.step(trainers, held, flat, step)
        leaves: dict[str, list[tuple[int, bytes]]] = {}
        for (trainer, _), shard in zip(trainers, held):
            for part, data in zip(shard.parts, trainer.state()):
                if (
                    part.leaf.like is not None
                    or part.index < len(shard.layout.leaves)
                    or not shard.index
                ):
                    leaves.setdefault(part.name, []).append((part.start, bytes(data)))  # type: ignore[arg-type]
        return {name: b"".join(data for _, data in sorted(some)) for name, some in leaves.items()}

    def moved(
        self, trainer: TorchTrainer, shard: Shard, of: Job, changes: dict[str, Any]
    ) -> tuple[TorchTrainer, Program]:
        """Another process, as it were, with the state of this one."""
        stored = [bytearray(part) for part in trainer.state()]  # type: ignore[arg-type]
        other, program = self.build(of, **changes)
        other.load(shard, [memoryview(part).toreadonly() for part in stored])
        for part in stored:
            part[:] = bytes(len(part))  # What was loaded is a copy.
        return other, program

    def step(self, trainers: Any, held: Any, flat: memoryview, step: int) -> None:
        elements = len(flat)
        total = [0.0] * elements
        for microshard in range(3):
            trainer = trainers[microshard % len(trainers)][0]
            gradient = memoryview(array("f", [9.0] * elements))
            ids = [(6 * step + 2 * microshard + i) % 50 for i in range(2)]
            trainer.grads(flat.toreadonly(), trainer.batch(ids), gradient)
            for leaf in held[0].layout.leaves:
                for i in range(leaf.begin, leaf.end):
                    total[i] += gradient[i]
        summed = memoryview(array("f", total))
        for (trainer, _), shard in zip(trainers, held):
            trainer.apply(summed[shard.begin : shard.end].toreadonly())

    def publish(self, trainer: TorchTrainer, shard: Shard, flat: memoryview) -> None:
        for part, data in zip(shard.parameter_parts, trainer.state()):
            at = shard.begin + shard.place(part)
            flat[at : at + part.stop - part.start] = memoryview(data).cast("f")  # type: ignore[arg-type]


class Training(TorchCase):
    def test_as_a_loop_in_pytorch_does(self) -> None:
        torch, options = self.torch, self.options()
        for what, optimizer in self.optimizers().items():
            with self.subTest(what):
                torch.manual_seed(7)
                module = options["module"]()
                made = optimizer(module)
                for step in range(STEPS):
                    ids = [(6 * step + i) % 50 for i in range(6)]
                    made.zero_grad()
                    squares(
                        module, {name: rows[ids] for name, rows in self.data.items()}
                    ).backward()
                    made.step()
                found = self.train(optimizer=optimizer)
                for name, value in module.named_parameters():
                    ours = torch.frombuffer(
                        bytearray(found[f"parameters/{name}"]), dtype=value.dtype
                    )
                    torch.testing.assert_close(ours.view(value.shape), value.detach())

    def optimizers(self) -> dict[str, Callable[[Any], Any]]:
        optim = self.torch.optim
        return {
            "SGD": lambda m: optim.SGD(m.parameters(), lr=0.001),
            "momentum": lambda m: optim.SGD(m.parameters(), lr=0.001, momentum=0.9, nesterov=True),
            "Adam": lambda m: optim.Adam(m.parameters(), lr=0.01, amsgrad=True),
            "AdamW in groups": lambda m: optim.AdamW(
                [{"params": [m.weight], "weight_decay": 0.1}, {"params": [m.bias], "lr": 0.1}],
                lr=0.01,
            ),
            "AdamW of names": lambda m: optim.AdamW(m.named_parameters(), lr=0.01),
            "Adagrad": lambda m: optim.Adagrad(
                m.parameters(), lr=0.1, initial_accumulator_value=0.3
            ),
            "NAdam": lambda m: optim.NAdam(m.parameters(), lr=0.01),
            "RMSprop": lambda m: optim.RMSprop(m.parameters(), lr=0.01, centered=True),
            "Rprop": lambda m: optim.Rprop(m.parameters(), lr=0.01),
            "ASGD": lambda m: optim.ASGD(m.parameters(), lr=0.001),
        }

    def test_in_shards_and_in_another_process_to_the_bit(self) -> None:
        for what, optimizer in self.optimizers().items():
            with self.subTest(what):
                whole = self.train(optimizer=optimizer)
                self.assertEqual(self.train(2, optimizer=optimizer), whole)
                self.assertEqual(self.train(1, reload_at=2, optimizer=optimizer), whole)
                self.assertEqual(self.train(2, reload_at=1, optimizer=optimizer), whole)
                self.assertEqual(self.train(1, reload_at=0, optimizer=optimizer), whole)

    def test_a_scheduler_goes_on_where_it_was(self) -> None:
        lr = self.torch.optim.lr_scheduler

        def schedule(optimizer: Any) -> Any:
            warm = lr.LinearLR(optimizer, 0.1, total_iters=2)
            return lr.SequentialLR(optimizer, [warm, lr.CosineAnnealingLR(optimizer, 3)], [2])

        whole = self.train(scheduler=schedule)
        self.assertNotEqual(whole, self.train())
        self.assertEqual(self.train(scheduler=schedule, reload_at=3), whole)
        self.assertEqual(self.train(2, scheduler=schedule, reload_at=2), whole)

    def test_random_numbers_follow_from_the_samples(self) -> None:
        nn = self.torch.nn
        dropout = lambda: nn.Sequential(nn.Dropout(0.5), nn.Linear(80, 1))  # noqa: E731
        whole = self.train(module=dropout)
        self.assertEqual(self.train(2, module=dropout, reload_at=2), whole)

    def test_running_statistics_are_the_mean_of_the_microshards(self) -> None:
        torch, nn = self.torch, self.torch.nn
        normed = lambda: nn.Sequential(nn.BatchNorm1d(80), nn.Linear(80, 1))  # noqa: E731
        whole = self.train(module=normed)
        self.assertEqual(self.train(2, module=normed, reload_at=2), whole)
        count = torch.frombuffer(
            bytearray(whole["optimizer/buffer/0.num_batches_tracked"]), dtype=torch.int64
        )
        self.assertEqual(count.tolist(), [STEPS])
        expected = torch.zeros(80)
        for step in range(STEPS):
            means = [
                self.data["x"][[(6 * step + 2 * m + i) % 50 for i in range(2)]].mean(0)
                for m in range(3)
            ]
            expected += 0.1 * (sum(means) / 3 - expected)
        found = torch.frombuffer(bytearray(whole["parameters/0.running_mean"]), dtype=torch.float32)
        torch.testing.assert_close(found, expected)

    def test_clipping(self) -> None:
        clipped = self.train(clip_norm=0.01)
        self.assertNotEqual(clipped, self.train())
        self.assertEqual(self.train(clip_norm=0.01, reload_at=2), clipped)

    def test_sums_and_means(self) -> None:
        mean = self.train()
        total = self.train(loss=lambda m, b: squares(m, b) * len(b["y"]), reduction="sum")
        for name in ("parameters/weight", "parameters/bias"):
            ours, theirs = (array("f", found[name]) for found in (mean, total))
            for a, b in zip(ours, theirs):
                self.assertAlmostEqual(a, b, places=5)

    def test_frozen_parameters_are_no_state(self) -> None:
        def frozen() -> Any:
            module = self.torch.nn.Linear(80, 1)
            module.bias.requires_grad_(False)
            return module

        _, program = self.build(module=frozen)
        self.assertEqual([leaf.name for leaf in program.parameters], ["weight"])
        self.train(module=frozen)

    def test_a_users_module_is_not_touched(self) -> None:
        module = self.torch.nn.Linear(80, 1)
        before = module.weight.detach().clone()
        whole = self.train(module=module)
        self.assertTrue(self.torch.equal(module.weight, before))
        self.assertEqual(self.train(module=module), whole)

    def test_evaluation(self) -> None:
        trainer, program = self.build(
            evaluate=lambda m, b: (squares(m, b), 1.0), held_out=self.data
        )
        trainer.initialize(program.shard(0, 1))
        flat = memoryview(array("f", bytes(4 * program.layout().elements)))
        found = trainer.evaluate(flat.toreadonly())
        assert found is not None
        self.assertAlmostEqual(found.loss, float((self.data["y"] ** 2).mean()), places=3)
        self.assertEqual(found.accuracy, 1.0)


class Data(TorchCase):
    def test_of_all_kinds(self) -> None:
        torch, data = self.torch, self.data

        class Items(torch.utils.data.Dataset):  # type: ignore[name-defined,misc]
            def __len__(self) -> int:
                return 50

            def __getitem__(self, index: int) -> Any:
                return {name: rows[index] for name, rows in data.items()}

        by_rows, _ = self.build()
        expected = by_rows.batch([3, 1]).tree
        for what, changes in {
            "items": {"data": Items()},
            "a function": {"data": lambda path: Items()},
            "arrays": {"data": {name: rows.numpy() for name, rows in data.items()}},
            "a function of ids": {
                "data": None,
                "batch": lambda ids: {k: v[ids] for k, v in data.items()},
                "samples": 50,
            },
        }.items():
            with self.subTest(what):
                trainer, program = self.build(**changes)
                self.assertEqual(program.samples, 50)
                found = trainer.batch([3, 1]).tree
                for name in data:
                    self.assertTrue(torch.equal(found[name], expected[name]))

    def test_an_augmented_sample_is_the_same_in_each_process(self) -> None:
        import random

        torch, data = self.torch, self.data

        class Noisy(torch.utils.data.Dataset):  # type: ignore[name-defined,misc]
            def __len__(self) -> int:
                return 50

            def __getitem__(self, index: int) -> Any:
                x = data["x"][index] + torch.randn(80) + random.random()
                return {"x": x, "y": data["y"][index]}

        whole = self.train(data=Noisy())
        self.assertEqual(self.train(2, data=Noisy(), reload_at=1), whole)

    def test_what_is_none(self) -> None:
        import numpy

        torch, data = self.torch, self.data
        objects = numpy.array([{"a": 1}] * 50, dtype=object)
        tensors = torch.utils.data.TensorDataset(data["x"], data["y"])

        class Stream(torch.utils.data.IterableDataset):  # type: ignore[name-defined,misc]
            def __iter__(self) -> Any:
                return iter(tensors)

        for text, wrong in (
            (r"\['x'\] is an array of objects, where a tensor", {**data, "x": objects}),
            (r"\['z'\] is str, where a tensor", {**data, "z": "pixels"}),
            (r"\['y'\] is a single number", {**data, "y": torch.tensor(3.0)}),
            (r"same number of rows.*\[49, 50\]", {**data, "y": data["y"][:49]}),
            ("no arrays", {}),
            ("give its dataset", torch.utils.data.DataLoader(tensors)),
            ("IterableDataset", Stream()),
        ):
            with self.subTest(text):
                self.assertEqual(self.refuse(text, data=wrong).code, "data_unreadable")

        def missing(path: str) -> Any:
            return numpy.load(path)

        self.assertEqual(self.refuse("cannot be read", data=missing).code, "data_unreadable")


class Fingerprints(TorchCase):
    def test_the_same_program_has_the_same(self) -> None:
        self.assertEqual(self.build()[1], self.build()[1])

    def test_another_has_another_and_says_in_what(self) -> None:
        usual = self.parts()
        other = {"x": self.data["x"] + 1, "y": self.data["y"]}
        for what, found in {
            "state": self.parts(of=job(seed=8)),
            "data": self.parts(data=other),
            "program": self.parts(
                optimizer=lambda m: self.torch.optim.SGD(m.parameters(), lr=1.0, momentum=0.9)
            ),
            "machine": self.parts(threads=2),
        }.items():
            with self.subTest(what):
                self.assertEqual([k for k in usual if usual[k] != found[k]], [what])

    def parts(self, of: Job | None = None, **changes: Any) -> dict[str, str]:
        text = self.build(of, **changes)[1].fingerprint
        return dict(part.split(" ", 1) for part in text.split(", "))  # type: ignore[misc]


class BadInput(TorchCase):
    def with_nan(self) -> Any:
        module = self.torch.nn.Linear(80, 1)
        with self.torch.no_grad():
            module.weight[0, 3] = float("nan")
        return module

    def test_modules(self) -> None:
        torch = self.torch
        self.refuse(r"parameter weight is not finite.*\[0, 3\]", module=self.with_nan)
        self.refuse("float32", module=lambda: torch.nn.Linear(80, 1).double())
        self.refuse("must be a torch.nn.Module.*not dict", module=lambda: {"w": 1})
        self.refuse("no shape yet", module=lambda: torch.nn.LazyLinear(1))

    def test_optimizers(self) -> None:
        torch = self.torch
        self.refuse("gave list", optimizer=lambda m: [])
        self.refuse(
            "not the module's",
            optimizer=lambda m: torch.optim.SGD(
                [*m.parameters(), torch.nn.Parameter(torch.ones(1))]
            ),
        )
        self.refuse("closure", optimizer=lambda m: torch.optim.LBFGS(m.parameters()))
        self.refuse(
            "needs a loss",
            scheduler=lambda o: torch.optim.lr_scheduler.ReduceLROnPlateau(o),
        )

    def own_optimizer(self, update: Callable[[Any, Any], None]) -> Callable[[Any], Any]:
        torch = self.torch

        class Own(torch.optim.Optimizer):  # type: ignore[name-defined,misc]
            def __init__(self, parameters: Any) -> None:
                super().__init__(parameters, {})

            @torch.no_grad()  # type: ignore[untyped-decorator]
            def step(self) -> None:
                for group in self.param_groups:
                    for p in group["params"]:
                        if p.grad is not None:
                            update(p, self.state[p])

        return lambda module: Own(module.parameters())

    def test_an_optimizer_with_numbers_of_its_own(self) -> None:
        def update(p: Any, state: Any) -> None:
            state["t"] = state.get("t", 0) + 1
            state["decay"] = state.get("decay", 1.0) * 0.9
            p.sub_(p.grad * state["decay"])

        whole = self.train(optimizer=self.own_optimizer(update))
        self.assertEqual(self.train(2, optimizer=self.own_optimizer(update), reload_at=2), whole)

    def test_an_update_that_cannot_be_cut(self) -> None:
        def normed(p: Any, state: Any) -> None:
            p.sub_(p.grad / p.grad.norm())

        own = self.own_optimizer(normed)
        # With 80 weights there is one cut, between the parameters; it takes a larger one.
        wide = {"x": self.torch.ones(50, 5000), "y": self.data["y"]}
        module = lambda: self.torch.nn.Linear(5000, 1, bias=False)  # noqa: E731
        self.build(data=wide, module=module, optimizer=own)
        self.refuse("element by element", job(shards=2), data=wide, module=module, optimizer=own)
        self.refuse("clip_norm needs the whole gradient", job(shards=2), clip_norm=1.0)

    def test_optimizer_states(self) -> None:
        def objects(p: Any, state: Any) -> None:
            state["history"] = [1, 2]

        def rows(p: Any, state: Any) -> None:
            state["rows"] = self.torch.zeros(3)

        def growing(p: Any, state: Any) -> None:
            state[f"at{len(state)}"] = self.torch.zeros_like(p)

        self.refuse(
            "optimizer state history of weight is list, where a tensor",
            optimizer=self.own_optimizer(objects),
        )
        self.build(optimizer=self.own_optimizer(rows))
        self.refuse(
            "cannot be cut into 2 shards", job(shards=2), optimizer=self.own_optimizer(rows)
        )
        with self.assertRaisesRegex(
            TrainerError, "at1 of weight was not there after the first step"
        ):
            self.train(optimizer=self.own_optimizer(growing))

    def test_losses(self) -> None:
        self.refuse("gave a tensor of shape \\[2\\]", loss=lambda m, b: m(b["x"])[:, 0])
        self.refuse("gave float", loss=lambda m, b: float(squares(m, b)))
        self.refuse("depends on no parameter", loss=lambda m, b: squares(m, b).detach())
        self.refuse("reduction must be", reduction="average")

    def test_buffers_that_cannot_be_kept(self) -> None:
        torch = self.torch

        class Own(torch.nn.Linear):  # type: ignore[name-defined,misc]
            def __init__(self, change: Any, value: Any) -> None:
                super().__init__(80, 1)
                self.change = change
                self.register_buffer("seen", value)

            def forward(self, x: Any) -> Any:
                self.change(self, x)
                return super().forward(x)

        def grow(module: Any, x: Any) -> None:
            module.seen = torch.cat([module.seen, torch.ones(1)])

        def flip(module: Any, x: Any) -> None:
            module.seen.logical_not_()

        def late(module: Any, x: Any) -> None:
            if len(x) < 2:
                module.seen.add_(1)

        def uneven(module: Any, x: Any) -> None:
            module.seen.add_(len(x))

        def parameter(module: Any, x: Any) -> None:
            with torch.no_grad():
                module.weight.clamp_(-1, 1)

        self.refuse("seen changes its shape", module=lambda: Own(grow, torch.zeros(1)))
        self.refuse(
            "seen is torch.bool", module=lambda: Own(flip, torch.zeros(1, dtype=torch.bool))
        )
        self.refuse("parameter weight changes in the forward", module=lambda: Own(parameter, None))
        count = torch.zeros((), dtype=torch.int64)
        for text, change, value in (
            ("seen did not move at first", late, torch.zeros(1)),
            ("does not grow by the same", uneven, count),
        ):
            trainer, program = self.build(module=lambda c=change, v=value: Own(c, v.clone()))
            trainer.initialize(program.shard(0, 1))
            flat = memoryview(array("f", bytes(4 * program.layout().elements)))
            with self.subTest(text), self.assertRaisesRegex(TrainerError, text):
                trainer.grads(flat, trainer.batch([1]), memoryview(array("f", flat)))

    def test_what_is_given_or_not(self) -> None:
        self.refuse("either data .* or batch", data=None)
        self.refuse("either data .* or batch", batch=lambda ids: self.data, samples=3)
        self.refuse("belong together", data=None, batch=lambda ids: self.data)
        self.refuse("give both or neither", held_out=self.data)
        self.refuse("clip_norm must be", clip_norm=0)
        self.refuse("threads must be", threads=0)
        self.refuse("two things", evaluate=lambda m, b: squares(m, b), held_out=self.data)


class TheExample(TorchCase):
    def test_trains_as_a_worker(self) -> None:
        import sysconfig

        packages = sysconfig.get_paths()["purelib"]
        package = str(Path(__file__).parents[1])
        with Agent([str(EXAMPLE)], {"PYTHONPATH": f"{package}:{packages}"}) as agent:
            loaded = agent.load(data=str(DATA), batch=32, microshards=3)
            self.assertIsInstance(loaded, _wire.JobLoaded, loaded)
            agent.prepare(1, 0, _wire.STATE_ORIGIN_INIT)
            committed = agent.step(1, 1, slot=0)
            self.assertEqual(len(committed.digest), 32, committed)


class WithoutTorch(unittest.TestCase):
    def test_it_is_said_what_is_missing(self) -> None:
        if HAS_TORCH:
            self.skipTest("PyTorch is installed")
        trainer = TorchTrainer(module=max, optimizer=max, loss=max, reduction="sum", data={})
        with self.assertRaisesRegex(TrainerError, "pip install torch numpy"):
            trainer.build(job())


if __name__ == "__main__":
    unittest.main()
