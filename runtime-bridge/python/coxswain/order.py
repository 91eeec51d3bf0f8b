"""Which samples a step trains on: the same numbers as Java's ``SampleOrder``.

Pure functions of (seed, number of samples, batch), never of the mesh or of what failed on the way.
"""

from __future__ import annotations

import math

_MASK = 2**64 - 1
_ROUNDS = 8


def derive(key: int, index: int) -> int:
    """Element ``index`` of the SplitMix64 stream that ``key`` seeds (64 bits)."""
    z = (key + (index + 1) * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


class Permutation:
    """A keyed permutation of 0..size-1 with random access.

    Numbers are pairs in an a × b grid with a = ceil(sqrt(size)) and b = ceil(size/a), which go
    through alternating Feistel rounds; what falls outside of the range goes through again.
    """

    def __init__(self, key: int, size: int):
        if size < 1:
            raise ValueError(f"a permutation needs at least 1 element, not {size}")
        self._size = size
        self._left = math.isqrt(size - 1) + 1
        self._right = -(-size // self._left)
        self._keys = [derive(key, r) for r in range(_ROUNDS)]

    def at(self, index: int) -> int:
        """Where ``index`` goes; both are in [0, size)."""
        if not 0 <= index < self._size:
            raise IndexError(f"{index} is not in [0, {self._size})")
        value = self._once(index)
        while value >= self._size:
            value = self._once(value)
        return value

    def _once(self, value: int) -> int:
        left, right = divmod(value, self._right)
        for r in range(0, _ROUNDS, 2):
            left = (left + (derive(self._keys[r], right) * self._left >> 64)) % self._left
            right = (right + (derive(self._keys[r + 1], left) * self._right >> 64)) % self._right
        return left * self._right + right


class SampleOrder:
    """The samples of each step: permutations of all, one pass after another, without end."""

    def __init__(self, seed: int, samples: int, batch: int, microshards: int):
        if samples < 1 or batch < 1 or microshards < 1:
            raise ValueError(
                "samples, batch and microshards must each be at least 1, not"
                f" {samples}, {batch} and {microshards}"
            )
        self._seed, self._samples = seed, samples
        self._batch, self._microshards = batch, microshards
        self._pass, self._permutation = 0, Permutation(derive(seed, 0), samples)

    def microshard(self, step: int, microshard: int) -> list[int]:
        """The samples of one microshard of a step (from 1), in the order of their addition."""
        if step < 1 or not 0 <= microshard < self._microshards:
            raise IndexError(f"there is no microshard {microshard} of step {step}")
        base = (step - 1) * self._batch
        first = self._batch * microshard // self._microshards
        last = self._batch * (microshard + 1) // self._microshards
        return [self._sample(*divmod(base + i, self._samples)) for i in range(first, last)]

    def _sample(self, number: int, index: int) -> int:
        if number != self._pass:
            self._pass = number
            self._permutation = Permutation(derive(self._seed, number), self._samples)
        return self._permutation.at(index)
