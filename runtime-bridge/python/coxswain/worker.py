"""The worker's host: speaks the bridge protocol for a :class:`coxswain.Trainer` (docs/bridge.md).

Four threads: the main one does what the user's code does, "bridge" talks to the agent,
"side channel" answers heartbeats and takes aborts and answers of the key-value store while the
others are busy, "snapshots" copies states and computes checksums while steps go on. Needs only the
standard library.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import socket
import sys
import threading
import time
import traceback
from typing import NoReturn

from . import (
    _attach,
    _children,
    _control,
    _crc32c,
    _evidence,
    _frames,
    _group,
    _memory,
    _output,
    _proto,
    _report,
    _samples,
    _services,
    _store,
    _wire,
)
from ._jobs import Refused, identity
from ._session import Session
from ._threads import Background, Gate, MainThread, Stuck
from ._views import Begun
from .trainer import FusedTrainer, Trainer, TrainerError

#: What a job file's ``runtime.kind`` calls workers that are made of this.
KIND = "process"

#: Exit statuses. SIGTERM and SIGINT end the process as signals do. The last one asks whoever started
#: the process to start another one.
SHUT_DOWN, AGENT_GONE, COULD_NOT_BEGIN, FAILED, AGAIN = 0, 3, 64, 70, 75

_SOCKET, _TOKEN = "COXSWAIN_BRIDGE_SOCKET", "COXSWAIN_BRIDGE_TOKEN"
_SLOW_CHECKSUM_BYTES = 4 << 20
_BETWEEN_METRICS_NANOS = 250_000_000
_LAST_WORD_SECONDS = 0.1


def is_worker() -> bool:
    """Whether an agent started this process. A script may train on its own where none did."""
    started = _SOCKET in os.environ and _TOKEN in os.environ
    return started or _attach.VARIABLE in os.environ


def run(trainer: Trainer | FusedTrainer, *, kind: str = KIND) -> NoReturn:
    """Trains as the agent says that started this process. Call it once, at the end of the script.

    It never returns: the process ends with the job, and nothing that was registered with
    :mod:`atexit` is done. Standard output is written line by line from here on.

    Args:
        trainer: the program; its methods are called on this thread.
        kind: what the job file's ``runtime.kind`` says.
    """
    _require_first(trainer)
    _prepare_process()
    _attach.find()
    if _attach.VARIABLE in os.environ:
        # An agent that did not start this process named the folder just now.
        _evidence.register()
    _group.clean_environment()
    if not is_worker():
        _end(
            COULD_NOT_BEGIN,
            "this script is a worker, which an agent starts: run it with `coxswain train JOB.yaml`,"
            f" or say with {_attach.VARIABLE} where the agent waits for it (there is no {_SOCKET}"
            " in its environment)",
        )
    _memory.keep_freed()
    _samples.preload()
    try:
        main_channel, _ = _connect(kind, side=False)
        side_channel, welcome = _connect(kind, side=True)
    except (OSError, _proto.WireError) as e:
        _end(COULD_NOT_BEGIN, f"cannot reach the agent at {os.environ[_SOCKET]}: {e}")
    for channel in (main_channel, side_channel):
        # A forked child must not hold them open when this process is gone.
        os.register_at_fork(after_in_child=channel.forget)
    host = _Host(main_channel, side_channel, trainer, kind, welcome.view_services)
    threading.Thread(target=host.serve_side, name="side channel", daemon=True).start()
    threading.Thread(target=host.serve, name="bridge", daemon=True).start()
    host.main.serve()


class _Host:
    """Takes requests and answers them."""

    def __init__(
        self,
        channel: _frames.Channel,
        side: _frames.Channel,
        trainer: Trainer | FusedTrainer,
        kind: str,
        services: bool,
    ) -> None:
        self.gate = Gate()
        self.main = MainThread(self.gate)
        self._channel, self._side = channel, side
        self._trainer, self._kind = trainer, kind
        self._snapshots = Background("snapshots")
        self._doing = ("idle", 0)
        #: The key-value store of each view.
        self.stores = _store.StoreClient(side.send, self.gate.is_aborted)
        #: Processes that serve a view.
        self.services = _services.Services(side.send, self.gate.is_aborted, services)
        self._session: Session | None = None
        self._metrics = _report.open_board()
        self._entries = _report.open_entries()
        self._told_nanos = 0
        self._attached = _attach.VARIABLE in os.environ
        _output.connected(lambda told: channel.send(_wire.FromWorker(body=told)))

    # ------------------------------------------------------------ the side channel

    def serve_side(self) -> None:
        """Answers heartbeats, takes aborts and answers of the key-value store; ends the process
        when the agent is gone."""
        try:
            while (message := self._side.receive(_wire.ToWorkerSide)) is not None:
                if isinstance(message.body, _wire.Ping):
                    if self._attached:
                        _evidence.runs()
                    operation, step = self._doing
                    entered, part = self._entries.of(step), self._entries.part_of(step)
                    pong = _wire.Pong(message.body.sequence, operation, step, entered, part)
                    self._side.send(_wire.FromWorkerSide(pong))
                    self._tell_metrics()
                elif isinstance(message.body, _wire.Abort):
                    self.gate.abort(message.body.below_epoch)
                    if self._session is not None:
                        self._session.aborted()
                    self.stores.aborted()
                    self.services.aborted()
                elif isinstance(message.body, _wire.KeyValueAnswer):
                    self.stores.answered(message.body)
                elif isinstance(message.body, _wire.ViewServiceAnswer):
                    self.services.answered(message.body)
                elif isinstance(message.body, _wire.StacksWanted):
                    stacks = _wire.Stacks(message.body.sequence, _evidence.stacks())
                    self._side.send(_wire.FromWorkerSide(stacks))
        except _proto.WireError as e:
            _end(FAILED, f"the agent broke the bridge protocol: {e}")
        except OSError:
            pass  # As good as closed.
        # An agent that said how to end closes at once: the other connection has its word.
        time.sleep(_LAST_WORD_SECONDS)
        _end(AGENT_GONE, "the agent closed the bridge")

    # ------------------------------------------------------------ requests

    def serve(self) -> None:
        """Answers requests until the agent ends the process."""
        try:
            while True:
                request = self._channel.receive(_wire.ToWorker)
                if request is None:
                    _end(AGENT_GONE, "the agent closed the bridge")
                if isinstance(request.body, _wire.Shutdown):
                    _end(AGAIN if request.body.again else SHUT_DOWN)
                self._answer(request)
        except _proto.WireError as e:
            _end(FAILED, f"the agent broke the bridge protocol: {e}")
        except OSError as e:
            _end(AGENT_GONE, f"the connection to the agent broke: {e}")
        except BaseException:
            _evidence.print_traceback()
            _end(FAILED)

    def _answer(self, request: _wire.ToWorker) -> None:
        body = request.body
        try:
            epoch = getattr(body, "epoch", None)
            if epoch is not None and self.gate.is_aborted(epoch):
                step = body.base_step if isinstance(body, _wire.PrepareView) else body.step  # type: ignore[union-attr]
                self._reply(request, _wire.Aborted(epoch, step))
            else:
                self._handle(request)
        except Refused as e:
            self._fail(request, e.code, str(e))
        except TrainerError as e:
            self._fail(request, e.code, str(e), e)
        except Stuck as e:
            faulthandler.dump_traceback(all_threads=True)
            _end(FAILED, f"a microshard that was aborted has not ended {e}: the program hangs")
        except MemoryError as e:
            _evidence.print_traceback()
            self._fail(request, "out_of_memory", self._describe(e), e)
        except Exception as e:
            # To the log, for the program's author; the answer has the gist.
            _evidence.print_traceback()
            self._fail(request, "internal", self._describe(e), e)
        except BaseException as e:
            _evidence.print_traceback()
            _end(FAILED, f"the program ended itself: {self._describe(e)}")
        finally:
            self._set_doing("idle", 0)

    def _fail(
        self, request: _wire.ToWorker, code: str, text: str, error: BaseException | None = None
    ) -> None:
        words = "" if error is None else _evidence.whole_traceback(error)
        self._reply(request, _wire.Fault(code, _evidence.cut(text), words))

    def _handle(self, request: _wire.ToWorker) -> None:
        body = request.body
        if isinstance(body, _wire.LoadJob):
            self._reply(request, self._load(body))
        elif isinstance(body, _wire.PrepareView):
            self._reply(request, self._loaded().prepare(body))
        elif isinstance(body, _wire.Execute):
            self._reply(request, self._loaded().execute(body))
        elif isinstance(body, _wire.Apply):
            applied, begun = self._loaded().apply(body)
            self._reply(request, applied)
            if isinstance(begun, Begun):
                self._commit(request.request_id, begun)
            elif begun is not None:
                self._reply(
                    request,
                    _wire.SnapshotCommitted(
                        body.epoch, body.step, body.slot_index, failed=True, reason=begun
                    ),
                )
        elif isinstance(body, _wire.Snapshot):
            self._commit(request.request_id, self._loaded().snapshot(body))
        elif isinstance(body, _wire.Finish):
            self._reply(request, self._loaded().finish(body))
        else:
            raise Refused(
                "bad_request", "a request that makes no sense here, or that this version knows not"
            )

    def _load(self, request: _wire.LoadJob) -> _wire.JobLoaded:
        spec = request.job or _control.JobSpec()
        if spec.runtime_kind != self._kind:
            raise Refused(
                "program_invalid",
                f"the job asks for runtime {spec.runtime_kind}; this worker is a {self._kind}",
            )
        if self._session is None or self._session.identity != identity(spec):
            former, self._session = self._session, None
            if former is not None:
                former.close()
            self._session = Session(
                spec,
                self._trainer,
                self.main,
                self.gate,
                self._snapshots,
                self._set_doing,
                self.stores.store,
                self._entries,
                self.services.serve,
                self._tell_export,
            )
            self._warn_of_slow_checksums(self._session)
        return self._session.loaded(request.warm_up)

    def _warn_of_slow_checksums(self, session: Session) -> None:
        layout = session.loaded(warm_up=False).layout
        most = max(layout.shard_state_bytes, default=0) if layout else 0
        if _crc32c.method() == "plain" and most > _SLOW_CHECKSUM_BYTES:
            print(
                f"coxswain: snapshots of {most / 1e6:.0f} MB are checked in plain Python, at a few"
                " MB per second; install google-crc32c, crc32c or numpy for this Python"
                f" ({sys.executable})",
                file=sys.stderr,
            )

    def _loaded(self) -> Session:
        if self._session is None:
            raise Refused("bad_state", "no job has been loaded in this worker")
        return self._session

    def _commit(self, request_id: int, begun: Begun) -> None:
        meta, index = begun.meta, begun.slot.index

        def task() -> None:
            try:
                done = begun.complete()
            except BaseException as e:
                if not isinstance(e, (TrainerError, Refused)):
                    _evidence.print_traceback()
                done = _wire.SnapshotCommitted(
                    meta.epoch, meta.step, index, failed=True, reason=_evidence.cut(_gist(e))
                )
            try:
                self._channel.send(_wire.FromWorker(request_id, done))
            except OSError:
                pass  # The bridge's thread sees the same broken connection and ends.

        self._snapshots.submit(task)

    def _reply(self, request: _wire.ToWorker, answer: _wire.Answer) -> None:
        # Who reads the answer may ask at once what goes on here: by then it is over.
        self._set_doing("idle", 0)
        last = isinstance(answer, (_wire.Finished, _wire.Fault))
        if last or time.monotonic_ns() - self._told_nanos >= _BETWEEN_METRICS_NANOS:
            self._tell_metrics()
        self._channel.send(_wire.FromWorker(request.request_id, answer))

    def _tell_export(self, told: _wire.ExportTold) -> None:
        """Any thread; a broken connection is the bridge's thread's business."""
        with contextlib.suppress(OSError):
            self._channel.send(_wire.FromWorker(body=told))

    def _tell_metrics(self) -> None:
        """Before the answer of the step in which they were measured, and while one lasts."""
        self._told_nanos = time.monotonic_ns()
        fresh = self._metrics.fresh()
        if fresh is not None:
            self._channel.send(_wire.FromWorker(body=fresh))
        _output.tell()

    def _set_doing(self, operation: str, step: int) -> None:
        self._doing = (operation, step)
        _report.at_step(step)

    def _describe(self, error: BaseException) -> str:
        operation, step = self._doing
        return f"{_gist(error)} (in {operation}{f' of step {step}' if step else ''})"


def _gist(error: BaseException) -> str:
    """An exception in a line: its type, its message, and the user's line that it came from."""
    text = "".join(traceback.format_exception_only(type(error), error)).strip()
    here = os.path.dirname(os.path.abspath(__file__))
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = os.path.abspath(frame.filename)
        if not path.startswith(here) and f"{os.sep}site-packages{os.sep}" not in path:
            return f"{text} ({os.path.basename(path)}:{frame.lineno} in {frame.name})"
    return text


