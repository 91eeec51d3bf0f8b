"""A whole worker in plain Python, written from docs/bridge.md: a linear model, SGD with momentum.

    coxswain conformance --kind minimal --slow-config '{"slow": true}' \\
        -- python3 runtime-bridge/python/tests/minimal_worker.py

Its data are made up: sample ``i`` has features that follow from ``i``, and a target that a hidden
weight vector gives. Float32 is kept by storing into ``array("f")``; sums are made in float64 in a
fixed order, so the same step gives the same bits, in any process and on any mesh.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import threading
import time
from array import array
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from coxswain import _arena, _control, _frames, _proto, _tables, _wire  # noqa: E402

KIND = "minimal"
FEATURES = 48
RATE, MOMENTUM = 0.05, 0.9
ALL = 2**64
STEP = struct.Struct("<q")


class Refused(Exception):
    """A request that is answered by a fault."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def end(status: int, words: str) -> None:
    """Ends the process at once, whatever its threads do."""
    print(f"minimal worker: {words}", file=sys.stderr, flush=True)
    os._exit(status)


def mixed(*numbers: int) -> int:
    """64 bits that follow from the numbers (splitmix64)."""
    value = 0
    for number in numbers:
        value = (value + number + 0x9E3779B97F4A7C15) % ALL
        value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 % ALL
        value = (value ^ value >> 27) * 0x94D049BB133111EB % ALL
        value ^= value >> 31
    return value


def noise(*numbers: int) -> float:
    """A number from -1 to 1 that follows from the numbers."""
    return mixed(*numbers) / 2**63 - 1


