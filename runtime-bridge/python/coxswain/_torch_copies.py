"""Copies of tensors on a device into the arena, beside the steps.

The arena's memory is registered with the device (pinned), so that it can be written without the
host's help. A snapshot's copies go to a stream of their own: forward and backward of the next step,
which only read the state, overlap with them, and only the next update waits. Where there is no
device none of this is used: a snapshot is then a plain copy.

What a device does stands behind :class:`Layer`, so that the order of things can be tested without one.
"""

from __future__ import annotations

import sys
import threading
from typing import Any, Protocol

from .trainer import Copy


class Layer(Protocol):
    """What is asked of a device."""

    def has(self, tensor: Any) -> bool:
        """Whether the tensor lies there."""

    def register(self, memory: memoryview) -> str:
        """Makes host memory known to the device; says why it cannot, or nothing."""

    def unregister(self, memory: memoryview) -> None:
        """The memory is unmapped next."""

    def copy(self, place: memoryview, tensor: Any) -> Any:
        """Copies beside the steps, as the tensor is when all that was asked before is done.

        Returns:
            What must stay alive until it is done.
        """

    def mark(self) -> Any:
        """The end of all copies so far."""

    def hold(self, mark: Any) -> None:
        """Has the steps wait for the mark, from what is asked next on; the caller does not wait."""

    def wait(self, mark: Any) -> None:
        """Waits for the mark. Any thread."""

    def now(self, tensor: Any) -> memoryview:
        """The tensor's bytes, in host memory, at once."""


class Copies:
    """The copies of one trainer. On the main thread, but for :meth:`_TensorCopy.end`."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._newest: Any = None
        self._mapped: list[memoryview] = []

    def mapped(self, memory: memoryview) -> None:
        """An arena is mapped."""
        trouble = self._layer.register(memory)
        if trouble:
            # Snapshots are slower, and as good.
            print(
                f"coxswain: the arena's {len(memory)} bytes stay pageable, so the device copies at"
                f" a part of its speed: {trouble}",
                file=sys.stderr,
            )
        else:
            self._mapped.append(memory)

    def unmapped(self, memory: memoryview) -> None:
        """It is unmapped next: no copy is under way any more."""
        for known in self._mapped:
            if known is memory:
                self._mapped.remove(known)
                self._layer.unregister(memory)
                return

    def has(self, tensor: Any) -> bool:
        """Whether the tensor is copied so."""
        return self._layer.has(tensor)

    def of(self, tensor: Any) -> Copy:
        """A tensor as a part of a snapshot."""
        return _TensorCopy(self, tensor)

    def before_update(self) -> None:
        """The state is changed next: what was asked for so far is copied before."""
        if self._newest is not None:
            self._layer.hold(self._newest)
            self._newest = None

    def begin(self, place: memoryview, tensor: Any) -> tuple[Any, Any]:
        """Begins a copy; gives its end, and what it needs until then."""
        kept = self._layer.copy(place, tensor)
        self._newest = self._layer.mark()
        return self._newest, kept

    def wait(self, mark: Any) -> None:
        """Waits for a copy's end."""
        self._layer.wait(mark)

    def now(self, tensor: Any) -> memoryview:
        """A tensor's bytes at once."""
        return self._layer.now(tensor)


class _TensorCopy(Copy):
    def __init__(self, copies: Copies, tensor: Any) -> None:
        self._copies, self._tensor = copies, tensor
        self._begun: tuple[Any, Any] | None = None

    def begin(self, place: memoryview) -> None:
        self._begun = self._copies.begin(place, self._tensor)

    def end(self) -> None:
        begun, self._begun = self._begun, None
        assert begun is not None
        self._copies.wait(begun[0])

    def now(self) -> memoryview:
        return self._copies.now(self._tensor)


class Cuda:
    """A CUDA device of PyTorch."""

    def __init__(self, torch: Any, device: Any) -> None:
        self._torch, self._device = torch, device
        self._side = torch.cuda.Stream(device)
        self._pointers: dict[int, int] = {}
        self._lock = threading.Lock()

    def has(self, tensor: Any) -> bool:
        return bool(tensor.device.type == "cuda")

    def _bytes(self, memory: memoryview) -> Any:
        return self._torch.frombuffer(memory, dtype=self._torch.uint8)

    def register(self, memory: memoryview) -> str:
        pointer = self._bytes(memory).data_ptr()
        code = int(self._torch.cuda.cudart().cudaHostRegister(pointer, len(memory), 0))
        if code:
            return (
                f"cudaHostRegister failed with error {code}; a process may need a higher limit of"
                " locked memory (ulimit -l)"
            )
        with self._lock:
            self._pointers[id(memory)] = pointer
        return ""

    def unregister(self, memory: memoryview) -> None:
        with self._lock:
            pointer = self._pointers.pop(id(memory), None)
        if pointer is not None:
            self._torch.cuda.cudart().cudaHostUnregister(pointer)

    def copy(self, place: memoryview, tensor: Any) -> Any:
        torch = self._torch
        if tensor.numel() == 0:
            return None
        flat = tensor.detach().contiguous().reshape(-1).view(torch.uint8)
        self._side.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._side):
            self._bytes(place).copy_(flat, non_blocking=True)
        flat.record_stream(self._side)
        return flat

    def mark(self) -> Any:
        event = self._torch.cuda.Event()
        event.record(self._side)
        return event

    def hold(self, mark: Any) -> None:
        self._torch.cuda.current_stream(self._device).wait_event(mark)

    def wait(self, mark: Any) -> None:
        mark.synchronize()

    def now(self, tensor: Any) -> memoryview:
        flat = tensor.detach().contiguous().reshape(-1).view(self._torch.uint8)
        return memoryview(flat.cpu().numpy())
