"""``python -m coxswain.bundle.rehearse FILE.py --data FILE``: trains in JAX alone.

A bare loop over the functions that ``coxswain.bundle`` exports, with Coxswain's order of samples
and additions and one shard: to see what a job will do before there is one, and to compare with it.
JAX's XLA and a plugin's may round differently.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import safetensors
from ..order import SampleOrder
from . import trees, userfile
from .exporter import Plan, plan
from .manifest import BundleError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and gives its exit status."""
    parser = argparse.ArgumentParser(prog="python -m coxswain.bundle.rehearse")
    parser.add_argument("file", type=Path, metavar="FILE.py", help="the file with the functions")
    parser.add_argument("--data", type=Path, required=True, help="the job's data")
    parser.add_argument("--steps", type=int, default=100, help="default 100")
    parser.add_argument("--seed", type=int, default=0, help="the job's seed, default 0")
    parser.add_argument("--every", type=int, default=20, help="print each N steps, default 20")
    options = parser.parse_args(arguments)
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    try:
        found = {**userfile.load(options.file), "shards": (1,), "donate": False}
        found.pop("stablehlo", None)
        planned = plan(**found)
        if not planned.cuts:
            raise BundleError(f"{options.file} has no grads and apply, which a rehearsal runs")
        run(planned, options.data, options.steps, options.seed, options.every)
    except (BundleError, OSError, safetensors.SafetensorsError) as e:
        print(f"rehearse: {e}", file=sys.stderr)
        return 1
    return 0


def run(planned: Plan, data: Path, steps: int, seed: int, every: int) -> list[float]:
    """Trains and evaluates, prints as it goes, and gives each step's mean loss."""
    jax, numpy = trees.require_jax()
    model = planned.model
    tensors = safetensors.read(data)
    train = _arrays(planned, data, tensors, "train")
    jitted = {program.name: jax.jit(program.function) for program in planned.programs()}
    state = [*model.params.values, *model.optimizer.values]
    microshards = model.batch // model.microshard
    order = SampleOrder(seed, len(train[0]), model.batch, microshards)
    parameters, losses, begin = len(model.params), [], time.perf_counter()
    for step in range(1, steps + 1):
        parts = []
        for microshard in range(microshards):
            ids = numpy.array(order.microshard(step, microshard))
            rows = [array[ids] for array in train]
            parts.append([numpy.asarray(x) for x in jitted["grads"](*state[:parameters], *rows)])
        loss, *gradients = tree_sum(parts)
        state = list(jitted["apply"](*state, *gradients))
        losses.append(float(loss) / model.batch)
        if step == 1 or step % every == 0 or step == steps:
            passed = time.perf_counter() - begin
            print(f"step {step:6}  loss {losses[-1]:.6f}  {passed:7.1f} s", flush=True)
    if "evaluate" in jitted:
        held_out = _arrays(planned, data, tensors, "held_out")
        mean, accuracy = jitted["evaluate"](*state[:parameters], *held_out)
        print(f"held out: loss {float(mean):.6f}, accuracy {float(accuracy):.4f}")
    return losses


def tree_sum(parts: list[list[Any]]) -> list[Any]:
    """Adds the microshards' arrays in Coxswain's fixed binary tree."""
    while len(parts) > 1:
        parts = [
            [a + b for a, b in zip(parts[i], parts[i + 1])] if i + 1 < len(parts) else parts[i]
            for i in range(0, len(parts), 2)
        ]
    return parts[0]


def _arrays(
    planned: Plan, data: Path, tensors: dict[str, safetensors.Tensor], part: str
) -> list[Any]:
    _, numpy = trees.require_jax()
    arrays = []
    for name, type_ in zip(trees.names(planned.batch), planned.batch.types):
        tensor = tensors.get(f"{part}.{name}")
        if tensor is None:
            raise BundleError(f"{data} has no array '{part}.{name}'; it has {', '.join(tensors)}")
        if (tensor.dtype, tensor.shape[1:]) != (type_.dtype, type_.shape[1:]):
            raise BundleError(
                f"{data}: '{part}.{name}' is {trees.Type(tensor.dtype, tensor.shape)}, which does"
                f" not fit the batch's {type_} in more than the first dimension"
            )
        array = numpy.frombuffer(tensor.data, type_.struct().dtype)
        arrays.append(array.reshape(tensor.shape))
    return arrays


if __name__ == "__main__":
    sys.exit(main())
