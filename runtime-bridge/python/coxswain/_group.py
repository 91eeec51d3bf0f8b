"""Steps that a program makes whole, together with the other ranks' processes."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from . import _wire
from ._report import Entries
from ._samples import Samples
from ._store import Store
from ._threads import Abandoned, Gate, MainThread
from .trainer import FusedTrainer, Group

#: What launchers of process groups put into the environment. What one of them, or an earlier view,
#: left there is wrong here.
VARIABLES = (
    "RANK",
    "LOCAL_RANK",
    "WORLD_SIZE",
    "LOCAL_WORLD_SIZE",
    "GROUP_RANK",
    "GROUP_WORLD_SIZE",
    "ROLE_RANK",
    "ROLE_WORLD_SIZE",
    "MASTER_ADDR",
    "MASTER_PORT",
    "TORCHELASTIC_USE_AGENT_STORE",
    "TORCHELASTIC_RUN_ID",
    "TORCHELASTIC_RESTART_COUNT",
    "TORCHELASTIC_MAX_RESTARTS",
)


_LOCAL_RANK, _LOCAL_SIZE = "COXSWAIN_BRIDGE_LOCAL_RANK", "COXSWAIN_BRIDGE_LOCAL_SIZE"


def local_rank() -> int:
    """Which of its host's processes this is, as the agent says."""
    return _number(_LOCAL_RANK, 0)


def local_size() -> int:
    """How many processes of the host there are, as the agent says."""
    return _number(_LOCAL_SIZE, 1)


def _number(name: str, otherwise: int) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else otherwise


def clean_environment() -> None:
    """Removes what launchers of process groups left, and says what the agent knows."""
    for name in VARIABLES:
        os.environ.pop(name, None)
    os.environ["LOCAL_RANK"] = str(local_rank())
    os.environ["LOCAL_WORLD_SIZE"] = str(local_size())


#: Below what systems give to whoever asks for any port.
_PORTS = range(20_000, 32_000)


def master_port(job_id: str, epoch: int) -> int:
    """The same in all processes of a view, and another one in the next."""
    digest = hashlib.sha256(f"{job_id}/{epoch}".encode()).digest()
    return _PORTS[int.from_bytes(digest[:8], "big") % len(_PORTS)]


def group_of(
    job_id: str,
    request: _wire.PrepareView,
    make_store: Callable[[], Store] | None,
    make_service: Callable[[str, Sequence[str]], str] | None = None,
) -> Group:
    """The group of a view, as one of its processes sees it."""
    ranks = request.replicas * request.shards
    local, size = (request.local.rank, request.local.size) if request.local else (0, 1)
    rank, world = request.rank * size + local, ranks * size
    host = request.host or "127.0.0.1"
    master = request.master_host or (host if request.rank == 0 else "")
    env = {
        "RANK": str(rank),
        "LOCAL_RANK": str(local),
        "WORLD_SIZE": str(world),
        "LOCAL_WORLD_SIZE": str(size),
    }
    if master:
        env["MASTER_ADDR"] = master
        env["MASTER_PORT"] = str(master_port(job_id, request.epoch))
    return Group(
        request.epoch,
        rank,
        world,
        host,
        request.base_step,
        env,
        make_store,
        local,
        size,
        make_service,
    )


def share(microshards: range, request: _wire.PrepareView) -> range:
    """The part of its rank's microshards that a process has."""
    if request.local is None:
        return microshards
    local, size, count = request.local.rank, request.local.size, len(microshards)
    first = microshards.start
    return range(first + local * count // size, first + (local + 1) * count // size)


class GroupBroken(Exception):
    """A step that was not made, because the group broke or its view is over."""


class Stepper:
    """Makes a fused trainer's steps, and has it join the group of each view before the first.

    The group is joined with the first step and not when the rank is taken: by then all ranks have
    their state, so nobody waits in a rendezvous for a process that still starts, or for a state that
    comes from himself.
    """

    def __init__(
        self,
        trainer: FusedTrainer,
        main: MainThread,
        gate: Gate,
        samples: Samples,
        activity: Callable[[str, int], None],
        entries: Entries,
    ) -> None:
        self._trainer, self._main, self._gate = trainer, main, gate
        self._samples, self._activity, self._entries = samples, activity, entries
        self._joined = 0
        self._stepping: int | None = None
        self._interrupt: threading.Thread | None = None

    def step(
        self, group: Group, microshards: range, step: int
    ) -> tuple[float, int, int, int, int, int]:
        """Makes a step.

        Returns:
            Its loss, how many samples it took, their hash, and the nanoseconds that it took, that
            its data took, and that were over when it first waited for others (0: it did not say).

        Raises:
            GroupBroken: it was not made; where the trainer reforms, the state is as before.
            Abandoned: the view is over, and the step goes on alone.
        """
        epoch, trainer = group.epoch, self._trainer
        self._stepping = epoch
        try:
            # Who reforms is interrupted, and leaves the state as it was. The others are replaced.
            return self._main.call(
                lambda: self._whole(group, microshards, step),
                None if trainer.reforms else epoch,
            )
        except Abandoned:
            raise
        except Exception as e:
            if not self._gate.is_aborted(epoch) and not trainer.broken(e):
                raise
            if not trainer.broken(e):
                raise Abandoned from e
            print(
                f"coxswain: step {step} was not made, the group of epoch {epoch} broke: {e!r}",
                file=sys.stderr,
            )
            raise GroupBroken(f"{type(e).__name__}: {e}") from e
        finally:
            self._stepping = None

    def _whole(
        self, group: Group, microshards: range, step: int
    ) -> tuple[float, int, int, int, int, int]:
        """On the main thread."""
        self._entries.begin(step)
        if self._joined != group.epoch:
            self._activity("join", step)
            if self._interrupt is not None:
                # One that is late would break the new group.
                self._interrupt.join()
            for name in VARIABLES:
                os.environ.pop(name, None)
            os.environ.update(group.env)
            self._trainer.reform(group)
            self._joined = group.epoch
            self._activity("execute", step)
        start = time.perf_counter_ns()
        self._entries.within("data")
        ids: list[int] = []
        hashes = 0
        for microshard in microshards:
            some, its = self._samples.microshard(step, microshard)
            ids += some
            hashes += its
        batch: Any = self._trainer.batch(ids)
        data_nanos = time.perf_counter_ns() - start
        self._entries.within("")
        loss = float(self._trainer.step(ids, batch))
        nanos = time.perf_counter_ns() - start
        entered = self._entries.first_nanos
        own_nanos = max(1, entered - start) if entered else 0
        return loss, len(ids), hashes & (2**64 - 1), nanos, data_nanos, own_nanos

    def aborted(self) -> None:
        """An abort came. Any thread; does not wait for the program."""
        epoch = self._stepping
        if epoch is not None and self._gate.is_aborted(epoch) and self._trainer.reforms:
            interrupt = threading.Thread(
                target=self._trainer.interrupt, name="interrupt", daemon=True
            )
            interrupt.start()
            self._interrupt = interrupt
