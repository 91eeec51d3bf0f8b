"""Freed memory stays with the process. Needs glibc; passes without."""

import os
import resource
import subprocess
import sys
import unittest

_FAULTS = """
import ctypes, resource
from coxswain import _memory
kept = _memory.keep_freed()
malloc = ctypes.CDLL(None).malloc
malloc.restype, malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
free = ctypes.CDLL(None).free
free.restype, free.argtypes = None, [ctypes.c_void_p]
def step():
    blocks = [malloc(8 << 20) for _ in range(16)]
    for block in blocks:
        ctypes.memset(block, 1, 8 << 20)
    for block in reversed(blocks):
        free(block)
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
step()
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _run(**more: str) -> tuple[bool, int]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")} | more
    done = subprocess.run(
        [sys.executable, "-c", _FAULTS], env=environment, capture_output=True, text=True, check=True
    )
    kept, faults = done.stdout.split()
    return kept == "True", int(faults)


class MemoryTest(unittest.TestCase):
    def test_a_step_takes_again_what_the_one_before_freed(self) -> None:
        kept, faults = _run()
        if not kept:
            self.skipTest("the C library has no mallopt")
        pages = 16 * (8 << 20) // resource.getpagesize()
        self.assertLess(faults, pages // 100)

    def test_a_user_who_decided_is_left_alone(self) -> None:
        kept, _ = _run(MALLOC_TRIM_THRESHOLD_="131072")
        self.assertFalse(kept)


if __name__ == "__main__":
    unittest.main()
