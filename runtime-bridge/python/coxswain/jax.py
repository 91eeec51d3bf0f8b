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

import weakref
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from . import _host, _jax_copies, _jax_data, worker
from ._jax_copies import copied as copied
from ._jax_copies import with_host_copies as with_host_copies
from ._jax_pieces import Cut as Cut
from ._jax_sharded import ShardedTrainer as ShardedTrainer
from ._jax_sharded import join as join
from .bundle import BundleError, elementwise, exporter, trees
from .bundle.programs import Program as Traced
from .stream import Lanes, Stream, Taken
from .trainer import Captured, Evaluation, Floats, Job, Leaf, Program, Shard, Trainer, TrainerError


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
    snapshots: str = "wait",
) -> NoReturn:
    """Trains as the agent says that started this process; never returns. See :class:`JaxTrainer`."""
    _jax_data.import_ahead()
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
            snapshots=snapshots,
        )
    )


def run_sharded(
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
) -> NoReturn:
    """The same for a state of arrays with a ``NamedSharding`` over all ranks' devices, and
    ``collectives: {across: runtime}`` in the job file. See :class:`ShardedTrainer`."""
    _jax_data.import_ahead()
    worker.run(
        ShardedTrainer(
            state=state,
            specs=specs,
            step=step,
            data=data,
            batch=batch,
            samples=samples,
            evaluate=evaluate,
            held_out=held_out,
            donate=donate,
            snapshots=snapshots,
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
        snapshots: with ``donate``, how a snapshot leaves the device: ``"wait"``: the update after
            it waits until its copy is on the host; the gradients before it do not. ``"device"``: it
            is copied on the device first, which needs room for a second state until it has left.
            ``"host"``: the device writes it to pinned memory of the host.
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
        snapshots: str = "wait",
    ) -> None:
        _jax_data.require_sources(data, batch, samples, evaluate, held_out)
        self._params, self._optimizer = params, optimizer
        self._grads, self._apply, self._evaluate = grads, apply, evaluate
        self._reduction, self._deterministic = reduction, deterministic
        self._data, self._held_out = data, held_out
        self._batch, self._count = batch, samples
        self._state: list[Any] = []
        self._uploaded: tuple[Floats, list[Any]] | None = None
        _jax_copies.require_way(snapshots, donate)
        self._donate, self._snapshots = donate, snapshots
        #: What was captured and may not have left the device yet.
        self._leaving: weakref.WeakSet[_jax_copies.Late] = weakref.WeakSet()

    # ------------------------------------------------------------ loading

    def build(self, job: Job) -> Program:
        try:
            jax = _jax_data.require_jax()
            _jax_copies.require_memory(self._snapshots)
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
            rows = _jax_data.Rows("data", _jax_data.loaded(self._data, job.data))
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
                example = self._batch(_jax_data.ids(min(i, last) for i in range(size)))
        if self._evaluate is not None:
            held_out = _jax_data.Rows("held_out", _jax_data.loaded(self._held_out, job.data))
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
            found.add("machine", "\n".join(_jax_data.machine()).encode())
        for name, program in traced.items():
            types = [slot.type.struct() for slot in program.arguments]
            found.add("program", self._jitted[name].lower(*types).as_text().encode())
        model = self._plan.model
        for value in (*model.params.values, *model.optimizer.values):
            found.add("state", value.tobytes())
        _jax_data.digest(found, (*self._arrays, *self._held_out_arrays))
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
            return _jax_copies.Leaving(self._state, self._snapshots, self._leaving)
        # Arrays never change, so there is time until the snapshot's thread asks.
        return [lambda array=array: _jax_copies.raw(array) for array in self._state]  # type: ignore[misc]

    # ------------------------------------------------------------ steps

    def batch(self, samples: Sequence[int]) -> list[Any]:
        ids = list(samples) if isinstance(samples, Taken) else _jax_data.ids(samples)
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
        with _jax_data.memory(program):
            try:
                return self._jitted[program](*arguments)  # type: ignore[no-any-return]
            except BundleError as e:
                raise TrainerError(str(e)) from e

    def _end(self, program: str, results: Sequence[Any]) -> Sequence[Any]:
        jax, _ = trees.require_jax()
        with _jax_data.memory(program):
            return jax.block_until_ready(results)  # type: ignore[no-any-return]
