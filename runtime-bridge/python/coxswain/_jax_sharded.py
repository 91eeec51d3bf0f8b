"""JAX programs whose state is arrays with a ``NamedSharding`` over all processes' devices.

The processes are one JAX program: they meet through the view's store and reduce by JAX's own
collectives (gloo on CPUs). A membership change replaces them. Imports JAX when called.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import Any

from . import _host, _jax_copies, _jax_data
from ._jax_coordination import Coordination, is_broken
from ._jax_pieces import Cut
from ._report import entering
from .bundle import BundleError, trees
from .stream import Lanes, Stream, Taken
from .trainer import (
    Captured,
    Evaluation,
    Floats,
    FusedProgram,
    FusedTrainer,
    Group,
    Job,
    Shard,
    TrainerError,
)

#: The mesh's dimensions: who holds the state again, who holds another part of it, and the devices
#: of a rank.
REPLICATE, SHARD, LOCAL = AXES = ("replicate", "shard", "local")


class ShardedTrainer(FusedTrainer):
    """A trainer made of JAX functions over a mesh of all ranks' devices.

    Args:
        state: a tree of arrays, all of the state, or a function of the job's seed that makes it.
        specs: how it is cut over the mesh: a ``PartitionSpec`` for all leaves, a tree of them, or a
            function of a leaf's path and shape. The mesh has the dimensions ``replicate``, ``shard``
            (as long as ``mesh.shards`` of the job, times the processes of an agent) and ``local``
            (the devices of a process).
        step: ``step(state, batch) -> (state, loss)``, jitted over the mesh: the mean loss of the
            global batch, and a state like the one it got. The batch's rows lie along all three
            dimensions of the mesh.
        data: a tree of arrays whose rows are the samples, or a function of the job's ``data`` (a
            path) that gives one.
        batch: instead of ``data``: a function of sample ids (an integer array) that gives their rows.
        samples: with ``batch``: how many samples there are; or a :class:`coxswain.Stream`, and
            ``batch`` gets a list of its samples in place of ids.
        evaluate: ``evaluate(state, held_out) -> (mean loss, accuracy)``, jitted over the mesh and
            called by all ranks in the job's last step.
        held_out: with ``evaluate``: as ``data``.
        donate: whether a step writes the new state over the old one.
        snapshots: with ``donate``, how a snapshot leaves the device: ``"wait"``: it is copied to
            the host before the next step, which waits for it. ``"device"``: it is copied on the
            device first, which needs room for a second state until it has left. ``"host"``: the
            device writes it to pinned memory of the host.
    """

    def __init__(
        self,
        *,
        state: Any,
        specs: Any,
        step: Callable[[Any, Any], Any],
        data: Any = None,
        batch: Callable[[Any], Any] | None = None,
        samples: int | Stream | None = None,
        evaluate: Callable[[Any, Any], Any] | None = None,
        held_out: Any = None,
        donate: bool = False,
        snapshots: str = "wait",
    ) -> None:
        _jax_data.require_sources(data, batch, samples, evaluate, held_out)
        _jax_copies.require_way(snapshots, donate)
        self._initial, self._specs, self._function = state, specs, step
        self._snapshots = snapshots
        self._data, self._batch, self._count = data, batch, samples
        self._evaluate, self._held_out, self._donate = evaluate, held_out, donate
        self._sources = _host.sources()
        self._parts: list[memoryview] = []
        self._tree: Any = None
        self._coordination: Coordination | None = None

    # ------------------------------------------------------------ loading

    def build(self, job: Job) -> FusedProgram:
        try:
            _jax_data.require_jax()
            self._job, self._tree, self._parts, self._evaluation = job, None, [], None
            whole = self._initial(job.seed) if callable(self._initial) else self._initial
            self._whole = trees.of_arrays("state", whole)
            self._cut = Cut(
                self._whole.build(list(self._whole.values)), self._specs, job.ways, SHARD
            )
            size = job.batch // job.microshards
            if size * job.microshards != job.batch:
                raise TrainerError(
                    f"a batch of {job.batch} samples cannot be cut into {job.microshards} equal"
                    " microshards: microshards must divide batch, since JAX cuts into equal parts"
                )
            example, samples = self._examples(job, size)
            self._require_step(example)
            held_out = (
                None
                if self._evaluate is None
                else _jax_data.Rows("held_out", _jax_data.loaded(self._held_out, job.data))
            )
            self._held_out_rows = held_out
        except BundleError as e:
            raise TrainerError(str(e)) from e
        return FusedProgram(
            self._cut.leaves,
            samples,
            self._fingerprint(),
            # Collectives add in an order of their own.
            deterministic=False,
            shards=self._cut.shards,
        )

    def _examples(self, job: Job, size: int) -> tuple[Any, int | Stream]:
        """A batch's type, and how many samples there are."""
        jax, numpy = trees.require_jax()
        self._rows: _jax_data.Rows | None = None
        if self._batch is None:
            rows = _jax_data.Rows("data", _jax_data.loaded(self._data, job.data))
            self._rows = rows
            return rows.example(job.batch), rows.count
        assert self._count is not None
        if isinstance(self._count, Stream):
            given = self._batch(list(Lanes(self._count, job.microshards).example(size)))
        else:
            last = self._count - 1
            given = self._batch(_jax_data.ids(min(i, last) for i in range(size)))

        def row(leaf: Any) -> Any:
            array = numpy.asarray(leaf)
            if array.dtype.kind == "O" or array.ndim == 0 or len(array) != size:
                raise TrainerError(
                    f"batch must give a tree of arrays with a row per sample; for {size} samples it"
                    f" gave {type(leaf).__name__} of shape {list(array.shape)}",
                    "data_unreadable",
                )
            dtype = jax.dtypes.canonicalize_dtype(array.dtype)
            return jax.ShapeDtypeStruct((job.batch, *array.shape[1:]), dtype)

        return jax.tree.map(row, given), self._count

    def _require_step(self, batch: Any) -> None:
        """Checks by types what the step gives."""
        jax, _ = trees.require_jax()
        self._batch_tree = trees.of_types("batch", batch)
        types = self._whole.build([type_.struct() for type_ in self._whole.types])
        with self._abstract():
            found = jax.eval_shape(self._function, types, batch)
        if not isinstance(found, (tuple, list)) or len(found) != 2:
            raise TrainerError("step must give two things: (state, mean loss)")
        state, loss = found
        made = trees.of_types("step: its state", state)
        if made.structure != self._whole.structure:
            raise TrainerError(
                f"step must give a state like the one it got, {self._whole.structure}, and gave"
                f" {made.structure}"
            )
        for index, (ours, theirs) in enumerate(zip(self._whole.types, made.types)):
            if ours != theirs:
                raise TrainerError(
                    f"step: {self._whole.leaf(index)} becomes {theirs}, and was {ours}: a state must"
                    " not change its shape or type"
                )
        if math.prod(getattr(loss, "shape", (0,))) != 1:
            raise TrainerError("step must give the mean loss as one number")

    def _abstract(self) -> Any:
        """A mesh to trace under, for programs that name its dimensions."""
        jax, _ = trees.require_jax()
        job = self._job
        mesh = jax.sharding.AbstractMesh((job.replicas, job.ways, 1), AXES)
        return jax.sharding.use_abstract_mesh(mesh)

    def _fingerprint(self) -> str:
        found = _host.Fingerprint()
        found.add("program", self._sources.encode())
        found.add("program", repr([str(spec) for spec in self._cut.specs]).encode())
        for value in self._whole.values:
            found.add("state", repr((str(value.dtype), value.shape)).encode())
            found.add("state", hashlib.sha256(value.tobytes()).digest())
        for rows in (self._rows, self._held_out_rows):
            if rows is not None:
                _jax_data.digest(found, rows.arrays)
        return str(found)

    # ------------------------------------------------------------ the state

    def initialize(self, shard: Shard) -> None:
        whole = self._whole
        self._take(shard, self._cut.take(whole.build(list(whole.values)), shard))

    def load(self, shard: Shard, parts: Sequence[memoryview]) -> None:
        self._take(shard, [memoryview(bytes(part)) for part in parts])

    def _take(self, shard: Shard, parts: list[memoryview]) -> None:
        self._shard, self._parts, self._tree = shard, parts, None

    def state(self) -> Sequence[Captured]:
        if self._tree is None:
            return self._parts
        if self._donate and self._snapshots != _jax_copies.WAIT:
            # What is donated next is another array.
            return self._cut.capture(
                _jax_copies.copied(self._tree, self._snapshots), self._shard
            )
        return self._cut.capture(self._tree, self._shard, self._donate)

    # ------------------------------------------------------------ the group

    def expect(self, group: Group) -> None:
        # Its start is over when the others have their state.
        self._coordination = Coordination(group)

    def reform(self, group: Group) -> None:
        jax, numpy = trees.require_jax()
        job, shard = self._job, PartitionSpecs()
        if job.microshards % group.world_size:
            raise TrainerError(
                f"{job.microshards} microshards cannot be dealt equally to {group.world_size}"
                " processes, and JAX cuts into equal parts only: microshards must be a multiple of"
                " the number of ranks (times workersPerAgent)"
            )
        coordination, self._coordination = self._coordination or Coordination(group), None
        coordination.join()
        _jax_copies.require_memory(self._snapshots)
        devices = numpy.array(jax.devices(), dtype=object)
        if len(devices) % group.world_size:
            raise TrainerError(
                f"{len(devices)} devices are not the same number for each of {group.world_size}"
                " processes: give all of them as many"
            )
        own = job.batch // group.world_size
        if own % jax.local_device_count():
            raise TrainerError(
                f"a process has {own} samples of each step and {jax.local_device_count()} devices:"
                " batch must be a multiple of the number of all devices"
            )
        mesh = jax.sharding.Mesh(devices.reshape(-1, job.ways, len(devices) // group.world_size), AXES)
        self._mesh, self._step = mesh, group.base_step
        self._own = own
        with _jax_data.memory("the state"):
            self._tree = self._cut.restore(self._parts, self._shard, mesh)
        # Its bytes lie on the devices now.
        self._parts = []
        kept = self._cut.shardings(mesh)
        self._rows_sharding = jax.sharding.NamedSharding(mesh, shard.rows())
        whole = jax.sharding.NamedSharding(mesh, shard.whole())
        self._jitted = jax.jit(
            self._function,
            in_shardings=(kept, self._rows_sharding),
            out_shardings=(kept, whole),
            donate_argnums=(0,) if self._donate else (),
        )
        self._evaluated = (
            None
            if self._evaluate is None
            else jax.jit(
                self._evaluate, in_shardings=(kept, whole), out_shardings=(whole, whole)
            )
        )
        self._add = jax.jit(
            lambda rows: rows.sum(axis=0), in_shardings=self._rows_sharding, out_shardings=whole
        )

    # ------------------------------------------------------------ steps

    def batch(self, samples: Sequence[int]) -> Any:
        jax, numpy = trees.require_jax()
        ids = list(samples) if isinstance(samples, Taken) else _jax_data.ids(samples)
        tree = self._batch_tree
        if self._rows is not None:
            leaves = [array[ids] for array in self._rows.arrays]
        else:
            assert self._batch is not None
            leaves, structure = jax.tree_util.tree_flatten(self._batch(ids))
            if structure != tree.structure:
                raise TrainerError(
                    f"batch must give a tree like {tree.structure}, and gave {structure}",
                    "data_unreadable",
                )
        own = []
        for index, (leaf, type_) in enumerate(zip(leaves, tree.types)):
            array = numpy.asarray(leaf).astype(type_.struct().dtype, copy=False)
            if array.shape != (self._own, *type_.shape[1:]):
                raise TrainerError(
                    f"{tree.leaf(index)} has shape {list(array.shape)}, expected"
                    f" {[self._own, *type_.shape[1:]]}",
                    "data_unreadable",
                )
            own.append(array)
        return own

    def step(self, samples: Sequence[int], batch: Any) -> float:
        jax, _ = trees.require_jax()
        with _jax_data.memory("a step"), self._under():
            rows = self._batch_tree.build(
                [jax.make_array_from_process_local_data(self._rows_sharding, one) for one in batch]
            )
            # Computes, and waits for the others, in one.
            entering(own=False)
            tree, loss = self._jitted(self._tree, rows)
            value = float(loss)
            self._tree, self._step = tree, self._step + 1
            if self._step == self._job.steps and self._evaluated is not None:
                assert self._held_out_rows is not None
                found = self._evaluated(tree, self._held_out_rows.tree())
                self._evaluation = Evaluation(float(found[0]), float(found[1]))
        return value

    def _under(self) -> Any:
        """The mesh to trace under."""
        jax, _ = trees.require_jax()
        return jax.set_mesh(self._mesh) if hasattr(jax, "set_mesh") else self._mesh

    def add(self, values: Floats) -> None:
        jax, numpy = trees.require_jax()
        own = numpy.frombuffer(values, numpy.float32)
        # A row for each device, the numbers in the first.
        rows = numpy.zeros((jax.local_device_count(), len(own)), numpy.float32)
        rows[0] = own
        total = self._add(jax.make_array_from_process_local_data(self._rows_sharding, rows))
        numpy.frombuffer(values, numpy.float32)[:] = numpy.asarray(total)

    def broken(self, error: BaseException) -> bool:
        return super().broken(error) or is_broken(error)

    def evaluate(self) -> Evaluation | None:
        return self._evaluation


class PartitionSpecs:
    """The specs that are Coxswain's own."""

    def rows(self) -> Any:
        """Of a batch: its rows over all devices, rank by rank."""
        jax, _ = trees.require_jax()
        return jax.sharding.PartitionSpec(AXES)

    def whole(self) -> Any:
        """The same everywhere."""
        jax, _ = trees.require_jax()
        return jax.sharding.PartitionSpec()


def join(group: Group) -> None:
    """Makes this process one of a JAX program of all ranks, whose devices are ``jax.devices()``.

    Call it before anything touches a device. JAX's coordination service runs beside the agent of
    rank 0, in a process of its own; a membership change replaces all workers' processes, which are
    its clients, and the next view has another one.
    """
    Coordination(group).join()
