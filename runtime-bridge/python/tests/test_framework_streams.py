"""Streams, donation and copies beside the steps in coxswain.jax and coxswain.torch."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any

from coxswain import Lane, Stream, TrainerError, _views
from coxswain._streams import LEAF, SplitStream, wrapped
from coxswain._torch_copies import Copies

from . import test_copies, test_jax, test_torch


def numbers(lane: Lane) -> Iterator[int]:
    """Row numbers: lane l of three has l, l + 3 …, of 50 rows."""
    yield from range(lane.index, 50, lane.count)


def trained(trainer: Any, program: Any, steps: int, streams: bool) -> dict[str, bytes]:
    """One rank's steps; gives the state."""
    shard = program.shard(0, 1)
    trainer.initialize(shard)
    elements = program.layout().elements
    flat = memoryview(array("f", bytes(4 * elements)))
    for step in range(steps):
        publish(trainer, shard, flat)
        total = array("f", bytes(4 * elements))
        if streams:
            trainer.read_from(flat, range(3))
        for microshard in range(3):
            places = [6 * step + 2 * microshard + i for i in range(2)]
            ids = [microshard + 3 * (2 * step + i) for i in range(2)]
            gradient = memoryview(array("f", bytes(4 * elements)))
            loss = trainer.grads(flat, trainer.batch(places if streams else ids), gradient)
            if callable(loss):
                loss()
            for i, value in enumerate(gradient):
                total[i] += value
        trainer.apply(memoryview(total))
    return {
        part.name: bytes(_views.bytes_of(part.name, part.size, one))
        for part, one in zip(shard.parts, trainer.state())
    }


def publish(trainer: Any, shard: Any, flat: memoryview) -> None:
    for part, one in zip(shard.parameter_parts, trainer.state()):
        at = 4 * shard.place(part)
        flat.cast("B")[at : at + part.size] = _views.bytes_of(part.name, part.size, one)


class OfJax(test_jax.JaxCase):
    def rows(self, ids: Any) -> Any:
        return {name: array_[self.np.asarray(ids)] for name, array_ in self.data.items()}

    def test_a_stream_trains_as_the_same_samples_by_their_numbers_do(self) -> None:
        plain, program = self.build(data=None, batch=self.rows, samples=50)
        expected = trained(plain, program, 3, streams=False)
        inner, program = self.build(data=None, batch=self.rows, samples=Stream(numbers))
        trainer, outer = wrapped(inner, program, test_jax.job())
        self.assertIsInstance(trainer, SplitStream)
        found = trained(trainer, outer, 3, streams=True)
        positions = found.pop(f"parameters/{LEAF}")
        self.assertEqual(found, expected)
        self.assertGreater(max(positions), 0)

    def test_donated_steps_make_the_same_state(self) -> None:
        plain, program = self.build()
        expected = trained(plain, program, 3, streams=False)
        for snapshots in ("wait", "device", "host"):
            with self.subTest(snapshots):
                donating, program = self.build(donate=True, snapshots=snapshots)
                self.assertEqual(trained(donating, program, 3, streams=False), expected)

    def test_a_copy_that_has_begun_is_of_the_state_before_the_update(self) -> None:
        for snapshots in ("device", "host"):
            trainer, program = self.build(donate=True, snapshots=snapshots)
            shard = program.shard(0, 1)
            trainer.initialize(shard)
            flat = memoryview(array("f", bytes(4 * program.layout().elements)))
            publish(trainer, shard, flat)
            before = [bytes(one.now()) for one in trainer.state()]
            places = [memoryview(bytearray(len(data))) for data in before]
            copies = list(trainer.state())
            for copy, place in zip(copies, places):
                copy.begin(place)
            trainer.apply(memoryview(array("f", [1.0] * len(flat))))
            for copy in copies:
                copy.end()
            self.assertEqual([bytes(place) for place in places], before)
            self.assertNotEqual([bytes(one.now()) for one in trainer.state()], before)

    def test_an_update_that_gives_the_state_to_the_host_too(self) -> None:
        from coxswain.jax import with_host_copies

        np, jnp = self.np, self.jax.numpy
        update = with_host_copies(lambda state, x: ({"w": state["w"] + x}, x.sum()))
        state = {"w": jnp.arange(4.0)}
        (state, total), host = update(state, jnp.ones(4))
        self.assertEqual(host["w"].sharding.memory_kind, "pinned_host")
        np.testing.assert_array_equal(np.asarray(host["w"]), [1, 2, 3, 4])
        self.assertEqual(float(total), 4)
        (state, _), _ = update(state, jnp.ones(4))
        np.testing.assert_array_equal(np.asarray(state["w"]), [2, 3, 4, 5])
        np.testing.assert_array_equal(np.asarray(host["w"]), [1, 2, 3, 4])

    def test_ways_that_make_no_sense(self) -> None:
        self.refuse("one of wait, device, host, not 'later'", snapshots="later")
        self.refuse("without donate=True arrays never", snapshots="device")

    def test_an_update_waits_for_what_was_captured_before_it(self) -> None:
        trainer, program = self.build(donate=True)
        shard = program.shard(0, 1)
        trainer.initialize(shard)
        flat = memoryview(array("f", bytes(4 * program.layout().elements)))
        publish(trainer, shard, flat)
        before = [bytes(late()) for late in trainer.state()]
        captured = list(trainer.state())
        gradient = memoryview(array("f", [1.0] * len(flat)))
        trainer.apply(gradient)
        after = [bytes(late()) for late in trainer.state()]
        self.assertEqual([bytes(late()) for late in captured], before)
        self.assertNotEqual(after, before)

    def test_a_stream_that_ends_at_once_is_refused_when_the_job_is_loaded(self) -> None:
        self.refuse(
            "lane 0 of 3 of the stream has no samples",
            data=None,
            batch=self.rows,
            samples=Stream(lambda lane: iter(())),
        )


