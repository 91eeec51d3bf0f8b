"""Makes digits.safetensors from ../digits/digits.bin. Run from the project's folder:

PYTHONPATH=runtime-bridge/python python3 examples/digits-xla/data.py
"""

from pathlib import Path

from coxswain import safetensors
from coxswain.order import Permutation

HERE = Path(__file__).parent
HEADER, FEATURES = 24, 64  # the format: ../digits/README.md
SPLIT_KEY = 0x636F787377616931


def main():
    content = (HERE / "../digits/digits.bin").read_bytes()
    count = int.from_bytes(content[8:12], "little")
    row = FEATURES + 1
    samples = [content[HEADER + i * row : HEADER + (i + 1) * row] for i in range(count)]
    split = Permutation(SPLIT_KEY, count)
    held_out = {split.at(i) for i in range(count // 5)}
    tensors = {}
    for part, ids in (
        ("train", [i for i in range(count) if i not in held_out]),
        ("held_out", sorted(held_out)),
    ):
        x = b"".join(samples[i][:FEATURES] for i in ids)
        y = b"".join(samples[i][FEATURES].to_bytes(4, "little") for i in ids)
        tensors[f"{part}.x"] = safetensors.Tensor("u8", (len(ids), FEATURES), x)
        tensors[f"{part}.y"] = safetensors.Tensor("i32", (len(ids),), y)
    safetensors.write(HERE / "digits.safetensors", tensors)
    print({name: tensor.shape for name, tensor in tensors.items()})


main()
