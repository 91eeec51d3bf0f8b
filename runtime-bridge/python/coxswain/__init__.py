"""Coxswain's Python side. Importing it needs nothing but the standard library.

* :func:`run` makes a script a worker: it trains a :class:`Trainer` as an agent says.
* :mod:`coxswain.jax` is a trainer made of JAX functions.
* :mod:`coxswain.torch` is a trainer made of a PyTorch module, optimizer and loss.
* :mod:`coxswain.bundle` turns JAX training functions into program bundles.
* :mod:`coxswain.safetensors` reads and writes the files that hold tensors.
"""

from .trainer import (
    Evaluation,
    FusedProgram,
    FusedTrainer,
    Group,
    Job,
    Leaf,
    Part,
    Program,
    Shard,
    Trainer,
    TrainerError,
)
from .worker import is_worker, run

__all__ = [
    "Evaluation",
    "FusedProgram",
    "FusedTrainer",
    "Group",
    "Job",
    "Leaf",
    "Part",
    "Program",
    "Shard",
    "Trainer",
    "TrainerError",
    "is_worker",
    "run",
]
__version__ = "0.1.0"
