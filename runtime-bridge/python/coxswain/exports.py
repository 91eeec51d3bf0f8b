"""States that a job exported (``runtime.export`` of its job file), as whole arrays.

::

    python3 -m coxswain.exports FOLDER STATE.safetensors

Needs only the standard library.
"""

from __future__ import annotations

import sys
from pathlib import Path

from . import safetensors
from ._exports import Initial
from .trainer import TrainerError


def read(folder: str | Path) -> dict[str, safetensors.Tensor]:
    """The leaves of a state, put together from the parts that the processes of a job left, and
    verified. Leaves per rank are left out.

    Args:
        folder: of one step, or of a job: then the newest step is taken of which all is there.

    Raises:
        TrainerError: there is none, or it is damaged.
    """
    return Initial(Path(folder)).whole()


def main(arguments: list[str]) -> int:
    """The command."""
    if len(arguments) != 2 or arguments[0].startswith("-"):
        print("usage: python3 -m coxswain.exports FOLDER STATE.safetensors", file=sys.stderr)
        return 64
    folder, file = map(Path, arguments)
    try:
        state = Initial(folder)
        leaves = state.whole()
        safetensors.write(file, leaves, {"step": str(state.step), "job": state.job_id})
    except (TrainerError, OSError) as e:
        print(f"coxswain.exports: {e}", file=sys.stderr)
        return 1
    print(f"{file}: {len(leaves)} leaves of step {state.step} of {state.job_id}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
