"""State of JAX arrays with a ``NamedSharding``, as pieces. Imports JAX when called."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from . import _boxes, _tables
from ._pieces import box_of
from .bundle import BundleError, trees
from .trainer import Captured, Leaf, Part, Piece, Shard, TrainerError


class Cut:
    """How a tree of arrays is cut over the ranks' processes.

    A rank's piece of a leaf is what its own devices have of it together, whatever they have each: so
    a state goes from one arrangement of local devices to another by intersection of boxes.

    Args:
        tree: of arrays, or of whatever has a shape and a type (``jax.eval_shape``).
        specs: a ``PartitionSpec`` for all leaves, a tree of them like ``tree``, or a function of a
            leaf's path and shape that gives one.
        shards: ``job.ways``: ``job.shards``, times the processes of an agent.
        axis: the mesh's axis along which they lie.
    """

    def __init__(
        self, tree: Any, specs: Any, shards: int, axis: str = "shard", what: str = "state"
    ) -> None:
        try:
            self._tree = trees.of_types(what, tree)
        except BundleError as e:
            raise TrainerError(str(e)) from e
        self._shards, self._axis = shards, axis
        self._specs = self._of_leaves(specs)
        self.leaves = tuple(
            Leaf(path or "(the whole)", type_.dtype, type_.shape)
            for path, type_ in zip(self._tree.paths, self._tree.types)
        )
        cut = [self._dimension(leaf, spec) for leaf, spec in zip(self.leaves, self._specs)]
        self.shards = tuple(
            tuple(
                Piece.whole(leaf) if along is None else Piece.cut(leaf, shard, shards, along)
                for leaf, along in zip(self.leaves, cut)
            )
            for shard in range(shards)
        )

    def _of_leaves(self, specs: Any) -> list[Any]:
        jax, _ = trees.require_jax()
        spec_type = jax.sharding.PartitionSpec
        if callable(specs):
            found = [specs(p, t.shape) for p, t in zip(self._tree.paths, self._tree.types)]
        elif isinstance(specs, spec_type):
            found = [specs] * len(self._tree)
        else:
            found, structure = jax.tree_util.tree_flatten(
                specs, is_leaf=lambda one: isinstance(one, spec_type)
            )
            if structure != self._tree.structure:
                raise TrainerError(
                    f"specs must be a PartitionSpec, a function that gives one, or a tree like the"
                    f" {self._tree.what}'s, {self._tree.structure}; it is {structure}"
                )
        for path, spec in zip(self._tree.paths, found):
            if not isinstance(spec, spec_type):
                raise TrainerError(
                    f"the spec of leaf {path} is {type(spec).__name__}, expected a PartitionSpec"
                )
        return found

    def _dimension(self, leaf: Leaf, spec: Any) -> int | None:
        """The dimension that is cut over the job's shards."""
        along = None
        for dimension, names in enumerate(spec):
            names = names if isinstance(names, tuple) else (names,)
            if self._axis not in names:
                continue
            if names[0] != self._axis:
                raise TrainerError(
                    f"leaf {leaf.name} is sharded as {spec}: within a dimension '{self._axis}' must"
                    " come first, or a rank's part of it is no box"
                )
            along = dimension
        if along is None:
            return None
        if along >= len(leaf.shape) or leaf.shape[along] % self._shards:
            raise TrainerError(
                f"leaf {leaf.name} of shape {list(leaf.shape)} is sharded as {spec}, and"
                f" {self._shards} shards do not divide dimension {along}: JAX cuts into equal parts"
                " only"
            )
        return along

    @property
    def specs(self) -> tuple[Any, ...]:
        """Of each leaf its ``PartitionSpec``."""
        return tuple(self._specs)

    def shardings(self, mesh: Any) -> Any:
        """A tree of ``NamedSharding`` over the view's mesh, for ``jax.jit`` and the like."""
        jax, _ = trees.require_jax()
        return self._tree.build([jax.sharding.NamedSharding(mesh, spec) for spec in self._specs])

    def take(self, whole: Any, shard: Shard) -> list[memoryview]:
        """What a shard has of a tree of whole arrays, such as the initial state: bytes, part by part."""
        _, numpy = trees.require_jax()
        arrays = [numpy.asarray(one) for one in self._leaves_of(whole)]
        self._require_types(arrays)
        return [
            _raw(arrays[part.index][_slices(_piece(part).offset, _piece(part).extent)])
            for part in shard.parts
        ]

    def capture(self, tree: Any, shard: Shard, donated: bool = False) -> list[Captured]:
        """A live state, for :meth:`FusedTrainer.state`.

        Args:
            tree: of arrays whose sharding is :meth:`shardings`.
            shard: that this process has.
            donated: steps donate their arguments: then all is copied now, else while they run.
        """
        arrays = self._leaves_of(tree)
        self._require_types(arrays)
        later: list[Captured] = [
            lambda part=part: self._gathered(part, arrays[part.index])  # type: ignore[misc]
            for part in shard.parts
        ]
        return [one() if callable(one) else one for one in later] if donated else later

    def _gathered(self, part: Part, array: Any) -> memoryview:
        wanted = box_of(part)
        pieces, data = [], []
        seen = set()
        for one in array.addressable_shards:
            offset = tuple(s.start or 0 for s in one.index)
            if offset not in seen:
                seen.add(offset)
                pieces.append((_tables.Piece(_box(wanted, offset, one.data.shape), 0),))
                data.append(one.data)
        if len(pieces) == 1 and pieces[0][0].box == wanted:
            return _raw(data[0])
        found = bytearray(wanted.size)
        _fill(found, wanted, pieces, [_raw(one) for one in data])
        return memoryview(found)

    def restore(self, parts: Sequence[Any], shard: Shard, mesh: Any) -> Any:
        """The tree as global arrays of a view's mesh.

        Args:
            parts: the bytes of each of the shard's parts, as :meth:`FusedTrainer.load` has them, or
                :meth:`take` gives them.
            shard: whose they are.
            mesh: of all ranks' devices; this process's lie in its shard.
        """
        jax, numpy = trees.require_jax()
        by_leaf: dict[int, list[tuple[Part, memoryview]]] = {}
        for part, data in zip(shard.parts, parts):
            by_leaf.setdefault(part.index, []).append((part, memoryview(data).cast("B")))
        leaves = []
        for index, (type_, spec) in enumerate(zip(self._tree.types, self._specs)):
            held = by_leaf[index]
            sources = [(_tables.Piece(box_of(part), 0),) for part, _ in held]

            def part_of(where: Any, type_: Any = type_, held: Any = held, sources: Any = sources) -> Any:
                bounds = [s.indices(n) for s, n in zip(where, type_.shape)]
                offset = tuple(first for first, _, _ in bounds)
                extent = tuple(end - first for first, end, _ in bounds)
                wanted = _box(sources[0][0].box, offset, extent)
                found = bytearray(wanted.size)
                _fill(found, wanted, sources, [data for _, data in held])
                return numpy.frombuffer(found, type_.struct().dtype).reshape(extent)

            sharding = jax.sharding.NamedSharding(mesh, spec)
            leaves.append(jax.make_array_from_callback(type_.shape, sharding, part_of))
        return self._tree.build(jax.block_until_ready(leaves))

    def _leaves_of(self, tree: Any) -> list[Any]:
        jax, _ = trees.require_jax()
        leaves, structure = jax.tree_util.tree_flatten(tree)
        if structure != self._tree.structure:
            raise TrainerError(
                f"the {self._tree.what} is {structure}, and was {self._tree.structure} when the job"
                " was loaded: its tree must not change"
            )
        return list(leaves)

    def _require_types(self, arrays: Sequence[Any]) -> None:
        for leaf, array in zip(self.leaves, arrays):
            found = trees.short(leaf.name, array.dtype), tuple(array.shape)
            if found != (leaf.dtype, leaf.shape):
                raise TrainerError(
                    f"leaf {leaf.name} is {found[0]}{list(found[1])}, and was"
                    f" {leaf.dtype}{list(leaf.shape)} when the job was loaded: a state must not"
                    " change its shape or type"
                )


