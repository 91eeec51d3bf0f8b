"""States that are cut by fully_shard. Needs PyTorch and NumPy."""

from __future__ import annotations

import unittest
from dataclasses import replace
from typing import Any

from coxswain import FusedProgram, Group, TrainerError, _report
from coxswain._torch_fsdp import FsdpTrainer
from coxswain.torch import TorchTrainer, run

from . import test_torch
from .test_torch_ddp import MemoryStore


def cut(module: Any, mesh: Any) -> None:
    from torch.distributed.fsdp import fully_shard

    for layer in module.children():
        fully_shard(layer, mesh=mesh)
    fully_shard(module, mesh=mesh)


class CutCase(test_torch.TorchCase):
    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self.leave)

    def leave(self) -> None:
        if self.torch.distributed.is_initialized():
            self.torch.distributed.destroy_process_group()

    def made(
        self, shards: int = 1, shard: Any = cut, **changes: Any
    ) -> tuple[FsdpTrainer, FusedProgram]:
        torch = self.torch
        options = {
            "module": lambda: torch.nn.Sequential(torch.nn.Linear(80, 5), torch.nn.Linear(5, 1)),
            "optimizer": lambda m: torch.optim.AdamW(m.parameters(), lr=0.01),
            **changes,
        }
        trainer = FsdpTrainer(TorchTrainer(**self.options(**options)), shard)
        return trainer, trainer.build(test_torch.job(shards=shards))

    def join(self, trainer: FsdpTrainer, epoch: int) -> None:
        store = MemoryStore()
        trainer.reform(Group(epoch, 0, 1, make_store=lambda: store))  # type: ignore[arg-type,return-value]

    def steps(self, trainer: FsdpTrainer, first: int, last: int) -> list[float]:
        losses = []
        for step in range(first, last):
            ids = [(6 * step + i) % 50 for i in range(6)]
            losses.append(trainer.step(ids, trainer.batch(ids)))
        return losses


class Pieces(CutCase):
    def test_parameters_and_moments_are_cut_alike_and_numbers_are_held_by_all(self) -> None:
        _, program = self.made(shards=4)
        pieces = {piece.leaf: piece for piece in program.shards[3]}
        # 5 rows in 4 parts: 2, 2, 1 and none.
        for name in ("parameters/0.weight", "optimizer/exp_avg/0.weight"):
            self.assertEqual((pieces[name].offset, pieces[name].extent), ((5, 0), (0, 80)))
        self.assertEqual(pieces["optimizer/step/f32"].extent, (4,))
        self.assertEqual(pieces["coxswain/steps"].extent, ())
        self.assertEqual(
            [p.extent for shard in program.shards for p in shard if p.leaf == "parameters/0.bias"],
            [(2,), (2,), (1,), (0,)],
        )

    def test_processes_of_an_agent_have_parts_of_their_own(self) -> None:
        trainer = FsdpTrainer(
            TorchTrainer(
                **self.options(
                    module=lambda: self.torch.nn.Linear(80, 5),
                    optimizer=lambda m: self.torch.optim.AdamW(m.parameters(), lr=0.01),
                )
            ),
            cut,
        )
        program = trainer.build(replace(test_torch.job(shards=2), local_world_size=2))
        rows = [p.offset[0] for s in program.shards for p in s if p.leaf == "parameters/weight"]
        self.assertEqual(rows, [0, 2, 4, 5])

    def test_other_dimensions(self) -> None:
        from torch.distributed.fsdp import fully_shard
        from torch.distributed.tensor import Shard

        def columns(module: Any, mesh: Any) -> None:
            fully_shard(
                module, mesh=mesh, shard_placement_fn=lambda p: Shard(1) if p.dim() > 1 else Shard(0)
            )

        _, program = self.made(shards=5, shard=columns)
        piece = {piece.leaf: piece for piece in program.shards[2]}["parameters/0.weight"]
        self.assertEqual((piece.offset, piece.extent), ((0, 32), (5, 16)))
        with self.assertRaisesRegex(TrainerError, "3 does not divide 80"):
            self.made(shards=3, shard=columns)

    def test_the_first_state_is_that_of_the_whole_module(self) -> None:
        torch = self.torch
        trainer, program = self.made(shards=2)
        found: dict[str, list[Any]] = {}
        for index in range(2):
            shard = program.shard(index, 2)
            trainer.initialize(shard)
            for part, data in zip(shard.parts, trainer.state()):
                assert part.piece is not None
                value = torch.frombuffer(bytearray(data) or bytearray(4), dtype=torch.float32)  # type: ignore[arg-type]
                if part.name.startswith("parameters/"):
                    found.setdefault(part.name, []).append(
                        value[: part.piece.elements].view(part.piece.extent)
                    )
        torch.manual_seed(7)
        whole = torch.nn.Sequential(torch.nn.Linear(80, 5), torch.nn.Linear(5, 1))
        for name, value in whole.named_parameters():
            torch.testing.assert_close(torch.cat(found[f"parameters/{name}"]), value.detach())


