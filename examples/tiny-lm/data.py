"""Makes text.safetensors, windows of alice.txt. Run from the project's folder:

PYTHONPATH=runtime-bridge/python python3 examples/tiny-lm/data.py
"""

from pathlib import Path

from coxswain import safetensors

HERE = Path(__file__).parent
WINDOW, STRIDE = 65, 16  # bytes; windows to train on overlap, those held out do not
HELD_OUT = 226


def windows(text, stride):
    return [text[i : i + WINDOW] for i in range(0, len(text) - WINDOW + 1, stride)]


def main():
    text = (HERE / "alice.txt").read_bytes()
    end = len(text) - HELD_OUT * (WINDOW - 1) - 1  # the end of the book is held out
    tensors = {}
    for part, rows in (
        ("train", windows(text[:end], STRIDE)),
        ("held_out", windows(text[end:], WINDOW - 1)),
    ):
        tensors[f"{part}.tokens"] = safetensors.Tensor("u8", (len(rows), WINDOW), b"".join(rows))
    safetensors.write(HERE / "text.safetensors", tensors)
    print({name: tensor.shape for name, tensor in tensors.items()})


main()
