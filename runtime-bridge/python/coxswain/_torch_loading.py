"""What a PyTorch job is made of, sorted when it is loaded. Imports PyTorch when called."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from . import _torch_data, _torch_state
from ._torch_data import require_torch
from ._torch_module import Buffer, require_finite
from .trainer import TrainerError


def made(given: Any, seed: int) -> Any:
    """The module, from what the user gave: it, or a function that makes it."""
    torch, _ = require_torch()
    if isinstance(given, torch.nn.Module):
        return copy.deepcopy(given)
    torch.manual_seed(seed)
    module = given() if callable(given) else given
    if not isinstance(module, torch.nn.Module):
        raise TrainerError(
            "module must be a torch.nn.Module or a function that makes one, not"
            f" {type(module).__name__}"
        )
    return module


def sort_parameters(
    module: Any, make_optimizer: Callable[[Any], Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters that are trained, and those that are constants. Checks both."""
    torch, _ = require_torch()
    optimizer = make_optimizer(module)
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TrainerError(
            "optimizer must be a function of the module that makes a torch.optim.Optimizer, and"
            f" gave {type(optimizer).__name__}"
        )
    updated = {id(p) for group in optimizer.param_groups for p in group["params"]}
    trained: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for name, value in module.named_parameters():
        if isinstance(value, torch.nn.parameter.UninitializedParameter):
            raise TrainerError(
                f"parameter {name} has no shape yet (a lazy module): run the module once before"
            )
        if value.device.type == "meta":
            raise TrainerError(
                f"parameter {name} has no values: it lies on the device 'meta'; make the module on"
                " a real one, or call to_empty and initialize it"
            )
        require_finite(f"parameter {name}", value)
        if not value.requires_grad or id(value) not in updated:
            rest[name] = value.requires_grad_(False)
            continue
        if value.dtype is not torch.float32 or value.layout is not torch.strided:
            raise TrainerError(
                f"parameter {name} is {value.dtype}; parameters that are trained are float32"
                " (use torch.autocast in the loss for narrower arithmetic)"
            )
        trained[name] = value
    if not trained:
        raise TrainerError("there is nothing to train: the optimizer has none of the parameters")
    known = {id(value) for value in (*trained.values(), *rest.values())}
    if updated - known:
        raise TrainerError("the optimizer has parameters that are not the module's")
    devices = {str(value.device) for value in (*trained.values(), *module.buffers())}
    if len(devices) > 1:
        raise TrainerError(
            f"the module lies on {', '.join(sorted(devices))}: a worker has one device"
        )
    for name, value in module.named_buffers():
        if value.is_floating_point():
            require_finite(f"buffer {name}", value)
    return trained, rest


def sort_buffers(
    buffers: Sequence[Buffer], before: Sequence[Any]
) -> tuple[list[Buffer], list[Buffer], dict[str, _torch_state.Counter]]:
    """Buffers by what a microshard did to them; all get the values back that they had before.

    Returns:
        Those that move, those that do not or that count, and how the latter count.
    """
    torch, _ = require_torch()
    moving: list[Buffer] = []
    counters: dict[str, _torch_state.Counter] = {}
    still: list[Buffer] = []
    for one, old in zip(buffers, before):
        now = one.current()
        same = now is one.tensor and now._version == one.version
        if same and _torch_data.raw(now) == _torch_data.raw(old):
            still.append(one)
            continue
        if not isinstance(now, torch.Tensor) or (now.shape, now.dtype) != (old.shape, old.dtype):
            raise TrainerError(
                f"buffer {one.name} changes its shape or type in the forward pass, so it cannot"
                " be part of the state; register it with persistent=False outside of the"
                " module, or keep its shape"
            )
        if old.dtype is torch.float32:
            moving.append(one)
        elif old.dtype in (torch.int64, torch.int32):
            delta = (now - old).detach().clone()
            counters[one.name] = _torch_state.Counter(one.name, old, delta)
            still.append(one)
        else:
            raise TrainerError(
                f"buffer {one.name} is {old.dtype} and changes in the forward pass; such a"
                " buffer must be float32, or a counter of whole numbers"
            )
        one.put(one.tensor, old)
    for one in still:
        one.version = one.tensor._version
    return moving, still, counters
