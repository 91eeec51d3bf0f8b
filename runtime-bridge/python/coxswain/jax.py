"""Makes a JAX training script a Coxswain worker.

::

    import coxswain.jax

    coxswain.jax.run(
        params=init,            # a tree of arrays, or a function of the job's seed
        optimizer=adam.init,    # a tree of arrays, or a function of the parameters
        grads=grads,            # grads(params, batch) -> (loss, gradients)
        apply=update,           # apply(params, optimizer, gradients) -> (params, optimizer)
        reduction="mean",       # what grads is over the samples
        data=load,              # a tree of arrays, or a function of the job's data path
    )

The functions are those of a program bundle (docs/bundle.md, "What the functions may do"): traced once
by ``jax.jit``, ``grads`` over one microshard of the batch, ``apply`` with the mean of the gradients
over the global batch. Nothing is donated: a step makes a new state beside the old one, whose snapshot
is copied while the next steps run. Importing this module imports neither JAX nor NumPy; running does.
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from . import _host, worker
from ._jax_pieces import Cut as Cut
from .bundle import BundleError, elementwise, exporter, trees
from .bundle.programs import Program as Traced
from .stream import Lanes, Stream, Taken
from .trainer import Captured, Evaluation, Floats, Job, Leaf, Program, Shard, Trainer, TrainerError

#: How many rows of each data array enter the fingerprint.
_ROWS = 1024


def run(
    *,
    params: Any,
    optimizer: Any,
    grads: Callable[..., Any],
    apply: Callable[..., Any],
    reduction: str,
    data: Any = None,
    batch: Callable[[Any], Any] | None = None,
    samples: int | Stream | None = None,
    evaluate: Callable[..., Any] | None = None,
    held_out: Any = None,
    deterministic: bool | None = None,
    donate: bool = False,
) -> NoReturn:
    """Trains as the agent says that started this process; never returns. See :class:`JaxTrainer`."""
    worker.run(
        JaxTrainer(
            params=params,
            optimizer=optimizer,
            grads=grads,
            apply=apply,
            reduction=reduction,
            data=data,
            batch=batch,
            samples=samples,
            evaluate=evaluate,
            held_out=held_out,
            deterministic=deterministic,
            donate=donate,
        )
    )


class JaxTrainer(Trainer):
    """A trainer made of JAX functions.

    Args:
        params: a tree (JAX pytree) of float32 arrays, or a function of the job's seed that makes it.
        optimizer: a tree of arrays, or a function of the parameters that makes it.
        grads: ``grads(params, batch) -> (loss, gradients)`` over one microshard.
        apply: ``apply(params, optimizer, gradients) -> (params, optimizer)``. Where the state is cut
            into shards it must work element by element, which is checked.
        reduction: what ``grads`` gives is over the samples: ``"sum"`` or ``"mean"``.
        data: a tree of arrays whose rows are the samples, or a function of the job's ``data`` (a
            path) that gives one.
        batch: instead of ``data``: a function of sample ids (an integer array) that gives their
            batch, always the same for the same ids.
        samples: with ``batch``: how many samples there are; or a :class:`coxswain.Stream`, and
            ``batch`` gets a list of its samples in place of ids.
        evaluate: ``evaluate(params, batch) -> (mean loss, accuracy)`` of all held-out samples.
        held_out: with ``evaluate``: as ``data``.
        deterministic: whether the same step gives the same bits in any process on such a host.
            Default: on the CPU. Where it does, hosts with other versions, processors or numbers of
            cores are refused.
        donate: updates write the new state over the old one, so the device needs no room for two.
            Then the update after a snapshot waits until the snapshot's copy has left the device;
            the gradients before it do not.
    """

    def __init__(
        self,
        *,
        params: Any,
        optimizer: Any,
        grads: Callable[..., Any],
        apply: Callable[..., Any],
        reduction: str,
        data: Any = None,
        batch: Callable[[Any], Any] | None = None,
        samples: int | Stream | None = None,
        evaluate: Callable[..., Any] | None = None,
        held_out: Any = None,
        deterministic: bool | None = None,
        donate: bool = False,
    ) -> None:
        if (data is None) == (batch is None):
            raise TrainerError("give either data (arrays) or batch (a function of sample ids)")
        if (batch is None) != (samples is None):
            raise TrainerError("batch and samples belong together: how many samples are there?")
        if (evaluate is None) != (held_out is None):
            raise TrainerError("evaluate and held_out belong together: give both or neither")
        self._params, self._optimizer = params, optimizer
        self._grads, self._apply, self._evaluate = grads, apply, evaluate
        self._reduction, self._deterministic = reduction, deterministic
        self._data, self._held_out = data, held_out
        self._batch, self._count = batch, samples
        self._state: list[Any] = []
        self._uploaded: tuple[Floats, list[Any]] | None = None
        self._donate = donate
        #: What was captured and may not have left the device yet.
        self._leaving: weakref.WeakSet[_Late] = weakref.WeakSet()

    # ------------------------------------------------------------ loading

    def build(self, job: Job) -> Program:
        try:
            jax = _require_jax()
            self._state, self._uploaded = [], None
            size = job.batch // job.microshards
            if size * job.microshards != job.batch:
                raise TrainerError(
                    f"a batch of {job.batch} samples cannot be cut into {job.microshards} equal"
                    " microshards: microshards must divide batch, since a JAX program is compiled"
                    " for one size"
                )
            self._plan = self._planned(job, size)
            self._batch_dtypes = [type_.struct().dtype for type_ in self._plan.batch.types]
            model = self._plan.model
            if job.shards > 1:
                elementwise.check(model, self._apply, {job.shards: self._plan.cuts[job.shards]})
            traced = {program.name: program for program in self._plan.programs()}
            self._updates = self._plan.cuts[job.shards]
            donated = {
                update.name: tuple(range(len(update.results))) if self._donate else ()
                for update in self._updates
            }
            self._jitted = {
                name: jax.jit(one.function, donate_argnums=donated.get(name, ()))
                for name, one in traced.items()
            }
            fingerprint = self._fingerprint(traced)
        except BundleError as e:
            raise TrainerError(str(e)) from e
        return Program(
            tuple(
                Leaf(path, type_.dtype, type_.shape)
                for path, type_ in zip(model.params.paths, model.params.types)
            ),
            tuple(
                Leaf(path, type_.dtype, type_.shape, like)
                for path, type_, like in zip(
                    model.optimizer.paths, model.optimizer.types, model.like
                )
            ),
            self._samples,
            fingerprint,
            self._is_deterministic(),
        )

    def _is_deterministic(self) -> bool:
        jax, _ = trees.require_jax()
        if self._deterministic is None:
            return bool(jax.default_backend() == "cpu")
        return self._deterministic

    def _planned(self, job: Job, size: int) -> exporter.Plan:
        params = self._params(job.seed) if callable(self._params) else self._params
        optimizer = self._optimizer(params) if callable(self._optimizer) else self._optimizer
        self._arrays, held_out = [], None
        if self._batch is None:
            rows = _Rows("data", _loaded(self._data, job.data))
            self._arrays, self._samples = rows.arrays, rows.count
            example = rows.example(size)
        else:
            assert self._count is not None
            self._samples = self._count
            if isinstance(self._count, Stream):
                taken = Lanes(self._count, job.microshards).example(size)
                example = self._batch(list(taken))
            else:
                last = self._count - 1
                example = self._batch(_ids(min(i, last) for i in range(size)))
        if self._evaluate is not None:
            held_out = _Rows("held_out", _loaded(self._held_out, job.data))
        self._held_out_arrays = held_out.arrays if held_out else []
        plan = exporter.plan(
            name="job",
            params=params,
            optimizer=optimizer,
            batch=example,
            reduction=self._reduction,
            batch_size=job.batch,
            microshard_samples=size,
            grads=self._grads,
            apply=self._apply,
            evaluate=self._evaluate,
            held_out=held_out.count if held_out else None,
            shards=(job.shards,),
        )
        if held_out is not None:
            held_out.require_like(plan.batch)
        return plan

    def _fingerprint(self, traced: dict[str, Traced]) -> str:
        """Of the program's text, the initial state, the data, and what else bits depend on."""
        found = _host.Fingerprint()
        if self._is_deterministic():
            found.add("machine", "\n".join(_machine()).encode())
        for name, program in traced.items():
            types = [slot.type.struct() for slot in program.arguments]
            found.add("program", self._jitted[name].lower(*types).as_text().encode())
        model = self._plan.model
        for value in (*model.params.values, *model.optimizer.values):
            found.add("state", value.tobytes())
        for array in (*self._arrays, *self._held_out_arrays):
            found.add("data", repr((str(array.dtype), array.shape)).encode())
            found.add("data", array[:: max(1, len(array) // _ROWS)].tobytes())
        return str(found)

    def warm_up(self) -> None:
        _, numpy = trees.require_jax()

        def zeros(program: Traced) -> list[Any]:
            return [numpy.zeros(s.type.shape, s.type.struct().dtype) for s in program.arguments]

        for program in self._plan.programs():
            if program.name != "evaluate":
                self._compute(program.name, zeros(program))

    # ------------------------------------------------------------ the state

    def initialize(self, shard: Shard) -> None:
        model = self._plan.model
        whole = [*model.params.values, *model.optimizer.values]
        self._take(
            shard, [whole[part.index].reshape(-1)[part.start : part.stop] for part in shard.parts]
        )

    def load(self, shard: Shard, parts: Sequence[memoryview]) -> None:
        _, numpy = trees.require_jax()
        slots = self._updates[shard.index].results
        self._take(
            shard,
            [numpy.frombuffer(data, slot.type.struct().dtype) for slot, data in zip(slots, parts)],
        )

    def _take(self, shard: Shard, values: Sequence[Any]) -> None:
        jax, _ = trees.require_jax()
        self._shard, self._uploaded = shard, None
        self._update = self._updates[shard.index]
        # Copies: what the values lie in is gone afterwards.
        self._state = [
            jax.numpy.array(value.reshape(slot.type.shape), slot.type.struct().dtype, copy=True)
            for value, slot in zip(values, self._update.results)
        ]
        jax.block_until_ready(self._state)

    def state(self) -> Sequence[Captured]:
        if self._donate:
            return _Leaving(self._state, self._leaving)
        # Arrays never change, so there is time until the snapshot's thread asks.
        return [lambda array=array: _bytes(array) for array in self._state]  # type: ignore[misc]

    # ------------------------------------------------------------ steps

    def batch(self, samples: Sequence[int]) -> list[Any]:
        ids = list(samples) if isinstance(samples, Taken) else _ids(samples)
        if self._batch is None:
            return [
                array[ids].astype(dtype, copy=False)
                for array, dtype in zip(self._arrays, self._batch_dtypes)
            ]
        types = self._plan.batch.types
        try:
            leaves = trees.require_same(self._plan.batch, self._batch(ids), "batch: its result")
            for index, (leaf, type_) in enumerate(zip(leaves, types)):
                trees.require_type(f"batch: {self._plan.batch.leaf(index)}", leaf, type_)
        except BundleError as e:
            raise TrainerError(str(e), "data_unreadable") from e
        return leaves

    def grads(self, parameters: Floats, batch: list[Any], gradient: Floats) -> Callable[[], float]:
        results = self._begin("grads", [*self._parameters(parameters), *batch])
        return lambda: self._end_grads(results, gradient)

    def _end_grads(self, results: Sequence[Any], gradient: Floats) -> float:
        _, numpy = trees.require_jax()
        loss, *gradients = self._end("grads", results)
        flat = numpy.frombuffer(gradient, numpy.float32)
        for leaf, value in zip(self._plan.model.layout.leaves, gradients):
            flat[leaf.begin : leaf.end] = numpy.asarray(value).reshape(-1)
        return float(loss)

    def _parameters(self, flat: Floats) -> list[Any]:
        """The whole parameters on the device."""
        leaves = self._plan.model.layout.leaves
        if self._shard.count == 1:
            return self._state[: len(leaves)]
        if self._uploaded is None or self._uploaded[0] is not flat:
            jax, numpy = trees.require_jax()
            vector = numpy.frombuffer(flat, numpy.float32)
            # On the CPU these may lie where the vector does, which does not change before apply.
            self._uploaded = (
                flat,
                jax.device_put([vector[x.begin : x.end].reshape(x.shape) for x in leaves]),
            )
        return self._uploaded[1]

    def apply(self, gradient: Floats) -> None:
        _, numpy = trees.require_jax()
        self._uploaded = None
        flat = numpy.frombuffer(gradient, numpy.float32)
        shard = self._shard
        slots = self._update.arguments[len(self._state) :]
        sums = [
            flat[at : at + part.stop - part.start].reshape(slot.type.shape)
            for part, slot in zip(shard.parameter_parts, slots)
            for at in (shard.place(part),)
        ]
        # Its arguments are gone with it, if they are donated.
        for late in list(self._leaving):
            late.settle()
        self._state = self._compute(self._update.name, [*self._state, *sums])

    def evaluate(self, parameters: Floats) -> Evaluation | None:
        if self._evaluate is None:
            return None
        _, numpy = trees.require_jax()
        vector = numpy.frombuffer(parameters, numpy.float32)
        leaves = [vector[x.begin : x.end].reshape(x.shape) for x in self._plan.model.layout.leaves]
        arrays = [
            array.astype(type_.struct().dtype, copy=False)
            for array, type_ in zip(self._held_out_arrays, self._plan.batch.types)
        ]
        loss, accuracy = self._compute("evaluate", [*leaves, *arrays])
        return Evaluation(float(loss), float(accuracy))

    def _compute(self, program: str, arguments: Sequence[Any]) -> list[Any]:
        """Runs a program to its end: its arguments may be memory that changes afterwards."""
        return list(self._end(program, self._begin(program, arguments)))

    def _begin(self, program: str, arguments: Sequence[Any]) -> Sequence[Any]:
        with _memory(program):
            try:
                return self._jitted[program](*arguments)  # type: ignore[no-any-return]
            except BundleError as e:
                raise TrainerError(str(e)) from e

    def _end(self, program: str, results: Sequence[Any]) -> Sequence[Any]:
        jax, _ = trees.require_jax()
        with _memory(program):
            return jax.block_until_ready(results)  # type: ignore[no-any-return]


def _require_jax() -> Any:
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


class _Rows:
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
def _memory(program: str) -> Iterator[None]:
    """Calls the device's want of memory what Python calls it."""
    jax, _ = trees.require_jax()
    try:
        yield
    except jax.errors.JaxRuntimeError as e:
        if str(e).startswith("RESOURCE_EXHAUSTED"):
            raise MemoryError(f"the device has no room for {program}: {e}") from e
        raise


def _machine() -> list[str]:
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


def _loaded(data: Any, path: str) -> Any:
    if not callable(data):
        return data
    try:
        return data(path)
    except OSError as e:
        raise TrainerError(f"the training data cannot be read: {e}", "data_unreadable") from e


class _Late:
    """An array that is about to be donated: its bytes are fetched by whoever comes first, the
    snapshot's thread or the update that would write over it."""

    def __init__(self, array: Any) -> None:
        self._array, self._bytes = array, memoryview(b"")
        self._lock = threading.Lock()

    def settle(self) -> None:
        """Has the bytes in host memory when it returns. Any thread."""
        with self._lock:
            if self._array is not None:
                _, numpy = trees.require_jax()
                # A copy: on the CPU the array's own memory would be seen.
                host = numpy.array(self._array, copy=True)
                self._bytes = memoryview(host.reshape(-1).view(numpy.uint8))
                self._array = None

    def __call__(self) -> memoryview:
        self.settle()
        return self._bytes


class _Leaving(Sequence[Captured]):
    """Captured arrays, each when it is asked for: of a step only parameters are published."""

    def __init__(self, state: Sequence[Any], leaving: weakref.WeakSet[_Late]) -> None:
        self._state, self._leaving = state, leaving

    def __len__(self) -> int:
        return len(self._state)

    def __getitem__(self, index: Any) -> Any:
        late = _Late(self._state[index])
        self._leaving.add(late)
        return late


def _ids(samples: Any) -> Any:
    _, numpy = trees.require_jax()
    return numpy.fromiter(samples, numpy.int64)


def _bytes(array: Any) -> memoryview:
    """An array's bytes; on the CPU without a copy."""
    _, numpy = trees.require_jax()
    return memoryview(numpy.ascontiguousarray(array).reshape(-1).view(numpy.uint8))