def _connect(kind: str, *, side: bool) -> tuple[_frames.Channel, _wire.Welcome]:
    """One of the two connections, welcomed."""
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connected.connect(os.environ[_SOCKET])
    channel = _frames.Channel(connected)
    hello = _attach.hello(kind, side=side)
    if side:
        channel.send(_wire.FromWorkerSide(hello))
        reply: _wire.ToWorkerSide | _wire.ToWorker | None = channel.receive(_wire.ToWorkerSide)
    else:
        channel.send(_wire.FromWorker(body=hello))
        reply = channel.receive(_wire.ToWorker)
    welcome = reply.body if reply is not None else None
    if isinstance(welcome, _wire.Refused):
        _end(COULD_NOT_BEGIN, f"the agent does not take this worker: {welcome.reason}")
    if not isinstance(welcome, _wire.Welcome):
        _end(
            COULD_NOT_BEGIN,
            f"the agent at {os.environ[_SOCKET]} did not welcome this worker: its token was"
            " refused, or the agent is closing",
        )
    if welcome.protocol_major != _wire.PROTOCOL_MAJOR:
        _end(
            COULD_NOT_BEGIN,
            f"the agent speaks bridge protocol {welcome.protocol_major}, this worker"
            f" {_wire.PROTOCOL_MAJOR}: install the version of the package that belongs to it",
        )
    return channel, welcome


