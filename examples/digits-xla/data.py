"""Makes digits.safetensors from ../digits/digits.bin. Run from the project's folder:

PYTHONPATH=runtime-bridge/python python3 examples/digits-xla/data.py
"""

import math
from pathlib import Path

from coxswain import safetensors

HERE = Path(__file__).parent
FEATURES = 64
SPLIT_KEY = 0x636F787377616931  # the one that examples/digits holds samples out with
MASK = 2**64 - 1


def derive(key, index):
    """Element ``index`` of the SplitMix64 stream that ``key`` seeds."""
    z = (key + (index + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def permutation(key, size):
    """Where each of 0..size-1 goes: 8 Feistel rounds on a grid, walking along cycles to stay in it."""
    left = math.isqrt(size - 1) + 1
    right = -(-size // left)
    keys = [derive(key, r) for r in range(8)]

    def once(value):
        a, b = divmod(value, right)
        for r in range(0, 8, 2):
            a = (a + (derive(keys[r], b) * left >> 64)) % left
            b = (b + (derive(keys[r + 1], a) * right >> 64)) % right
        return a * right + b

    def at(value):
        value = once(value)
        while value >= size:
            value = once(value)
        return value

    return [at(value) for value in range(size)]


def main():
    content = (HERE / "../digits/digits.bin").read_bytes()
    count = int.from_bytes(content[8:12], "little")
    samples = [
        content[24 + i * (FEATURES + 1) : 24 + (i + 1) * (FEATURES + 1)] for i in range(count)
    ]
    held_out = sorted(permutation(SPLIT_KEY, count)[: count // 5])
    rest = sorted(set(range(count)) - set(held_out))
    tensors = {}
    for part, ids in (("train", rest), ("held_out", held_out)):
        x = b"".join(samples[i][:FEATURES] for i in ids)
        y = b"".join(samples[i][FEATURES].to_bytes(4, "little") for i in ids)
        tensors[f"{part}.x"] = safetensors.Tensor("u8", (len(ids), FEATURES), x)
        tensors[f"{part}.y"] = safetensors.Tensor("i32", (len(ids),), y)
    safetensors.write(HERE / "digits.safetensors", tensors)
    print(f"{len(rest)} samples to train on, {len(held_out)} held out")


main()
