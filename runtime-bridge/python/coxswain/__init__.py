"""Coxswain's Python side. Importing it needs nothing but the standard library.

* :func:`run` makes a script a worker: it trains a :class:`Trainer` as an agent says.
* :func:`report` tells metrics to whoever watches the job, :func:`entering` that a collective begins.
* :mod:`coxswain.jax` is a trainer made of JAX functions.
* :mod:`coxswain.torch` is a trainer made of a PyTorch module, optimizer and loss.
* :mod:`coxswain.bundle` turns JAX training functions into program bundles.
* :mod:`coxswain.exports` reads states that jobs left in a folder.
* :mod:`coxswain.safetensors` reads and writes the files that hold tensors.
"""

from . import _evidence, _output
from ._report import entering, report
from .stream import Lane, Stream
from .trainer import (
    Copy,
    Evaluation,
    FusedProgram,
    FusedTrainer,
    Group,
    Job,
    Leaf,
    Part,
    Piece,
    Program,
    Shard,
    Trainer,
    TrainerError,
)
from .worker import is_worker, run

__all__ = [
    "Copy",
    "Evaluation",
    "FusedProgram",
    "FusedTrainer",
    "Group",
    "Job",
    "Lane",
    "Leaf",
    "Part",
    "Piece",
    "Program",
    "Shard",
    "Stream",
    "Trainer",
    "TrainerError",
    "entering",
    "is_worker",
    "report",
    "run",
]
__version__ = "0.1.0"

# As early as can be: a program may hang before it calls `run`.
_output.install()
_evidence.register()
