"""What the C library does with memory that is freed."""

from __future__ import annotations

import ctypes
import os

# Numbers of mallopt(3), glibc.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3

#: The greatest that every version of glibc takes.
_MMAP_BYTES = 32 << 20
_TRIM_BYTES = 2**31 - 1


def keep_freed() -> bool:
    """Keeps what the program frees for its next step, instead of giving it back to the system.

    A step frees what the one before freed, and takes it again: with glibc's own rule that may cost
    thousands of page faults in each step, as the heap happens to lie. Changes nothing where the
    user decided otherwise (a variable ``MALLOC_...`` or ``GLIBC_TUNABLES``), or where the C library
    is another one. Returns whether it did anything.
    """
    if any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    mallopt.argtypes, mallopt.restype = (ctypes.c_int, ctypes.c_int), ctypes.c_int
    return bool(mallopt(_MMAP_THRESHOLD, _MMAP_BYTES) and mallopt(_TRIM_THRESHOLD, _TRIM_BYTES))
