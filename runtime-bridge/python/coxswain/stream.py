"""Data that can only be read on: no sample can be asked for by its number.

A program gives a :class:`Stream` in place of the number of its samples. The stream is read in as many
*lanes* as the job has microshards: microshard ``m`` of each step takes the next samples of lane ``m``,
whichever process computes it. How far each lane was read is part of the state: it goes from step to
step with the parameters, so every copy of the state has it for all lanes, and a step that is made
again, by another process on another host, reads the same samples again. Each counts exactly once in
the committed history.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ._leaves import TrainerError

#: Pass, samples of it that were given, bytes of the iterator's own position.
_RECORD = struct.Struct("<IQH")
_ALIGNMENT = 16


@dataclass(frozen=True)
class Lane:
    """Which part of a stream is to be read, and from where on.

    Attributes:
        index: of the lane. The lanes' samples must be different ones.
        count: how many lanes there are: the job's microshards.
        number: which pass over the lane it is, from 0: for an order of its own, perhaps.
        position: what the iterator's ``position()`` gave, as bytes: the next sample is the one that
            would have come then. Empty at the begin of a pass.
    """

    index: int
    count: int
    number: int = 0
    position: bytes = b""


@dataclass(frozen=True)
class Stream:
    """A source of samples without end or number.

    Attributes:
        open: ``open(lane)`` gives an iterator over the samples of a :class:`Lane`, always the same
            ones in the same order. Where it ends, the next pass begins. If it has a method
            ``position()``, that gives bytes from which it can be opened again; without one, a lane
            that is taken up again is read from its begin to where it was.
        position_bytes: the most that ``position()`` gives.
    """

    open: Callable[[Lane], Iterator[Any]]
    position_bytes: int = 114

    def __post_init__(self) -> None:
        if not callable(self.open):
            raise TrainerError(
                "a Stream needs a function that opens a lane, and got"
                f" {type(self.open).__name__}"
            )
        if not 0 <= self.position_bytes <= 65_535:
            raise TrainerError(
                f"position_bytes must be from 0 to 65,535, not {self.position_bytes}"
            )

    @property
    def record_bytes(self) -> int:
        """How much room a lane's position takes."""
        return -(-(_RECORD.size + self.position_bytes) // _ALIGNMENT) * _ALIGNMENT


class Taken(list[Any]):
    """The samples of a microshard or rank.

    Attributes:
        places: where each stands in the job's sequence of samples: step by step, microshard by
            microshard.
    """

    def __init__(self, samples: Sequence[Any], places: Sequence[int]) -> None:
        super().__init__(samples)
        self.places = places


@dataclass(frozen=True)
class Position:
    """How far a lane was read."""

    number: int = 0
    index: int = 0
    own: bytes = b""

    @staticmethod
    def decode(record: bytes) -> Position:
        """From its record; zeros are the begin."""
        number, index, length = _RECORD.unpack_from(record)
        return Position(number, index, bytes(record[_RECORD.size : _RECORD.size + length]))

    def encode(self, size: int) -> bytes:
        """A record of that size."""
        return (_RECORD.pack(self.number, self.index, len(self.own)) + self.own).ljust(size, b"\0")


class _Reader:
    """An open lane."""

    def __init__(self, stream: Stream, lane: int, lanes: int, at: Position) -> None:
        self._stream, self._lane, self._lanes = stream, lane, lanes
        self.at = at
        skip = 0 if at.own else at.index
        self._open(at.number, at.own)
        for _ in range(skip):
            try:
                next(self._iterator)
            except StopIteration:
                raise TrainerError(
                    f"lane {lane} of the stream had {at.index} samples or more when it was read"
                    " before, and has fewer now: a lane must give the same samples whenever it is"
                    " opened",
                    "data_unreadable",
                ) from None

    def _open(self, number: int, own: bytes) -> None:
        self._iterator = iter(self._stream.open(Lane(self._lane, self._lanes, number, own)))

    def read(self, count: int) -> list[Any]:
        """The next samples; into the next passes, where this one ends."""
        found: list[Any] = []
        number, index = self.at.number, self.at.index
        while len(found) < count:
            try:
                found.append(next(self._iterator))
                index += 1
            except StopIteration:
                if index == 0:
                    raise TrainerError(
                        f"lane {self._lane} of {self._lanes} of the stream has no samples: each"
                        " microshard has a lane, so there must be samples for"
                        f" {self._lanes} of them",
                        "data_unreadable",
                    ) from None
                number, index = number + 1, 0
                self.close()
                self._open(number, b"")
        self.at = Position(number, index, self._own())
        return found

    def _own(self) -> bytes:
        position = getattr(self._iterator, "position", None)
        if position is None:
            return b""
        own = position()
        if not isinstance(own, (bytes, bytearray)):
            raise TrainerError(
                "position() of a stream's iterator must give bytes, and gave"
                f" {type(own).__name__}"
            )
        if len(own) > self._stream.position_bytes:
            raise TrainerError(
                f"position() of a stream's iterator gave {len(own)} bytes, and there is room for"
                f" {self._stream.position_bytes}: set position_bytes of the Stream"
            )
        return bytes(own)

    def close(self) -> None:
        """Closes the iterator, if it can be."""
        close = getattr(self._iterator, "close", None)
        if close is not None:
            close()


class Lanes:
    """Reads lanes from wherever the state says. On the main thread."""

    def __init__(self, stream: Stream, lanes: int) -> None:
        self._stream, self._count = stream, lanes
        self._readers: dict[int, _Reader] = {}
        #: Of each lane what was read last: where it began, what it was, where it ended.
        self._last: dict[int, tuple[Position, list[Any], Position]] = {}

    @property
    def record_bytes(self) -> int:
        """Of one lane's position."""
        return self._stream.record_bytes

    def take(self, lane: int, at: Position, count: int) -> tuple[list[Any], Position]:
        """The samples of a lane from a position on, and where the next ones begin."""
        last = self._last.get(lane)
        if last is not None and last[0] == at and len(last[1]) == count:
            # A step that was given up is made again.
            return last[1], last[2]
        reader = self._readers.pop(lane, None)
        if reader is None or reader.at != at:
            if reader is not None:
                reader.close()
            reader = _Reader(self._stream, lane, self._count, at)
        samples = reader.read(count)
        self._readers[lane] = reader
        self._last[lane] = (at, samples, reader.at)
        return samples, reader.at

    def keep(self, lanes: range) -> None:
        """Closes all others."""
        for lane in [lane for lane in self._readers if lane not in lanes]:
            self._readers.pop(lane).close()
        for lane in [lane for lane in self._last if lane not in lanes]:
            del self._last[lane]

    def example(self, count: int) -> Taken:
        """Samples from the begin, to see what they are like."""
        reader = _Reader(self._stream, 0, self._count, Position())
        try:
            return Taken(reader.read(count), range(count))
        finally:
            reader.close()
