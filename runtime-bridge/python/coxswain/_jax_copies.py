"""How a snapshot leaves the device where updates are donated. Imports JAX when called.

A donated update writes the new state over the old one, so what a snapshot is to have must be read
before. The ways differ in device memory and in who waits (docs/python.md).
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .bundle import trees
from .trainer import Captured, Copy, TrainerError

#: The update waits for the host's copy; a copy on the device; a copy that the device writes to
#: pinned memory of the host.
WAIT, DEVICE, HOST = WAYS = ("wait", "device", "host")

_PINNED = "pinned_host"


def require_way(way: str, donate: bool) -> None:
    """Checks an argument ``snapshots``."""
    if way not in WAYS:
        raise TrainerError(f"snapshots must be one of {', '.join(WAYS)}, not {way!r}")
    if way != WAIT and not donate:
        raise TrainerError(
            f"snapshots={way!r} is for updates that are donated: without donate=True arrays never"
            " change, and a snapshot keeps nobody waiting"
        )


def require_memory(way: str) -> None:
    """Checks that the device can do it."""
    if way != HOST:
        return
    jax, _ = trees.require_jax()
    device = jax.local_devices()[0]
    kinds = [memory.kind for memory in device.addressable_memories()]
    if _PINNED not in kinds:
        raise TrainerError(
            f"snapshots='host' needs memory of kind {_PINNED}, and {device.platform} has"
            f" {', '.join(kinds)}: use snapshots='device', or leave it out"
        )


def copied(tree: Any, way: str) -> Any:
    """Copies of arrays as they are now, begun and not waited for: what donates the arrays
    afterwards does not change them.

    Args:
        tree: of arrays.
        way: ``"device"`` or ``"host"``.
    """
    jax, _ = trees.require_jax()
    if way == DEVICE:
        return jax.tree.map(jax.numpy.copy, tree)
    return jax.tree.map(
        lambda array: jax.device_put(array, array.sharding.with_memory_kind(_PINNED)), tree
    )


def with_host_copies(update: Callable[..., Any], *, donate: Sequence[int] = (0,)) -> Callable[..., Any]:
    """A second variant of an update, for the steps after which a snapshot is taken.

    Args:
        update: ``update(state, *others)`` gives a state like the one it got, or a tuple of which
            that is the first.
        donate: which arguments are donated.

    Returns:
        A jitted function of the same arguments, which gives two things: what ``update`` gives, and
        the state in pinned memory of the host, written by the device beside its other work.
    """
    jax, _ = trees.require_jax()
    require_memory(HOST)
    jitted: dict[Any, Any] = {}

    def both(*arguments: Any) -> Any:
        made = update(*arguments)
        return made, made[0] if isinstance(made, tuple) else made

    def run(*arguments: Any) -> Any:
        leaves, structure = jax.tree.flatten(arguments[0])
        shardings = [leaf.sharding for leaf in leaves]
        key = (structure, tuple(shardings))
        if key not in jitted:
            hosts = [one.with_memory_kind(_PINNED) for one in shardings]
            jitted[key] = jax.jit(
                both,
                donate_argnums=tuple(donate),
                out_shardings=(None, jax.tree.unflatten(structure, hosts)),
            )
        return jitted[key](*arguments)

    return run


class Late:
    """An array that is about to be donated: its bytes are fetched by whoever comes first, the
    snapshot's thread or the update that would write over it."""

    def __init__(self, array: Any) -> None:
        self._array, self._bytes = array, memoryview(b"")
        self._lock = threading.Lock()

    def settle(self) -> None:
        """Has the bytes in host memory when it returns. Any thread."""
        with self._lock:
            if self._array is not None:
                _, numpy = trees.require_jax()
                # A copy: on the CPU the array's own memory would be seen.
                host = numpy.array(self._array, copy=True)
                self._bytes = memoryview(host.reshape(-1).view(numpy.uint8))
                self._array = None

    def __call__(self) -> memoryview:
        self.settle()
        return self._bytes


class Beside(Copy):
    """An array of which the device makes a copy, beside the steps."""

    def __init__(self, array: Any, way: str) -> None:
        self._array, self._way, self._copy = array, way, None
        self._place = memoryview(b"")

    def begin(self, place: memoryview) -> None:
        self._place, self._copy = place, copied(self._array, self._way)
        # It may be donated now.
        self._array = None

    def end(self) -> None:
        copy, self._copy = self._copy, None
        self._place[:] = raw(copy)
        self._place = memoryview(b"")

    def now(self) -> memoryview:
        return raw(self._array)


class Leaving(Sequence[Captured]):
    """Captured arrays of a state that will be donated, each when it is asked for: of a step only
    parameters are published."""

    def __init__(self, state: Sequence[Any], way: str, waiting: weakref.WeakSet[Late]) -> None:
        self._state, self._way, self._waiting = state, way, waiting

    def __len__(self) -> int:
        return len(self._state)

    def __iter__(self) -> Iterator[Captured]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        if self._way != WAIT:
            return Beside(self._state[index], self._way)
        late = Late(self._state[index])
        self._waiting.add(late)
        return late


def raw(array: Any) -> memoryview:
    """An array's bytes; on the CPU without a copy."""
    _, numpy = trees.require_jax()
    return memoryview(numpy.ascontiguousarray(array).reshape(-1).view(numpy.uint8))
