"""Data of PyTorch programs: trees of tensors, or index-based data sets.

Imports PyTorch when called.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .stream import Lanes, Stream, Taken
from .trainer import TrainerError

#: How many rows of each tensor enter a fingerprint, and how many items of a data set.
_ROWS, _ITEMS = 1024, 16


def require_torch() -> tuple[Any, Any]:
    """The modules torch and numpy, or an error that says how to install them."""
    try:
        import numpy
        import torch
    except ImportError as e:
        raise TrainerError(
            f"the program needs PyTorch, and {sys.executable} (Python {sys.version.split()[0]})"
            f" cannot import it ({e}): install it with {sys.executable} -m pip install torch numpy,"
            " or name another Python in runtime.command"
        ) from e
    return torch, numpy


def import_ahead() -> None:
    """Imports what PyTorch imports when the first optimizer is made: a second, of which a standby
    process then has its part behind it. Whoever has no PyTorch hears of it when the job is loaded.
    """
    try:
        importlib.import_module("torch._dynamo")
    except ImportError:
        return


def raw(tensor: Any) -> memoryview:
    """A tensor's bytes; on the CPU without a copy, if it is contiguous."""
    torch, _ = require_torch()
    if tensor.numel() == 0:
        return memoryview(b"")
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return memoryview(flat.view(torch.uint8).numpy())


def map_tree(function: Callable[[str, Any], Any], tree: Any, path: str = "") -> Any:
    """A tree (dicts, lists and tuples) with ``function(path, leaf)`` for each leaf."""
    if isinstance(tree, dict):
        return {key: map_tree(function, value, f"{path}[{key!r}]") for key, value in tree.items()}
    if isinstance(tree, (tuple, list)):
        mapped = [map_tree(function, value, f"{path}[{i}]") for i, value in enumerate(tree)]
        if isinstance(tree, tuple):
            return type(tree)(*mapped) if hasattr(tree, "_fields") else tuple(mapped)
        return mapped
    return function(path or "(the whole)", tree)


