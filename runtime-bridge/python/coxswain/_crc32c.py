"""CRC-32C (Castagnoli), as fast as this Python can.

The first of these that is there is used: the package ``google_crc32c`` or ``crc32c`` (gigabytes per
second), NumPy (hundreds of megabytes per second), a table in plain Python (a few megabytes per
second: fit for headers and small states only). ``zlib.crc32`` is of no use here: it has another
polynomial. :func:`method` says which one it is.

Everything is safe for any thread.
"""

from __future__ import annotations

import functools
import importlib
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Words = npt.NDArray[np.uint32]

Data = bytes | bytearray | memoryview
Function = Callable[[Data, int], int]

_POLYNOMIAL = 0x82F63B78
_ONES = 0xFFFFFFFF


def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return tuple(table)


_TABLE = _crc_table()


def crc32c_plain(data: Data, crc: int = 0) -> int:
    """CRC-32C, continued from ``crc``, without any package."""
    return _advance(data, crc ^ _ONES) ^ _ONES


def _advance(data: Data, state: int) -> int:
    table = _TABLE
    for byte in memoryview(data).cast("B"):
        state = table[(state ^ byte) & 0xFF] ^ state >> 8
    return state


# ---------------------------------------------------------------- with NumPy
#
# Let S be the (linear) advance of the state by 32 zero bits. The state after the words w0 … wn-1,
# with the initial state added to w0, is the sum of S^(n-i)(wi). The words are taken as rows of L:
# lane j of a row keeps s <- S^L(s) + word, and at the end the lanes are folded in halves.

_WIDE, _NARROW = 4096, 64
_SMALL_BYTES = 1024

#: A copy of this many is worth that other threads go on.
_LARGE_BYTES = 64 << 10


def _column_apply(columns: tuple[int, ...], vector: int) -> int:
    result, bit = 0, 0
    while vector:
        if vector & 1:
            result ^= columns[bit]
        vector >>= 1
        bit += 1
    return result


@functools.cache
def _shift(words: int) -> tuple[int, ...]:
    """S^words as a matrix over GF(2): what becomes of each of the 32 bits."""
    if words == 1:
        return tuple(_advance(bytes(4), 1 << bit) for bit in range(32))
    half = _shift(words // 2)
    return tuple(_column_apply(half, column) for column in half)


@functools.cache
def _tables(words: int) -> tuple[Words, Words]:
    """S^words of the lower 16 bits, and of the upper 16."""
    import numpy as np

    tables = []
    for first in (0, 16):
        table = np.zeros(1, np.uint32)
        for column in _shift(words)[first : first + 16]:
            table = np.concatenate((table, table ^ np.uint32(column)))
        tables.append(table)
    return tables[0], tables[1]


def _times(lanes: Words, words: int) -> Words:
    low, high = _tables(words)
    halves = lanes.view("<u2")
    result: Words = low[halves[0::2]]
    result ^= high[halves[1::2]]
    return result


def _advance_lanes(rows: Words, state: int) -> int:
    """The state after whole rows."""
    import numpy as np

    width = rows.shape[1]
    lanes = rows[0].copy()
    lanes[0] ^= np.uint32(state)
    for row in rows[1:]:
        lanes = _times(lanes, width)
        lanes ^= row
    while len(lanes) > 1:
        half = len(lanes) // 2
        lanes = _times(lanes[:half], half) ^ lanes[half:]
    return _column_apply(_shift(1), int(lanes[0]))


def crc32c_numpy(data: Data, crc: int = 0) -> int:
    """CRC-32C, continued from ``crc``, with NumPy.

    Raises:
        ImportError: there is no NumPy.
    """
    view = memoryview(data).cast("B")
    if len(view) < _SMALL_BYTES:
        return crc32c_plain(view, crc)
    import numpy as np

    state = crc ^ _ONES
    for width in (_WIDE, _NARROW):
        size = len(view) // (4 * width) * 4 * width
        if size:
            rows = np.frombuffer(view[:size], "<u4").reshape(-1, width)
            state = _advance_lanes(rows, state)
            view = view[size:]
    return _advance(view, state) ^ _ONES


# ---------------------------------------------------------------- the choice


def _choose() -> tuple[str, Function]:
    google = _package("google_crc32c")
    if google is not None:
        return "google_crc32c", _google(google.extend)
    other = _package("crc32c")
    if other is not None:
        return "crc32c", lambda data, crc: int(other.crc32c(data, crc))
    return ("numpy", crc32c_numpy) if _package("numpy") else ("plain", crc32c_plain)


def _google(extend: Any) -> Function:
    """It takes what it believes not to change: bytes, which would be a copy, or an array of NumPy's."""
    takes_arrays: list[bool] = []

    def of(data: Data, crc: int) -> int:
        numpy = _numpy()
        if numpy is None:
            return int(extend(crc, bytes(data)))
        if not takes_arrays:
            takes_arrays.append(_takes(extend, numpy.frombuffer(b"123456789", numpy.uint8)))
        given = numpy.frombuffer(data, numpy.uint8) if takes_arrays[0] else bytes(data)
        return int(extend(crc, given))

    return of


def _takes(extend: Any, digits: Any) -> bool:
    try:
        return int(extend(0, digits)) == 0xE3069283
    except TypeError:
        return False


def copy(to: memoryview, data: memoryview) -> None:
    """Copies bytes; where the program uses NumPy, other threads go on meanwhile."""
    numpy = _numpy() if len(to) >= _LARGE_BYTES else None
    if numpy is None:
        to[:] = data
    else:
        numpy.copyto(numpy.frombuffer(to, numpy.uint8), numpy.frombuffer(data, numpy.uint8))


def _numpy() -> Any:
    """NumPy, if somebody has imported it: a program that does not use it need not wait for it."""
    numpy = sys.modules.get("numpy")
    return numpy if hasattr(numpy, "copyto") else None


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


_choosing = threading.Lock()
_chosen: tuple[str, Function] | None = None


def _function() -> tuple[str, Function]:
    # When it is first needed, not when it is imported: a worker says hello before NumPy is loaded.
    global _chosen
    if _chosen is None:
        with _choosing:
            if _chosen is None:
                _chosen = _choose()
    return _chosen


def method() -> str:
    """What computes: ``google_crc32c``, ``crc32c``, ``numpy`` or ``plain``."""
    return _function()[0]


def crc32c(data: Data, crc: int = 0) -> int:
    """CRC-32C, continued from ``crc``."""
    if len(data) < 64:
        return crc32c_plain(data, crc)
    return _function()[1](data, crc)
