"""States that a job leaves in a folder, and those that another job begins from, whatever the meshes
of the two are.

Each process that holds a part of the state writes it as an arena of one slot: data, the table of its
pieces, checksums (docs/arena.md). Who begins from such files takes of them what intersects its own
boxes. Needs only the standard library.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import mmap
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from . import _arena, _boxes, _control, _tables, _wire
from ._pieces import box_of, writer_of
from .safetensors import Tensor
from .trainer import WRITER, Shard, TrainerError

_STEP = re.compile(r"step-(\d{12})")
_PART = re.compile(r"part-(\d+)-of-(\d+)\.arena")


@dataclass(frozen=True)
class Settings:
    """What the job file says of exports.

    Attributes:
        folder: where this job leaves its states; ``None``: nowhere.
        every: it does after each so many steps, and in the end; 0: in the end alone.
        initial: what it begins from; ``None``: from its seed.
    """

    folder: Path | None = None
    every: int = 0
    initial: Path | None = None


def settings_of(spec: _control.JobSpec) -> Settings:
    """Reads the job's runtime section, which is known to be JSON."""
    section: Any = json.loads(spec.runtime_json or "{}")
    export, initial = section.get("export") or {}, section.get("initial") or ""
    try:
        folder, every = export.get("folder") or "", int(export.get("every") or 0)
        if every < 0:
            raise ValueError
        return Settings(
            Path(folder) if folder else None, every, Path(initial) if initial else None
        )
    except (AttributeError, TypeError, ValueError) as e:
        raise TrainerError(
            "runtime.export must be {folder: a folder, every: a number of steps}, and"
            f" runtime.initial a folder; found {export!r} and {initial!r}"
        ) from e


# ---------------------------------------------------------------- leaving


class Exporter:
    """Writes a process's part of states.

    Args:
        settings: where, and how often.
        tell: told what became of each part; any thread.
    """

    def __init__(
        self, settings: Settings, tell: Callable[[_wire.ExportTold], None] | None = None
    ) -> None:
        self._folder, self._every, self._tell = settings.folder, settings.every, tell
        self._before = 0
        self._written: tuple[int, int] | None = None
        if self._folder is not None:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                probe = self._folder / f".probe-{os.getpid()}"
                probe.write_bytes(b"")
                probe.unlink()
            except OSError as e:
                raise TrainerError(f"runtime.export.folder cannot be written: {e}") from e

    def begin(self, step: int) -> None:
        """A view begins."""
        self._before = step

    def due(self, step: int) -> bool:
        """Whether the snapshot of this step is to be left. All ranks take the same snapshots, so
        they agree on it. Asked once for each snapshot."""
        before, self._before = self._before, step
        return self._every > 0 and step // self._every > before // self._every

    def holds(self, shard: Shard) -> bool:
        """Whether it is this process that leaves this part: the first of those that hold it."""
        return self._folder is not None and shard.rank < shard.ways

    def write(self, shard: Shard, meta: _tables.Meta, data: Sequence[memoryview]) -> None:
        """Writes a part. A failure is told and stops nothing.

        Args:
            shard: which part it is.
            meta: what it is, wherever its pieces lie.
            data: the bytes of each piece.
        """
        folder, name = self._folder, (meta.epoch, meta.step)
        if folder is None or self._written == name:
            return
        file = f"part-{shard.way}-of-{shard.ways}.arena"
        path = folder / f"step-{meta.step:012d}" / file
        reason = ""
        try:
            boxes = (piece.box for piece in meta.pieces)
            whole = _tables.Meta.lay_out(meta.job_id, meta.epoch, meta.step, shard.way, boxes)
            _write(path.parent, whole, shard, data)
            self._written = name
        except Exception as e:
            reason = _why(e)
            with contextlib.suppress(OSError):
                path.parent.rmdir()  # If nobody's part is there.
            print(
                f"coxswain: the state of step {meta.step} was not exported to {path}: {reason}",
                file=sys.stderr,
            )
        try:
            if not reason:
                _tidy(folder, meta.step, file)
        except OSError as e:
            print(f"coxswain: older states in {folder} were not removed: {e}", file=sys.stderr)
        if self._tell is not None:
            self._tell(_wire.ExportTold(meta.step, str(path), reason))