class Trainer:
    """The program: data, gradients, and the live state of one shard."""

    def __init__(self, job: _control.JobSpec) -> None:
        if job.runtime_kind != KIND:
            raise Refused("program_invalid", f"runtime {job.runtime_kind}; this worker is {KIND}")
        try:
            config = json.loads(job.runtime_json or "{}")
        except json.JSONDecodeError as e:
            raise Refused("program_invalid", f"the runtime section is no JSON: {e}") from e
        if not 1 <= job.shards <= FEATURES or min(job.replicas, job.batch, job.microshards) < 1:
            raise Refused("bad_request", f"{job.replicas} × {job.shards} ranks, batch {job.batch}")
        self.job = job
        self.slow = bool(config.get("slow"))
        self.bulk = int(config.get("bulk", 0))
        self.hidden = [noise(1, i) for i in range(FEATURES)]
        self.cuts = [FEATURES * shard // job.shards for shard in range(job.shards + 1)]

    def boxes(self, shard: int) -> list[_tables.Box]:
        """The pieces of a snapshot."""
        first, count = self.cuts[shard], self.cuts[shard + 1] - self.cuts[shard]
        box = (FEATURES,), (first,), (count,), 4 * count
        return [
            _tables.Box("w", "f32", *box),
            _tables.Box("momentum", "f32", *box),
            _tables.Box("step", "i64", (1,), (0,), (1,), STEP.size),
            _tables.Box("bulk", "u8", (self.bulk,), (0,), (self.bulk,), self.bulk),
        ]

    def layout(self) -> _wire.JobLoaded:
        """The answer to LoadJob."""
        job, shards = self.job, range(self.job.shards)
        buffers = -(-job.microshards // (job.replicas * job.shards))
        sizes = [self.cuts[shard + 1] - self.cuts[shard] for shard in shards]
        metas = [_tables.Meta.lay_out(job.job_id, 0, 0, s, self.boxes(s)) for s in shards]
        return _wire.JobLoaded(
            _control.StateLayout(
                parameter_elements=FEATURES,
                shard_begin=tuple(self.cuts),
                shard_state_bytes=tuple(meta.data_bytes for meta in metas),
                shard_region_bytes=tuple(
                    _arena.Shape(FEATURES, buffers, size).file_bytes for size in sizes
                ),
                fingerprint=f"minimal-1-{FEATURES}-{self.bulk}-{job.shards}-{job.seed}",
                deterministic=True,
            ),
            shard_live_bytes=tuple(0 for _ in shards),
            shard_pieces=tuple(len(meta.pieces) for meta in metas),
        )

    def sample(self, number: int) -> tuple[list[float], float]:
        """Features and target."""
        features = [noise(2, number, i) for i in range(FEATURES)]
        return features, sum(x * h for x, h in zip(features, self.hidden, strict=True))

    def gradient(
        self, step: int, microshard: int, w: memoryview[float]
    ) -> tuple[list[float], float, int]:
        """Sums over the microshard's samples: gradient, loss, and how many they are."""
        job = self.job
        first = job.batch * microshard // job.microshards
        last = job.batch * (microshard + 1) // job.microshards
        total, loss = [0.0] * FEATURES, 0.0
        for position in range(first, last):
            features, target = self.sample(self.id(step, position))
            error = sum(x * v for x, v in zip(features, w, strict=True)) - target
            loss += error * error / 2
            for i, x in enumerate(features):
                total[i] += error * x
        return total, loss, last - first

    def id(self, step: int, position: int) -> int:
        """Which sample stands there: it follows from seed and place alone."""
        return mixed(3, self.job.seed, (step - 1) * self.job.batch + position) % 10_000

    def hash(self, step: int, microshard: int) -> int:
        """The samples of a microshard, each with its place."""
        job = self.job
        places = range(
            job.batch * microshard // job.microshards,
            job.batch * (microshard + 1) // job.microshards,
        )
        return sum(mixed((step - 1) * job.batch + p, self.id(step, p)) for p in places) % ALL


class State:
    """The live state: a shard's weights and momentum."""

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, last
        self.w = array("f", bytes(4 * (last - first)))
        self.momentum = array("f", bytes(4 * (last - first)))
        self.step = 0

    def apply(self, reduced: memoryview[float], batch: int) -> None:
        """One update."""
        for i in range(self.last - self.first):
            self.momentum[i] = MOMENTUM * self.momentum[i] + reduced[i] / batch
            self.w[i] -= RATE * self.momentum[i]
        self.step += 1

    def parts(self, bulk: int) -> list[bytes]:
        """The bytes of each piece; the bulk stands in for a larger model."""
        step = STEP.pack(self.step)
        filler = (step * (bulk // STEP.size + 1))[:bulk]
        return [self.w.tobytes(), self.momentum.tobytes(), step, filler]


class View:
    """A taken rank."""

    def __init__(self, request: _wire.PrepareView, trainer: Trainer, region: _arena.Arena) -> None:
        job = trainer.job
        ranks = request.replicas * request.shards
        self.epoch = request.epoch
        self.shard = request.rank % request.shards
        self.region = region
        self.microshards = range(
            request.rank * job.microshards // ranks, (request.rank + 1) * job.microshards // ranks
        )
        for operation in request.plan.operations if request.plan else ():
            if operation.kind == _control.OPERATION_KIND_EXECUTE:
                self.microshards = range(operation.microshard_from, operation.microshard_to)
        shape = region.shape
        size = trainer.cuts[self.shard + 1] - trainer.cuts[self.shard]
        if (
            shape.parameters != FEATURES
            or shape.gradients < len(self.microshards)
            or shape.reduced < size
        ):
            raise Refused("bad_request", f"{region.path} does not fit: {shape}")


class Worker:
    """The states and requests of docs/bridge.md."""

    def __init__(self, main: _frames.Channel) -> None:
        self.main = main
        self.operation, self.step = "idle", 0
        self.below = 0
        self.aborted = threading.Condition()
        self.trainer: Trainer | None = None
        self.view: View | None = None
        self.state: State | None = None

    def serve(self) -> None:
        """Answers requests until the agent ends it."""
        while True:
            request = self.main.receive(_wire.ToWorker)
            if request is None:
                end(3, "the agent closed the bridge")
            elif isinstance(request.body, _wire.Shutdown):
                os._exit(0)
            else:
                self.answer(request)

    def answer(self, request: _wire.ToWorker) -> None:
        """One answer, and the snapshot that is due after it."""
        body = request.body
        try:
            epoch = getattr(body, "epoch", None)
            if epoch is not None and self.is_aborted(epoch):
                step = getattr(body, "base_step", getattr(body, "step", 0))
                answer: _wire.Answer = _wire.Aborted(epoch, step)
            else:
                answer = self.done(body)
        except Refused as e:
            answer = _wire.Fault(e.code, str(e))
        except Exception as e:  # Whatever it is, the agent shall hear of it.
            self.state = None
            answer = _wire.Fault("internal", f"{type(e).__name__}: {e}")
        self.operation = "idle"
        self.main.send(_wire.FromWorker(request.request_id, answer))
        if isinstance(body, _wire.Apply) and isinstance(answer, _wire.Applied):
            if body.take_snapshot:
                committed = self.snapshot(body.slot_index)
                self.main.send(_wire.FromWorker(request.request_id, committed))

    def done(self, body: _wire.Request | None) -> _wire.Answer:
        """Does what is asked."""
        if isinstance(body, _wire.LoadJob):
            return self.load(body.job or _control.JobSpec())
        if isinstance(body, _wire.PrepareView):
            return self.prepare(body)
        if isinstance(body, _wire.Execute):
            return self.execute(body, *self.require(body.epoch, body.step - 1))
        if isinstance(body, _wire.Apply):
            trainer, view, state = self.require(body.epoch, body.step - 1)
            start = time.perf_counter_ns()
            state.apply(view.region.reduced(), trainer.job.batch)
            self.publish(view, state)
            return _wire.Applied(body.epoch, body.step, time.perf_counter_ns() - start)
        if isinstance(body, _wire.Snapshot):
            self.require(body.epoch, body.step)
            return self.snapshot(body.slot_index)
        if isinstance(body, _wire.Finish):
            trainer, view, _ = self.require(body.epoch, body.step)
            return self.finish(body, trainer, view)
        raise Refused("bad_request", "a request of a kind that this worker does not know")

    def require(self, epoch: int, step: int) -> tuple[Trainer, View, State]:
        """The live state, if it is that one."""
        trainer, view, state = self.trainer, self.view, self.state
        if trainer is None or view is None or state is None:
            raise Refused("bad_state", "no job, no view or no live state")
        if view.epoch != epoch or state.step != step:
            raise Refused(
                "bad_state",
                f"asked for epoch {epoch}, live step {step}; this is {view.epoch}, {state.step}",
            )
        return trainer, view, state

    def load(self, job: _control.JobSpec) -> _wire.JobLoaded:
        """Another job drops the state; the same keeps it."""
        trainer = Trainer(job)
        if self.trainer is None or self.trainer.job != job:
            self.trainer, self.view, self.state = trainer, None, None
        return trainer.layout()

    def prepare(self, request: _wire.PrepareView) -> _wire.ViewPrepared:
        """Takes a rank."""
        trainer = self.trainer
        if trainer is None:
            raise Refused("bad_state", "no job has been loaded")
        shards = trainer.job.shards
        if request.shards != shards or request.rank // shards >= request.replicas:
            raise Refused("bad_request", f"rank {request.rank} of {request.shards} shards")
        old, live = self.view, self.state
        if old is not None and str(old.region.path) == request.region_path:
            region = old.region
        else:
            try:
                region = _arena.Arena.open(request.region_path)
            except _tables.ArenaError as e:
                raise Refused("internal", str(e)) from e
        view = View(request, trainer, region)
        digest, size = b"", 0
        if request.origin == _wire.STATE_ORIGIN_INIT:
            if request.base_step != 0:
                raise Refused("bad_request", "the initial state is that of step 0")
            state = State(trainer.cuts[view.shard], trainer.cuts[view.shard + 1])
            for i in range(len(state.w)):
                state.w[i] = noise(4, trainer.job.seed, state.first + i)
        elif request.origin == _wire.STATE_ORIGIN_KEEP_LIVE:
            kept = live is not None and live.step == request.base_step
            if not kept or old is None or old.shard != view.shard:
                raise Refused("bad_state", "no such live state to keep")
            assert live is not None
            state = live
        elif request.origin == _wire.STATE_ORIGIN_SLOT:
            state, digest, size = self.stored(request, trainer, view)
        else:
            raise Refused("bad_request", f"origin {request.origin}")
        self.publish(view, state)
        self.view, self.state = view, state
        if old is not None and old.region is not region:
            old.region.close()
        return _wire.ViewPrepared(request.epoch, request.base_step, digest, size)

    def stored(
        self, request: _wire.PrepareView, trainer: Trainer, view: View
    ) -> tuple[State, bytes, int]:
        """The state in a slot, once every byte of it has been verified."""
        self.operation, self.step = "restore", request.base_step
        try:
            arena = _arena.Arena.open(request.slot_path)
            meta, digest = arena.slot(request.slot_index).verify()
        except (_tables.ArenaError, IndexError) as e:
            raise Refused("bad_state", str(e)) from e
        name = (meta.job_id, meta.step, meta.shard)
        if request.slot_digest and request.slot_digest != digest:
            raise Refused("bad_state", f"the slot has digest {digest.hex()}")
        if name != (trainer.job.job_id, request.base_step, view.shard):
            raise Refused("bad_state", f"the slot holds {name}")
        if [piece.box for piece in meta.pieces] != trainer.boxes(view.shard):
            raise Refused("bad_state", "the slot has other pieces")
        state = State(trainer.cuts[view.shard], trainer.cuts[view.shard + 1])
        data = arena.slot(request.slot_index).data()
        w, momentum, step, _ = (bytes(data[piece.at : piece.end]) for piece in meta.pieces)
        state.w, state.momentum = array("f", w), array("f", momentum)
        (state.step,) = STEP.unpack(step)
        del data
        arena.close()
        return state, digest, meta.data_bytes

    def publish(self, view: View, state: State) -> None:
        """Writes the own shard's parameters into the region."""
        view.region.parameters()[state.first : state.last] = memoryview(state.w)

    def execute(
        self, request: _wire.Execute, trainer: Trainer, view: View, _: State
    ) -> _wire.Executed | _wire.Aborted:
        """Gradients of the rank's microshards."""
        self.step, self.operation = request.step, "execute"
        start = time.perf_counter_ns()
        w = view.region.parameters()
        losses, samples, sample_hash = [], 0, 0
        for buffer, microshard in enumerate(view.microshards):
            if self.is_aborted(request.epoch):
                return _wire.Aborted(request.epoch, request.step)
            gradient, loss, count = trainer.gradient(request.step, microshard, w)
            view.region.gradient(buffer)[:] = memoryview(array("f", gradient))
            losses.append(loss)
            samples += count
            sample_hash += trainer.hash(request.step, microshard)
        if trainer.slow:
            with self.aborted:
                self.aborted.wait_for(lambda: self.is_aborted(request.epoch))
            return _wire.Aborted(request.epoch, request.step)
        return _wire.Executed(
            request.epoch,
            request.step,
            tuple(losses),
            samples,
            sample_hash % ALL,
            time.perf_counter_ns() - start,
        )

    def snapshot(self, index: int) -> _wire.SnapshotCommitted:
        """Copies the live state into a slot of the region."""
        trainer, view, state = self.trainer, self.view, self.state
        assert trainer is not None and view is not None and state is not None
        meta = _tables.Meta.lay_out(
            trainer.job.job_id, view.epoch, state.step, view.shard, trainer.boxes(view.shard)
        )
        try:
            slot = view.region.slot(index)
            data = slot.begin(meta)
            for piece, part in zip(meta.pieces, state.parts(trainer.bulk), strict=True):
                data[piece.at : piece.end] = part
            slot.filled(meta)
            digest = slot.commit(meta)
        except (_tables.ArenaError, IndexError) as e:
            return _wire.SnapshotCommitted(
                view.epoch, state.step, index, failed=True, reason=str(e)
            )
        return _wire.SnapshotCommitted(view.epoch, state.step, index, digest, meta.data_bytes)

    def finish(self, request: _wire.Finish, trainer: Trainer, view: View) -> _wire.Finished:
        """Mean loss over samples that no step takes."""
        if not request.evaluate:
            return _wire.Finished()
        w = view.region.parameters()
        loss = 0.0
        for number in range(20_000, 20_100):
            features, target = trainer.sample(number)
            error = sum(x * v for x, v in zip(features, w, strict=True)) - target
            loss += error * error / 200
        seen = sum(s.last_step - s.first_step + 1 for s in request.lineage) * trainer.job.batch
        return _wire.Finished(held_out_loss=loss, samples_seen=seen)

    def is_aborted(self, epoch: int) -> bool:
        """Whether work of this epoch is over."""
        return epoch < self.below

    def serve_side(self, side: _frames.Channel) -> None:
        """Heartbeats and aborts, on a thread of its own."""
        try:
            while (message := side.receive(_wire.ToWorkerSide)) is not None:
                if isinstance(message.body, _wire.Ping):
                    pong = _wire.Pong(message.body.sequence, self.operation, self.step)
                    side.send(_wire.FromWorkerSide(pong))
                elif isinstance(message.body, _wire.Abort):
                    with self.aborted:
                        self.below = max(self.below, message.body.below_epoch)
                        self.aborted.notify_all()
        except (OSError, _proto.WireError):
            pass  # As good as closed.
        end(3, "the agent closed the bridge")


def connect(side: bool) -> _frames.Channel:
    """One of the two connections, welcomed."""
    path, token = os.environ["COXSWAIN_BRIDGE_SOCKET"], os.environ["COXSWAIN_BRIDGE_TOKEN"]
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connected.connect(path)
    channel = _frames.Channel(connected)
    hello = _wire.Hello(_wire.PROTOCOL_MAJOR, _wire.PROTOCOL_MINOR, KIND, os.getpid(), token, side)
    channel.send(_wire.FromWorkerSide(hello) if side else _wire.FromWorker(body=hello))
    answer: _wire.ToWorker | _wire.ToWorkerSide | None
    answer = channel.receive(_wire.ToWorkerSide) if side else channel.receive(_wire.ToWorker)
    welcome = answer.body if answer is not None else None
    if not isinstance(welcome, _wire.Welcome):
        end(64, f"the agent at {path} did not welcome this worker")
    elif welcome.protocol_major != _wire.PROTOCOL_MAJOR:
        end(
            64,
            f"the agent speaks bridge protocol {welcome.protocol_major}, this worker"
            f" {_wire.PROTOCOL_MAJOR}",
        )
    return channel


def main() -> None:
    """Serves one agent."""
    if "COXSWAIN_BRIDGE_SOCKET" not in os.environ or "COXSWAIN_BRIDGE_TOKEN" not in os.environ:
        end(64, "this program is started by an agent")
    try:
        worker = Worker(connect(side=False))
        side = connect(side=True)
        threading.Thread(target=worker.serve_side, args=(side,), daemon=True).start()
        worker.serve()
    except (OSError, _proto.WireError) as e:
        end(70, f"the bridge failed: {e}")


if __name__ == "__main__":
    main()
