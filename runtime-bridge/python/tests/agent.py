"""An agent for the tests: starts a worker, gives it an arena and requests."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from coxswain import _arena, _control, _frames, _wire

PACKAGE = Path(__file__).parents[1]
TOKEN = "secret"
SLOTS = 3
#: Seconds after which a test gives up: far more than anything takes.
PATIENCE = 60.0


class Agent:
    """One worker process and its agent. Use it in a ``with`` statement."""

    def __init__(
        self,
        command: Sequence[str],
        environment: dict[str, str] | None = None,
        attach: bool = False,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="cxa")
        self.folder = Path(self._folder.name)
        self._log = self.folder / "log"
        with socket.socket(socket.AF_UNIX) as listener, self._log.open("wb") as log:
            listener.bind(str(self.folder / "s"))
            listener.listen()
            listener.settimeout(PATIENCE)
            self.process = subprocess.Popen(
                [sys.executable, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self._told(attach), "PYTHONPATH": str(PACKAGE), **(environment or {})},
            )
            self.main, hello = self._accept(listener, _wire.FromWorker)
            self.main.send(_wire.ToWorker(1, _wire.Welcome(1, 0, 250_000_000)))
            self.side, self.side_hello = self._accept(listener, _wire.FromWorkerSide)
            self.side.send(_wire.ToWorkerSide(_wire.Welcome(1, 0, 250_000_000)))
        assert isinstance(hello.body, _wire.Hello)
        self.hello = hello.body
        self._requests, self._pings = 1, 0
        self.arena: _arena.Arena | None = None
        self.loaded: _wire.JobLoaded | None = None
        self.metrics: list[_wire.Metrics] = []
        self.output: list[_wire.Output] = []
        self.exports: list[_wire.ExportTold] = []

    @staticmethod
    def _accept(listener: socket.socket, kind: type[Any]) -> tuple[_frames.Channel, Any]:
        while True:
            connected, _ = listener.accept()
            connected.settimeout(PATIENCE)
            channel = _frames.Channel(connected)
            said = channel.receive(kind)
            if said is not None:
                return channel, said
            # A process that looks whether somebody listens.
            channel.close()

    def _told(self, attach: bool) -> dict[str, str]:
        """How the process learns where its agent is."""
        told = {
            "COXSWAIN_BRIDGE_SOCKET": str(self.folder / "s"),
            "COXSWAIN_BRIDGE_TOKEN": TOKEN,
            "COXSWAIN_BRIDGE_EVIDENCE": str(self.folder),
        }
        if not attach:
            return told
        lines = "".join(f"{name}={value}\n" for name, value in told.items())
        (self.folder / "worker.env").write_text(lines, encoding="utf-8")
        return {"COXSWAIN_ATTACH": str(self.folder)}

    def __enter__(self) -> Agent:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        self.main.close()
        self.side.close()
        if self.arena is not None:
            self.arena.close()
        self._folder.cleanup()

    def send(self, body: _wire.Request) -> int:
        """Sends a request, and gives its number."""
        self._requests += 1
        self.main.send(_wire.ToWorker(self._requests, body))
        return self._requests

    def answer(self, request: int) -> Any:
        """Waits for the next answer, which must be to this request."""
        message = self.main.receive(_wire.FromWorker)
        unasked = (_wire.Metrics, _wire.Output, _wire.ExportTold)
        while message is not None and isinstance(message.body, unasked):
            assert message.request_id == 0
            if isinstance(message.body, _wire.Metrics):
                self.metrics.append(message.body)
            elif isinstance(message.body, _wire.ExportTold):
                self.exports.append(message.body)
            else:
                self.output.append(message.body)
            message = self.main.receive(_wire.FromWorker)
        assert message is not None, self.log()
        assert message.request_id == request, message
        return message.body

    def call(self, body: _wire.Request) -> Any:
        """Sends a request and gives its answer."""
        return self.answer(self.send(body))

    def ping(self) -> _wire.Pong:
        """What the worker is doing."""
        self._pings += 1
        self.side.send(_wire.ToWorkerSide(_wire.Ping(self._pings)))
        message = self.side.receive(_wire.FromWorkerSide)
        assert message is not None and isinstance(message.body, _wire.Pong), self.log()
        assert message.body.sequence == self._pings
        return message.body

    def abort(self, below_epoch: int) -> None:
        """Ends the work of epochs; has come when a later ping is answered."""
        self.side.send(_wire.ToWorkerSide(_wire.Abort(below_epoch)))

    def log(self) -> str:
        """What the worker has printed."""
        return self._log.read_text(encoding="utf-8")

    def ended(self) -> int:
        """Waits for the process's end; gives its status."""
        return self.process.wait(PATIENCE)

    # ------------------------------------------------------------ one rank

    def load(self, **job: Any) -> Any:
        """Has a job loaded on one rank, and makes the arena that it needs."""
        answer = self.call(_wire.LoadJob(spec(**job), warm_up=True))
        if isinstance(answer, _wire.JobLoaded):
            self.loaded = answer
            layout = answer.layout
            assert layout is not None
            shape = _arena.Shape(
                layout.parameter_elements,
                spec(**job).microshards,
                layout.parameter_elements,
                slots=SLOTS,
                slot_data=layout.shard_state_bytes[0],
                pieces=answer.shard_pieces[0],
            )
            self.arena = _arena.Arena.create(self.folder / "arena", shape)
        return answer

    def prepare(self, epoch: int, step: int, origin: int, **slot: Any) -> Any:
        """Gives it the one rank."""
        assert self.arena is not None
        return self.call(
            _wire.PrepareView(
                epoch=epoch,
                replicas=1,
                shards=1,
                base_step=step,
                region_path=str(self.arena.path),
                origin=origin,
                **slot,
            )
        )

    def reduce(self) -> None:
        """Sums the gradients."""
        assert self.arena is not None
        buffers = [self.arena.gradient(i) for i in range(self.arena.shape.gradients)]
        reduced = self.arena.reduced()
        for i in range(len(reduced)):
            reduced[i] = sum(buffer[i] for buffer in buffers)

    def step(self, epoch: int, step: int, slot: int | None = None) -> Any:
        """Makes a step; gives the answer of the request that ended it."""
        executed = self.call(_wire.Execute(epoch, step))
        if not isinstance(executed, _wire.Executed):
            return executed
        self.reduce()
        request = self.send(_wire.Apply(epoch, step, slot is not None, slot or 0))
        applied = self.answer(request)
        if slot is None or not isinstance(applied, _wire.Applied):
            return applied
        return self.answer(request)


def spec(config: Any = None, json_text: str | None = None, **fields: Any) -> _control.JobSpec:
    """A job of one rank."""
    values: dict[str, Any] = {
        "job_id": "job",
        "replicas": 1,
        "shards": 1,
        "steps": 10,
        "seed": 7,
        "batch": 6,
        "microshards": 3,
        "runtime_kind": "process",
        "runtime_json": json.dumps({"config": config or {}}) if json_text is None else json_text,
    }
    return _control.JobSpec(**{**values, **fields})


def run_alone(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Runs a script without an agent."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COXSWAIN_")}
    return subprocess.run(
        [sys.executable, *command],
        env={**environment, "PYTHONPATH": str(PACKAGE)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
