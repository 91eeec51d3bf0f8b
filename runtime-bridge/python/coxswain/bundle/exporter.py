"""Writes a program bundle from JAX functions."""

from __future__ import annotations

import os
import platform as host
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import safetensors
from . import artifact, elementwise, manifest, programs, trees
from .layout import Layout, LayoutError, like
from .manifest import BundleError
from .programs import Model, Program, Slot
from .trees import Tree, Type

_NAME = re.compile(r"[A-Za-z0-9._-]{1,63}")
_PLATFORMS = ("cpu", "cuda", "rocm", "tpu")


@dataclass(frozen=True)
class Summary:
    """What was written: the manifest, and how far apart apply is whole and cut (in ulps)."""

    folder: Path
    manifest: dict[str, Any]
    ulps: dict[int, float]

    def __str__(self) -> str:
        return _table(self)


def export(
    out: str | os.PathLike[str],
    *,
    name: str,
    params: Any,
    optimizer: Any,
    batch: Any,
    reduction: str,
    batch_size: int,
    microshard_samples: int | None = None,
    grads: Callable[..., Any] | None = None,
    apply: Callable[..., Any] | None = None,
    step: Callable[..., Any] | None = None,
    evaluate: Callable[..., Any] | None = None,
    held_out: int | None = None,
    shards: Sequence[int] = (1,),
    donate: bool = False,
    platform: str = "cpu",
    stablehlo: str | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> Summary:
    """Writes a bundle into the folder ``out``, whole or not at all.

    out: a folder that is not there, is empty, or holds an older bundle, which is replaced.
    params, optimizer: trees (JAX pytrees) of arrays, the initial state. Parameters are float32.
    batch: an example of one microshard: a tree of arrays, or of anything with shape and dtype,
        whose leading dimension is ``microshard_samples``.
    reduction: what ``grads`` (and ``step``'s loss) is over the samples, "sum" or "mean".
    batch_size: samples of a global step, a multiple of ``microshard_samples`` (default: the same).
    grads, apply: ``grads(params, batch) -> (loss, gradients)`` and ``apply(params, optimizer,
        gradients) -> (params, optimizer)``, which gets the mean of the gradients over the batch.
    step: ``step(params, optimizer, batch) -> (params, optimizer, loss)`` on the global batch,
        besides the pair or instead of it.
    evaluate: ``evaluate(params, batch) -> (mean loss, accuracy)`` on ``held_out`` samples at once.
    shards: the numbers of shards to export ``apply`` for; more than 1 needs one that works element
        by element, which is checked.
    donate: whether ``apply`` and ``step`` may write the new state over the old one.
    platform: "cpu", "cuda", "rocm" or "tpu".
    stablehlo: the version of StableHLO to write, for older plugins; default: JAX's choice.
    progress: gets a line for each part of the work.

    Raises BundleError, whose message names what does not fit.
    """
    folder = Path(out)
    manifest.require_replaceable(folder)
    jax, _ = trees.require_jax()
    progress("checking the initial state")
    planned = plan(
        name=name,
        params=params,
        optimizer=optimizer,
        batch=batch,
        reduction=reduction,
        batch_size=batch_size,
        microshard_samples=microshard_samples,
        grads=grads,
        apply=apply,
        step=step,
        evaluate=evaluate,
        held_out=held_out,
        shards=shards,
        donate=donate,
        platform=platform,
    )
    model, cuts = planned.model, planned.cuts
    traced: dict[str, tuple[Program, artifact.Artifact]] = {}
    for program in planned.programs():
        progress(f"tracing {program.name}")
        traced[program.name] = (program, artifact.trace(program, platform, stablehlo))
    ulps: dict[int, float] = {}
    split = {n: cut for n, cut in cuts.items() if n > 1}
    if split and apply is not None:
        progress("comparing apply whole and cut")
        ulps = elementwise.check(model, apply, split)
    progress(f"writing {folder}")
    with manifest.replacing(folder) as new:
        entries = {}
        for label, (program, module) in traced.items():
            (new / f"{label}.mlir").write_bytes(module.module)
            entries[label] = _program(new / f"{label}.mlir", program, module)
        _write_initial(new / "initial.safetensors", model)
        content = {
            "format": manifest.FORMAT,
            "version": manifest.VERSION,
            "name": name,
            "madeWith": {
                "jax": jax.__version__,
                "jaxlib": jaxlib_version(),
                "python": host.python_version(),
                "stablehlo": _newest(module.stablehlo for _, module in traced.values()),
            },
            "platforms": [platform],
            "batch": model.batch,
            "microshardSamples": model.microshard,
            **_leaves(model, planned.batch),
            **({"heldOutSamples": held_out} if evaluate is not None else {}),
            "programs": {
                **{p.name: entries[p.name] for p in planned.single},
                **({"apply": _applies(model, cuts, entries)} if cuts else {}),
            },
            "initial": manifest.describe(new / "initial.safetensors"),
        }
        manifest.write(new, content)
    return Summary(folder, content, ulps)


@dataclass(frozen=True)
class Plan:
    """What an export will trace: the model, a microshard's batch, single programs, apply's cuts."""

    model: Model
    batch: Tree
    single: list[Program]
    cuts: dict[int, list[Program]]

    def programs(self) -> list[Program]:
        """All of them."""
        return [*self.single, *(program for cut in self.cuts.values() for program in cut)]


def plan(
    *,
    name: str,
    params: Any,
    optimizer: Any,
    batch: Any,
    reduction: str,
    batch_size: int,
    microshard_samples: int | None = None,
    grads: Callable[..., Any] | None = None,
    apply: Callable[..., Any] | None = None,
    step: Callable[..., Any] | None = None,
    evaluate: Callable[..., Any] | None = None,
    held_out: int | None = None,
    shards: Sequence[int] = (1,),
    donate: bool = False,
    platform: str = "cpu",
) -> Plan:
    """Checks what ``export`` is given, and makes its programs; nothing is traced yet."""
    _check_options(name, reduction, platform, grads, apply, step, evaluate, held_out)
    model, example = _model(
        params, optimizer, batch, batch_size, microshard_samples, reduction == "mean"
    )
    single: list[Program] = []
    cuts: dict[int, list[Program]] = {}
    if grads is not None and apply is not None:
        single.append(programs.grads(model, grads, example))
        cuts = {n: _cut(model, apply, n, donate) for n in _numbers("shards", shards)}
    elif model.batch != model.microshard:
        raise BundleError(
            f"step alone takes the batch as a whole: microshard_samples must be {model.batch}, not"
            f" {model.microshard}"
        )
    if step is not None:
        single.append(programs.step(model, step, _resized(example, model.batch), donate))
    if evaluate is not None and held_out is not None:
        single.append(programs.evaluate(model, evaluate, _resized(example, held_out)))
    return Plan(model, example, single, cuts)


def _check_options(
    name: str,
    reduction: str,
    platform: str,
    grads: Any,
    apply: Any,
    step: Any,
    evaluate: Any,
    held_out: int | None,
) -> None:
    if not _NAME.fullmatch(name):
        raise BundleError(f"the name '{name}' must be 1 to 63 letters, digits, '.', '_' and '-'")
    if reduction not in ("sum", "mean"):
        raise BundleError(f"reduction must be 'sum' or 'mean', not {reduction!r}")
    if platform not in _PLATFORMS:
        raise BundleError(f"platform must be one of {', '.join(_PLATFORMS)}, not '{platform}'")
    if (grads is None) != (apply is None):
        there, missing = ("apply", "grads") if grads is None else ("grads", "apply")
        raise BundleError(f"{there} is there without {missing}: the two make a pair")
    if grads is None and step is None:
        raise BundleError("there is nothing to train with: give grads and apply, or step")
    if (evaluate is None) != (held_out is None):
        there, missing = ("held_out", "evaluate") if evaluate is None else ("evaluate", "held_out")
        raise BundleError(f"{there} is there without {missing}: give both or neither")
    if held_out is not None:
        _positive("held_out", held_out)


def _model(
    params: Any, optimizer: Any, batch: Any, batch_size: Any, microshard: Any, mean: bool
) -> tuple[Model, Tree]:
    microshard = batch_size if microshard is None else microshard
    _positive("batch_size", batch_size)
    _positive("microshard_samples", microshard)
    if batch_size % microshard != 0:
        raise BundleError(
            f"a batch of {batch_size} samples cannot be cut into microshards of {microshard}:"
            " microshard_samples must divide batch_size"
        )
    tree = trees.of_values("parameter", params)
    for index, type_ in enumerate(tree.types):
        if type_.dtype != "f32":
            raise BundleError(
                f"{tree.leaf(index)} is {type_}: parameters are kept in f32 (convert them inside"
                " the functions to compute in another precision)"
            )
    try:
        layout = Layout.of((path, type_.shape) for path, type_ in zip(tree.paths, tree.types))
    except LayoutError as e:
        raise BundleError(str(e)) from e
    state = trees.of_values("optimizer", optimizer)
    belongs = tuple(
        like(path, type_.shape, layout.leaves) for path, type_ in zip(state.paths, state.types)
    )
    example = trees.of_types("batch", batch)
    if not len(example):
        raise BundleError("the batch has no arrays")
    trees.names(example)
    for index, type_ in enumerate(example.types):
        if type_.shape[:1] != (microshard,):
            raise BundleError(
                f"{example.leaf(index)} is {type_}: its first dimension must be a microshard's"
                f" {microshard} samples"
            )
    return Model(tree, state, layout, belongs, batch_size, microshard, mean), example


def _cut(model: Model, apply: Callable[..., Any], shards: int, donate: bool) -> list[Program]:
    try:
        model.layout.cut(shards)
    except LayoutError as e:
        raise BundleError(str(e)) from e
    return [programs.apply(model, apply, shards, shard, donate) for shard in range(shards)]


def _resized(batch: Tree, samples: int) -> Tree:
    types = tuple(Type(t.dtype, (samples, *t.shape[1:])) for t in batch.types)
    return Tree(batch.what, batch.structure, batch.paths, types)


def _leaves(model: Model, batch: Tree) -> dict[str, Any]:
    return {
        "parameters": [
            {"path": leaf.path, **type_.json(), "begin": leaf.begin, "sharding": "replicated"}
            for leaf, type_ in zip(model.layout.leaves, model.params.types)
        ],
        "parameterElements": model.layout.elements,
        "optimizer": [
            {"path": path, **type_.json(), "like": parameter, "sharding": "replicated"}
            for path, type_, parameter in zip(
                model.optimizer.paths, model.optimizer.types, model.like
            )
        ],
        "batchArrays": [
            {"path": path, "array": array, **type_.json()}
            for path, array, type_ in zip(batch.paths, trees.names(batch), batch.types)
        ],
    }


def _program(path: Path, program: Program, module: artifact.Artifact) -> dict[str, Any]:
    def slots(some: Sequence[Slot]) -> list[dict[str, Any]]:
        return [slot.json() for slot in some]

    return {
        **manifest.describe(path),
        "arguments": slots(program.arguments),
        "kept": module.kept,
        "donated": list(program.donated),
        "results": slots(program.results),
    }


def _applies(
    model: Model, cuts: dict[int, list[Program]], entries: dict[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    return [
        {"shards": shards, "shard": shard, "begin": begin, "end": end, **entries[program.name]}
        for shards, cut in cuts.items()
        for shard, (program, (begin, end)) in enumerate(zip(cut, model.layout.cut(shards)))
    ]


def _write_initial(path: Path, model: Model) -> None:
    tensors = {}
    for kind, tree in (("parameters", model.params), ("optimizer", model.optimizer)):
        for leaf, type_, value in zip(tree.paths, tree.types, tree.values):
            tensors[f"{kind}/{leaf}"] = safetensors.Tensor(
                type_.dtype, type_.shape, value.tobytes()
            )
    safetensors.write(path, tensors)


def _numbers(what: str, values: Any) -> list[int]:
    if isinstance(values, int):
        values = (values,)
    for value in values:
        _positive(what, value)
    if not values:
        raise BundleError(f"{what} must name at least one number")
    return sorted(set(values))


def _positive(what: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BundleError(f"{what} must be a whole number from 1 on, not {value!r}")


def jaxlib_version() -> str:
    """The version of jaxlib that is installed."""
    from jaxlib import version

    return str(version.__version__)


def _newest(versions: Iterable[str]) -> str:
    return max(versions, key=lambda version: tuple(int(part) for part in version.split(".")))


def _table(summary: Summary) -> str:
    content = summary.manifest
    microshards = content["batch"] // content["microshardSamples"]
    rows = [("", "leaves", "elements", "KB")]
    for kind in ("parameters", "optimizer"):
        leaves = [Type(leaf["dtype"], tuple(leaf["shape"])) for leaf in content[kind]]
        size = sum(safetensors.byte_size(leaf.dtype, leaf.shape) for leaf in leaves)
        elements = sum(safetensors.byte_size("u8", leaf.shape) for leaf in leaves)
        rows.append((kind, str(len(leaves)), f"{elements:,}", _kilobytes(size)))
    rows.append(("program", "arguments", "results", "KB"))
    for entry in manifest.files(content)[:-1]:
        rows.append(
            (
                entry["file"],
                str(len(entry["arguments"])),
                str(len(entry["results"])),
                _kilobytes(entry["bytes"]),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        f"{summary.folder}: {content['name']}, batches of {content['batch']} samples in"
        f" {microshards} microshards, for {', '.join(content['platforms'])},"
        f" StableHLO {content['madeWith']['stablehlo']}"
    ]
    lines += [
        "  "
        + row[0].ljust(widths[0])
        + "".join(c.rjust(w + 2) for c, w in zip(row[1:], widths[1:]))
        for row in rows
    ]
    for shards, ulps in summary.ulps.items():
        agree = "the same bits" if ulps == 0 else f"at most {ulps:.1f} ulp apart"
        lines.append(f"  apply in {shards} shards and whole: {agree}")
    return "\n".join(lines)


def _kilobytes(size: int) -> str:
    return f"{size / 1000:,.1f}"
