"""A worker's threads: user code on the main one, snapshots completed on another."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, cast

T = TypeVar("T")


class Gate:
    """Which epochs are over. Safe for any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._below = 0

    @property
    def changed(self) -> threading.Condition:
        """Notified whenever an abort comes."""
        return self._changed

    def abort(self, below_epoch: int) -> None:
        """Ends the work of all epochs below this one. A lower number than before changes nothing."""
        with self._changed:
            self._below = max(self._below, below_epoch)
            self._changed.notify_all()

    def is_aborted(self, epoch: int) -> bool:
        """Whether work of this epoch is over."""
        return epoch < self._below

    def wait(self, epoch: int, seconds: float) -> bool:
        """Waits for the epoch's end, at most so long. Returns whether it came."""
        with self._changed:
            return self._changed.wait_for(lambda: self.is_aborted(epoch), seconds)


class _Call:
    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None


class Abandoned(Exception):
    """The work's epoch ended while it was done; it goes on alone, and nobody wants its result."""


class Stuck(Exception):
    """Work that was abandoned does not end."""


class MainThread:
    """Does another thread's calls on the thread that calls :meth:`serve`, one after another.

    User code belongs on the main thread: signal handlers and some libraries want it there.

    Args:
        gate: tells which epochs are over.
        patience: how long abandoned work may hold up a later call, in seconds.
    """

    def __init__(self, gate: Gate, patience: float = 10.0) -> None:
        self._gate = gate
        self._patience = patience
        self._abandoned: _Call | None = None
        self._calls: queue.SimpleQueue[_Call] = queue.SimpleQueue()

    def serve(self) -> NoReturn:
        """Does calls until the process ends."""
        while True:
            call = self._calls.get()
            try:
                call.result = call.work()
            except BaseException as e:
                call.error = e
            with self._gate.changed:
                call.done = True
                self._gate.changed.notify_all()
            del call  # Results and errors hold views of the arena.

    def call(self, work: Callable[[], T], epoch: int | None = None) -> T:
        """Has it done, after all that was begun before.

        Args:
            work: what to do.
            epoch: whose end nobody waits beyond; ``None``: waits in any case.

        Raises:
            Abandoned: the epoch is over.
            Stuck: earlier work was abandoned and has not ended since.
            BaseException: what the work raised.
        """
        former, self._abandoned = self._abandoned, None
        if former is not None:
            with self._gate.changed:
                if not self._gate.changed.wait_for(lambda: former.done, self._patience):
                    raise Stuck(f"{self._patience:g} s after it was asked for")
        call = _Call(work)
        self._calls.put(call)
        with self._gate.changed:
            self._gate.changed.wait_for(
                lambda: call.done or (epoch is not None and self._gate.is_aborted(epoch))
            )
            if not call.done:
                self._abandoned = call
                raise Abandoned
        if call.error is not None:
            raise call.error
        return cast(T, call.result)


class Background:
    """Does tasks on a thread of its own, one after another. A task must not raise."""

    def __init__(self, name: str) -> None:
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        threading.Thread(target=self._serve, name=name, daemon=True).start()

    def submit(self, task: Callable[[], None]) -> None:
        """Does it, after all that was given before."""
        self._tasks.put(task)

    def drain(self) -> None:
        """Returns when everything given so far is done."""
        done = threading.Event()
        self._tasks.put(done.set)
        done.wait()

    def _serve(self) -> None:
        while True:
            self._tasks.get()()
