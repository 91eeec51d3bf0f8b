"""The samples of each step: their ids, their hash, and what a history was trained on.

The numbers are those of :mod:`coxswain.order`. Where NumPy is installed they are computed in blocks,
which is twenty times faster. Not safe for use by several threads at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .order import SampleOrder, derive

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    U64 = npt.NDArray[np.uint64]

_MASK = 2**64 - 1
_BLOCK = 8192
_ROUNDS = 8
_GAMMA = 0x9E3779B97F4A7C15


def mix(z: int) -> int:
    """The bijective 64-bit mix of SplitMix64."""
    return derive((z - _GAMMA) & _MASK, 0)


def preload() -> None:
    """Imports what is imported when a job is loaded: a standby process has it done by then."""
    try:
        import numpy  # noqa: F401
    except ImportError:
        pass  # Plain Python does it.


class Samples:
    """Which samples a job's steps train on.

    Of a stream, whose number of samples is 0, an id is the sample's place in the job's sequence: a
    single pass without end.
    """

    def __init__(self, seed: int, samples: int, batch: int, microshards: int) -> None:
        self._order = SampleOrder(seed, max(1, samples), batch, microshards)
        self._seed, self._samples = seed & _MASK, samples
        self._batch, self._microshards = batch, microshards
        self._block, self._ids, self._hashes = -1, [0], [0]
        try:
            import numpy  # noqa: F401

            self._vectors = 0 < samples < 2**32
        except ImportError:
            self._vectors = False

    def microshard(self, step: int, microshard: int) -> tuple[list[int], int]:
        """The samples of one microshard of a step (from 1), and the sum of their hashes.

        A sample's hash is that of its place in the endless sequence of samples and its id.
        """
        base = (step - 1) * self._batch
        first = base + self._batch * microshard // self._microshards
        last = base + self._batch * (microshard + 1) // self._microshards
        if self._samples == 0:
            ids = list(range(first, last))
            return ids, sum(derive(mix(place), place) for place in ids) & _MASK
        if not self._vectors:
            ids = self._order.microshard(step, microshard)
            hashes = (derive(mix(first + i), number) for i, number in enumerate(ids))
            return ids, sum(hashes) & _MASK
        found: list[int] = []
        total = 0
        at = first
        while at < last:
            block, offset = divmod(at, _BLOCK)
            if block != self._block:
                self._fill(block)
            stop = min(_BLOCK, offset + last - at)
            found += self._ids[offset:stop]
            total += sum(self._hashes[offset:stop])
            at += stop - offset
        return found, total & _MASK

    def _fill(self, block: int) -> None:
        import numpy as np

        places = np.arange(block * _BLOCK, (block + 1) * _BLOCK, dtype=np.uint64)
        passes = places // np.uint64(self._samples)
        index = places - passes * np.uint64(self._samples)
        ids = np.empty_like(index)
        for number in range(int(passes[0]), int(passes[-1]) + 1):
            of_pass = passes == np.uint64(number)
            ids[of_pass] = _permute(derive(self._seed, number), self._samples, index[of_pass])
        self._ids = ids.tolist()
        self._hashes = _derive(_mix(places), ids).tolist()
        self._block = block

    def consumed(self, segments: Iterable[tuple[int, int]]) -> tuple[int, tuple[int, ...]]:
        """What a history of steps (first, last) was trained on.

        Each pass is a permutation, so the different samples of a pass are its different places.

        Returns:
            How many samples, counted as often as they were used; and of each pass how many
            different ones.
        """
        seen = 0
        places: dict[int, list[tuple[int, int]]] = {}
        for first, last in segments:
            at, end = (first - 1) * self._batch, last * self._batch
            seen += max(0, end - at)
            of_pass = self._samples or 2**63
            while at < end:
                number, index = divmod(at, of_pass)
                stop = min(of_pass, index + end - at)
                places.setdefault(number, []).append((index, stop))
                at += stop - index
        return seen, tuple(_union(places[number]) for number in sorted(places))


def _union(ranges: list[tuple[int, int]]) -> int:
    covered, reached = 0, 0
    for begin, end in sorted(ranges):
        covered += max(0, end - max(begin, reached))
        reached = max(reached, end)
    return covered


# ---------------------------------------------------------------- coxswain.order on NumPy's uint64


def _mix(z: U64) -> U64:
    import numpy as np

    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _derive(key: U64 | np.uint64, index: U64) -> U64:
    import numpy as np

    return _mix(key + (index + np.uint64(1)) * np.uint64(_GAMMA))


def _high(bits: U64, bound: int) -> U64:
    """The upper 64 bits of the products; the bound has at most 32."""
    import numpy as np

    low = (bits & np.uint64(0xFFFFFFFF)) * np.uint64(bound)
    return ((bits >> np.uint64(32)) * np.uint64(bound) + (low >> np.uint64(32))) >> np.uint64(32)


def _permute(key: int, size: int, index: U64) -> U64:
    import numpy as np

    left_size = math.isqrt(size - 1) + 1
    right_size = -(-size // left_size)
    keys = [np.uint64(derive(key, number)) for number in range(_ROUNDS)]

    def once(value: U64) -> U64:
        left, right = value // np.uint64(right_size), value % np.uint64(right_size)
        for number in range(0, _ROUNDS, 2):
            left = (left + _high(_derive(keys[number], right), left_size)) % np.uint64(left_size)
            right = (right + _high(_derive(keys[number + 1], left), right_size)) % np.uint64(
                right_size
            )
        return left * np.uint64(right_size) + right

    value: Any = once(index)
    while True:
        outside = value >= np.uint64(size)
        if not outside.any():
            return value  # type: ignore[no-any-return]
        value[outside] = once(value[outside])
