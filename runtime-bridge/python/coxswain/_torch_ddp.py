"""PyTorch programs whose processes reduce among themselves, by DistributedDataParallel.

The process group is built anew for each view, through the view's store; no rank hosts one. Imports
PyTorch when called.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import warnings
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from . import _torch_counts
from ._report import near, within
from ._torch_data import require_torch
from .trainer import (
    Captured,
    Evaluation,
    Floats,
    FusedProgram,
    FusedTrainer,
    Group,
    Job,
    Shard,
    TrainerError,
)

if TYPE_CHECKING:
    from .torch import TorchTrainer

NO_SAMPLES = (
    "this rank has no samples of the step: microshards must be as many as ranks, or more"
)

#: What a broken group says, beside its own kinds of errors.
_BROKEN = ("gloo", "connection", "nccl", "socket")
_IFADDR = 0x8915  # SIOCGIFADDR


class DdpTrainer(FusedTrainer):
    """Trains what a :class:`coxswain.torch.TorchTrainer` was given.

    A process group cannot be left while a collective waits for a rank that is gone, so a membership
    change replaces all processes (``reforms`` is false).
    """

    def __init__(self, trainer: TorchTrainer) -> None:
        self._inner = trainer
        self._wrapped: Any = None
        self._hooked = False

    def build(self, job: Job) -> FusedProgram:
        self._wrapped, self._hooked = None, False
        if job.shards > 1:
            raise TrainerError(
                f"mesh.shards is {job.shards}, and DistributedDataParallel holds the whole state in"
                " each process: give coxswain.torch.run shard=, a function of module and mesh that"
                " calls fully_shard, or set mesh.shards: 1"
            )
        program = self._inner.build(job)
        self._batch_size = job.batch
        return FusedProgram(
            tuple(
                [replace(leaf, name=f"parameters/{leaf.name}") for leaf in program.parameters]
                + [
                    replace(leaf, name=f"optimizer/{leaf.name}", like=None)
                    for leaf in program.optimizer
                ]
            ),
            program.samples,
            program.fingerprint,
            # The first step of a group has other buckets than the later ones, so other roundings.
            deterministic=False,
        )

    def initialize(self, shard: Shard) -> None:
        self._inner.initialize(shard)
        self._tie()

    def load(self, shard: Shard, parts: Sequence[memoryview]) -> None:
        self._inner.load(shard, parts)
        self._tie()

    def _tie(self) -> None:
        self._wrapped = None
        self._inner.tie_to_live()
        if not self._hooked:
            # The first gradients that are ready are reduced first.
            self._hooked = True
            self._inner.on_first_gradient(near)

    def state(self) -> Sequence[Captured]:
        return self._inner.state()

    def mapped(self, memory: memoryview) -> None:
        self._inner.mapped(memory)

    def unmapped(self, memory: memoryview) -> None:
        self._inner.unmapped(memory)

    def reform(self, group: Group) -> None:
        torch, _ = require_torch()
        device = self._inner.device
        join(group, device)
        self._world = group.world_size
        with warnings.catch_warnings():
            # Newer versions have other names for broadcast_buffers, older ones do not know them.
            warnings.simplefilter("ignore", FutureWarning)
            self._wrapped = torch.nn.parallel.DistributedDataParallel(
                self._inner.module,
                device_ids=[device] if device.type == "cuda" else None,
                # The buffers that move are averaged after the step, so that ranks never differ.
                broadcast_buffers=False,
                init_sync=False,  # All ranks have the state of the view's base step.
                find_unused_parameters=self._inner.has_unused,
            )
        _torch_counts.begin(device)

    def batch(self, samples: Sequence[int]) -> Any:
        if not samples:
            raise TrainerError(NO_SAMPLES)
        return self._inner.batch(samples)

    def step(self, samples: Sequence[int], batch: Any) -> float:
        torch, _ = require_torch()
        # The group takes the mean over ranks; wanted is the mean over the batch.
        share = self._world / self._batch_size
        loss = self._inner.backward_whole(self._wrapped, batch, share)
        near()
        within("loss")
        total = torch.tensor(loss, dtype=torch.float64, device=self._inner.device)
        moved = self._inner.moved_buffers()
        for tensor in (total, *moved):
            torch.distributed.all_reduce(tensor)
        # From here on nothing waits for others: half a step is no state.
        within("optimizer")
        self._inner.apply_whole([tensor / self._world for tensor in moved])
        return float(total) / self._batch_size

    def add(self, values: Floats) -> None:
        torch, _ = require_torch()
        summed = torch.frombuffer(values, dtype=torch.float32).to(self._inner.device)
        torch.distributed.all_reduce(summed)
        torch.frombuffer(values, dtype=torch.float32).copy_(summed)

    def broken(self, error: BaseException) -> bool:
        return super().broken(error) or is_broken(error)

    def evaluate(self) -> Evaluation | None:
        return self._inner.evaluate_whole()


def is_broken(error: BaseException) -> bool:
    """Whether PyTorch says by it that a group broke."""
    torch, _ = require_torch()
    if isinstance(error, torch.distributed.DistError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(word in text for word in _BROKEN)


def backend(device: Any) -> str:
    """What reduces on such a device."""
    return "nccl" if device.type == "cuda" else "gloo"


def join(group: Group, device: Any) -> None:
    """Makes the view's group PyTorch's own; what there was before is left."""
    torch, _ = require_torch()
    distributed = torch.distributed
    if distributed.is_initialized():
        distributed.destroy_process_group()
    interface = _interface(group.host)
    if interface:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", interface)
    store = _store(group)
    distributed.init_process_group(
        backend(device), store=store, rank=group.rank, world_size=group.world_size
    )
    # C++ keeps its half of the store alone, and asks this one again for each group that is made later.
    _kept[:] = [store]


def _store(group: Group) -> Any:
    """The view's store, as PyTorch wants it."""
    torch, _ = require_torch()
    ours = group.store

    class ViewStore(torch.distributed.Store):  # type: ignore[name-defined,misc]
        """Has the methods that PyTorch calls from C++."""

        def __init__(self) -> None:
            super().__init__()
            self._patience: float | None = ours.timeout

        def set(self, key: str, value: Any) -> None:
            ours.set(key, value if isinstance(value, str) else bytes(value))

        def get(self, key: str) -> bytes:
            return ours.get(key, self._patience)

        def multi_get(self, keys: Sequence[str]) -> list[bytes]:
            return ours.get_many(list(keys), self._patience)

        def multi_set(self, keys: Sequence[str], values: Sequence[Any]) -> None:
            for key, value in zip(keys, values):
                self.set(key, value)

        def append(self, key: str, value: Any) -> None:
            while True:
                found = ours.try_get(key) or b""
                if ours.compare_set(key, found, found + bytes(value)) == found + bytes(value):
                    return

        def add(self, key: str, amount: int) -> int:
            return ours.add(key, amount)

        def compare_set(self, key: str, expected: Any, desired: Any) -> bytes:
            return ours.compare_set(key, bytes(expected), bytes(desired))

        def check(self, keys: Sequence[str]) -> bool:
            return ours.check(list(keys))

        def wait(self, keys: Sequence[str], timeout: timedelta | None = None) -> None:
            ours.wait(list(keys), self._patience if timeout is None else timeout.total_seconds())

        def delete_key(self, key: str) -> bool:
            return ours.delete(key)

        def num_keys(self) -> int:
            return ours.count()

        def set_timeout(self, timeout: timedelta) -> None:
            self._patience = timeout.total_seconds()

        def has_extended_api(self) -> bool:
            return False

        def clone(self) -> Any:
            # Each call stands for itself, so that groups may share it.
            return self

    return ViewStore()


#: The store of PyTorch's present group.
_kept: list[Any] = []


def _interface(host: str) -> str:
    """The network interface that has the host's address; empty if none has."""
    try:
        wanted = socket.inet_aton(socket.gethostbyname(host))
    except OSError:
        return ""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            try:
                found = fcntl.ioctl(
                    asking.fileno(), _IFADDR, struct.pack("256s", name.encode()[:15])
                )
            except OSError:
                continue
            if found[20:24] == wanted:
                return name
    return ""
