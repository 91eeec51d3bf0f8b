"""Processes of PyTorch programs that reduce among themselves. Needs PyTorch and NumPy."""

from __future__ import annotations

import unittest
from typing import Any

from coxswain import Group, TrainerError, _report
from coxswain._torch_ddp import DdpTrainer
from coxswain.torch import TorchTrainer

from . import test_torch


class MemoryStore:
    """A view's store of one process."""

    timeout = 5.0

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    def set(self, key: str, value: bytes | str) -> None:
        self.values[key] = value.encode() if isinstance(value, str) else value

    def get(self, key: str, timeout: float | None = -1) -> bytes:
        return self.values[key]

    def get_many(self, keys: Any, timeout: float | None = -1) -> list[bytes]:
        return [self.values[key] for key in keys]

    def try_get(self, key: str) -> bytes | None:
        return self.values.get(key)

    def wait(self, keys: Any, timeout: float | None = -1) -> None:
        self.get_many(keys)

    def check(self, keys: Any) -> bool:
        return all(key in self.values for key in keys)

    def add(self, key: str, amount: int) -> int:
        total = int(self.values.get(key, b"0")) + amount
        self.values[key] = str(total).encode()
        return total

    def compare_set(self, key: str, expected: bytes, desired: bytes) -> bytes:
        if self.values.get(key, b"") == expected:
            self.values[key] = desired
        return self.values.get(key, b"")

    def delete(self, key: str) -> bool:
        return self.values.pop(key, None) is not None

    def count(self, prefix: str = "") -> int:
        return len(self.values)


class Reducing(test_torch.TorchCase):
    """A process group of one, which finds itself through a store in Python."""

    def trainer(self, store: MemoryStore, **changes: Any) -> tuple[DdpTrainer, Any]:
        trainer = DdpTrainer(TorchTrainer(**self.options(**changes)))
        shard = trainer.build(test_torch.job()).shard(0, 1)
        self.addCleanup(self.leave)
        return trainer, shard

    def leave(self) -> None:
        if self.torch.distributed.is_initialized():
            self.torch.distributed.destroy_process_group()

    def join(self, trainer: DdpTrainer, store: MemoryStore, epoch: int) -> None:
        trainer.reform(Group(epoch, 0, 1, make_store=lambda: store))  # type: ignore[arg-type,return-value]

    def steps(self, trainer: DdpTrainer, first: int, last: int) -> list[float]:
        losses = []
        for step in range(first, last):
            ids = [(6 * step + i) % 50 for i in range(6)]
            losses.append(trainer.step(ids, trainer.batch(ids)))
        return losses

    def test_makes_the_same_steps_and_goes_on_in_another_group(self) -> None:
        torch, store = self.torch, MemoryStore()
        trainer, shard = self.trainer(store)
        trainer.initialize(shard)
        self.join(trainer, store, 1)
        losses = self.steps(trainer, 0, 2)
        stored = [bytearray(part) for part in trainer.state()]  # type: ignore[arg-type]
        self.leave()
        other, shard = self.trainer(store)
        other.load(shard, [memoryview(part).toreadonly() for part in stored])
        self.join(other, MemoryStore(), 2)
        losses += self.steps(other, 2, test_torch.STEPS)
        self.assertTrue(all(loss > 0 for loss in losses), losses)
        expected = self.train()
        for part, data in zip(shard.parts, other.state()):
            ours = torch.frombuffer(bytearray(data), dtype=torch.uint8)  # type: ignore[arg-type]
            if part.name.startswith("parameters"):
                theirs = torch.frombuffer(bytearray(expected[part.name]), dtype=torch.float32)
                torch.testing.assert_close(ours.view(torch.float32), theirs)

    def test_tells_when_it_comes_to_a_collective(self) -> None:
        before = _report._current.entries
        self.addCleanup(setattr, _report._current, "entries", before)
        entries = _report.open_entries()
        trainer, shard = self.trainer(MemoryStore())
        trainer.initialize(shard)
        self.join(trainer, MemoryStore(), 1)
        for step in (1, 2):
            entries.begin(step)
            self.steps(trainer, step, step + 1)
            # The gradients' and that of the loss; once it deals its buckets anew.
            self.assertIn(entries.of(step), (2, 4))
            self.assertGreater(entries.first_nanos, 0)
            self.assertEqual(entries.part_of(step), "optimizer")

    def test_what_means_that_the_group_broke(self) -> None:
        trainer = DdpTrainer(TorchTrainer(**self.options()))
        broken = "[gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:1"
        self.assertTrue(trainer.broken(RuntimeError(broken)))
        self.assertTrue(trainer.broken(self.torch.distributed.DistNetworkError("reset")))
        self.assertFalse(trainer.broken(RuntimeError("shapes do not match")))
        self.assertFalse(trainer.broken(ValueError("connection of layers")))

    def test_a_rank_without_samples(self) -> None:
        trainer = DdpTrainer(TorchTrainer(**self.options()))
        with self.assertRaisesRegex(TrainerError, "as many as ranks"):
            trainer.batch([])


if __name__ == "__main__":
    unittest.main()