class Rows:
    """A tree of tensors whose rows are samples."""

    def __init__(self, what: str, tree: Any) -> None:
        self._what = what
        self._leaves: list[Any] = []
        self._tree = map_tree(self._take, tree)
        counts = sorted({len(tensor) for tensor in self._leaves})
        if len(counts) != 1 or counts[0] == 0:
            raise TrainerError(
                f"{what} must be arrays with the same number of rows, at least one; found"
                f" {counts or 'no arrays'}",
                "data_unreadable",
            )
        self.count = counts[0]

    def _take(self, path: str, leaf: Any) -> Any:
        torch, numpy = require_torch()
        found = type(leaf).__name__
        if isinstance(leaf, numpy.ndarray):
            try:
                leaf = torch.from_numpy(numpy.ascontiguousarray(leaf))
            except TypeError:
                found = f"an array of {'objects' if leaf.dtype.kind == 'O' else leaf.dtype}"
        if not isinstance(leaf, torch.Tensor) or leaf.layout is not torch.strided:
            raise TrainerError(
                f"{self._what} {path} is {found}, where a tensor or an array of numbers with a row"
                " per sample belongs",
                "data_unreadable",
            )
        if leaf.dim() == 0:
            raise TrainerError(
                f"{self._what} {path} is a single number; expected a row per sample",
                "data_unreadable",
            )
        self._leaves.append(leaf.detach())
        return leaf.detach()

    def fetch(self, samples: Sequence[int]) -> Any:
        """The batch of these samples."""
        torch, _ = require_torch()
        index = torch.tensor(samples, dtype=torch.int64)
        return map_tree(lambda _, tensor: tensor[index.to(tensor.device)], self._tree)

    def digest(self, sha256: Any) -> None:
        """Adds types, shapes and some rows to a digest."""
        for tensor in self._leaves:
            sha256.update(repr((str(tensor.dtype), tuple(tensor.shape))).encode())
            sha256.update(raw(tensor[:: max(1, len(tensor) // _ROWS)]))


class Items:
    """An index-based data set: ``len(items)`` and ``items[i]``."""

    def __init__(self, what: str, items: Any, collate: Callable[[Any], Any] | None) -> None:
        torch, _ = require_torch()
        self._what, self._items = what, items
        self._collate = collate or torch.utils.data.default_collate
        self.count = len(items)
        if self.count < 1:
            raise TrainerError(f"{what} has no samples", "data_unreadable")

    def fetch(self, samples: Sequence[int]) -> Any:
        """The batch of these samples."""
        rows = [self._items[i] for i in samples]
        try:
            return self._collate(rows)
        except TypeError as e:
            raise TrainerError(
                f"{self._what}: the samples cannot be put together to a batch, since they are no"
                f" trees of arrays or numbers ({e}); change the data set, or give collate",
                "data_unreadable",
            ) from e

    def digest(self, sha256: Any) -> None:
        """Adds the number of samples and some of them to a digest."""
        torch, numpy = require_torch()

        def add(path: str, leaf: Any) -> None:
            sha256.update(path.encode())
            if isinstance(leaf, torch.Tensor):
                sha256.update(repr((str(leaf.dtype), tuple(leaf.shape))).encode())
                sha256.update(raw(leaf))
            elif isinstance(leaf, numpy.ndarray) and leaf.dtype.kind != "O":
                sha256.update(repr((str(leaf.dtype), leaf.shape)).encode())
                sha256.update(leaf.tobytes())
            elif isinstance(leaf, (int, float, str, bytes)):
                sha256.update(repr(leaf).encode())

        sha256.update(str(self.count).encode())
        for i in range(0, self.count, -(-self.count // _ITEMS)):
            map_tree(add, self._items[i])


class Function:
    """A function of sample ids."""

    def __init__(self, function: Callable[[Any], Any], count: int) -> None:
        self._function, self.count = function, count

    def fetch(self, samples: Sequence[int]) -> Any:
        """The batch of these samples."""
        torch, _ = require_torch()
        return self._function(torch.tensor(samples, dtype=torch.int64))

    def digest(self, sha256: Any) -> None:
        """Adds the number of samples to a digest."""
        sha256.update(str(self.count).encode())


class Streamed:
    """A function of a list of a stream's samples."""

    def __init__(self, function: Callable[[Any], Any], stream: Stream) -> None:
        self._function, self.count = function, stream

    def fetch(self, samples: Sequence[Any]) -> Any:
        """The batch of these samples."""
        return self._function(list(samples))

    def example(self, microshards: int, size: int) -> Taken:
        """Samples from its begin."""
        return Lanes(self.count, microshards).example(size)

    def digest(self, sha256: Any) -> None:
        """Nothing of it is known in advance."""
        sha256.update(b"stream")


def source(what: str, given: Any, path: str, collate: Callable[[Any], Any] | None) -> Rows | Items:
    """The samples that a user gave: a tree of tensors, a data set, or a function that gives one."""
    torch, _ = require_torch()
    sets = (torch.utils.data.Dataset, torch.utils.data.DataLoader)
    if callable(given) and not isinstance(given, sets):
        try:
            given = given(path)
        except OSError as e:
            raise TrainerError(f"the training data cannot be read: {e}", "data_unreadable") from e
    if isinstance(given, torch.utils.data.TensorDataset):
        return Rows(what, given.tensors)
    if isinstance(given, torch.utils.data.DataLoader):
        raise TrainerError(
            f"{what} is a DataLoader, and Coxswain says which samples a step trains on: give its"
            " dataset (and collate, if it has one of its own)",
            "data_unreadable",
        )
    if isinstance(given, torch.utils.data.IterableDataset):
        raise TrainerError(
            f"{what} is an IterableDataset, of which no sample can be asked for by its number: give"
            " samples, a coxswain.Stream that opens a part of it, and batch, a function of a list of"
            " its samples; or a Dataset with __getitem__ and __len__",
            "data_unreadable",
        )
    if not isinstance(given, (dict, tuple, list)) and not torch.is_tensor(given):
        if hasattr(type(given), "__getitem__") and hasattr(type(given), "__len__"):
            if not hasattr(given, "dtype") and not isinstance(given, (str, bytes)):
                return Items(what, given, collate)
    return Rows(what, given)


@dataclass(frozen=True)
class Batch:
    """A microshard's data, and what its random numbers follow from."""

    tree: Any
    size: int
    steps: int
    samples: Sequence[int]
