"""What a process prints that its agent did not start: a copy of it goes over the bridge.

An agent reads the output of processes that it starts. Of others (``COXSWAIN_ATTACH``) it sees nothing,
so they say it themselves: all that Python prints, tracebacks and :mod:`logging`'s lines among it, the
newest 256 KiB that were not told yet. What C libraries print to the file descriptors is not in it.
Needs only the standard library.
"""

from __future__ import annotations

import atexit
import os
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from . import _attach, _frames, _proto, _wire

#: What waits to be told, in bytes.
MOST_BYTES = 256 << 10

#: How long the end of a process may wait for its last words to be told, in seconds.
_LAST_WORDS_SECONDS = 1.0


class Untold:
    """Printed bytes that were not told yet: the newest of them. Safe for any thread; nothing waits."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._lock = threading.Lock()
        self._pieces: deque[bytes] = deque()
        self._most, self._size, self._dropped = most, 0, 0

    def add(self, data: bytes) -> None:
        """Takes what was printed."""
        with self._lock:
            if len(data) > self._most:
                self._dropped += len(data) - self._most
                data = data[-self._most :]
            self._pieces.append(data)
            self._size += len(data)
            while self._size > self._most:
                gone = self._pieces.popleft()
                self._size -= len(gone)
                self._dropped += len(gone)

    def take(self) -> _wire.Output | None:
        """All of it; nothing, if nothing was printed since."""
        with self._lock:
            if not self._pieces and not self._dropped:
                return None
            told = _wire.Output(b"".join(self._pieces), self._dropped)
            self._pieces.clear()
            self._size = self._dropped = 0
            return told


class Tee:
    """A text stream whose lines are noted too."""

    def __init__(self, stream: Any, untold: Untold) -> None:
        self._stream, self._untold = stream, untold

    def write(self, text: str) -> int:
        count = self._stream.write(text)
        self._untold.add(text.encode("utf-8", "replace"))
        return int(count or 0)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Any:
        return iter(self._stream)


class _Current:
    untold: Untold | None = None
    #: Sends to the agent; ``None`` before the process is connected.
    send: Callable[[_wire.Output], None] | None = None
    failed = False


_current = _Current()


def install() -> None:
    """From now on what Python prints is noted. Nothing, where an agent reads it."""
    if _attach.VARIABLE not in os.environ or _current.untold is not None:
        return
    untold = _current.untold = Untold()
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None:
            setattr(sys, name, Tee(stream, untold))
    before = sys.excepthook

    def noticed(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        _current.failed = True
        before(kind, error, trace)

    sys.excepthook = noticed
    atexit.register(_tell_late)


def connected(send: Callable[[_wire.Output], None]) -> None:
    """There is an agent to tell."""
    _current.send = send


def tell() -> None:
    """Tells what was printed since."""
    untold, send = _current.untold, _current.send
    told = untold.take() if untold is not None and send is not None else None
    if told is not None and send is not None:
        send(told)


def tell_last() -> None:
    """The same at the process's end: whoever does not listen is not waited for long."""
    if _current.untold is None or _current.send is None:
        return

    def task() -> None:
        try:
            tell()
        except OSError:
            pass  # The agent is gone.

    last = threading.Thread(target=task, name="last words", daemon=True)
    last.start()
    last.join(_LAST_WORDS_SECONDS)


def _tell_late() -> None:
    """A script that fails before it calls ``run`` has told nobody."""
    if not _current.failed or _current.send is not None or _current.untold is None:
        return
    place = os.environ.get(_attach.VARIABLE, "")
    if not place or _attach.look(place):
        return
    told = _current.untold.take()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connecting:
            connecting.settimeout(_LAST_WORDS_SECONDS)
            connecting.connect(os.environ["COXSWAIN_BRIDGE_SOCKET"])
            channel = _frames.Channel(connecting)
            channel.send(_wire.FromWorker(body=_attach.hello("process", side=False)))
            welcome = channel.receive(_wire.ToWorker)
            if told is not None and welcome and isinstance(welcome.body, _wire.Welcome):
                channel.send(_wire.FromWorker(body=told))
    except (OSError, _proto.WireError, KeyError):
        pass  # Its own output has it.
