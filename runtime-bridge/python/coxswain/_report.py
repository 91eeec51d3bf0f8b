"""What a program tells: metrics, and when it begins to wait for others."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from . import _wire

#: Names that a program may use, and their length in characters.
MOST_NAMES, MOST_CHARACTERS = 32, 64


class Board:
    """The newest value of each name. Safe for any thread; nothing waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: set[str] = set()
        self._fresh: dict[str, float] = {}
        self._step = 0
        self._warned: set[str] = set()

    def take(self, step: int, metrics: dict[str, Any]) -> None:
        """Notes values of a step."""
        for name, value in metrics.items():
            if not 1 <= len(name) <= MOST_CHARACTERS:
                self._warn(
                    "name",
                    f"the metric {name[:MOST_CHARACTERS]!r} has a name of more than"
                    f" {MOST_CHARACTERS} characters, or of none",
                )
                continue
            try:
                # A loss that still knows its graph makes PyTorch warn.
                number = float(getattr(value, "detach", lambda value=value: value)())
            except Exception:  # Whatever their types raise: a metric ends no step.
                self._warn(
                    "value",
                    f"the metric {name!r} is a {type(value).__name__}, which is no single number",
                )
                continue
            with self._lock:
                full = name not in self._names and len(self._names) >= MOST_NAMES
                if not full:
                    self._names.add(name)
                    self._fresh[name] = number
                    self._step = max(self._step, step)
            if full:
                self._warn(
                    "many",
                    f"the metric {name!r} is one too many: a program has {MOST_NAMES} names",
                )

    def fresh(self) -> _wire.Metrics | None:
        """What was noted since it was asked for last."""
        with self._lock:
            if not self._fresh:
                return None
            values = tuple(_wire.Metric(name, value) for name, value in self._fresh.items())
            self._fresh.clear()
            return _wire.Metrics(self._step, values)

    def _warn(self, kind: str, what: str) -> None:
        with self._lock:
            if kind in self._warned:
                return
            self._warned.add(kind)
        print(
            f"coxswain: {what}; it is left out, and others like it without a word",
            file=sys.stderr,
        )


class Entries:
    """How often the program began to wait for others in the step that it is making. Written by its
    main thread, read by any."""

    def __init__(self) -> None:
        # One object, so that who reads it sees a step with its own count.
        self._now = (0, 0)
        self._first_nanos, self._marked = 0, False
        self._counter: Callable[[], int] | None = None
        self._before = 0
        self._part = ""

    def begin(self, step: int) -> None:
        """A step begins."""
        if self._counter is not None:
            self._before = self._counter()
        self._now, self._first_nanos, self._marked, self._part = (step, 0), 0, False, ""

    def counted_by(self, counter: Callable[[], int] | None) -> None:
        """From now on the collectives are counted elsewhere.

        Args:
            counter: how many have begun; safe for any thread, costs next to nothing, never falls.
        """
        self._counter = counter
        self._before = 0 if counter is None else counter()

    def entering(self, own: bool = True) -> None:
        """It is about to wait for others."""
        self._mark(own)
        step, count = self._now
        self._now = (step, count + 1)

    def near(self, own: bool = True) -> None:
        """It is about to wait for others, in a collective that is counted elsewhere if others are."""
        if self._counter is None:
            self.entering(own)
        else:
            self._mark(own)

    def _mark(self, own: bool) -> None:
        if own and not self._marked:
            self._first_nanos = time.perf_counter_ns()
        self._marked = True

    def within(self, part: str) -> None:
        """In what part of the step it is from now on."""
        self._part = part

    def of(self, step: int) -> int:
        """How often in that step."""
        counter, before = self._counter, self._before
        counted = 0 if counter is None else max(0, counter() - before)
        now, count = self._now
        return count + counted if now == step and before == self._before else 0

    def part_of(self, step: int) -> str:
        """In what part of that step it is; empty: it does not say."""
        part = self._part
        return part if self._now[0] == step else ""

    @property
    def first_nanos(self) -> int:
        """When its own part of this step was over, by ``time.perf_counter_ns``; 0: it does not say."""
        return self._first_nanos


class _Current:
    board: Board | None = None
    entries: Entries | None = None
    step = 0


_current = _Current()


def report(**metrics: Any) -> None:
    """Tells metrics to whoever watches the job: ``coxswain.report(loss=0.3, accuracy=0.9)``.

    Of each name the newest value counts; it reaches the coordinator within about a second and
    stands in the job's status, events and report. Call it as often as you like, on any thread:
    it notes the values and returns. Where no agent started this process it does nothing.

    A name has 1 to 64 characters; a program has up to 32 of them. A value is one number, or what
    ``float`` makes one of; NaN and infinities are shown as they are. (A JAX array or a tensor on
    a device is waited for.) What does not fit is left out, with a warning, once.
    """
    board = _current.board
    if board is not None:
        board.take(_current.step, metrics)


def entering(*, own: bool = True) -> None:
    """Tells that this process is about to wait for the other ranks' processes, as in a collective.

    For programs that reduce by themselves (:class:`FusedTrainer`): call it in ``step`` right before
    each collective that waits, the same number of times in each rank. Then a hang names the ranks
    that never came to the collective in which the others wait, and the time before the first one
    counts as the rank's own, by which stragglers are found. ``coxswain.torch`` and ``coxswain.jax``
    do it by themselves. It costs less than a microsecond; where no agent started this process it
    does nothing.

    Args:
        own: whether what this rank computes in a step lies before it; false where it is mixed with
            the waiting. It counts at the first call in a step.
    """
    entries = _current.entries
    if entries is not None:
        entries.entering(own)


def near(*, own: bool = True) -> None:
    """As :func:`entering`, before a collective that :func:`counted_by` counts, if it counts any."""
    entries = _current.entries
    if entries is not None:
        entries.near(own)


def within(part: str) -> None:
    """In what part of the step the program is from now on: a word for whoever looks at a hang."""
    entries = _current.entries
    if entries is not None:
        entries.within(part)


def counted_by(counter: Callable[[], int] | None) -> None:
    """The collectives that the program begins are counted there."""
    entries = _current.entries
    if entries is not None:
        entries.counted_by(counter)


def open_entries() -> Entries:
    """From now on :func:`entering` is heard."""
    entries = Entries()
    _current.entries = entries
    return entries


def open_board() -> Board:
    """From now on :func:`report` is heard."""
    board = Board()
    _current.board = board
    return board


def at_step(step: int) -> None:
    """Which step the program is in."""
    if step:
        _current.step = step