def _why(error: Exception) -> str:
    """Without the path, so that the same trouble has the same words in each step."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _write(folder: Path, meta: _tables.Meta, shard: Shard, data: Sequence[Any]) -> None:
    folder.mkdir(exist_ok=True)
    name = f"part-{shard.way}-of-{shard.ways}.arena"
    made = folder / f".{name}.{os.getpid()}"
    try:
        made.unlink(missing_ok=True)
        arena = _arena.Arena.create(
            made, _arena.Shape(slots=1, slot_data=meta.data_bytes, pieces=len(meta.pieces))
        )
        try:
            slot = arena.slot(0)
            place = slot.begin(meta)
            for piece, one in zip(meta.pieces, data):
                place[piece.at : piece.end] = one
            slot.commit(meta)
            arena.flush()
        finally:
            arena.close()
        for other in folder.glob("part-*.arena"):
            found = _PART.fullmatch(other.name)
            if found is not None and int(found[2]) != shard.ways:
                # An earlier run had another mesh.
                other.unlink(missing_ok=True)
        made.replace(folder / name)
    except BaseException:
        made.unlink(missing_ok=True)
        raise


def _tidy(folder: Path, step: int, name: str) -> None:
    """Keeps this step and the one before: a part may be missing of the newest."""
    steps = sorted(number for number, _ in _steps(folder))
    kept = {step, *[one for one in steps if one < step][-1:]}
    for number, path in _steps(folder):
        if number not in kept:
            (path / name).unlink(missing_ok=True)
            for left in path.glob(f".{name}.*"):
                left.unlink(missing_ok=True)  # Its process was killed.
            with contextlib.suppress(OSError):
                path.rmdir()  # Whoever is the last.


def _steps(folder: Path) -> list[tuple[int, Path]]:
    found = ((_STEP.fullmatch(path.name), path) for path in folder.iterdir())
    return [(int(match[1]), path) for match, path in found if match is not None]


# ---------------------------------------------------------------- beginning


@dataclass(frozen=True)
class _File:
    path: Path
    meta: _tables.Meta
    digest: bytes


class Initial:
    """A state that was left, and that a job begins from.

    Args:
        folder: of one step, or of a job: then the newest step is taken of which all is there.

    Raises:
        TrainerError: there is none.
    """

    def __init__(self, folder: Path) -> None:
        self._where = f"the state in {folder}"
        if not folder.is_dir():
            raise TrainerError(f"there is no folder {folder} on this host, to begin from its state")
        steps = sorted(_steps(folder), reverse=True)
        candidates = [path for _, path in steps] or [folder]
        self._files: list[_File] = []
        why = ""
        for path in candidates:
            try:
                self._files = _parts(path)
                break
            except (_tables.ArenaError, OSError) as e:
                why = why or f"{path.name}: {e}"
        if not self._files:
            raise TrainerError(
                f"in {folder} is no whole state that a job exported (runtime.export): {why}"
            )
        self.step, self.job_id = self._files[0].meta.step, self._files[0].meta.job_id

    @property
    def identity(self) -> str:
        """The same for the same state."""
        whole = hashlib.sha256(b"".join(file.digest for file in self._files)).hexdigest()
        return f"step {self.step} of {self.job_id}, {whole[:16]}"

    def require_fits(self, shards: Sequence[Shard]) -> None:
        """Refuses a state that has not all that a process's shards hold, or has more.

        Raises:
            TrainerError: it names the leaf.
        """
        known = {part.name for shard in shards for part in shard.parts}
        known |= {leaf.name for shard in shards for leaf in shard.leaves} | {WRITER.name}
        for file in self._files:
            for piece in file.meta.pieces:
                if piece.box.leaf not in known:
                    raise TrainerError(
                        f"{self._where} has leaf {piece.box.leaf}, which this program has not"
                    )
        for shard in shards:
            self._plan(shard)

    def _plan(self, shard: Shard) -> tuple[_tables.Meta, list[_boxes.Run]]:
        wanted = _tables.Meta.lay_out("", 0, 0, 0, map(box_of, shard.parts))
        sources = [file.meta.pieces for file in self._files]
        try:
            return wanted, _boxes.plan(wanted.pieces, sources, self._own(shard))
        except ValueError as e:
            raise TrainerError(f"{self._where} does not fit this program: {e}") from e

    def _own(self, shard: Shard) -> int:
        """The process whose leaves per rank are taken."""
        return shard.rank % len(self._files)

    def load(self, shard: Shard, take: Callable[[Shard, Sequence[memoryview]], None]) -> None:
        """Has a shard's state taken, all of it verified.

        Args:
            take: gets the shard, with who wrote its leaves per rank, and the bytes of each of its
                parts that the trainer knows of.

        Raises:
            TrainerError: a file is damaged, or was replaced meanwhile.
        """
        wanted, runs = self._plan(shard)
        data = self._read(wanted, runs)
        parts = [data[piece.at : piece.end].toreadonly() for piece in wanted.pieces]
        shard = replace(shard, writer=writer_of(shard, parts))
        take(shard, [one for part, one in zip(shard.parts, parts) if part.leaf is not WRITER])

    def whole(self) -> dict[str, Tensor]:
        """All leaves but those per rank, whole."""
        boxes: dict[str, _tables.Box] = {}
        for file in self._files:
            for box in (piece.box for piece in file.meta.pieces if not piece.box.per_rank):
                size = math.prod(box.shape) * _boxes.element_bytes(box.dtype)
                begin = (0,) * len(box.shape)
                boxes.setdefault(
                    box.leaf, replace(box, offset=begin, extent=box.shape, size=size)
                )
        wanted = _tables.Meta.lay_out("", 0, 0, 0, boxes.values())
        try:
            runs = _boxes.plan(wanted.pieces, [file.meta.pieces for file in self._files])
        except ValueError as e:
            raise TrainerError(f"{self._where} is not whole: {e}") from e
        data = self._read(wanted, runs)
        return {
            piece.box.leaf: Tensor(piece.box.dtype, piece.box.shape, data[piece.at : piece.end])
            for piece in wanted.pieces
        }

    def _read(self, wanted: _tables.Meta, runs: Sequence[_boxes.Run]) -> memoryview:
        data = memoryview(bytearray(wanted.data_bytes))
        for number, file in enumerate(self._files):
            own = [replace(run, source=0) for run in runs if run.source == number]
            if not own:
                continue
            try:
                with _mapped(file.path) as arena:
                    slot = arena.slot(0)
                    _, digest = slot.verify()
                    if digest != file.digest:
                        raise _tables.ArenaError("it was replaced since the job was loaded")
                    _boxes.fill(data, [slot.data()], own)
                    del slot
            except (_tables.ArenaError, OSError) as e:
                raise TrainerError(f"{self._where}: {file.path.name}: {e}") from e
        return data


def _parts(folder: Path) -> list[_File]:
    """The parts of a state, in order; raises ArenaError where one is missing."""
    found: dict[int, dict[int, Path]] = {}
    for path in folder.iterdir():
        match = _PART.fullmatch(path.name)
        if match is not None:
            found.setdefault(int(match[2]), {})[int(match[1])] = path
    if len(found) != 1:
        raise _tables.ArenaError(
            "it has parts of states that are cut in different ways"
            if found
            else "it has no files part-...-of-....arena"
        )
    ((ways, paths),) = found.items()
    missing = [str(way) for way in range(ways) if way not in paths]
    if missing:
        raise _tables.ArenaError(f"of {ways} parts these are missing: {', '.join(missing[:8])}")
    files = []
    for way in range(ways):
        with _mapped(paths[way]) as arena:
            try:
                meta, _, digest = arena.slot(0).table()
            except (_tables.ArenaError, IndexError) as e:
                raise _tables.ArenaError(f"{paths[way].name}: {e}") from e
        files.append(_File(paths[way], meta, digest))
    states = {(file.meta.job_id, file.meta.epoch, file.meta.step) for file in files}
    if len(states) > 1:
        raise _tables.ArenaError("its parts are of different states")
    return files


@contextlib.contextmanager
def _mapped(path: Path) -> Iterator[_arena.Arena]:
    """A file, to be read."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        try:
            shape = _arena.Shape.of_header(os.pread(descriptor, _arena.HEADER_BYTES, 0))
        except _tables.ArenaError as e:
            raise _tables.ArenaError(f"{path.name}: {e}") from e
        if os.fstat(descriptor).st_size != shape.file_bytes:
            raise _tables.ArenaError(f"{path.name} is cut off")
        memory = mmap.mmap(descriptor, shape.file_bytes, access=mmap.ACCESS_READ)
    finally:
        os.close(descriptor)
    arena = _arena.Arena(path, shape, memory)
    try:
        yield arena
    finally:
        arena.close()
