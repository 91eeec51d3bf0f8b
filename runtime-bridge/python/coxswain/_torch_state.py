"""The live state of a shard of a PyTorch program: parameters, and what the optimizer knows of them.

A PyTorch optimizer keeps a dict for each parameter, which it fills at its first step. Entries of
the parameter's shape are cut as it is; numbers, one per parameter, are put together to one leaf that
every shard holds whole. A count of steps tells whether there are entries yet. Imports PyTorch when
called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._torch_copies import Copies
from ._torch_data import raw, require_torch
from .trainer import Captured, Leaf, Part, Shard, TrainerError

#: The leaf that counts steps.
STEPS = "coxswain/steps"

#: How far a shard's result may be from the whole's, in units in the last place of its operands.
_TOLERANCE_ULPS = 8
_SCALES = (1.0, 1.0, 0.01)

_SHORT = {
    "float64": "f64",
    "float32": "f32",
    "float16": "f16",
    "bfloat16": "bf16",
    "int64": "i64",
    "int32": "i32",
    "int16": "i16",
    "int8": "i8",
    "uint8": "u8",
    "bool": "bool",
}


def short(where: str, dtype: Any) -> str:
    """The short name of an element type."""
    name = str(dtype).removeprefix("torch.")
    if name not in _SHORT:
        raise TrainerError(
            f"{where} has elements of type {name}; a state can have {', '.join(_SHORT)}"
        )
    return _SHORT[name]


@dataclass(frozen=True)
class Counter:
    """A whole-number buffer that grows by the same in each step.

    Attributes:
        name: the buffer's.
        initial: its first value.
        delta: how much is added in a step.
    """

    name: str
    initial: Any
    delta: Any


@dataclass(frozen=True)
class Model:
    """What the state is made of.

    Attributes:
        names: of the parameters that are trained, then of the buffers that move with them.
        initial: their first values, float32.
        trained: how many of them are parameters.
        counters: buffers that count.
        make: makes an optimizer, given a tensor for each trained parameter and how each value of
            the whole one's shape is cut.
        schedule: makes the optimizer's scheduler, or gives ``None``.
        clip_norm: greatest norm of all gradients, or ``None``.
        batch: samples of a global step.
        microshards: of a global step.
    """

    names: tuple[str, ...]
    initial: tuple[Any, ...]
    trained: int
    counters: tuple[Counter, ...]
    make: Callable[[Sequence[Any], Sequence[Callable[[Any], Any]]], Any]
    schedule: Callable[[Any], Any]
    clip_norm: float | None
    batch: int
    microshards: int

    def parameter_leaves(self) -> tuple[Leaf, ...]:
        """The leaves of the flat vector."""
        return tuple(
            Leaf(name, "f32", tuple(value.shape)) for name, value in zip(self.names, self.initial)
        )


@dataclass(frozen=True)
class _Entry:
    """A leaf beside the parameters: an entry of some parameters' dicts, or something of our own.

    Attributes:
        leaf: as the rest of the SDK knows it.
        key: the entry's name in the dicts.
        of: the parameters that have it; more than one for numbers that are put together.
        kind: ``like``, ``numbers``, ``own`` (of any other shape), ``steps`` or ``counter``.
    """

    leaf: Leaf
    key: str
    of: tuple[int, ...]
    kind: str


def entries(model: Model, shards: int) -> tuple[_Entry, ...]:
    """What the optimizer keeps, found by letting one make a step without gradients."""
    live = Live(model, (), _whole(model))
    live.step(model.names)
    found = [live.optimizer.state.get(p, {}) for p in live.parameters]
    keys: dict[str, list[int]] = {}
    for index, state in enumerate(found):
        for key in state:
            keys.setdefault(str(key), []).append(index)
    result = []
    for key, of in keys.items():
        numbers: dict[str, list[int]] = {}
        for index in of:
            name, value = model.names[index], found[index][key]
            kind, dtype, shape = _kind(f"optimizer state {key} of {name}", value, model, index)
            if kind == "numbers" and not _is_like(key, found, model, index):
                numbers.setdefault(dtype, []).append(index)
                continue
            if kind == "none":
                continue
            like = index if kind in ("like", "numbers") else None
            if like is None and shards > 1:
                raise TrainerError(
                    f"optimizer state {key} of {name} has the shape {list(shape)}, which is neither"
                    f" {name}'s, {list(model.initial[index].shape)}, nor a number: it cannot be cut"
                    f" into {shards} shards. Set mesh.shards: 1, or change the optimizer"
                )
            leaf = Leaf(f"{key}/{name}", dtype, shape, like)
            result.append(_Entry(leaf, key, (index,), "own" if like is None else "like"))
        for dtype, indexes in numbers.items():
            name = key if len(numbers) == 1 else f"{key}/{dtype}"
            leaf = Leaf(name, dtype, (len(indexes),))
            result.append(_Entry(leaf, key, tuple(indexes), "numbers"))
    for counter in model.counters:
        dtype = short(f"buffer {counter.name}", counter.initial.dtype)
        leaf = Leaf(f"buffer/{counter.name}", dtype, tuple(counter.initial.shape))
        result.append(_Entry(leaf, counter.name, (), "counter"))
    result.append(_Entry(Leaf(STEPS, "i64"), "", (), "steps"))
    return tuple(result)


def _kind(where: str, value: Any, model: Model, index: int) -> tuple[str, str, tuple[int, ...]]:
    torch, _ = require_torch()
    if value is None:
        return "none", "", ()
    if isinstance(value, bool) or not isinstance(value, (int, float, torch.Tensor)):
        raise TrainerError(
            f"{where} is {type(value).__name__}, where a tensor or a number belongs: such a state"
            " cannot be copied piece by piece; change the optimizer"
        )
    if isinstance(value, (int, float)):
        return "numbers", "i64" if isinstance(value, int) else "f64", ()
    if value.layout is not torch.strided:
        raise TrainerError(f"{where} is not dense ({value.layout}); change the optimizer")
    shape = tuple(value.shape)
    if shape == tuple(model.initial[index].shape) and shape != ():
        return "like", short(where, value.dtype), shape
    kind = "numbers" if value.numel() == 1 else "own"
    return kind, short(where, value.dtype), shape


def _is_like(key: str, found: Sequence[Mapping[str, Any]], model: Model, index: int) -> bool:
    """Whether a number is cut with its parameter, which is one number itself."""
    if model.initial[index].dim() > 0 or getattr(found[index][key], "shape", None) != ():
        return False
    shaped = [i for i in range(model.trained) if model.initial[i].dim() > 0 and key in found[i]]
    if shaped:
        return any(
            found[i][key] is not None and _same_shape(found[i][key], model, i) for i in shaped
        )
    return key != "step"


def _same_shape(value: Any, model: Model, index: int) -> bool:
    return getattr(value, "shape", None) == model.initial[index].shape


def _whole(model: Model) -> list[tuple[int, int, bool]]:
    return [(0, value.numel(), True) for value in model.initial]


class _Captured(Sequence[Captured]):
    """Bytes of parts, each made when it is asked for: of a step only parameters are published."""

    def __init__(self, parts: Sequence[Part], capture: Callable[[Part], Captured]) -> None:
        self._parts, self._capture = parts, capture

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, index: Any) -> Any:
        return self._capture(self._parts[index])


class Live:
    """The state of a shard, or of the whole. Not for more than one thread."""

    def __init__(
        self,
        model: Model,
        others: Sequence[_Entry],
        cuts: Sequence[tuple[int, int, bool]],
        values: Mapping[int, Any] | None = None,
    ) -> None:
        """Makes the initial state, or that of some parameters.

        Args:
            model: what it is made of.
            others: the leaves beside the parameters.
            cuts: of each parameter: its first element, the end of its elements, and whether it
                keeps its shape.
            values: of parameters, instead of the initial ones.
        """
        torch, _ = require_torch()
        self._model, self._others, self._cuts = model, others, cuts
        given = values or {}
        self.values = [
            torch.nn.Parameter(
                given[i].clone() if i in given else self._cut(i, initial).clone(),
                requires_grad=i < model.trained,
            )
            for i, initial in enumerate(model.initial)
        ]
        self.parameters = self.values[: model.trained]
        self.counters = {c.name: c.initial.clone() for c in model.counters}
        self.optimizer = model.make(
            self.parameters,
            [lambda value, i=i: self._cut(i, value).clone() for i in range(model.trained)],
        )
        self.scheduler = model.schedule(self.optimizer)
        self.steps = 0
        self._views: dict[int, tuple[Any, int, memoryview]] = {}
        self._known = [sum(index in entry.of for entry in others) for index in range(model.trained)]
        self._mean: Any = None

    def _cut(self, index: int, value: Any) -> Any:
        start, stop, keeps = self._cuts[index]
        return value.detach() if keeps else value.detach().reshape(-1)[start:stop]

    # ------------------------------------------------------------ steps

    def take_gradient(self, total: Any, places: Sequence[int]) -> None:
        """Takes the sum over the global batch.

        Args:
            total: float32, the shard's range of the flat vector; only read.
            places: where each value begins in it.
        """
        torch, _ = require_torch()
        if self._mean is None:
            self._mean = torch.empty(total.shape, dtype=torch.float32, device=self.values[0].device)
            for value, at in zip(self.parameters, places):
                value.grad = self._mean[at : at + value.numel()].view(value.shape)
        if self._mean.device.type == "cpu":
            torch.div(total, self._model.batch, out=self._mean)
        else:
            self._mean.copy_(total).div_(self._model.batch)
        with torch.no_grad():
            for value, at in zip(self.values[self._model.trained :], places[self._model.trained :]):
                change = total[at : at + value.numel()].view(value.shape).to(value.device)
                value.add_(change / self._model.microshards)

    def step(self, names: Sequence[str]) -> None:
        """Makes a step with the gradients that the parameters have; zero where there are none."""
        torch, _ = require_torch()
        for value in self.parameters:
            if value.grad is None:
                value.grad = torch.zeros_like(value)
        if self._model.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters, self._model.clip_norm)
        try:
            self.optimizer.step()
        except TypeError as e:
            if "closure" in str(e):
                raise TrainerError(
                    f"{type(self.optimizer).__name__}.step needs a closure that computes the"
                    " gradients again: such optimizers cannot be used, since agents add the"
                    " gradients"
                ) from e
            raise
        self._schedule(1)
        for counter in self._model.counters:
            self.counters[counter.name].add_(counter.delta)
        self.steps += 1
        for name, value in zip(names, self.parameters):
            if tuple(value.shape) != tuple(value.grad.shape):
                raise TrainerError(
                    f"parameter {name} has the shape {list(value.shape)} after the step, and had"
                    f" {list(value.grad.shape)}"
                )

    def _schedule(self, times: int) -> None:
        if self.scheduler is not None:
            for _ in range(times):
                self.scheduler.step()

    # ------------------------------------------------------------ as bytes

    def captured(self, parts: Sequence[Part], copies: Copies | None = None) -> Sequence[Captured]:
        """The bytes of each part, as they are asked for; most are no copies.

        Args:
            parts: which.
            copies: of what lies on a device.
        """
        return _Captured(parts, lambda part: self._captured(part, copies))

    def require_same(self) -> None:
        """Checks that there is no more state than is known."""
        if self.steps == 0:
            return
        for index, value in enumerate(self.parameters):
            state = self.optimizer.state.get(value, {})
            if len(state) != self._known[index]:
                more = [k for k, v in state.items() if v is not None and not self._knows(index, k)]
                if more:
                    raise TrainerError(
                        f"optimizer state {more[0]} of {self._model.names[index]} was not there"
                        " after the first step: the state must not change its shape"
                    )

    def _captured(self, part: Part, copies: Copies | None) -> Captured:
        tensor = self._tensor(part)
        if copies is not None and copies.has(tensor):
            return copies.of(tensor)
        cached = self._views.get(part.index)
        if cached and cached[0] is tensor and cached[1] == tensor.data_ptr():
            return cached[2]
        view = raw(tensor)
        if tensor.device.type == "cpu" and tensor.is_contiguous():
            self._views[part.index] = (tensor, tensor.data_ptr(), view)
        return view

    def _tensor(self, part: Part) -> Any:
        torch, _ = require_torch()
        first = len(self.values)
        if part.index < first:
            return self.values[part.index]
        entry = self._others[part.index - first]
        if entry.kind == "steps":
            return torch.tensor(self.steps)
        if entry.kind == "counter":
            return self.counters[entry.key]
        dtype = dtype_of(entry.leaf.dtype)
        if self.steps == 0:
            return torch.zeros(part.stop - part.start, dtype=dtype)
        found = [self._entry(index, entry.key) for index in entry.of]
        if entry.kind == "numbers":
            number = float if dtype.is_floating_point else int
            return torch.tensor([number(one) for one in found], dtype=dtype)
        if found[0].numel() != part.stop - part.start or found[0].dtype != dtype:
            raise TrainerError(
                f"optimizer state {entry.leaf.name} is {found[0].dtype}{list(found[0].shape)},"
                f" expected {dtype} with {part.stop - part.start} elements: it changed since the"
                " job was loaded"
            )
        return found[0]

    def _entry(self, index: int, key: str) -> Any:
        value = self.optimizer.state.get(self.parameters[index], {}).get(key)
        if value is None:
            raise TrainerError(
                f"optimizer state {key} of {self._model.names[index]} is not there any more: an"
                " optimizer must keep what it has after its first step"
            )
        return value

    def _knows(self, index: int, key: Any) -> bool:
        return any(entry.key == str(key) and index in entry.of for entry in self._others)

    def load(self, parts: Sequence[Part], data: Sequence[memoryview]) -> None:
        """Takes over a stored state, which is copied."""
        torch, _ = require_torch()
        stored = {part.index: one for part, one in zip(parts, data)}
        first = len(self.values)
        steps = int(tensor_of(stored[first + len(self._others) - 1], torch.int64)[0])
        if steps > 0:
            self.step(self._model.names)  # Makes what is overwritten now.
            self._schedule(steps - 1)
        self.steps = steps
        with torch.no_grad():
            for index, value in enumerate(self.values):
                if index in stored:
                    _fill(value, stored[index])
            for index, entry in enumerate(self._others, first):
                if entry.kind == "counter":
                    _fill(self.counters[entry.key], stored[index])
                elif steps > 0 and entry.of and index in stored:
                    self._load_entry(entry, stored[index])

    def _load_entry(self, entry: _Entry, data: memoryview) -> None:
        torch, _ = require_torch()
        states = [self.optimizer.state[self.parameters[index]] for index in entry.of]
        if entry.kind != "numbers":
            _fill(states[0][entry.key], data)
            return
        for state, number in zip(states, tensor_of(data, dtype_of(entry.leaf.dtype))):
            old = state[entry.key]
            if isinstance(old, torch.Tensor):
                old.copy_(number.view(old.shape))
            else:
                state[entry.key] = type(old)(number.item())


def _fill(tensor: Any, data: memoryview) -> None:
    tensor.copy_(tensor_of(data, tensor.dtype).view(tensor.shape))


def tensor_of(data: memoryview, dtype: Any) -> Any:
    """A copy of stored elements, as a vector."""
    torch, _ = require_torch()
    if len(data) == 0:
        return torch.empty(0, dtype=dtype)
    return torch.frombuffer(data, dtype=dtype).clone()


def dtype_of(name: str) -> Any:
    """The element type of that short name."""
    torch, _ = require_torch()
    long = {short: long for long, short in _SHORT.items()}
    return getattr(torch, long[name])


def cuts(model: Model, shard: Shard) -> list[tuple[int, int, bool]]:
    """What a shard holds of each parameter; nothing of some."""
    if shard.count == 1:
        return _whole(model)
    held = {part.index: part for part in shard.parameter_parts}
    return [
        (held[i].start, held[i].stop, False) if i in held else (0, 0, False)
        for i in range(len(model.initial))
    ]


# ---------------------------------------------------------------- may it be cut?


def require_elementwise(model: Model, shards: Sequence[Shard]) -> None:
    """Makes some steps whole and in shards, and compares.

    Raises:
        TrainerError: a shard does not what the whole does.
    """
    torch, _ = require_torch()
    random = torch.Generator().manual_seed(20261127)

    def noise(scale: float) -> list[Any]:
        return [
            (scale * torch.randn(value.shape, generator=random)).to(value.device)
            for value in model.initial
        ]

    begin = {i: x + y for i, (x, y) in enumerate(zip(model.initial, noise(0.1)))}
    whole = Live(model, (), _whole(model), begin)
    parts = []
    for shard in shards:
        where = cuts(model, shard)
        flat = {i: begin[i].reshape(-1)[where[i][0] : where[i][1]] for i in begin}
        parts.append((where, Live(model, (), where, flat)))
    for number, scale in enumerate(_SCALES, 1):
        before = [value.detach().clone() for value in whole.parameters]
        gradients = noise(scale)
        _step(whole, gradients, _whole(model), model, len(shards))
        for index, (where, part) in enumerate(parts):
            _step(part, gradients, where, model, len(shards))
            for i, value in enumerate(part.parameters):
                start, stop, _ = where[i]
                expected = whole.parameters[i].detach().reshape(-1)[start:stop]
                old = before[i].reshape(-1)[start:stop]
                at = _differs(expected, value.detach(), old, _TOLERANCE_ULPS * number)
                if at is not None:
                    raise TrainerError(
                        "the optimizer does not work element by element, so it cannot be cut into"
                        f" {len(shards)} shards: parameter {model.names[i]} becomes"
                        f" {float(expected[at])} when the whole is updated at once and"
                        f" {float(value.detach()[at])} in shard {index} (element {at} of its part)."
                        " Norms over parameters, clipping by the global norm and factored moments do"
                        " that. Set mesh.shards: 1, or change the optimizer"
                    )


def _step(
    live: Live,
    gradients: Sequence[Any],
    where: Sequence[tuple[int, int, bool]],
    model: Model,
    shards: int,
) -> None:
    for i, value in enumerate(live.parameters):
        start, stop, _ = where[i]
        value.grad = gradients[i].reshape(-1)[start:stop].clone().view(value.shape)
    try:
        live.step(model.names)
    except TrainerError:
        raise
    except Exception as e:
        raise TrainerError(
            f"the optimizer cannot be cut into {shards} shards: its step failed on a part of the"
            f" parameters, {type(e).__name__}: {e}. Set mesh.shards: 1, or change the optimizer"
        ) from e


def _differs(expected: Any, actual: Any, old: Any, ulps: float) -> int | None:
    """The first element that is too far from what it should be."""
    torch, _ = require_torch()
    if torch.equal(expected, actual):
        return None
    a, b = expected.double(), actual.double()
    scale = torch.maximum(torch.maximum(a.abs(), b.abs()), old.double().abs())
    apart = (a - b).abs() > ulps * torch.finfo(torch.float32).eps * scale
    apart |= a.isnan() != b.isnan()
    return int(apart.nonzero()[0]) if bool(apart.any()) else None
