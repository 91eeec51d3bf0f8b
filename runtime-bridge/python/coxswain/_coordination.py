"""JAX's coordination service in a process of its own. A script, which an agent starts for a view when
its rank 0 asks for it: no worker serves the others, so none takes the service with it.

    python _coordination.py --host HOST --processes N [--library FOLDER]

It says on a line "coxswain-service HOST:PORT" where it serves, and ends when its standard input does.
Imports nothing of the package, and of JAX jaxlib alone: that takes a tenth of a second.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from typing import Any

#: Seconds that it serves on after the end of its standard input: who was started by a worker is
#: needed by the others until they hear that their view is over.
LINGER_VARIABLE = "COXSWAIN_SERVICE_LINGER"

_LOOK_SECONDS = 1.0
_TRIES = 5
#: As jax.distributed.initialize has them.
_HEARTBEAT_SECONDS, _SHUTDOWN_SECONDS = 100, 300


def module() -> Any:
    """The part of jaxlib that has the service.

    Raises:
        ImportError: there is none, or not in this version.
    """
    import importlib

    for name in ("jaxlib._jax", "jaxlib.xla_extension"):
        with contextlib.suppress(ImportError):
            found = importlib.import_module(name)
            if hasattr(found, "get_distributed_runtime_service"):
                return found
    raise ImportError(
        "this jaxlib has no get_distributed_runtime_service where versions since 0.6.2 have it"
    )


def hold_port(host: str) -> tuple[socket.socket, str, str]:
    """Takes a free port that only processes of this user can take too, as the service will.

    Returns:
        What holds it, the address to serve at, and the address that others reach it by.
    """
    family, _, _, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
    holder = socket.socket(family, socket.SOCK_STREAM)
    try:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            holder.bind(address)
            served = holder.getsockname()[0]
        except OSError as e:
            if e.errno != errno.EADDRNOTAVAIL:
                raise
            # Others reach this host by an address that it does not have itself.
            everywhere = "::" if family == socket.AF_INET6 else "0.0.0.0"
            holder.bind((everywhere, 0))
            served = everywhere
        port = holder.getsockname()[1]
    except BaseException:
        holder.close()
        raise
    return holder, _joined(served, port), _joined(host, port)


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def serve(host: str, processes: int) -> tuple[Any, socket.socket, str]:
    """Starts the service. Who calls keeps both: what is dropped ends."""
    library = module()
    failure: Exception | None = None
    for _ in range(_TRIES):
        holder, served, address = hold_port(host)
        try:
            try:
                service = library.get_distributed_runtime_service(
                    served,
                    processes,
                    heartbeat_timeout=_HEARTBEAT_SECONDS,
                    shutdown_timeout=_SHUTDOWN_SECONDS,
                )
            except TypeError:
                # Its limits have other names in this version; its own defaults will do.
                service = library.get_distributed_runtime_service(served, processes)
            return service, holder, address
        except Exception as e:
            holder.close()
            failure = e
    raise OSError(f"JAX's coordination service does not start at {host}: {failure}")


def await_end(linger: float) -> None:
    """Returns when whoever started this process is gone, or wants it to end."""
    parent = os.getppid()
    descriptor = sys.stdin.fileno()
    while True:
        ready, _, _ = select.select([descriptor], [], [], _LOOK_SECONDS if linger else None)
        if ready and not os.read(descriptor, 1 << 12):
            break
        # A fork of a worker may hold the other end of the pipe.
        if linger and os.getppid() != parent:
            break
    if linger:
        time.sleep(linger)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="_coordination.py", description="Serves a view of a job.")
    parser.add_argument("--host", required=True, help="where other hosts reach this one")
    parser.add_argument("--processes", required=True, type=int, help="how many join")
    parser.add_argument("--library", default="", help="the folder that has jaxlib")
    given = parser.parse_args(arguments)
    # Ctrl-C in a terminal goes to all processes; whoever started this one ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")  # as JAX does
    here = os.path.dirname(os.path.abspath(__file__))
    # This script's folder has a module jax, which is not JAX.
    sys.path[:] = [place for place in sys.path if place and os.path.abspath(place) != here]
    if given.library and given.library not in sys.path:
        sys.path.insert(0, given.library)
    try:
        linger = float(os.environ.get(LINGER_VARIABLE, "") or 0)
        kept = serve(given.host, given.processes)
    except (ImportError, OSError, ValueError) as e:
        print(f"{type(e).__name__}: {e}", file=sys.stderr)
        return 1
    print(f"coxswain-service {kept[2]}", flush=True)
    await_end(linger)
    # The service waits for its clients otherwise, and they are gone, or going.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
