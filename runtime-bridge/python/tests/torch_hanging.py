"""The digits in PyTorch, one of whose ranks hangs once: in ``HANG_IN`` (``forward`` or ``backward``) of
its 20th pass, unless there is the file ``HANG_MARKER``, which it makes."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(HOME / "runtime-bridge/python"), str(HOME / "examples/digits-torch")]

import coxswain.torch
import torch
import train

PASSES = 20
passes = 0


def hang(part: str) -> None:
    marker = Path(os.environ["HANG_MARKER"])
    here = part == os.environ["HANG_IN"] and os.environ.get("RANK") == "1"
    if here and passes >= PASSES and not marker.exists():
        marker.touch()
        threading.Event().wait()


class Hanging(torch.autograd.Function):
    """Changes nothing."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        hang("forward")
        return x.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        hang("backward")
        return gradient.clone()


class Digits(train.Digits):
    """Its second layer waits."""

    def __init__(self) -> None:
        super().__init__()
        # In the midst of a pass: some gradients are there by then.
        self.layers[1].register_forward_pre_hook(lambda _, inputs: Hanging.apply(inputs[0]))


def loss(network: Any, batch: Any) -> Any:
    global passes
    passes += 1
    return train.loss(network, batch)


coxswain.torch.run(
    module=Digits,
    optimizer=train.adam,
    loss=loss,
    reduction="mean",
    data=lambda path: train.load(path, "train"),
    evaluate=train.evaluate,
    held_out=lambda path: train.load(path, "held_out"),
    collectives="runtime",
    shard=train.cut if os.environ.get("SHARD") else None,
)
