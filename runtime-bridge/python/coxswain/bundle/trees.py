"""Users' trees (JAX pytrees) as leaves with paths, types and shapes. Imports JAX when called."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .manifest import BundleError

if TYPE_CHECKING:
    import numpy as np

_SHORT = {
    "float64": "f64",
    "float32": "f32",
    "float16": "f16",
    "bfloat16": "bf16",
    "int64": "i64",
    "int32": "i32",
    "int16": "i16",
    "int8": "i8",
    "uint64": "u64",
    "uint32": "u32",
    "uint16": "u16",
    "uint8": "u8",
    "bool": "bool",
}


def require_jax() -> tuple[Any, Any]:
    """The modules jax and numpy, or an error that says how to install them."""
    try:
        import jax
        import jax.export
        import numpy
    except ImportError as e:
        raise BundleError(
            f"exporting needs JAX, and {sys.executable} (Python {sys.version.split()[0]}) cannot"
            f" import it ({e}). Install it with: {sys.executable} -m pip install jax numpy"
            " (nobody who only runs the bundle needs it)"
        ) from e
    return jax, numpy


@dataclass(frozen=True)
class Type:
    """An element type (its short name) and a shape."""

    dtype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype}{list(self.shape)}"

    def json(self) -> dict[str, Any]:
        return {"dtype": self.dtype, "shape": list(self.shape)}

    def struct(self) -> Any:
        """The same for JAX."""
        jax, _ = require_jax()
        return jax.ShapeDtypeStruct(self.shape, jax.numpy.dtype(_LONG[self.dtype]))


_LONG = {short: long for long, short in _SHORT.items()}


@dataclass(frozen=True)
class Tree:
    """A tree's structure and, in its order, its leaves' paths, types and (if it has any) values."""

    what: str
    structure: Any
    paths: tuple[str, ...]
    types: tuple[Type, ...]
    values: tuple[np.ndarray[Any, Any], ...] = ()

    def __len__(self) -> int:
        return len(self.paths)

    def build(self, leaves: Sequence[Any]) -> Any:
        """The user's tree with these leaves."""
        jax, _ = require_jax()
        return jax.tree_util.tree_unflatten(self.structure, list(leaves))

    def leaf(self, index: int) -> str:
        """How messages call a leaf."""
        return f"{self.what} {self.paths[index] or '(the whole)'}"


def of_values(what: str, tree: Any) -> Tree:
    """Takes a tree of arrays apart; refuses what a bundle cannot hold."""
    jax, numpy = require_jax()
    structure, paths, leaves = _flatten(tree)
    types, values = [], []
    for path, leaf in zip(paths, leaves):
        where = f"{what} {path or '(the whole)'}"
        _refuse_keys(where, leaf)
        try:
            value = numpy.asarray(jax.numpy.asarray(leaf))
        except Exception as e:
            raise BundleError(f"{where} is no array but {type(leaf).__name__}: {e}") from e
        types.append(Type(short(where, value.dtype), value.shape))
        values.append(value)
        # ml_dtypes' types (bfloat16) have no kind 'f'
        if types[-1].dtype in ("f16", "bf16", "f32", "f64"):
            _require_finite(where, value)
    return Tree(what, structure, tuple(paths), tuple(types), tuple(values))


def of_arrays(what: str, tree: Any) -> Tree:
    """The same as :func:`of_values`, and no device is touched for it, unless the leaves lie on one."""
    jax, numpy = require_jax()
    structure, paths, leaves = _flatten(tree)
    types, values = [], []
    for path, leaf in zip(paths, leaves):
        where = f"{what} {path or '(the whole)'}"
        _refuse_keys(where, leaf)
        try:
            value = numpy.asarray(leaf)
        except Exception as e:
            raise BundleError(f"{where} is no array but {type(leaf).__name__}: {e}") from e
        if value.dtype.kind in "OSUM":
            raise BundleError(f"{where} is no array but {type(leaf).__name__}")
        value = value.astype(jax.dtypes.canonicalize_dtype(value.dtype), copy=False)
        types.append(Type(short(where, value.dtype), value.shape))
        values.append(value)
        if types[-1].dtype in ("f16", "bf16", "f32", "f64"):
            _require_finite(where, value)
    return Tree(what, structure, tuple(paths), tuple(types), tuple(values))


