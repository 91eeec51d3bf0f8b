"""Takes what is exported from a user's Python file, by name. docs/bundle.md has the contract."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from .manifest import BundleError, UserCodeError

#: Names that a file may define, with what each is.
NAMES = {
    "params": "the initial parameters, or a function without arguments that makes them",
    "optimizer": "the initial optimizer state, or a function of the parameters that makes it",
    "batch": "an example of one microshard, or a function without arguments that makes it",
    "grads": "grads(params, batch) -> (loss, gradients)",
    "apply": "apply(params, optimizer, gradients) -> (params, optimizer)",
    "step": "step(params, optimizer, batch) -> (params, optimizer, loss), on the whole batch",
    "evaluate": "evaluate(params, batch) -> (mean loss, accuracy)",
    "reduction": "'sum' or 'mean': what the loss and the gradients are over the samples",
    "batch_size": "samples of a global step",
    "microshard_samples": "samples of a microshard",
    "held_out": "how many samples are held out, if there is evaluate",
    "name": "the bundle's name",
    "shards": "the numbers of shards that apply is exported for, such as (1, 2)",
    "donate": "whether the programs may write a new state over the old one",
    "stablehlo": "the StableHLO version of the artifacts, such as '1.9.0'",
}
_REQUIRED = ("params", "optimizer", "batch", "reduction", "batch_size")


def load(path: Path) -> dict[str, Any]:
    """Runs the file and gives the arguments for ``export`` that it defines."""
    module = _run(path)
    found = {name: getattr(module, name) for name in NAMES if hasattr(module, name)}
    missing = [name for name in _REQUIRED if name not in found]
    if missing:
        raise BundleError(
            f"{path} does not define "
            + ", nor ".join(f"'{name}' ({NAMES[name]})" for name in missing)
        )
    try:
        for name in ("params", "batch"):
            if callable(found[name]):
                found[name] = found[name]()
        if callable(found["optimizer"]):
            found["optimizer"] = found["optimizer"](found["params"])
    except Exception as e:
        raise UserCodeError(
            f"{path}: making its initial values failed: {type(e).__name__}: {e}"
        ) from e
    found.setdefault("name", _default_name(path))
    return found


def _run(path: Path) -> ModuleType:
    if not path.is_file():
        raise BundleError(f"{path} is no file")
    spec = importlib.util.spec_from_file_location(f"_bundle_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise BundleError(f"{path} is no Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(path.absolute().parent))  # for what the file imports from beside it
    writes_bytecode = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        spec.loader.exec_module(module)
    except Exception as e:
        raise UserCodeError(f"{path} cannot be run: {type(e).__name__}: {e}") from e
    finally:
        sys.dont_write_bytecode = writes_bytecode
        sys.path.pop(0)
    return module


def _default_name(path: Path) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", path.stem)
