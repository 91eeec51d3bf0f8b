"""PyTorch programs whose state is cut: ``fully_shard`` (FSDP2), parameters and optimizer as DTensors.

A rank keeps of each parameter, and of what the optimizer knows of it, the local part of its DTensor.
How a parameter is cut is asked of PyTorch when the job is loaded, in a group of one process; the
group of a view is built as that of ``_torch_ddp`` is. Imports PyTorch when called.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import _torch_counts, _torch_ddp
from ._report import near, within
from ._torch_data import raw, require_torch
from ._torch_state import STEPS, dtype_of, short, tensor_of
from .trainer import (
    Captured,
    Evaluation,
    FusedProgram,
    FusedTrainer,
    Group,
    Job,
    Leaf,
    Piece,
    Shard,
    TrainerError,
)

if TYPE_CHECKING:
    from .torch import TorchTrainer

#: The mesh's dimensions, as ``shard`` is given it.
REPLICATE, SHARD = "replicate", "shard"


@dataclass(frozen=True)
class _Entry:
    """A leaf of what the optimizer keeps.

    Attributes:
        leaf: as the rest of the SDK knows it.
        key: its name in the optimizer's dicts.
        of: the parameters that have it; more than one for numbers that are put together.
        kind: ``like`` a parameter and cut with it, ``numbers``, or ``own`` (of any other shape).
    """

    leaf: Leaf
    key: str
    of: tuple[int, ...]
    kind: str


@dataclass
class _Live:
    """What is trained in a group."""

    module: Any
    parameters: list[Any]
    optimizer: Any
    scheduler: Any


class FsdpTrainer(FusedTrainer):
    """Trains what a :class:`coxswain.torch.TorchTrainer` was given, cut by ``shard(module, mesh)``.

    A process group cannot be left while a collective waits for a rank that is gone, so a membership
    change replaces all processes (``reforms`` is false).
    """

    def __init__(self, trainer: TorchTrainer, shard: Callable[[Any, Any], Any]) -> None:
        self._inner, self._shard = trainer, shard
        self._live: _Live | None = None
        self._stored: list[Any] = []
        self._final: list[Any] | None = None

    # ------------------------------------------------------------ loading

    def build(self, job: Job) -> FusedProgram:
        self._live, self._stored, self._final = None, [], None
        # Of it are taken: the module and its initial state, the data, what is checked of them.
        program = self._inner.build(replace(job, shards=1))
        self._job, self._model = job, self._inner.model
        moving = self._inner.moving_buffers()
        if moving:
            raise TrainerError(
                f"buffer {moving[0]} moves in the forward pass, and a program that is cut by"
                " fully_shard keeps parameters and optimizer only: use a layer without such buffers"
                " (LayerNorm or GroupNorm for BatchNorm), or leave `shard` out and set mesh.shards: 1"
            )
        self._names = self._model.names
        self._shapes = [tuple(value.shape) for value in self._model.initial]
        self._dimensions, self._entries = self._rehearse()
        self._leaves = (
            *(Leaf(f"parameters/{n}", "f32", s) for n, s in zip(self._names, self._shapes)),
            *(replace(entry.leaf, name=f"optimizer/{entry.leaf.name}") for entry in self._entries),
            Leaf(STEPS, "i64"),
        )
        return FusedProgram(
            self._leaves,
            program.samples,
            program.fingerprint,
            # Collectives add in an order of their own.
            deterministic=False,
            shards=tuple(self._pieces(way) for way in range(job.ways)),
        )

    def _pieces(self, way: int) -> tuple[Piece, ...]:
        cut: list[int | None] = [*self._dimensions]
        cut += [self._dimensions[e.of[0]] if e.kind == "like" else None for e in self._entries]
        cut.append(None)
        return tuple(
            Piece.whole(leaf)
            if dimension is None
            else Piece.cut(leaf, way, self._job.ways, dimension)
            for leaf, dimension in zip(self._leaves, cut)
        )

    def _rehearse(self) -> tuple[list[int], list[_Entry]]:
        """How parameters are cut, and what the optimizer keeps, found out by a group of one."""
        with _alone(self._inner.device) as mesh:
            live = self._made(mesh)
            dimensions = [
                self._dimension(name, parameter)
                for name, parameter in zip(self._names, live.parameters)
            ]
            _step_without_gradients(live, 1)
            entries = self._found(live)
        for name, shape, dimension in zip(self._names, self._shapes, dimensions):
            if dimension > 0 and shape[dimension] % self._job.ways:
                raise TrainerError(
                    f"parameter {name} of shape {list(shape)} is cut along dimension {dimension},"
                    f" and fully_shard cuts only the first one into parts that are not equal:"
                    f" {self._job.ways} does not divide {shape[dimension]}"
                )
        return dimensions, entries

    def _made(self, mesh: Any) -> _Live:
        """The module, cut, and its optimizer, all as they are at first."""
        torch, _ = require_torch()
        module = copy.deepcopy(self._inner.module)
        cut = self._shard(module, mesh)
        if isinstance(cut, torch.nn.Module):
            module = cut
        named = dict(module.named_parameters())
        missing = [name for name in self._names if name not in named]
        if missing:
            raise TrainerError(f"after shard(module, mesh) the module has no parameter {missing[0]}")
        if self._inner.device.type == "cpu":
            for one in module.modules():
                # Gloo adds, and does not average.
                if hasattr(one, "set_force_sum_reduction_for_comms"):
                    one.set_force_sum_reduction_for_comms(True)
        optimizer = self._inner.make_optimizer(module)
        parameters = [named[name] for name in self._names]
        return _Live(module, parameters, optimizer, self._inner.make_scheduler(optimizer))

    def _dimension(self, name: str, parameter: Any) -> int:
        placements = getattr(parameter, "placements", None)
        if placements is None:
            raise TrainerError(
                f"parameter {name} is not cut: shard(module, mesh) must call"
                " torch.distributed.fsdp.fully_shard(part, mesh=mesh) for the parts of the module,"
                " and in the end for the module itself"
            )
        cut = [one for one in placements if one.is_shard()]
        if len(cut) != 1 or len(placements) != 1:
            raise TrainerError(
                f"parameter {name} is placed as {list(placements)}; expected a cut along one"
                " dimension of the mesh that shard(module, mesh) was given: other kinds of"
                " parallelism beside it are not supported"
            )
        return int(cut[0].dim)

    def _found(self, live: _Live) -> list[_Entry]:
        found: list[_Entry] = []
        numbers: dict[tuple[str, str], list[int]] = {}
        for index, parameter in enumerate(live.parameters):
            for key, value in live.optimizer.state.get(parameter, {}).items():
                where = f"optimizer state {key} of {self._names[index]}"
                kind, dtype, shape = self._kind(where, value, parameter)
                if kind == "numbers":
                    numbers.setdefault((str(key), dtype), []).append(index)
                elif kind:
                    leaf = Leaf(f"{key}/{self._names[index]}", dtype, shape)
                    found.append(_Entry(leaf, str(key), (index,), kind))
        for (key, dtype), of in numbers.items():
            found.append(_Entry(Leaf(f"{key}/{dtype}", dtype, (len(of),)), key, tuple(of), "numbers"))
        return found

    def _kind(self, where: str, value: Any, parameter: Any) -> tuple[str, str, tuple[int, ...]]:
        torch, _ = require_torch()
        if value is None:
            return "", "", ()
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return "numbers", "i64" if isinstance(value, int) else "f64", ()
        if not isinstance(value, torch.Tensor):
            raise TrainerError(
                f"{where} is {type(value).__name__}, where a tensor or a number belongs: such a"
                " state cannot be copied piece by piece; change the optimizer"
            )
        placements, shape = getattr(value, "placements", None), tuple(value.shape)
        if placements is None:
            kind = "numbers" if value.numel() == 1 and shape == () else "own"
            return kind, short(where, value.dtype), shape
        if shape == tuple(parameter.shape) and tuple(placements) == tuple(parameter.placements):
            return "like", short(where, value.dtype), shape
        raise TrainerError(
            f"{where} has shape {list(shape)} placed as {list(placements)}, and its parameter"
            f" {list(parameter.shape)} placed as {list(parameter.placements)}: only what is cut as"
            " its parameter can be copied; change the optimizer"
        )

    # ------------------------------------------------------------ the state

    def initialize(self, shard: Shard) -> None:
        torch, _ = require_torch()
        self._live, self._final, self._steps = None, None, 0
        self._stored = []
        for part in shard.parts:
            piece = part.piece
            assert piece is not None
            if part.index < len(self._names):
                value = self._model.initial[part.index].detach()
                for d, (first, count) in enumerate(zip(piece.offset, piece.extent)):
                    value = value.narrow(d, first, count)
                self._stored.append(value.contiguous().clone())
            else:
                self._stored.append(torch.zeros(piece.extent, dtype=dtype_of(part.leaf.dtype)))

    def load(self, shard: Shard, parts: Sequence[memoryview]) -> None:
        self._live, self._final = None, None
        self._stored = [
            tensor_of(data, dtype_of(part.leaf.dtype)).view(part.piece.extent)
            for part, data in zip(shard.parts, parts)
            if part.piece is not None
        ]
        self._steps = int(self._stored[-1])

    def state(self) -> Sequence[Captured]:
        # The optimizer writes in place, so these are copied before the next step.
        if self._live is None:
            return [raw(value) for value in self._stored]
        torch, _ = require_torch()
        values = [_local(parameter) for parameter in self._live.parameters]
        values += [self._entry(self._live, entry) for entry in self._entries]
        return [raw(value) for value in (*values, torch.tensor(self._steps))]

    def _entry(self, live: _Live, entry: _Entry) -> Any:
        """What the optimizer has; zeros before the first step, whatever it has by then."""
        torch, _ = require_torch()
        dtype = dtype_of(entry.leaf.dtype)
        if self._steps == 0:
            shape = entry.leaf.shape
            if entry.kind == "like":
                shape = tuple(_local(live.parameters[entry.of[0]]).shape)
            return torch.zeros(shape, dtype=dtype)
        found = []
        for index in entry.of:
            value = live.optimizer.state.get(live.parameters[index], {}).get(entry.key)
            if value is None:
                raise TrainerError(
                    f"optimizer state {entry.key} of {self._names[index]} is not there any more: an"
                    " optimizer must keep what it has after its first step"
                )
            found.append(value)
        if entry.kind == "numbers":
            number = float if dtype.is_floating_point else int
            return torch.tensor([number(one) for one in found], dtype=dtype)
        return _local(found[0])

    # ------------------------------------------------------------ a group

    def reform(self, group: Group) -> None:
        torch, _ = require_torch()
        if self._live is not None:
            # Not where agents keep to what `reforms` says.
            raise TrainerError("this process has been in a group: a new one must take its place")
        stored = self._stored
        # Above 0 where the job began from another one's state.
        self._first = self._steps - group.base_step
        _torch_ddp.join(group, self._inner.device)
        ways = self._job.ways
        self._world = group.world_size
        replicas = group.world_size // ways
        mesh = torch.distributed.device_mesh.init_device_mesh(
            self._inner.device.type,
            (ways,) if replicas == 1 else (replicas, ways),
            mesh_dim_names=(SHARD,) if replicas == 1 else (REPLICATE, SHARD),
        )
        live = self._made(mesh)
        if self._steps > 0:
            _step_without_gradients(live, self._steps)
        with torch.no_grad():
            for name, parameter, value in zip(self._names, live.parameters, stored):
                _fill(f"parameter {name}", _local(parameter), value)
            if self._steps > 0:
                for entry, value in zip(self._entries, stored[len(self._names) :]):
                    self._load_entry(live, entry, value)
        for part in live.module.modules():
            if hasattr(part, "set_force_sum_reduction_for_comms"):
                # It gathers its parameters first, and computes between such waits.
                part.register_forward_pre_hook(lambda *_: near(own=False), prepend=True)
        self._live, self._stored = live, []
        _torch_counts.begin(self._inner.device)

    def _load_entry(self, live: _Live, entry: _Entry, stored: Any) -> None:
        states = [live.optimizer.state[live.parameters[index]] for index in entry.of]
        if entry.kind != "numbers":
            _fill(f"optimizer state {entry.leaf.name}", _local(states[0][entry.key]), stored)
            return
        for state, number in zip(states, stored):
            old = state[entry.key]
            if hasattr(old, "copy_"):
                old.copy_(number.view(old.shape))
            else:
                state[entry.key] = type(old)(number.item())

    # ------------------------------------------------------------ steps

    def batch(self, samples: Sequence[int]) -> Any:
        if not samples:
            raise TrainerError(_torch_ddp.NO_SAMPLES)
        return self._inner.fetch(samples, self._steps)

    def step(self, samples: Sequence[int], batch: Any) -> float:
        torch, _ = require_torch()
        live = self._live
        assert live is not None
        # The group takes the mean over ranks; wanted is the mean over the batch.
        share = self._world / self._job.batch
        loss = self._inner.backward_cut(live.module, batch, share)
        near(own=False)
        within("loss")
        total = torch.tensor(loss, dtype=torch.float64, device=self._inner.device)
        torch.distributed.all_reduce(total)
        for parameter in live.parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        within("optimizer")
        if self._model.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(live.parameters, self._model.clip_norm)
        live.optimizer.step()
        if live.scheduler is not None:
            live.scheduler.step()
        for parameter in live.parameters:
            parameter.grad = None
        self._steps += 1
        self._require_same(live)
        if self._steps - self._first == self._job.steps and self._inner.evaluates:
            # Rank 0 evaluates alone, later on.
            within("gather")
            whole = [parameter.detach().full_tensor() for parameter in live.parameters]
            self._final = whole if torch.distributed.get_rank() == 0 else None
        return float(total) / self._job.batch

    def _require_same(self, live: _Live) -> None:
        """Checks that there is no more state than is known."""
        known: dict[int, set[str]] = {}
        for entry in self._entries:
            for index in entry.of:
                known.setdefault(index, set()).add(entry.key)
        for index, parameter in enumerate(live.parameters):
            for key, value in live.optimizer.state.get(parameter, {}).items():
                if value is not None and str(key) not in known.get(index, ()):
                    raise TrainerError(
                        f"optimizer state {key} of {self._names[index]} was not there after the"
                        " first step: the state must not change its shape"
                    )

    def broken(self, error: BaseException) -> bool:
        return super().broken(error) or _torch_ddp.is_broken(error)

    def evaluate(self) -> Evaluation | None:
        # Nothing of the whole is here if the last step was made before this process began.
        return None if self._final is None else self._inner.evaluate_values(self._final)


def _local(value: Any) -> Any:
    """This process's part of a DTensor."""
    value = value.detach()
    return value.to_local() if hasattr(value, "to_local") else value


