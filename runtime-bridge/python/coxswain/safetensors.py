"""The safetensors format, as far as Coxswain uses it.

A file is: the header's length (u64, little-endian), the header (JSON, padded with spaces), then
the tensors' bytes without gaps, row-major and little-endian. In the files written here the data
begin at a multiple of 64 and the widest elements come first, so that every tensor is aligned to its
element. The same tensors give the same bytes.

Needs only the standard library: a tensor is bytes with a type and a shape.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Union

Data = Union[bytes, bytearray, memoryview]

#: Short type name (as in bundle.json) to (name in a safetensors header, bytes of an element).
DTYPES: Mapping[str, tuple[str, int]] = {
    "f64": ("F64", 8),
    "i64": ("I64", 8),
    "u64": ("U64", 8),
    "f32": ("F32", 4),
    "i32": ("I32", 4),
    "u32": ("U32", 4),
    "f16": ("F16", 2),
    "bf16": ("BF16", 2),
    "i16": ("I16", 2),
    "u16": ("U16", 2),
    "i8": ("I8", 1),
    "u8": ("U8", 1),
    "bool": ("BOOL", 1),
}
_SHORT = {name: short for short, (name, _) in DTYPES.items()}
_ALIGNMENT = 64
_MAX_HEADER = 100_000_000


class SafetensorsError(Exception):
    """The file is not a valid safetensors file; the message says where."""


@dataclass(frozen=True)
class Tensor:
    """A tensor: the short name of its type, its shape and its bytes (row-major, little-endian)."""

    dtype: str
    shape: tuple[int, ...]
    data: Data

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise ValueError(f"'{self.dtype}' is no element type; there are {', '.join(DTYPES)}")
        expected = byte_size(self.dtype, self.shape)
        if memoryview(self.data).nbytes != expected:
            raise ValueError(
                f"{self.dtype}{list(self.shape)} takes {expected} bytes,"
                f" not {memoryview(self.data).nbytes}"
            )


def byte_size(dtype: str, shape: tuple[int, ...]) -> int:
    """The bytes of a tensor of this type and shape."""
    return DTYPES[dtype][1] * math.prod(shape)


def write(
    path: str | os.PathLike[str],
    tensors: Mapping[str, Tensor],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Writes a file; overwrites one that is there."""
    order = sorted(tensors, key=lambda name: -DTYPES[tensors[name].dtype][1])  # stable
    header: dict[str, Any] = {}
    if metadata:
        header["__metadata__"] = dict(metadata)
    offset = 0
    for name in order:
        if name == "__metadata__":
            raise ValueError("no tensor can have the name '__metadata__'")
        tensor = tensors[name]
        end = offset + byte_size(tensor.dtype, tensor.shape)
        header[name] = {
            "dtype": DTYPES[tensor.dtype][0],
            "shape": list(tensor.shape),
            "data_offsets": [offset, end],
        }
        offset = end
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-(8 + len(text)) % _ALIGNMENT)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for name in order:
            file.write(tensors[name].data)


def read(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Reads all tensors of a file, in the order of its header.

    Raises SafetensorsError if the file is damaged or of another format.
    """
    with open(path, "rb") as file:
        header, data_bytes = _read_header(file, os.fspath(path))
        tensors = {}
        covered = 0
        for name, dtype, shape, begin, end in header:
            if begin != covered:
                raise SafetensorsError(
                    f"{path}: tensor '{name}' begins at byte {begin} of the data, not at {covered}"
                )
            tensors[name] = Tensor(dtype, shape, file.read(end - begin))
            covered = end
        if covered != data_bytes:
            raise SafetensorsError(
                f"{path}: it has {data_bytes} bytes of data, and its tensors take {covered}"
            )
        return tensors


def _read_header(
    file: BinaryIO, path: str
) -> tuple[list[tuple[str, str, tuple[int, ...], int, int]], int]:
    size = os.fstat(file.fileno()).st_size
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > min(size - 8, _MAX_HEADER):
        raise SafetensorsError(
            f"{path}: no safetensors file: its first 8 bytes are no header length for {size} bytes"
        )
    try:
        header = json.loads(file.read(length))
    except ValueError as e:
        raise SafetensorsError(f"{path}: no safetensors file: its header is no JSON: {e}") from e
    if not isinstance(header, dict):
        raise SafetensorsError(f"{path}: no safetensors file: its header is no JSON object")
    header.pop("__metadata__", None)
    data_bytes = size - 8 - length
    entries = []
    for name, entry in header.items():
        try:
            dtype = _SHORT[entry["dtype"]]
            shape = tuple(int(n) for n in entry["shape"])
            begin, end = (int(n) for n in entry["data_offsets"])
        except (KeyError, TypeError, ValueError) as e:
            raise SafetensorsError(f"{path}: tensor '{name}' is described wrongly: {entry}") from e
        if not 0 <= begin <= end <= data_bytes or end - begin != byte_size(dtype, shape):
            raise SafetensorsError(
                f"{path}: tensor '{name}' of {byte_size(dtype, shape)} bytes cannot lie at"
                f" [{begin}, {end}) of {data_bytes} bytes of data: the file is damaged or cut short"
            )
        entries.append((name, dtype, shape, begin, end))
    entries.sort(key=lambda entry: (entry[3], entry[4]))
    return entries, data_bytes