class _Process:
    runs = False


def _require_first(trainer: object) -> None:
    """Raises where this call can be no worker's."""
    if not isinstance(trainer, (Trainer, FusedTrainer)):
        what = (
            f"the class {trainer.__name__}: make one of it, {trainer.__name__}()"
            if isinstance(trainer, type)
            else f"{type(trainer).__name__}, which is no subclass of them"
        )
        raise TypeError(f"coxswain.run takes a Trainer or a FusedTrainer, and got {what}")
    if _Process.runs:
        raise RuntimeError(
            "coxswain.run was called a second time in this process: a process trains one job, and"
            " the first call never returns"
        )
    known = sys.modules.get("multiprocessing")
    # The first while the script is imported in a child, the second in what the child does then.
    child = known is not None and (
        getattr(known.current_process(), "_inheriting", False)
        or known.parent_process() is not None
    )
    if child and _attach.VARIABLE not in os.environ:
        raise RuntimeError(
            "coxswain.run was called in a child that multiprocessing started, which imports the"
            ' script anew: put the call, and what begins to train, under `if __name__ =='
            ' "__main__":`'
        )


def _prepare_process() -> None:
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("coxswain.run must be called on the main thread")
    _Process.runs = True
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # As an exception it could only be seen between two lines of Python, and be swallowed.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        # The agent's log is a file, which Python would write in blocks.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(line_buffering=True)


def _end(status: int, words: str = "") -> NoReturn:
    """Ends the process at once, whatever its threads do."""
    try:
        if words:
            print(f"coxswain: {words}", file=sys.stderr)
        _output.tell_last()
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        pass  # Nobody reads it.
    if _Process.runs:
        _children.end()
    os._exit(status)
