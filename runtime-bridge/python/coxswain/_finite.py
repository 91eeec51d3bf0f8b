"""Whether numbers are finite, by their bits. NumPy makes it fast."""

from __future__ import annotations

from array import array
from typing import Any

#: Of each floating type its unsigned integer, and the bits that are all set in NaN and infinities.
_EXPONENTS = {
    "f64": ("Q", "u8", 0x7FF0_0000_0000_0000),
    "f32": ("I", "u4", 0x7F80_0000),
    "f16": ("H", "u2", 0x7C00),
    "bf16": ("H", "u2", 0x7F80),
}

#: Bytes that are looked at in one go, and all that are looked at without NumPy.
_AT_ONCE = 16 << 20
_MOST_PLAIN = 4 << 20


def first_wrong(dtype: str, data: memoryview) -> int | None:
    """The first element that is NaN or infinite; ``None`` if there is none, or for whole numbers."""
    kind = _EXPONENTS.get(dtype)
    if kind is None:
        return None
    code, name, mask = kind
    numpy = _numpy()
    whole = data.cast("B")
    if numpy is None:
        numbers = array(code, whole[:_MOST_PLAIN].tobytes())
        return next((i for i, bits in enumerate(numbers) if bits & mask == mask), None)
    size = int(name[1])
    for begin in range(0, len(whole), _AT_ONCE):
        bits = numpy.frombuffer(whole[begin : begin + _AT_ONCE], "<" + name)
        wrong = (bits & numpy.array(mask, "<" + name)) == mask
        if wrong.any():
            return begin // size + int(wrong.argmax())
    return None


def _numpy() -> Any:
    try:
        import numpy
    except ImportError:
        return None
    return numpy
