"""What JAX programs train on, and what they train on it with. Imports JAX when called."""

from __future__ import annotations

import contextlib
import importlib
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from . import _host
from ._programs import require_samples
from .bundle import exporter, trees
from .trainer import TrainerError

#: How many rows of each data array enter the fingerprint.
_ROWS = 1024


def require_jax() -> Any:
    try:
        import jax
        import numpy  # noqa: F401
    except ImportError as e:
        raise TrainerError(
            f"the program needs JAX, and {sys.executable} (Python {sys.version.split()[0]}) cannot"
            f" import it ({e}): install it with {sys.executable} -m pip install jax numpy, or name"
            " another Python in runtime.command"
        ) from e
    return jax


def import_ahead() -> None:
    """Imports what JAX imports when the first program is traced, so that a standby process has it;
    touches no device. Where JAX is not, the job's loading says so."""
    for name in ("jax.export", "jax.numpy", "jax.extend.backend"):
        try:
            importlib.import_module(name)
        except ImportError:
            return


def require_sources(data: Any, batch: Any, samples: Any, evaluate: Any, held_out: Any) -> None:
    """What a trainer is given must say where its samples come from, in one way."""
    if (data is None) == (batch is None):
        raise TrainerError("give either data (arrays) or batch (a function of sample ids)")
    if (batch is None) != (samples is None):
        raise TrainerError("batch and samples belong together: how many samples are there?")
    if samples is not None:
        require_samples(samples)
    if (evaluate is None) != (held_out is None):
        raise TrainerError("evaluate and held_out belong together: give both or neither")


class Rows:
    """A tree of arrays whose rows are samples."""

    def __init__(self, what: str, tree: Any) -> None:
        jax, numpy = trees.require_jax()
        leaves, self._structure = jax.tree_util.tree_flatten(tree)
        try:
            self.arrays = [numpy.asarray(leaf) for leaf in leaves]
        except ValueError as e:
            raise TrainerError(f"{what} has a leaf that is no array: {e}", "data_unreadable") from e
        for array in self.arrays:
            if array.dtype.kind == "O" or array.ndim == 0:
                raise TrainerError(
                    f"{what} must be a tree of arrays with a row per sample; it has"
                    f" {'objects' if array.dtype.kind == 'O' else 'a single number'} where an array"
                    " belongs",
                    "data_unreadable",
                )
        counts = sorted({len(array) for array in self.arrays})
        if len(counts) != 1 or counts[0] == 0:
            raise TrainerError(
                f"{what} must be arrays with the same number of rows, at least one; found"
                f" {counts or 'no arrays'}",
                "data_unreadable",
            )
        self._what, self.count = what, counts[0]

    def tree(self) -> Any:
        """The arrays as the program knows them."""
        jax, _ = trees.require_jax()
        return jax.tree_util.tree_unflatten(self._structure, self.arrays)

    def example(self, size: int) -> Any:
        """The type of a batch of so many samples."""
        jax, _ = trees.require_jax()
        return jax.tree_util.tree_unflatten(
            self._structure,
            [
                jax.ShapeDtypeStruct(
                    (size, *array.shape[1:]), jax.dtypes.canonicalize_dtype(array.dtype)
                )
                for array in self.arrays
            ],
        )

    def require_like(self, batch: trees.Tree) -> None:
        """Checks that these are the arrays of a batch, with another number of rows."""
        found = trees.of_types(self._what, self.example(self.count))
        if found.structure != batch.structure:
            raise TrainerError(
                f"{self._what} has the leaves {', '.join(found.paths)}, and a batch"
                f" {', '.join(batch.paths)}",
                "data_unreadable",
            )
        for path, ours, theirs in zip(found.paths, found.types, batch.types):
            if (ours.dtype, ours.shape[1:]) != (theirs.dtype, theirs.shape[1:]):
                raise TrainerError(
                    f"{self._what} {path} is {ours}, which does not fit a batch's {theirs} in more"
                    " than the number of rows",
                    "data_unreadable",
                )


@contextlib.contextmanager
def memory(program: str) -> Iterator[None]:
    """Calls the device's want of memory what Python calls it."""
    jax, _ = trees.require_jax()
    try:
        yield
    except jax.errors.JaxRuntimeError as e:
        if str(e).startswith("RESOURCE_EXHAUSTED"):
            raise MemoryError(f"the device has no room for {program}: {e}") from e
        raise


def machine() -> list[str]:
    """What the bits of results depend on beside the program."""
    jax, _ = trees.require_jax()
    device = jax.devices()[0]
    identity = [
        jax.__version__,
        exporter.jaxlib_version(),
        device.platform,
        device.device_kind,
        os.environ.get("XLA_FLAGS", ""),
    ]
    if device.platform == "cpu":
        identity += [platform.machine(), str(len(os.sched_getaffinity(0))), _host.instructions()]
    return identity


def loaded(data: Any, path: str) -> Any:
    if not callable(data):
        return data
    try:
        return data(path)
    except OSError as e:
        raise TrainerError(f"the training data cannot be read: {e}", "data_unreadable") from e


def ids(samples: Any) -> Any:
    _, numpy = trees.require_jax()
    return numpy.fromiter(samples, numpy.int64)


def digest(found: _host.Fingerprint, arrays: Sequence[Any]) -> None:
    """Adds the data to a fingerprint: shapes, and some rows of each array."""
    for array in arrays:
        found.add("data", repr((str(array.dtype), array.shape)).encode())
        found.add("data", array[:: max(1, len(array) // _ROWS)].tobytes())
