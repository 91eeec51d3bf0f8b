"""How a worker that somebody else started finds the agent that waits for it.

A container or a batch system starts the process with ``COXSWAIN_ATTACH``, the folder that the agent
names (or the file ``worker.env`` in it), and a local rank. Needs only the standard library.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

from . import _group, _wire

#: Where the agent says what a worker must know.
VARIABLE = "COXSWAIN_ATTACH"

#: Seconds that a worker waits for its agent.
WAIT_VARIABLE, WAIT = "COXSWAIN_ATTACH_WAIT", 300.0

_FILE = "worker.env"
_SOCKET = "COXSWAIN_BRIDGE_SOCKET"
_LOCAL_RANK = "COXSWAIN_BRIDGE_LOCAL_RANK"

#: Where those who start processes say which of a host's it is.
_RANKS = ("LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "SLURM_LOCALID")

_BETWEEN_LOOKS = 0.2
_NO_AGENT = 64


def find() -> None:
    """Puts into the environment what the agent says; does nothing where an agent started this
    process.

    Ends the process where no agent is found in time.
    """
    place = os.environ.get(VARIABLE, "")
    if not place:
        return
    seconds = _wait_seconds()
    end = time.monotonic() + seconds
    trouble = _look(Path(place))
    if trouble:
        print(
            f"coxswain: waits for an agent, {seconds:g} s at most: {trouble}",
            file=sys.stderr,
            flush=True,
        )
    while trouble:
        if time.monotonic() >= end:
            _give_up(
                f"no agent came within {seconds:g} s: {trouble}; is {VARIABLE} the folder that the"
                " agent named, and is it mounted here?"
            )
        time.sleep(_BETWEEN_LOOKS)
        trouble = _look(Path(place))


def look(place: str) -> str:
    """The same, once: why no agent is there; empty if one is."""
    return _look(Path(place))


def hello(kind: str, *, side: bool) -> _wire.Hello:
    """How a process greets its agent, on either connection."""
    return _wire.Hello(
        _wire.PROTOCOL_MAJOR,
        _wire.PROTOCOL_MINOR,
        kind,
        os.getpid(),
        os.environ["COXSWAIN_BRIDGE_TOKEN"],
        side,
        _group.local_rank(),
        _group.local_size(),
        os.environ.get("COXSWAIN_BRIDGE_JOB", ""),
    )


def _wait_seconds() -> float:
    text = os.environ.get(WAIT_VARIABLE, "")
    if not text:
        return WAIT
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e9:
        _give_up(f"{WAIT_VARIABLE} is {text!r}, expected seconds, such as 300")
    return seconds


def _look(place: Path) -> str:
    """Why no agent is there; empty if one is."""
    if place.name == _FILE:
        return _take(place)
    # The folder of a job, or of an agent, whose jobs have one each.
    files = [place / _FILE, *place.glob(f"*/{_FILE}")]
    found = sorted((file for file in files if file.exists()), key=_age)
    troubles = []
    for file in found:
        trouble = _take(file)
        if not trouble:
            return ""
        troubles.append(trouble)
    return "; ".join(troubles) or f"there is no {_FILE} in {place}"


def _age(file: Path) -> float:
    try:
        return -file.stat().st_mtime
    except OSError:
        return 0.0


def _take(file: Path) -> str:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return f"there is no {file}"
    except (OSError, UnicodeDecodeError) as e:
        return f"{file} cannot be read: {e}"
    told = dict(line.split("=", 1) for line in lines if "=" in line)
    path = told.get(_SOCKET, "")
    if not path:
        return f"{file} names no socket"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knocking:
            knocking.connect(path)
    except OSError as e:
        return f"nobody listens at {path}: {e}"
    told.setdefault(_LOCAL_RANK, _own_local_rank())
    os.environ.update(told)
    return ""


def _own_local_rank() -> str:
    for name in (_LOCAL_RANK, *_RANKS):
        text = os.environ.get(name, "")
        if text and not (text.isascii() and text.isdigit()):
            _give_up(f"{name} is {text!r}, expected this process's number on its host, such as 0")
        if text:
            return text
    return "0"


def _give_up(words: str) -> None:
    print(f"coxswain: {words}", file=sys.stderr, flush=True)
    os._exit(_NO_AGENT)
