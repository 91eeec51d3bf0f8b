"""What a program started and left running when its process ends: loaders, pools, helpers.

Needs only the standard library, and Linux; elsewhere it does nothing.
"""

from __future__ import annotations

import os
import signal


def end() -> None:
    """Kills this process's descendants, but for those that began a session of their own: who does
    that means to outlive whoever starts it."""
    try:
        own, session = os.getpid(), os.getsid(0)
        for pid in descendants(own, session):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass  # It was faster.
    except OSError:
        pass


def descendants(pid: int, session: int) -> list[int]:
    """The children of a process in that session, and theirs."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            place = _place(name)
            if place is not None and place[1] == session:
                children.setdefault(place[0], []).append(int(name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        some = children.get(waiting.pop(), [])
        found += some
        waiting += some
    return found


def _place(pid: str) -> tuple[int, int] | None:
    """Its parent and its session; nothing, if it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name before it may hold anything, brackets too.
            fields = file.read().rpartition(b")")[2].split()
        return int(fields[1]), int(fields[3])
    except (OSError, IndexError, ValueError):
        return None