class OfTorch(test_torch.TorchCase):
    def rows(self, ids: Any) -> Any:
        index = self.torch.as_tensor(ids)
        return {name: rows[index] for name, rows in self.data.items()}

    def test_a_stream_trains_as_the_same_samples_by_their_numbers_do(self) -> None:
        plain, program = self.build(data=None, batch=self.rows, samples=50)
        expected = trained(plain, program, 3, streams=False)
        inner, program = self.build(data=None, batch=self.rows, samples=Stream(numbers))
        trainer, outer = wrapped(inner, program, test_torch.job())
        found = trained(trainer, outer, 3, streams=True)
        self.assertGreater(max(found.pop(f"parameters/{LEAF}")), 0)
        self.assertEqual(found, expected)

    def test_an_iterable_data_set_is_told_of_streams(self) -> None:
        class Endless(self.torch.utils.data.IterableDataset):  # type: ignore[name-defined,misc]
            def __iter__(self) -> Iterator[int]:
                return iter(range(3))

        error = self.refuse("a coxswain.Stream that opens a part of it", data=Endless())
        self.assertIsInstance(error, TrainerError)

    def test_what_lies_on_a_device_is_copied_beside_the_steps(self) -> None:
        trainer, program = self.build()
        shard = program.shard(0, 1)
        trainer.initialize(shard)
        device = TensorDevice()
        trainer.copies = Copies(device)
        slots = []
        for part, one in zip(shard.parts, trainer.state()):
            if part.size and not isinstance(one, memoryview):
                slot = memoryview(bytearray(part.size))
                one.begin(slot)
                slots.append((part, slot, one))
        self.assertGreater(len(slots), 0)
        before = {part.name: one.now().tobytes() for part, _, one in slots}
        trainer.apply(memoryview(array("f", [1.0] * program.layout().elements)))
        self.assertEqual(device.steps, [("hold", len(slots))])
        for part, slot, one in slots:
            one.end()
            self.assertEqual(bytes(slot), before[part.name])
        memory = memoryview(bytearray(8))
        trainer.mapped(memory)
        trainer.unmapped(memory)
        self.assertEqual(device.registered, [])


class TensorDevice(test_copies.Device):
    """It copies tensors; as if they were on it, they are taken as they are when asked."""

    def has(self, tensor: Any) -> bool:
        return bool(tensor.is_floating_point() and tensor.numel() > 0)

    def copy(self, place: memoryview, tensor: Any) -> Any:
        return super().copy(place, bytearray(self.now(tensor)))

    def now(self, tensor: Any) -> memoryview:
        return memoryview(bytes(tensor.detach().contiguous().reshape(-1).numpy().tobytes()))
