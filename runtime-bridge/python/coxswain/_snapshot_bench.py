"""How fast a state leaves the device, for `coxswain bench snapshot`: prints one line of JSON.

With a CUDA device and PyTorch: copies from the device into a shared-memory file as an agent makes
one, pageable and registered (pinned); how long the steps stand still; how much of a copy hides behind
computing; and what host memory it takes. Without one: what a copy in the processor's own memory
does, and says that it is no more than that.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

_WARM = 1


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as numbers:
        return int(numbers.read().split()[1]) * resource.getpagesize()


class _Shared:
    """Shared memory with all of its pages there, as an agent reserves it."""

    def __init__(self, folder: str, size: int) -> None:
        descriptor, self._path = tempfile.mkstemp(prefix="coxswain-bench-", dir=folder)
        try:
            os.posix_fallocate(descriptor, 0, size)
            self._map = mmap.mmap(descriptor, size)
        except OSError:
            os.unlink(self._path)
            raise
        finally:
            os.close(descriptor)
        os.unlink(self._path)
        self.memory = memoryview(self._map)

    def close(self) -> None:
        self.memory.release()
        try:
            self._map.close()
        except BufferError:
            pass  # A tensor still looks at it; the process is about to end.


def _torch_device() -> Any:
    """PyTorch, if it has a CUDA device; else why there is none."""
    try:
        import torch
    except ImportError as e:
        return None, f"PyTorch cannot be imported ({e})"
    if not torch.cuda.is_available():
        return None, f"PyTorch {torch.__version__} sees no CUDA device"
    return torch, ""


def measure_device(torch: Any, size: int, runs: int, shared: _Shared) -> dict[str, Any]:
    """Copies of a tensor on the device."""
    from . import _torch_copies

    device = torch.device("cuda")
    state = torch.empty(size, dtype=torch.uint8, device=device).random_()
    place = shared.memory[:size]
    host = torch.frombuffer(place, dtype=torch.uint8)
    torch.cuda.synchronize()

    def plain() -> None:
        host.copy_(state)
        torch.cuda.synchronize()

    pageable = [_seconds(plain) for _ in range(_WARM + runs)][_WARM:]
    before = _resident()
    layer = _torch_copies.Cuda(torch, device)
    copies = _torch_copies.Copies(layer)
    trouble = layer.register(shared.memory)
    pinned: list[float] = []
    stalls: list[float] = []
    overlaps: list[float] = []
    if not trouble:
        for _ in range(_WARM + runs):
            one = copies.of(state)
            stall = _seconds(lambda one=one: one.begin(place))
            pinned.append(stall + _seconds(one.end))
            stalls.append(stall)
        pinned, stalls = pinned[_WARM:], stalls[_WARM:]
        overlaps = _overlaps(torch, device, copies, state, place, runs, min(pinned))
        layer.unregister(shared.memory)
    if host[: 1 << 16].tolist() != state[: 1 << 16].cpu().tolist():
        sys.exit("what was copied is not what was on the device")
    return {
        "device": torch.cuda.get_device_name(device),
        "pageable": [size / one / 1e9 for one in pageable],
        "pinned": [size / one / 1e9 for one in pinned],
        "stall": [1e3 * one for one in stalls],
        "overlap": overlaps,
        "host": [(len(shared.memory) + max(0, _resident() - before)) / 1e6],
        "trouble": trouble,
    }


def _overlaps(
    torch: Any, device: Any, copies: Any, state: Any, place: memoryview, runs: int, copy: float
) -> list[float]:
    """Which part of a copy hides behind matrix products that take about as long."""
    a = torch.randn(4096, 4096, device=device)
    torch.cuda.synchronize()

    def compute(times: int) -> None:
        for _ in range(times):
            torch.mm(a, a)
        torch.cuda.synchronize()

    compute(3)
    each = _seconds(lambda: compute(10)) / 10
    times = max(1, round(1.5 * copy / each))

    def both() -> None:
        one = copies.of(state)
        one.begin(place)
        compute(times)
        one.end()

    alone = min(_seconds(lambda: compute(times)) for _ in range(_WARM + runs))
    found = [_seconds(both) for _ in range(_WARM + runs)][_WARM:]
    return [min(1.0, max(0.0, 1 - (one - alone) / copy)) for one in found]


def measure_host(size: int, runs: int, shared: _Shared) -> dict[str, Any]:
    """Copies in the processor's memory: all that a snapshot is where the state lies there."""
    state = bytearray(size)
    state[::4096] = b"x" * len(range(0, size, 4096))
    before = _resident()

    def copy() -> None:
        shared.memory[:size] = state

    times = [_seconds(copy) for _ in range(_WARM + runs)][_WARM:]
    return {
        "memcpy": [size / one / 1e9 for one in times],
        "stall": [1e3 * one for one in times],
        "host": [(len(shared.memory) + max(0, _resident() - before - size)) / 1e6],
    }


def main() -> None:
    """Measures what can be measured here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--arenas", default="/dev/shm")
    options = parser.parse_args()
    shared = _Shared(options.arenas, options.bytes)
    try:
        torch, why = _torch_device()
        found = {"bytes": options.bytes, "cpu": measure_host(options.bytes, options.runs, shared)}
        if torch is None:
            found["why"] = why
        else:
            found["gpu"] = measure_device(torch, options.bytes, options.runs, shared)
    finally:
        shared.close()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
