"""A PyTorch module under training: its parameters in shared memory, its buffers, its surroundings.

Imports PyTorch when called.
"""

from __future__ import annotations

import copy
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from . import _host
from ._torch_data import require_torch
from .trainer import TrainerError

#: What PyTorch's kernels look at, beside the processor.
_VARIABLES = ("ATEN_CPU_CAPABILITY", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "ONEDNN_MAX_CPU_ISA")

CHANGED = (
    "changes in the forward or backward pass: the state may change in the optimizer's step only, or"
    " ranks would not agree on it"
)


@dataclass
class Buffer:
    """A buffer of the module: where it hangs, and the tensor that was there first."""

    name: str
    owner: Any
    own_name: str
    tensor: Any
    version: int

    def current(self) -> Any:
        return self.owner._buffers[self.own_name]

    def put(self, tensor: Any, value: Any) -> None:
        """Puts the first tensor back, with this value."""
        torch, _ = require_torch()
        with torch.no_grad():
            tensor.copy_(value)
        self.owner._buffers[self.own_name] = tensor


def buffers(module: Any) -> list[Buffer]:
    """All of a module's buffers, persistent or not."""
    found, seen = [], set()
    for prefix, owner in module.named_modules():
        for own, tensor in owner._buffers.items():
            if tensor is not None and id(tensor) not in seen:
                seen.add(id(tensor))
                name = f"{prefix}.{own}" if prefix else own
                found.append(Buffer(name, owner, own, tensor, tensor._version))
    return found


class Tied:
    """The module's trained parameters, which come to lie in the flat vector."""

    def __init__(self, module: Any, trained: dict[str, Any]) -> None:
        self.names, self.parameters = tuple(trained), tuple(trained.values())
        self._mark()
        for value in self.parameters:
            value.grad = None

    def _mark(self) -> None:
        self._versions = [value._version for value in self.parameters]

    def bind(self, vector: Any, leaves: Sequence[Any], device: Any) -> None:
        """Takes the values of the flat vector."""
        torch, _ = require_torch()
        with torch.no_grad():
            for value, leaf in zip(self.parameters, leaves):
                part = vector[leaf.begin : leaf.end].view(leaf.shape)
                if device.type == "cpu":
                    value.data = part
                else:
                    value.copy_(part)
        self._mark()

    def tie(self, values: Sequence[Any]) -> None:
        """Takes the memory of other tensors, one for each parameter."""
        for value, other in zip(self.parameters, values):
            value.data = other.data
        self._mark()

    def require_unchanged(self) -> None:
        """Checks that a microshard wrote nothing into them."""
        for name, value, version in zip(self.names, self.parameters, self._versions):
            if value._version != version:
                raise TrainerError(f"parameter {name} {CHANGED}")

    def forget_gradients(self) -> None:
        """Frees them."""
        for value in self.parameters:
            value.grad = None


def replaced(
    optimizer: Any,
    parameters: Sequence[Any],
    values: Sequence[Any],
    cut: Sequence[Callable[[Any], Any]],
) -> Any:
    """The same optimizer for other tensors than it was made for.

    Args:
        optimizer: that has made no step yet.
        parameters: it was made for; others of its are left out.
        values: a tensor for each of them.
        cut: what becomes of a value of a parameter's shape.
    """
    torch, _ = require_torch()
    index = {id(value): i for i, value in enumerate(parameters)}
    for group in optimizer.param_groups:
        kept = [i for i, p in enumerate(group["params"]) if id(p) in index]
        if "param_names" in group:
            group["param_names"] = [group["param_names"][i] for i in kept]
        group["params"] = [values[index[id(group["params"][i])]] for i in kept]
    state = dict(optimizer.state)
    optimizer.state.clear()
    for parameter, entries in state.items():
        i = index.get(id(parameter))
        if i is None:
            continue
        optimizer.state[values[i]] = {
            key: cut[i](value)
            if torch.is_tensor(value) and value.shape == parameter.shape
            else copy.deepcopy(value)
            for key, value in entries.items()
        }
    return optimizer


def require_finite(where: str, value: Any) -> None:
    torch, _ = require_torch()
    wrong = (~torch.isfinite(value.detach())).nonzero()
    if len(wrong):
        at = wrong[0].tolist()
        raise TrainerError(
            f"{where} is not finite in the initial state: element {at} is"
            f" {float(value.detach()[tuple(at)])} ({len(wrong)} such elements)"
        )


def machine(device: Any) -> list[str]:
    """What the bits of results depend on beside the program."""
    torch, _ = require_torch()
    identity = [torch.__version__, device.type, str(torch.get_num_threads())]
    identity += [f"{name}={os.environ.get(name, '')}" for name in _VARIABLES]
    if device.type == "cpu":
        capability = getattr(torch.backends.cpu, "get_cpu_capability", lambda: "")
        identity += [platform.machine(), capability(), _host.instructions()]
    elif device.type == "cuda":
        identity += [torch.cuda.get_device_name(device), str(torch.version.cuda)]
    return identity