class Reducing(CutCase):
    """A process group of one."""

    def test_makes_the_steps_of_the_module_and_goes_on_in_another_process(self) -> None:
        torch = self.torch
        changes = {
            "clip_norm": 1.0,
            "scheduler": lambda o: torch.optim.lr_scheduler.StepLR(o, 2, 0.5),
        }
        trainer, program = self.made(**changes)
        shard = program.shard(0, 1)
        trainer.initialize(shard)
        first = [bytes(part) for part in trainer.state()]  # type: ignore[arg-type]
        self.join(trainer, 1)
        self.assertEqual([bytes(part) for part in trainer.state()], first)  # type: ignore[arg-type]
        losses = self.steps(trainer, 0, 3)
        stored = [bytearray(part) for part in trainer.state()]  # type: ignore[arg-type]
        self.leave()
        other, _ = self.made(**changes)
        other.load(shard, [memoryview(part).toreadonly() for part in stored])
        self.assertEqual([bytes(part) for part in other.state()], [bytes(s) for s in stored])  # type: ignore[arg-type]
        self.join(other, 2)
        self.assertEqual([bytes(part) for part in other.state()], [bytes(s) for s in stored])  # type: ignore[arg-type]
        losses += self.steps(other, 3, 6)
        self.assertTrue(all(loss > 0 for loss in losses), losses)

        torch.manual_seed(7)
        whole = torch.nn.Sequential(torch.nn.Linear(80, 5), torch.nn.Linear(5, 1))
        optimizer = torch.optim.AdamW(whole.parameters(), lr=0.01)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
        for step in range(6):
            ids = torch.tensor([(6 * step + i) % 50 for i in range(6)])
            optimizer.zero_grad()
            loss = test_torch.squares(whole, {k: v[ids] for k, v in self.data.items()})
            loss.backward()
            torch.nn.utils.clip_grad_norm_(whole.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
            self.assertAlmostEqual(losses[step], float(loss.detach()), places=3)
        for value, data in zip(whole.parameters(), other.state()):
            ours = torch.frombuffer(bytearray(data), dtype=torch.float32).view(value.shape)  # type: ignore[arg-type]
            torch.testing.assert_close(ours, value.detach(), rtol=1e-4, atol=1e-5)

    def test_tells_how_far_it_is_within_a_pass(self) -> None:
        before = _report._current.entries
        self.addCleanup(setattr, _report._current, "entries", before)
        entries = _report.open_entries()
        seen: list[tuple[str, int]] = []

        def note() -> None:
            seen.append((entries.part_of(3), entries.of(3)))

        def loss(module: Any, batch: Any) -> Any:
            note()
            value = test_torch.squares(module, batch)
            note()
            value.register_hook(lambda _: note())
            return value

        trainer, program = self.made(loss=loss)
        trainer.initialize(program.shard(0, 1))
        self.join(trainer, 1)
        seen.clear()
        entries.begin(3)
        self.steps(trainer, 0, 1)
        note()
        # A group of one gathers nothing; the loss is added.
        parts, counts = zip(*seen)
        self.assertEqual(parts, ("forward", "forward", "backward", "optimizer"))
        self.assertEqual(list(counts), sorted(counts))
        self.assertEqual(counts[0], 0)
        self.assertGreaterEqual(counts[3], 1)
        self.assertEqual(entries.first_nanos, 0)

    def test_evaluates_what_was_gathered_in_the_last_step(self) -> None:
        trainer, program = self.made(
            evaluate=lambda m, b: (test_torch.squares(m, b), 0.5), held_out=self.data
        )
        trainer.initialize(program.shard(0, 1))
        self.join(trainer, 1)
        self.steps(trainer, 0, 9)
        self.assertIsNone(trainer.evaluate())
        self.steps(trainer, 9, 10)
        found = trainer.evaluate()
        assert found is not None
        self.assertGreater(found.loss, 0)
        self.assertEqual(found.accuracy, 0.5)


class Refusals(CutCase):
    def refused(self, text: str, **changes: Any) -> None:
        with self.assertRaisesRegex(TrainerError, text):
            self.made(**changes)

    def test_what_cannot_be_cut(self) -> None:
        torch = self.torch
        self.refused("is not cut: shard\\(module, mesh\\) must call", shard=lambda m, mesh: None)
        normed = torch.nn.Sequential(torch.nn.Linear(80, 5), torch.nn.BatchNorm1d(5), torch.nn.Linear(5, 1))  # fmt: skip
        self.refused("buffer 1.running_mean moves", module=normed)
        self.refused(
            "closure", optimizer=lambda m: torch.optim.LBFGS(m.parameters())
        )

    def test_what_does_not_belong_together(self) -> None:
        with self.assertRaisesRegex(TrainerError, "collectives='runtime'"):
            run(**self.options(shard=cut))


if __name__ == "__main__":
    unittest.main()