def _piece(part: Part) -> Piece:
    assert part.piece is not None
    return part.piece


def _slices(offset: Sequence[int], extent: Sequence[int]) -> tuple[slice, ...]:
    return tuple(slice(first, first + count) for first, count in zip(offset, extent))


def _box(like: _tables.Box, offset: Sequence[int], extent: Sequence[int]) -> _tables.Box:
    """Another box of the same leaf."""
    size = math.prod(extent) * _boxes.element_bytes(like.dtype)
    return _tables.Box(like.leaf, like.dtype, like.shape, tuple(offset), tuple(extent), size)


def _fill(
    found: bytearray,
    wanted: _tables.Box,
    sources: Sequence[tuple[_tables.Piece, ...]],
    data: Sequence[memoryview],
) -> None:
    try:
        runs = _boxes.plan([_tables.Piece(wanted, 0)], sources)
    except ValueError as e:
        raise TrainerError(
            f"{e}: the mesh must give this process's devices the shard that the rank has, that is"
            " have the ranks in their order"
        ) from e
    _boxes.fill(memoryview(found), data, runs)


def _raw(array: Any) -> memoryview:
    """An array's bytes; on the CPU without a copy, if it is contiguous."""
    _, numpy = trees.require_jax()
    return memoryview(numpy.ascontiguousarray(array).reshape(-1).view(numpy.uint8))

