"""What must be equal in all processes of a job, as digests of parts that can be told apart."""

from __future__ import annotations

import hashlib
import os
import sys
import sysconfig
from typing import Any

Data = bytes | bytearray | memoryview


def instructions() -> str:
    """The instruction sets that this machine's processor has."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                key, _, value = line.partition(":")
                if key.strip() in ("flags", "Features"):
                    return " ".join(sorted(value.split()))
    except OSError:
        pass
    return ""


def sources() -> str:
    """A digest of the text of what was imported, installed packages and the standard library apart.

    Where a program is traced, its text is known; where Python itself makes the steps, this is.
    """
    library = os.path.realpath(sysconfig.get_path("stdlib"))
    found = set()
    for module in tuple(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or not file.endswith(".py"):
            continue
        path = os.path.realpath(file)
        parts = path.split(os.sep)
        if (
            "site-packages" in parts
            or "dist-packages" in parts
            or path.startswith(library + os.sep)
        ):
            continue
        try:
            with open(path, "rb") as text:
                found.add(hashlib.sha256(text.read()).hexdigest())
        except OSError:
            continue
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()


class Fingerprint:
    """A digest in parts: when two differ, it shows in what."""

    def __init__(self) -> None:
        self._parts: dict[str, Any] = {}

    def add(self, part: str, data: Data) -> None:
        """Adds bytes to one of the parts."""
        self.of(part).update(data)

    def of(self, part: str) -> Any:
        """The digest of a part."""
        return self._parts.setdefault(part, hashlib.sha256())

    def __str__(self) -> str:
        return ", ".join(
            f"{part} {digest.hexdigest()[:16]}" for part, digest in self._parts.items()
        )
