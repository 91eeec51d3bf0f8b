"""Stacks upon a signal, for whoever looks at a program that hangs (docs/bridge.md, "Evidence").

A worker's process makes a file ``stacks.PID.SIGNAL`` in the folder that its agent names, and writes
the stacks of all its threads to its end whenever that signal comes. It does so in C, without the
interpreter's lock, so it works while Python code cannot run. Children that were forked make their
own.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import platform
import signal
import tempfile
import traceback

#: Names the folder; only an agent sets it.
FOLDER = "COXSWAIN_BRIDGE_EVIDENCE"

#: No default of any library; SIGUSR1 and SIGUSR2 belong to programs and batch systems.
_SIGNAL = signal.SIGRTMIN + 7 if hasattr(signal, "SIGRTMIN") else None

#: Between the pings of an agent, and before it takes who does not answer for hung.
LATE = 1.5

_MOST_TRACEBACK = 16 << 10
_MOST_STACKS = 64 << 10
_MOST_WORDS = 4000
_file: int | None = None


def register() -> None:
    """Makes this process write its stacks when it is asked to. Nothing, where no agent asks."""
    folder = os.environ.get(FOLDER)
    if not folder or _SIGNAL is None:
        return
    try:
        _open(folder)
        os.register_at_fork(after_in_child=lambda: _again(folder))
    except (OSError, ValueError, RuntimeError):
        pass  # No stacks then: the program is none of their business.


def _open(folder: str) -> None:
    global _file
    path = os.path.join(folder, f"stacks.{os.getpid()}.{int(_SIGNAL or 0)}")
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    if _file is not None:
        os.close(_file)
    _file = opened
    faulthandler.register(int(_SIGNAL or 0), file=opened, all_threads=True, chain=False)


def runs() -> None:
    """Python runs now. Unless this is said again within :data:`LATE` seconds, the stacks of all threads
    go to the end of the file, written in C, without the interpreter's lock: for agents that cannot
    send this process a signal."""
    if _file is not None:
        faulthandler.dump_traceback_later(LATE, file=_file)


def _again(folder: str) -> None:
    try:
        _open(folder)
    except (OSError, ValueError, RuntimeError):
        pass


def stacks() -> str:
    """What all threads do, as faulthandler writes it."""
    with tempfile.TemporaryFile() as file:
        faulthandler.dump_traceback(file, all_threads=True)
        file.seek(0)
        return file.read(_MOST_STACKS).decode("utf-8", "replace")


def whole_traceback(error: BaseException) -> str:
    """An exception as Python prints it, its end if it is long; no values of variables."""
    try:
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    except Exception as e:  # An exception's own __str__ may raise.
        text = f"{type(error).__name__} (its traceback cannot be printed: {type(e).__name__})\n"
    data = text.encode("utf-8", "replace")
    if len(data) > _MOST_TRACEBACK:
        data = "… cut\n".encode() + data[-(_MOST_TRACEBACK - 16) :]
    return f"Python {platform.python_version()}\n{data.decode('utf-8', 'replace')}"


def print_traceback() -> None:
    """The exception that is handled now, to standard error, if the program left that open."""
    with contextlib.suppress(Exception):
        traceback.print_exc()


def cut(text: str) -> str:
    """What an exception says, without its middle if it is long: programs put whole arrays there."""
    if len(text) <= _MOST_WORDS:
        return text
    half = _MOST_WORDS // 2
    return f"{text[:half]} … {len(text) - 2 * half} characters … {text[-half:]}"
