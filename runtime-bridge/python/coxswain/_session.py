"""One job in a worker: the trainer, the region, and the account of which state is live."""

from __future__ import annotations

import functools
import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from . import _arena, _control, _finite, _tables, _wire, digests
from ._exports import Exporter, Initial, settings_of
from ._group import GroupBroken, Stepper, group_of, local_rank, local_size, share
from ._jobs import Refused, identity, job_of, require_collectives
from ._microshards import Gradients
from ._pieces import box_of, leaf_cuts, require_whole
from ._report import Entries
from ._samples import Samples
from ._slots import load_slot
from ._store import Store
from ._streams import FusedStream, SplitStream, wrapped
from ._threads import Abandoned, Background, Gate, MainThread
from ._views import Activity, Begun, View, asked, bytes_of, open_arena
from ._ways import namer, ways_of
from .trainer import (
    Captured,
    Copy,
    Evaluation,
    FusedProgram,
    FusedTrainer,
    Group,
    Program,
    Shard,
    Trainer,
    TrainerError,
)


class Session:
    """A loaded job. Everything is called by the thread that talks to the agent.

    Trainer's methods are called on the main thread. Methods raise :class:`Refused`, or whatever the
    trainer raised.
    """

    def __init__(
        self,
        spec: _control.JobSpec,
        trainer: Trainer | FusedTrainer,
        main: MainThread,
        gate: Gate,
        snapshots: Background,
        activity: Activity,
        stores: Callable[[int], Store] | None = None,
        entries: Entries | None = None,
        serve: Callable[[int, str, Sequence[str]], str] | None = None,
        exported: Callable[[_wire.ExportTold], None] | None = None,
    ) -> None:
        require_collectives(spec, trainer)
        self.identity = identity(spec)
        job, self._min_step_seconds = job_of(spec)
        self._job = replace(job, local_world_size=local_size())
        self._trainer, self._main, self._gate = trainer, main, gate
        self._snapshots, self._activity = snapshots, activity
        self._stores, self._serve = stores, serve
        self._view: View | None = None
        self._live: int | None = None
        self._warm, self._compile_nanos = False, 0
        start = time.perf_counter_ns()
        activity("load", 0)
        settings = settings_of(spec)
        self._exporter = Exporter(settings, exported)
        self._initial = None if settings.initial is None else Initial(settings.initial)
        program: Program | FusedProgram = main.call(lambda: trainer.build(self._job))
        trainer, self._program = wrapped(trainer, program, self._job)
        self._trainer = trainer
        streams = isinstance(trainer, (SplitStream, FusedStream))
        self._layout = self._program.layout()
        ways = ways_of(self._program, self._job, local_rank())
        self._cut, self._shards = ways.cut, ways.own
        self._samples = Samples(
            self._job.seed,
            0 if streams else self._program.samples,  # type: ignore[arg-type]
            self._job.batch,
            self._job.microshards,
        )
        self._stepper: Stepper | None = None
        self._gradients: Gradients | None = None
        self._stall_nanos = 0
        self._laid_out: tuple[Any, _tables.Meta] | None = None
        if isinstance(trainer, FusedTrainer):
            require_whole(self._cut, namer(ways, self._job))
            self._stepper = Stepper(
                trainer, main, gate, self._samples, activity, entries or Entries()
            )
        else:
            self._gradients = Gradients(trainer, gate, self._samples, self._shards[0])
        if self._initial is not None:
            self._initial.require_fits(self._shards)
        self._load_nanos = time.perf_counter_ns() - start

    # ------------------------------------------------------------ loading

    def loaded(self, warm_up: bool) -> _wire.JobLoaded:
        """The answer to LoadJob."""
        if warm_up and not self._warm:
            self._activity("warm_up", 0)
            start = time.perf_counter_ns()
            self._main.call(self._trainer.warm_up)
            self._warm, self._compile_nanos = True, time.perf_counter_ns() - start
        job, shards = self._job, self._shards
        buffers = -(-job.microshards // (job.replicas * job.shards))
        metas = [self._meta(shard, 0, 0) for shard in shards]
        shapes = [
            _arena.Shape(self._layout.elements, buffers, shard.end - shard.begin)
            for shard in shards
        ]
        return _wire.JobLoaded(
            _control.StateLayout(
                parameter_elements=self._layout.elements,
                shard_begin=(0, *(shard.end for shard in shards)),
                shard_state_bytes=tuple(meta.data_bytes for meta in metas),
                shard_region_bytes=tuple(shape.file_bytes for shape in shapes),
                fingerprint=self._fingerprint(),
                deterministic=self._program.deterministic,
            ),
            load_nanos=self._load_nanos,
            compile_nanos=self._compile_nanos,
            shard_live_bytes=tuple(0 for _ in shards),
            shard_pieces=tuple(_arena.pieces_for(meta) for meta in metas),
            reforms=isinstance(self._trainer, FusedTrainer) and self._trainer.reforms,
            leaves=leaf_cuts(shards) if self._stepper is not None else (),
            shares_rank=isinstance(self._trainer, FusedTrainer),
        )

    def _fingerprint(self) -> str:
        job, program = self._job, self._program
        leaves = [
            [leaf.name, leaf.dtype, leaf.shape, leaf.like]
            for leaf in (*program.parameters, *program.optimizer)
        ]
        description = [
            "coxswain-python-1",
            [job.seed, job.batch, job.microshards, job.shards],
            [program.samples, program.deterministic, len(program.parameters), leaves],
            program.fingerprint,
        ]
        if self._stepper is not None:
            boxes = [[box_of(part) for part in shard.parts] for shard in self._cut]
            description.append([[_described(box) for box in shard] for shard in boxes])
        if self._initial is not None:
            description.append(self._initial.identity)
        digest = hashlib.sha256(json.dumps(description).encode()).hexdigest()
        # The program's own stands beside it, for who reads that two differ.
        return f"{digest} ({program.fingerprint})" if program.fingerprint else digest

    def _meta(self, shard: Shard, epoch: int, step: int, begin: int = 0) -> _tables.Meta:
        # The same pieces snapshot after snapshot: what a view's own are is laid out once.
        key = (shard.parts, shard.index, begin)
        if self._laid_out is None or self._laid_out[0] != key:
            boxes = map(box_of, shard.parts)
            meta = _tables.Meta.lay_out(self._job.id, epoch, step, shard.index, boxes, begin)
            self._laid_out = (key, meta)
        return self._laid_out[1].of(epoch, step)

    # ------------------------------------------------------------ taking a rank

    def prepare(self, request: _wire.PrepareView) -> _wire.ViewPrepared:
        """Takes a rank."""
        self._activity("restore", request.base_step)
        job = self._job
        if request.shards != job.shards or request.rank // request.shards >= request.replicas:
            raise Refused(
                "bad_request",
                f"rank {request.rank} of a {request.replicas}×{request.shards} mesh; the job was"
                f" loaded for {job.shards} shards",
            )
        size = request.local.size if request.local else 1
        if size != job.local_world_size:
            raise Refused(
                "bad_request",
                f"the rank has {size} processes, and this one was started as one of"
                f" {job.local_world_size} (COXSWAIN_BRIDGE_LOCAL_SIZE)",
            )
        microshards = share(self._microshards(request), request)
        self._snapshots.drain()
        old = self._view
        if old is not None and str(old.region.path) == request.region_path:
            region = old.region
        else:
            region = open_arena(request.region_path, "internal")
        taken = False
        try:
            group = self._group(request)
            shard = replace(self._shards[request.rank % request.shards], rank=group.rank)
            view = View(request.epoch, shard, microshards, region, group, request.local)
            self._require_fits(view)
            if isinstance(self._trainer, FusedTrainer):
                fused = self._trainer
                self._main.call(lambda: fused.expect(group))
            digest, loaded_bytes = self._establish(request, view, old)
            if self._stepper is None:
                self._main.call(lambda: self._publish(view))
            if old is None or old.region is not region:
                self._main.call(lambda: self._trainer.mapped(region.memory()))
            self._view, self._live = view, request.base_step
            self._exporter.begin(request.base_step)
            taken = True
        finally:
            if old is None or old.region is not region:
                if not taken:
                    region.close()
                elif old is not None:
                    self._unmap(old.region)
        return _wire.ViewPrepared(request.epoch, request.base_step, digest, loaded_bytes)

    def _unmap(self, region: _arena.Arena) -> None:
        self._main.call(lambda: self._trainer.unmapped(region.memory()))
        region.close()

    def _group(self, request: _wire.PrepareView) -> Group:
        stores = self._stores
        make = None if stores is None else functools.partial(stores, request.epoch)
        serve = None if self._serve is None else functools.partial(self._serve, request.epoch)
        return group_of(self._job.id, request, make, serve)

    def _microshards(self, request: _wire.PrepareView) -> range:
        count, ranks = self._job.microshards, request.replicas * request.shards
        first, last = request.rank * count // ranks, (request.rank + 1) * count // ranks
        for operation in request.plan.operations if request.plan else ():
            if operation.kind == _control.OPERATION_KIND_EXECUTE:
                first, last = operation.microshard_from, operation.microshard_to
        if not 0 <= first <= last <= count:
            raise Refused(
                "bad_request",
                f"the plan gives rank {request.rank} the microshards {first} to {last}; the job has"
                f" {count}",
            )
        return range(first, last)

    def _require_fits(self, view: View) -> None:
        shape, shard = view.region.shape, view.shard
        meta = self._meta(shard, 0, 0, view.local.slot_offset if view.local else 0)
        elements = shard.end - shard.begin
        if (
            shape.parameters != self._layout.elements
            or (self._stepper is None and shape.gradients < len(view.microshards))
            or shape.reduced < elements
            or shape.slot_data < meta.data_bytes
            or shape.pieces < len(meta.pieces)
        ):
            raise Refused(
                "bad_request",
                f"region {view.region.path} is made for {shape}; shard {shard.index} needs"
                f" {self._layout.elements} parameters, {len(view.microshards)} gradient buffers,"
                f" {elements} elements of the reduced gradient, and slots of {meta.data_bytes} bytes"
                f" in {len(meta.pieces)} pieces",
            )

    def _establish(
        self, request: _wire.PrepareView, view: View, old: View | None
    ) -> tuple[bytes, int]:
        if request.origin == _wire.STATE_ORIGIN_KEEP_LIVE:
            same = old is not None and old.shard.index == view.shard.index
            if not same or self._live != request.base_step:
                raise Refused(
                    "bad_state",
                    f"no live state of step {request.base_step} of shard {view.shard.index} to"
                    f" keep; the worker has {self._describe_live()}",
                )
            self._live = None
            return b"", 0
        if request.origin == _wire.STATE_ORIGIN_INIT:
            if request.base_step != 0:
                raise Refused(
                    "bad_request",
                    f"the initial state is that of step 0, not of step {request.base_step}",
                )
            self._live = None
            if self._initial is not None:
                self._initial.load(view.shard, self._load)
            else:
                self._main.call(lambda: self._initialize(view))
            return b"", 0
        if request.origin == _wire.STATE_ORIGIN_SLOT:
            return load_slot(request, view, old, self._job.id, self._load)
        raise Refused(
            "bad_request",
            f"the view names no origin of the state that this version knows ({request.origin})",
        )

    def _initialize(self, view: View) -> None:
        """On the main thread."""
        self._trainer.initialize(asked(view.shard))
        for part, captured in zip(view.shard.parts, self._captured(view)):
            data = bytes_of(part.name, part.size, captured)
            wrong = _finite.first_wrong(part.leaf.dtype, data)
            if wrong is not None:
                raise TrainerError(
                    f"{part.name} is not finite in the initial state: element {part.start + wrong}"
                    f" of what shard {view.shard.index} holds of it is NaN or infinite"
                )

    def _load(self, shard: Shard, parts: Sequence[memoryview]) -> None:
        self._live = None
        self._main.call(lambda: self._trainer.load(asked(shard), parts))

    def _publish(self, view: View) -> None:
        """Writes the shard's parameters into the region. On the main thread."""
        shard = view.shard
        own = view.region.parameters()[shard.begin : shard.end].cast("B")
        captured = self._captured(view)
        for part, one in zip(shard.parameter_parts, captured):
            at = 4 * shard.place(part)
            own[at : at + part.size] = bytes_of(part.name, part.size, one)

    # ------------------------------------------------------------ steps

    def execute(self, request: _wire.Execute) -> _wire.Executed | _wire.Aborted:
        """Gradients of the rank's microshards."""
        view = self._require(request.epoch, request.step - 1)
        self._activity("execute", request.step)
        if self._stepper is not None:
            return self._step(self._stepper, view, request)
        gradients = self._gradients
        assert gradients is not None
        aborted = _wire.Aborted(request.epoch, request.step)
        start = time.perf_counter_ns()
        try:
            done = self._main.call(lambda: gradients.of(view, request.step), request.epoch)
        except Abandoned:
            return aborted
        if done is None:
            return aborted
        left = self._min_step_seconds - (time.perf_counter_ns() - start) / 1e9
        if left > 0 and self._gate.wait(request.epoch, left):
            return aborted
        losses, samples, sample_hash, data_nanos = done
        nanos = time.perf_counter_ns() - start
        return _wire.Executed(
            request.epoch, request.step, tuple(losses), samples, sample_hash, nanos, data_nanos
        )

    def _step(
        self, stepper: Stepper, view: View, request: _wire.Execute
    ) -> _wire.Executed | _wire.Aborted:
        """Makes the step whole."""
        epoch, step = request.epoch, request.step
        before, self._live = self._live, None
        start = time.perf_counter_ns()
        try:
            done = stepper.step(view.group, view.microshards, step)
        except Abandoned:
            return _wire.Aborted(epoch, step)
        except GroupBroken as e:
            if isinstance(self._trainer, FusedTrainer) and self._trainer.reforms:
                self._live = before
            if self._gate.is_aborted(epoch):
                return _wire.Aborted(epoch, step)
            raise Refused("group_broken", str(e)) from e
        self._live = step
        self._gate.wait(epoch, self._min_step_seconds - (time.perf_counter_ns() - start) / 1e9)
        loss, samples, sample_hash, nanos, data_nanos, own_nanos = done
        stall, self._stall_nanos = self._stall_nanos, 0
        return _wire.Executed(
            epoch, step, (), samples, sample_hash, nanos, data_nanos, loss, stall, own_nanos
        )

    def aborted(self) -> None:
        """An abort came. Any thread; does not wait."""
        if self._stepper is not None:
            self._stepper.aborted()

    def apply(self, request: _wire.Apply) -> tuple[_wire.Applied, Begun | str | None]:
        """Makes the step; with it the snapshot that has begun, or why it could not begin."""
        view = self._require(request.epoch, request.step - 1)
        self._activity("apply", request.step)
        trainer = self._split()
        start = time.perf_counter_ns()
        self._live = None

        def update() -> None:
            elements = view.shard.end - view.shard.begin
            trainer.apply(view.region.reduced()[:elements].toreadonly())
            self._publish(view)

        self._main.call(update)
        self._live = request.step
        applied = time.perf_counter_ns()
        begun: Begun | str | None = None
        if request.take_snapshot:
            self._activity("snapshot", request.step)
            try:
                begun = self._begin(view, request.step, request.slot_index)
            except Refused as e:
                # The step is made all the same; only its snapshot is missing.
                begun = str(e)
        stall = time.perf_counter_ns() - applied if isinstance(begun, Begun) else 0
        return _wire.Applied(request.epoch, request.step, applied - start, stall), begun

    def snapshot(self, request: _wire.Snapshot) -> Begun:
        """Begins to copy the live state."""
        view = self._require(request.epoch, request.step)
        self._activity("snapshot", request.step)
        start = time.perf_counter_ns()
        begun = self._begin(view, request.step, request.slot_index)
        self._stall_nanos += time.perf_counter_ns() - start
        return begun

    def _begin(self, view: View, step: int, index: int) -> Begun:
        slots = view.region.shape.slots
        if index >= slots:
            raise Refused("bad_request", f"slot {index} of a region with {slots} slots")
        slot, local = view.region.slot(index), view.local
        meta = self._meta(view.shard, view.epoch, step, local.slot_offset if local else 0)
        due = self._exporter.due(step) and self._exporter.holds(view.shard)
        export = functools.partial(self._exporter.write, view.shard) if due else None

        def copy() -> Begun:
            captured = self._captured(view)
            data = slot.begin_part(meta) if local else slot.begin(meta)
            later = []
            for piece, one in zip(meta.pieces, captured):
                if isinstance(one, Copy):
                    one.begin(data[piece.at : piece.end])
                    later.append((piece, one))
                elif callable(one):
                    later.append((piece, one))
                else:
                    data[piece.at : piece.end] = bytes_of(piece.box.leaf, piece.box.size, one)
            if not later and local is None:
                slot.filled(meta)
            return Begun(slot, meta, tuple(later), local is not None, export)

        try:
            return self._main.call(copy)
        except _tables.ArenaError as e:
            raise Refused("bad_state", str(e)) from e

    def _captured(self, view: View) -> Sequence[Captured]:
        """On the main thread."""
        captured = self._trainer.state()
        expected = len(asked(view.shard).parts)
        if len(captured) != expected:
            raise TrainerError(
                f"the state has {len(captured)} parts, and shard {view.shard.index}"
                f" {expected}: it changed since the job was loaded"
            )
        if expected < len(view.shard.parts):
            return [*captured, view.shard.rank.to_bytes(4, "little")]
        return captured

    # ------------------------------------------------------------ the end

    def finish(self, request: _wire.Finish) -> _wire.Finished:
        """Describes the final state."""
        view = self._require(request.epoch, request.step)
        self._activity("finish", request.step)
        leaves = self._main.call(lambda: self._leaf_digests(view))
        if self._exporter.holds(view.shard):
            self._main.call(lambda: self._leave(view, request.step))
        if not request.evaluate:
            return _wire.Finished(leaves)
        evaluation = self._main.call(lambda: self._evaluate(view))
        seen, distinct = self._samples.consumed(
            (segment.first_step, segment.last_step) for segment in request.lineage
        )
        if evaluation is None:
            evaluation = Evaluation(math.nan)
        return _wire.Finished(
            leaves, float(evaluation.loss), float(evaluation.accuracy), seen, distinct
        )

    def _leave(self, view: View, step: int) -> None:
        """Exports the final state. On the main thread."""
        parts = view.shard.parts
        captured = self._captured(view)
        data = [bytes_of(part.name, part.size, one) for part, one in zip(parts, captured)]
        self._exporter.write(view.shard, self._meta(view.shard, view.epoch, step), data)

    def _evaluate(self, view: View) -> Evaluation | None:
        """On the main thread."""
        if isinstance(self._trainer, FusedTrainer):
            return self._trainer.evaluate()
        return self._trainer.evaluate(view.region.parameters().toreadonly())

    def _split(self) -> Trainer:
        if isinstance(self._trainer, FusedTrainer):
            raise Refused("bad_request", "this program makes steps whole: it has no apply")
        return self._trainer

    def _leaf_digests(self, view: View) -> tuple[_control.LeafDigest, ...]:
        """On the main thread."""
        parts = view.shard.parts
        captured = (
            bytes_of(part.name, part.size, one) for part, one in zip(parts, self._captured(view))
        )
        if self._stepper is not None:
            return digests.fused_digests(self._cut, view.shard, captured)
        return tuple(digests.leaf_digest(part, one) for part, one in zip(parts, captured))

    def close(self) -> None:
        """Unmaps the region."""
        self._snapshots.drain()
        if self._view is not None:
            self._unmap(self._view.region)

    def _require(self, epoch: int, step: int) -> View:
        view = self._view
        if view is None:
            raise Refused("bad_state", "no view has been prepared in this worker")
        if view.epoch != epoch or self._live != step:
            raise Refused(
                "bad_state",
                f"the request is for epoch {epoch} with live step {step}; the worker is in epoch"
                f" {view.epoch} and has {self._describe_live()}",
            )
        return view

    def _describe_live(self) -> str:
        if self._view is None or self._live is None:
            return "no live state"
        return f"live step {self._live} of shard {self._view.shard.index}"


def _described(box: _tables.Box) -> list[Any]:
    return [box.leaf, box.offset, box.extent, box.per_rank]
