"""``python -m coxswain.bundle FILE.py --out DIR``: exports what a Python file defines."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from . import userfile
from .exporter import export
from .manifest import BundleError, UserCodeError, require_replaceable


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and gives its exit status: 0, 1 (refused) or 2 (wrong usage)."""
    options = _parser().parse_args(arguments)
    os.environ.setdefault("JAX_PLATFORMS", "cpu")  # tracing needs no accelerator
    overrides = {
        name: value
        for name, value in vars(options).items()
        if name not in ("file", "out", "quiet") and value is not None
    }
    try:
        require_replaceable(options.out)
        found = userfile.load(options.file)
        summary = export(
            options.out,
            progress=(lambda line: None) if options.quiet else _progress,
            **{**found, **overrides},
        )
    except BundleError as e:
        if isinstance(e, UserCodeError) and e.__cause__ is not None:
            traceback.print_exception(e.__cause__)
        print(f"coxswain bundle: {e}", file=sys.stderr)
        return 1
    print(summary)
    return 0


def _parser() -> argparse.ArgumentParser:
    names = "\n".join(f"  {name:20}{what}" for name, what in userfile.NAMES.items())
    parser = argparse.ArgumentParser(
        prog="coxswain bundle",
        description="Exports JAX training functions as a bundle that Coxswain runs without Python.",
        epilog=f"The file defines, by these names:\n{names}\n\nThe contract: docs/bundle.md",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, metavar="FILE.py", help="the file with the functions")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="the bundle's folder: new, empty, or an older bundle, which is replaced",
    )
    parser.add_argument("--name", help="the bundle's name (default: the file's 'name', or its own)")
    parser.add_argument(
        "--shards", type=_numbers, metavar="N,N", help="numbers of shards to export apply for"
    )
    parser.add_argument(
        "--batch", type=int, dest="batch_size", metavar="N", help="samples of a global step"
    )
    parser.add_argument("--held-out", type=int, metavar="N", help="how many samples evaluate takes")
    parser.add_argument(
        "--donate",
        action=argparse.BooleanOptionalAction,
        help="whether the programs may write a new state over the old one",
    )
    parser.add_argument("--platform", help="cpu (default), cuda, rocm or tpu")
    parser.add_argument(
        "--stablehlo", metavar="VERSION", help="the StableHLO version to write, for older plugins"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress on standard error")
    return parser


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as e:
        raise argparse.ArgumentTypeError(f"'{text}' is no list of numbers such as 1,2") from e


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
