"""Whether an optimizer may be cut into shards: its pieces must do what the whole does."""

from __future__ import annotations

from typing import Any

from . import programs
from .manifest import BundleError
from .programs import Model, Program
from .trees import require_jax

#: How far a piece's result may be from the whole's, in units in the last place of its operands.
TOLERANCE_ULPS = 8
_SCALES = (1.0, 1.0, 0.01)


def check(model: Model, function: Any, cuts: dict[int, list[Program]]) -> dict[int, float]:
    """Runs apply on random state whole and in each cut, and compares.

    The state is made by apply itself from the initial one and random gradients, so that it is one
    that can occur (second moments are not negative). Gives, for each number of shards, the greatest
    difference in units in the last place; raises BundleError, naming the leaf, if one is too great.
    """
    jax, numpy = require_jax()
    random = numpy.random.default_rng(20261127)
    whole = jax.jit(programs.apply(model, function, 1, 0, donate=False).function)
    before: list[Any] = [
        (value + 0.1 * random.standard_normal(value.shape)).astype(value.dtype)
        for value in model.params.values
    ] + list(model.optimizer.values)
    compiled = {
        shards: [(program, jax.jit(program.function)) for program in cut]
        for shards, cut in cuts.items()
    }
    worst = dict.fromkeys(cuts, 0.0)
    for update, scale in enumerate(_SCALES):
        gradients = [
            (scale * model.batch * random.standard_normal(type_.shape)).astype("float32")
            for type_ in model.params.types
        ]
        after = [numpy.asarray(leaf) for leaf in whole(*before, *gradients)]
        if update > 0:
            for shards, cut in compiled.items():
                for shard, (program, run) in enumerate(cut):
                    difference = _compare(
                        model, shards, shard, program, run, before, gradients, after
                    )
                    worst[shards] = max(worst[shards], difference)
        before = after
    return worst


def _compare(
    model: Model,
    shards: int,
    shard: int,
    program: Program,
    run: Any,
    before: list[Any],
    gradients: list[Any],
    after: list[Any],
) -> float:
    _, numpy = require_jax()
    begin, end = model.layout.cut(shards)[shard]
    pieces = {piece.leaf: piece for piece in model.layout.pieces(begin, end)}

    def part(role: str, leaf: int, state: list[Any]) -> Any:
        if role == "optimizer":
            parameter, value = model.like[leaf], state[len(model.params) + leaf]
        else:
            parameter, value = leaf, state[leaf]
        if parameter is None:
            return value
        return value.reshape(-1)[pieces[parameter].start : pieces[parameter].stop]

    arguments = [
        part(slot.role, slot.leaf, gradients if slot.role == "gradient" else before)
        for slot in program.arguments
        if slot.leaf is not None
    ]
    worst = 0.0
    for slot, cut, old in zip(program.results, run(*arguments), arguments):
        assert slot.leaf is not None
        expected = part(slot.role, slot.leaf, after).reshape(-1)
        actual = numpy.asarray(cut).reshape(-1)
        difference = _ulps(expected, actual, old.reshape(-1))
        if not difference.size:
            continue
        at = int(numpy.argmax(difference))
        worst = max(worst, float(difference[at]))
        if worst > TOLERANCE_ULPS:
            tree = model.params if slot.role == "parameter" else model.optimizer
            raise BundleError(
                "apply does not work element by element, so it cannot be cut into"
                f" {shards} shards: {tree.leaf(slot.leaf)} becomes {expected[at]} when the whole"
                f" is updated at once and {actual[at]} in shard {shard} (element {at} of its part)."
                " Norms over leaves, clipping by the global norm and factored moments do that."
                " Export for 1 shard, or change the optimizer"
            )
    return worst


def _ulps(expected: Any, actual: Any, old: Any) -> Any:
    """Differences in units in the last place of the greatest of the three values."""
    _, numpy = require_jax()
    if expected.dtype.kind in "iub":
        return numpy.where(expected == actual, 0.0, numpy.inf)
    epsilon = float(numpy.spacing(numpy.ones((), expected.dtype)))
    a, b, c = (numpy.abs(x.astype("float64")) for x in (expected, actual, old))
    scale = numpy.maximum(numpy.maximum(a, b), c)
    with numpy.errstate(invalid="ignore", divide="ignore"):
        apart = numpy.abs(expected.astype("float64") - actual.astype("float64"))
        ulps = numpy.nan_to_num(apart / (scale * epsilon), nan=numpy.inf)
    same = (expected == actual) | (numpy.isnan(a) & numpy.isnan(b))
    return numpy.where(same, 0.0, ulps)
