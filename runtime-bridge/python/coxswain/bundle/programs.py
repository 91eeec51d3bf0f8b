"""The functions that are exported: the user's, with flat lists of leaves for trees.

Each takes its leaves in the order of the manifest's ``arguments`` and gives a tuple in the order of
its ``results``. All sums over samples are made here, whatever the user's reduction is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .layout import Layout, Piece
from .manifest import BundleError
from .trees import Tree, Type, require_jax, require_same, require_type

LOSS = Type("f32", ())


@dataclass(frozen=True)
class Slot:
    """An argument or a result of a program: its role, its type and which leaf it is (of)."""

    role: str
    type: Type
    leaf: int | None = None

    def json(self) -> dict[str, Any]:
        leaf = {} if self.leaf is None else {"leaf": self.leaf}
        return {"role": self.role, **leaf, **self.type.json()}


@dataclass(frozen=True)
class Program:
    """A function to be exported: what it takes and gives, and which arguments it may overwrite."""

    name: str
    function: Callable[..., Any]
    arguments: tuple[Slot, ...]
    results: tuple[Slot, ...]
    donated: tuple[int, ...] = ()


@dataclass(frozen=True)
class Model:
    """What all programs of a bundle share."""

    params: Tree
    optimizer: Tree
    layout: Layout
    like: tuple[int | None, ...]
    batch: int
    microshard: int
    mean: bool


def grads(model: Model, function: Callable[..., Any], batch: Tree) -> Program:
    """The sums of the loss and the gradients over one microshard."""
    params = model.params

    def program(*leaves: Any) -> tuple[Any, ...]:
        tree, rest = params.build(leaves[: len(params)]), leaves[len(params) :]
        loss, gradients = _pair("grads", function(tree, batch.build(rest)), "loss, gradients")
        found = require_same(params, gradients, "grads: the gradients")
        for index, gradient in enumerate(found):
            require_type(
                f"grads: the gradient of {params.leaf(index)}", gradient, params.types[index]
            )
        factor = model.microshard if model.mean else 1
        return (_scalar("grads: the loss", loss, factor), *(_times(g, factor) for g in found))

    gradients = _slots("gradient", params.types)
    return Program(
        "grads",
        program,
        _slots("parameter", params.types) + _slots("batch", batch.types),
        (Slot("loss", LOSS), *gradients),
    )


def evaluate(model: Model, function: Callable[..., Any], batch: Tree) -> Program:
    """The mean loss and the accuracy over all held-out samples at once."""
    params = model.params

    def program(*leaves: Any) -> tuple[Any, ...]:
        tree, rest = params.build(leaves[: len(params)]), leaves[len(params) :]
        loss, accuracy = _pair("evaluate", function(tree, batch.build(rest)), "loss, accuracy")
        return (
            _scalar("evaluate: the loss", loss, 1),
            _scalar("evaluate: the accuracy", accuracy, 1),
        )

    return Program(
        "evaluate",
        program,
        _slots("parameter", params.types) + _slots("batch", batch.types),
        (Slot("loss", LOSS), Slot("accuracy", LOSS)),
    )


def step(model: Model, function: Callable[..., Any], batch: Tree, donate: bool) -> Program:
    """A whole step on the global batch: the new state and the sum of the loss."""
    state = _slots("parameter", model.params.types) + _slots("optimizer", model.optimizer.types)
    first = len(model.params)

    def program(*leaves: Any) -> tuple[Any, ...]:
        result = function(
            model.params.build(leaves[:first]),
            model.optimizer.build(leaves[first : len(state)]),
            batch.build(leaves[len(state) :]),
        )
        if not isinstance(result, (tuple, list)) or len(result) != 3:
            raise BundleError("step must give three things: (params, optimizer, loss)")
        found = _state("step", model, result[0], result[1], [slot.type for slot in state])
        factor = model.batch if model.mean else 1
        return (*found, _scalar("step: the loss", result[2], factor))

    return Program(
        "step",
        program,
        state + _slots("batch", batch.types),
        (*state, Slot("loss", LOSS)),
        tuple(range(len(state))) if donate else (),
    )


def apply(
    model: Model, function: Callable[..., Any], shards: int, shard: int, donate: bool
) -> Program:
    """The update of one shard from the sums of the gradients over the global batch.

    With more than one shard, each leaf that is cut is the 1-D range that the shard holds of it; one
    of which it holds nothing is empty for the user's function and left out of the program.
    """
    params, optimizer = model.params, model.optimizer
    if shards == 1:
        pieces = {i: Piece(i, 0, leaf.elements) for i, leaf in enumerate(model.layout.leaves)}
    else:
        begin, end = model.layout.cut(shards)[shard]
        pieces = {piece.leaf: piece for piece in model.layout.pieces(begin, end)}

    def part(full: Type, leaf: int | None) -> Type:
        if shards == 1 or leaf is None:
            return full
        return Type(full.dtype, (pieces[leaf].elements if leaf in pieces else 0,))

    parameter_types = [part(t, i) for i, t in enumerate(params.types)]
    optimizer_types = [part(t, model.like[i]) for i, t in enumerate(optimizer.types)]
    held = [i for i in range(len(params)) if i in pieces]
    state_held = [i for i, leaf in enumerate(model.like) if leaf is None or leaf in pieces]
    arguments = (
        *(Slot("parameter", parameter_types[i], i) for i in held),
        *(Slot("optimizer", optimizer_types[i], i) for i in state_held),
        *(Slot("gradient", parameter_types[i], i) for i in held),
    )
    state = arguments[: len(held) + len(state_held)]

    def fill(some: Sequence[Any], indexes: list[int], types: list[Type]) -> list[Any]:
        given = dict(zip(indexes, some))
        return [given[i] if i in given else _empty(t) for i, t in enumerate(types)]

    def program(*leaves: Any) -> tuple[Any, ...]:
        sums = fill(leaves[len(state) :], held, parameter_types)
        result = function(
            params.build(fill(leaves[: len(held)], held, parameter_types)),
            optimizer.build(fill(leaves[len(held) : len(state)], state_held, optimizer_types)),
            params.build([_mean(gradient, model.batch) for gradient in sums]),
        )
        new_params, new_optimizer = _pair("apply", result, "params, optimizer")
        found = _state(
            "apply", model, new_params, new_optimizer, [*parameter_types, *optimizer_types]
        )
        kept = [*held, *(len(params) + i for i in state_held)]
        return tuple(found[i] for i in kept)

    return Program(
        "apply" if shards == 1 else f"apply-{shard}-of-{shards}",
        program,
        arguments,
        state,
        tuple(range(len(state))) if donate else (),
    )


def _state(
    whose: str, model: Model, params: Any, optimizer: Any, expected: list[Type]
) -> list[Any]:
    found = require_same(model.params, params, f"{whose}: the new parameters")
    found += require_same(model.optimizer, optimizer, f"{whose}: the new optimizer state")
    leaves = [model.params.leaf(i) for i in range(len(model.params))]
    leaves += [model.optimizer.leaf(i) for i in range(len(model.optimizer))]
    for leaf, value, type_ in zip(leaves, found, expected):
        require_type(f"{whose}: the new {leaf}", value, type_)
    return found


def _pair(whose: str, result: Any, meaning: str) -> tuple[Any, Any]:
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise BundleError(f"{whose} must give two things: ({meaning})")
    return result[0], result[1]


def _slots(role: str, types: Sequence[Type]) -> tuple[Slot, ...]:
    return tuple(Slot(role, type_, index) for index, type_ in enumerate(types))


def _scalar(where: str, value: Any, factor: int) -> Any:
    jax, _ = require_jax()
    value = jax.numpy.asarray(value)
    if value.shape != ():
        raise BundleError(f"{where} must be one number, and has the shape {list(value.shape)}")
    return _times(value.astype("float32"), factor)


def _times(value: Any, factor: int) -> Any:
    jax, _ = require_jax()
    return value if factor == 1 else value * jax.numpy.float32(factor)


def _mean(total: Any, batch: int) -> Any:
    jax, _ = require_jax()
    return total / jax.numpy.float32(batch)


def _empty(type_: Type) -> Any:
    jax, _ = require_jax()
    return jax.numpy.zeros(type_.shape, type_.struct().dtype)
