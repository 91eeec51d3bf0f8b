"""What a state is made of: leaves, and what a process holds of them. Part of ``coxswain.trainer``."""

from __future__ import annotations

import abc
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .bundle.layout import Layout
from .safetensors import DTYPES

if TYPE_CHECKING:
    #: A view of float32 numbers.
    Floats = memoryview[float]
else:
    Floats = memoryview


#: How long the name of a leaf may be, in UTF-8.
MOST_NAME_BYTES = 4096


class Copy(abc.ABC):
    """A part of the state that goes into its place by itself, beside the steps, as a device's copy
    engine does it."""

    @abc.abstractmethod
    def begin(self, place: memoryview) -> None:
        """Begins to write the bytes of the state as it is now, and does not wait. Main thread."""

    @abc.abstractmethod
    def end(self) -> None:
        """Waits until they are there. Another thread."""

    @abc.abstractmethod
    def now(self) -> bytes | bytearray | memoryview:
        """The bytes, in place of :meth:`begin`. Main thread."""


#: A part of the state: contiguous bytes, a function that gives them later, or a copy.
Captured = bytes | bytearray | memoryview | Callable[[], bytes | bytearray | memoryview] | Copy


class TrainerError(Exception):
    """What a person can mend: the agent shows the message, and does not try again where it is no use.

    Args:
        message: for a person: what, what was expected, what to do.
        code: ``program_invalid`` (the program or its settings), ``data_unreadable`` (the training
            data), ``out_of_memory``, or ``bad_state`` (a stored state that does not fit).
    """

    __module__ = "coxswain.trainer"

    def __init__(self, message: str, code: str = "program_invalid") -> None:
        super().__init__(message)
        self.code = code


def _require_name(name: str) -> None:
    """It stands in snapshots, which have room for so much, as UTF-8."""
    try:
        length = len(name.encode("utf-8"))
    except UnicodeEncodeError:
        raise TrainerError(f"leaf {name!r:.100} has a name that cannot be written as UTF-8") from None
    except AttributeError:
        raise TrainerError(f"a leaf's name is {name!r:.100}; expected a text") from None
    if length > MOST_NAME_BYTES:
        raise TrainerError(
            f"leaf {name[:100]}… has a name of {length} bytes; at most {MOST_NAME_BYTES} are taken"
        )


@dataclass(frozen=True)
class Leaf:
    """An array of the state.

    Attributes:
        name: unique among its kind.
        dtype: ``f32``, ``f64``, ``f16``, ``bf16``, ``i32``, ``i64``, ``u8`` …; of parameters ``f32``.
        shape: elements per dimension; ``()`` for one number.
        like: of the optimizer's leaves: the index of the parameter that it is cut with (it has the
            same shape), or ``None`` for one that every shard holds whole.
        per_rank: of a :class:`FusedProgram`: each rank has one of its own, of this shape, such as
            the state of a random-number generator: it is copied, and never compared.
    """

    name: str
    dtype: str = "f32"
    shape: tuple[int, ...] = ()
    like: int | None = None
    per_rank: bool = False

    def __post_init__(self) -> None:
        _require_name(self.name)
        if any(not isinstance(size, int) or size < 0 for size in self.shape):
            raise TrainerError(
                f"leaf {self.name} has the shape {self.shape!r:.100}; expected whole numbers from"
                " 0 on"
            )
        if self.dtype not in DTYPES:
            raise TrainerError(
                f"leaf {self.name}: '{self.dtype}' is no element type; there are"
                f" {', '.join(DTYPES)}"
            )

    @property
    def elements(self) -> int:
        """How many elements the whole leaf has."""
        return math.prod(self.shape)

    @property
    def element_bytes(self) -> int:
        """Bytes of an element."""
        return DTYPES[self.dtype][1]


@dataclass(frozen=True)
class Part:
    """What a shard holds of a leaf: a range of its elements in row-major order, or a box.

    Attributes:
        leaf: the whole leaf.
        name: what snapshots and digests call it.
        index: the leaf's place among all of the state, the parameters first.
        start: its first element; 0 of a box.
        stop: the end of its elements, exclusive; of a box how many it has.
        piece: the box, or ``None`` for a range.
    """

    leaf: Leaf
    name: str
    index: int
    start: int
    stop: int
    piece: Piece | None = None

    @property
    def size(self) -> int:
        """In bytes."""
        return (self.stop - self.start) * self.leaf.element_bytes


@dataclass(frozen=True)
class Shard:
    """A part of the state.

    Attributes:
        index: which shard.
        count: of how many.
        begin: its first element in the flat parameter vector.
        end: the end of its elements, exclusive.
        parts: what it holds: of the parameters first, then of the rest, in the leaves' order.
        layout: where each parameter lies in the flat vector.
        rank: that this process takes.
        writer: of a stored state with leaves per rank: the rank that wrote it, whose they are.
            Another one than ``rank`` where this rank's own state is lost, and a replica's is taken.
        leaves: of a :class:`FusedProgram`: all leaves of the state.
        way: which of the ``ways`` parts of the state this process holds: another one than ``index``
            where agents have several processes and the state is cut over them too.
        ways: into how many parts the state is cut.
    """

    index: int
    count: int
    begin: int
    end: int
    parts: tuple[Part, ...]
    layout: Layout
    rank: int = 0
    writer: int | None = None
    leaves: tuple[Leaf, ...] = ()
    way: int = 0
    ways: int = 1

    @property
    def parameter_parts(self) -> tuple[Part, ...]:
        """The parts that are parameters; they come first."""
        return tuple(part for part in self.parts if part.index < len(self.layout.leaves))

    def place(self, part: Part) -> int:
        """Where a parameter's part begins in the shard's range of the flat vector, in elements."""
        return self.layout.leaves[part.index].begin + part.start - self.begin


@dataclass(frozen=True)
class Piece:
    """What a process holds of a leaf: a box of its elements, stored in row-major order.

    Attributes:
        leaf: the leaf's name.
        offset: the box's first element, per dimension.
        extent: how many elements it has, per dimension; 0 where this shard has none of the leaf.
    """

    leaf: str
    offset: tuple[int, ...] = ()
    extent: tuple[int, ...] = ()

    @staticmethod
    def whole(leaf: Leaf) -> Piece:
        """All of a leaf, as each shard holds what is replicated."""
        return Piece(leaf.name, (0,) * len(leaf.shape), leaf.shape)

    @staticmethod
    def cut(leaf: Leaf, shard: int, shards: int, dimension: int = 0) -> Piece:
        """A leaf cut along one dimension into pieces of equal length, the last ones shorter, or
        empty, where that does not go even. So do ``torch.chunk``, DTensor's ``Shard`` and JAX."""
        if not 0 <= dimension < len(leaf.shape) or not 0 <= shard < shards:
            raise TrainerError(
                f"leaf {leaf.name} of shape {list(leaf.shape)} has no dimension {dimension} that"
                f" piece {shard} of {shards} can be cut from"
            )
        length = leaf.shape[dimension]
        each = -(-length // shards)
        begin, end = min(shard * each, length), min((shard + 1) * each, length)
        offset, extent = [0] * len(leaf.shape), list(leaf.shape)
        offset[dimension], extent[dimension] = begin, end - begin
        return Piece(leaf.name, tuple(offset), tuple(extent))

    @property
    def elements(self) -> int:
        """How many elements it has."""
        return math.prod(self.extent)


#: The leaf that says which rank wrote a state; only where there are leaves per rank.
WRITER = Leaf("coxswain/rank", "i32", per_rank=True)