def _fill(where: str, target: Any, stored: Any) -> None:
    if tuple(target.shape) != tuple(stored.shape):
        raise TrainerError(
            f"{where} has the local shape {list(target.shape)}, and was cut to"
            f" {list(stored.shape)} when the job was loaded: shard(module, mesh) must cut the same"
            " way in every process"
        )
    target.copy_(stored)


def _step_without_gradients(live: _Live, steps: int) -> None:
    """Makes what the optimizer keeps; the parameters and all of it are to be overwritten."""
    torch, _ = require_torch()
    for parameter in live.parameters:
        parameter.grad = torch.zeros_like(parameter)
    try:
        live.optimizer.step()
    except TypeError as e:
        if "closure" in str(e):
            raise TrainerError(
                f"{type(live.optimizer).__name__}.step needs a closure that computes the gradients"
                " again: such optimizers cannot be used"
            ) from e
        raise
    for parameter in live.parameters:
        parameter.grad = None
    if live.scheduler is not None:
        for _ in range(steps):
            live.scheduler.step()


@contextmanager
def _alone(device: Any) -> Iterator[Any]:
    """A mesh of this process alone."""
    torch, _ = require_torch()
    distributed = torch.distributed
    if distributed.is_initialized():
        distributed.destroy_process_group()
    distributed.init_process_group(
        _torch_ddp.backend(device), store=distributed.HashStore(), rank=0, world_size=1
    )
    try:
        yield distributed.device_mesh.init_device_mesh(device.type, (1,), mesh_dim_names=(SHARD,))
    finally:
        distributed.destroy_process_group()