def of_types(what: str, tree: Any) -> Tree:
    """Takes a tree of arrays, or of anything with a shape and a type, apart."""
    structure, paths, leaves = _flatten(tree)
    types = []
    for path, leaf in zip(paths, leaves):
        where = f"{what} {path or '(the whole)'}"
        _refuse_keys(where, leaf)
        if not hasattr(leaf, "shape") or not hasattr(leaf, "dtype"):
            raise BundleError(f"{where} has no shape and type: it is {type(leaf).__name__}")
        types.append(Type(short(where, leaf.dtype), tuple(leaf.shape)))
    return Tree(what, structure, tuple(paths), tuple(types))


def names(tree: Tree) -> list[str]:
    """A name for each leaf that can stand in a data file: its path's parts joined by dots."""
    jax, _ = require_jax()
    with_paths = jax.tree_util.tree_flatten_with_path(tree.build(range(len(tree))))[0]
    result: list[str] = []
    for path, _index in with_paths:
        name = ".".join(_part(key) for key in path) or "data"
        if not name.replace(".", "").replace("_", "").replace("-", "").isalnum():
            raise BundleError(
                f"{tree.what} leaf '{name}' cannot be the name of an array in a data file: only"
                " letters, digits, '.', '_' and '-' can stand in one"
            )
        if name in result:
            raise BundleError(f"{tree.what} has two leaves that would both be called '{name}'")
        result.append(name)
    return result


def require_same(tree: Tree, result: Any, whose: str) -> list[Any]:
    """The leaves of a function's result, which must be like ``tree``'s."""
    structure, paths, leaves = _flatten(result)
    if structure != tree.structure:
        missing = [path for path in tree.paths if path not in paths]
        extra = [path for path in paths if path not in tree.paths]
        detail = "; ".join(
            f"{text} {', '.join(some[:5])}"
            for text, some in (("it lacks", missing), ("it also has", extra))
            if some
        )
        raise BundleError(
            f"{whose} must be a tree like the {tree.what} tree: "
            + (detail or f"it is {structure}, not {tree.structure}")
        )
    jax, _ = require_jax()
    return [jax.numpy.asarray(leaf) for leaf in leaves]


def require_type(where: str, value: Any, expected: Type) -> None:
    """Checks the type of one leaf of a result."""
    actual = Type(short(where, value.dtype), tuple(value.shape))
    if actual != expected:
        raise BundleError(f"{where} is {actual}, and must be {expected}")


def short(where: str, dtype: Any) -> str:
    """The short name of an element type."""
    name = getattr(dtype, "name", str(dtype))
    if name not in _SHORT:
        raise BundleError(
            f"{where} has elements of type {name}; a bundle can hold {', '.join(_LONG)}"
        )
    return _SHORT[name]


def _flatten(tree: Any) -> tuple[Any, list[str], list[Any]]:
    jax, _ = require_jax()
    with_paths, structure = jax.tree_util.tree_flatten_with_path(tree)
    paths = [jax.tree_util.keystr(path) for path, _leaf in with_paths]
    return structure, paths, [leaf for _path, leaf in with_paths]


def _part(key: Any) -> str:
    for attribute in ("key", "idx", "name"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)


def _refuse_keys(where: str, leaf: Any) -> None:
    jax, _ = require_jax()
    dtype = getattr(leaf, "dtype", None)
    if dtype is not None and jax.dtypes.issubdtype(dtype, jax.dtypes.extended):
        raise BundleError(
            f"{where} has elements of type {dtype}: keep the key's words instead"
            " (jax.random.key_data(key)), and make it a key again inside (jax.random.wrap_key_data)"
        )


def _require_finite(where: str, value: Any) -> None:
    _, numpy = require_jax()
    wrong = numpy.argwhere(~numpy.isfinite(value))
    if len(wrong):
        raise BundleError(
            f"{where} is not finite in the initial state: element {wrong[0].tolist()} is"
            f" {value[tuple(wrong[0])]} ({len(wrong)} such elements)"
        )
