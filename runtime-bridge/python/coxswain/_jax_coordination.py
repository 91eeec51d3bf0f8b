"""How the processes of a view become one JAX program without any of them serving the others.

JAX's coordination service runs in a process of its own beside the agent of rank 0
(``_coordination``), so that it outlives every worker: who dies takes no survivor with it by the
service's end. All processes, rank 0 too, are its clients. Imports JAX when called.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

from . import _coordination
from .bundle import trees
from .trainer import Group, TrainerError

#: Rank 0 tells by it where the service is.
_KEY = "coxswain/jax"
_PATIENCE = 120.0
_SERVES = "get_distributed_runtime_service"
#: How XLA's errors begin that have to do with others.
_STATUS = re.compile(
    "(UNKNOWN|INTERNAL|UNAVAILABLE|ABORTED|CANCELLED|DEADLINE_EXCEEDED|FAILED_PRECONDITION): "
)


class Coordination:
    """The service of a view, as one of its processes sees it: asked for as soon as the rank is taken,
    and met when the group is joined."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self._address = ""
        self._error: BaseException | None = None
        self._asking: threading.Thread | None = None
        if group.rank == 0 and group.world_size > 1 and _module_of_jax() is not None:
            self._asking = threading.Thread(target=self._ask, name="coordination", daemon=True)
            self._asking.start()

    def _ask(self) -> None:
        try:
            self._address = self._group.serve("jax", command(self._group))
        except BaseException as e:
            self._error = e

    def join(self) -> None:
        """Makes this process one of a JAX program of all ranks, whose devices are ``jax.devices()``.

        Before anything touches a device.
        """
        jax, _ = trees.require_jax()
        group = self._group
        if group.world_size == 1:
            return
        # The devices that the initial state was made with are not those of the group.
        importlib.import_module("jax.extend.backend").clear_backends()
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        elsewhere = self._asking is not None
        if group.rank == 0:
            group.store.set(_KEY, self._served() if elsewhere else _own(group))
        address = group.store.get(_KEY, _PATIENCE).decode()
        with _served_elsewhere() if elsewhere else contextlib.nullcontext():
            jax.distributed.initialize(
                address,
                group.world_size,
                group.rank,
                initialization_timeout=int(_PATIENCE),
                # The cluster of a batch system is not this view's.
                cluster_detection_method="deactivate",
            )

    def _served(self) -> str:
        assert self._asking is not None
        self._asking.join()
        if self._error is not None:
            raise self._error
        return self._address


def command(group: Group) -> list[str]:
    """What starts the service of a view, on the host of its rank 0."""
    if not sys.executable:
        raise TrainerError("this Python does not know its own executable (sys.executable)")
    import jaxlib

    return [
        sys.executable,
        os.path.abspath(_coordination.__file__),
        "--host",
        group.host,
        "--processes",
        str(group.world_size),
        "--library",
        os.path.dirname(os.path.dirname(os.path.abspath(jaxlib.__file__))),
    ]


def is_broken(error: BaseException) -> bool:
    """Whether an error means that the group broke. What went wrong within a computation is JAX's own
    error where it is waited for, and a ValueError with the same words where NumPy asks for values."""
    jax, _ = trees.require_jax()
    of_xla = type(error) is ValueError and _STATUS.match(str(error)) is not None
    return of_xla or isinstance(error, jax.errors.JaxRuntimeError)


def _module_of_jax() -> tuple[Any, str] | None:
    """Where JAX's own initialization finds the service: a module and the name in it by which it finds
    another one that serves. ``None`` in versions that do it in another way."""
    try:
        distributed = importlib.import_module("jax._src.distributed")
        _coordination.module()
    except ImportError:
        return None
    names = [name for name, one in vars(distributed).items() if hasattr(one, _SERVES)]
    state = getattr(distributed, "State", None)
    if len(names) != 1 or not hasattr(state, "initialize") or not hasattr(state, "service"):
        return None
    return distributed, names[0]


@contextlib.contextmanager
def _served_elsewhere() -> Iterator[None]:
    """Within it, JAX's initialization of process 0 starts no service. All else is as its version has
    it, the client's limits among them."""
    found = _module_of_jax()
    assert found is not None
    distributed, name = found
    library = getattr(distributed, name)
    setattr(distributed, name, _WithoutService(library))
    try:
        yield
    finally:
        setattr(distributed, name, library)


class _WithoutService:
    """jaxlib, but for the service."""

    def __init__(self, library: Any) -> None:
        self._library = library

    def __getattr__(self, name: str) -> Any:
        if name == _SERVES:
            return lambda *_, **__: None
        return getattr(self._library, name)


def _own(group: Group) -> str:
    """Where this process will serve, in versions of JAX that have it no other way."""
    print(
        "coxswain: this version of JAX starts its coordination service in a way that is not known"
        " here: rank 0's process serves the others, and they end with it",
        file=sys.stderr,
    )
    with socket.create_server((group.host, 0)) as free:
        return f"{group.host}:{free.getsockname()[1]}"
