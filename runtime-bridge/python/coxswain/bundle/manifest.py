"""bundle.json and the folder it stands in: written at once or not at all, read with its digests.

docs/bundle.md describes every field. Nothing here needs JAX.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FORMAT = "coxswain-bundle"
VERSION = 1
FILE = "bundle.json"
_LINE = 120


class BundleError(Exception):
    """The bundle cannot be made or is damaged. The message is for the user and names the leaf."""


class UserCodeError(BundleError):
    """The user's own code failed; the cause has the place."""


def describe(path: Path) -> dict[str, Any]:
    """What a manifest says of a file: its name in the bundle, length and SHA-256."""
    data = path.read_bytes()
    return {"file": path.name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def files(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All entries of a manifest that name a file."""
    try:
        programs = manifest["programs"]
        entries = [programs[name] for name in ("grads", "step", "evaluate") if name in programs]
        entries += [*programs.get("apply", []), manifest["initial"]]
        outside = [e["file"] for e in entries if Path(e["file"]).name != e["file"]]
    except (KeyError, TypeError, AttributeError) as e:
        raise BundleError(f"{FILE} is damaged: it lacks the field {e}") from e
    if outside:
        raise BundleError(f"{FILE} is damaged: '{outside[0]}' is no file in the bundle's folder")
    return entries


def load(folder: Path) -> dict[str, Any]:
    """Reads a bundle's manifest and checks that its files are there and are the ones it names.

    The manifest's fields are not checked further; a program's user does that.
    """
    manifest = _manifest(folder)
    for entry in files(manifest):
        path = folder / entry["file"]
        if not path.is_file():
            raise BundleError(f"{path} is missing, which {FILE} names")
        actual = describe(path)
        if actual != {key: entry.get(key) for key in actual}:
            raise BundleError(
                f"{path} is damaged or from another export: it has {actual['bytes']} bytes with"
                f" SHA-256 {actual['sha256']}, and {FILE} says {entry['bytes']} and"
                f" {entry['sha256']}"
            )
    return manifest


def require_replaceable(folder: Path) -> None:
    """Checks that a bundle may be written here: nothing is there, or a bundle and nothing else."""
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        raise BundleError(f"{folder} is there and is no folder: choose another one")
    present = {path.name for path in folder.iterdir()}
    if not present:
        return
    try:
        own = {entry["file"] for entry in files(_manifest(folder))} | {FILE}
    except BundleError as e:
        raise BundleError(
            f"{folder} holds something else than a bundle, which an export would delete: choose"
            " another folder"
        ) from e
    if present - own:
        raise BundleError(
            f"{folder} holds a bundle and also {', '.join(sorted(present - own))}, which an export"
            " would delete: move that away, or choose another folder"
        )


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Gives an empty folder to fill, which becomes ``folder`` at the end.

    If the block raises, ``folder`` is as before. An older bundle there is gone for a moment between
    two renames.
    """
    require_replaceable(folder)
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = folder.with_name(f".{folder.name}.new-{os.getpid()}")
    old = folder.with_name(f".{folder.name}.old-{os.getpid()}")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    try:
        yield new
        require_replaceable(folder)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def write(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Writes bundle.json; the same manifest gives the same bytes."""
    (folder / FILE).write_text(render(manifest) + "\n", encoding="utf-8")


def render(value: Any, indent: str = "") -> str:
    """JSON that people can read: what fits on a line stands on one."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or len(indent) + len(line) <= _LINE:
        return line
    inner = indent + "  "
    if isinstance(value, dict):
        parts = [
            f"{json.dumps(k, ensure_ascii=False)}: {render(v, inner)}" for k, v in value.items()
        ]
        return "{\n" + ",\n".join(inner + part for part in parts) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + render(v, inner) for v in value) + f"\n{indent}]"


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / FILE
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise BundleError(f"{folder} is no bundle: {path} cannot be read: {e.strerror}") from e
    except ValueError as e:
        raise BundleError(f"{path} is damaged: it is no JSON: {e}") from e
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BundleError(f"{path} is no bundle's manifest: its format is not '{FORMAT}'")
    if manifest.get("version") != VERSION:
        raise BundleError(
            f"{path} has version {manifest.get('version')}, and only version {VERSION} is known"
        )
    return manifest
