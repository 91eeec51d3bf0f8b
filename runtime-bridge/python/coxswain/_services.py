"""Processes beside the workers that serve all processes of a view, such as JAX's coordination service.

The agent starts them when a worker asks, and they outlive the worker. Needs only the standard
library. Everything is safe for any thread.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

from . import _wire
from ._coordination import LINGER_VARIABLE
from ._leaves import TrainerError
from ._store import ViewOver

#: What the line begins with by which a service says where it serves.
MARK = "coxswain-service "

#: Seconds. An agent gives a service a minute, and answers then.
_PATIENCE = 90.0
_START_SECONDS = 60.0
_LINGER_SECONDS = 5
_MOST_BYTES = 64 << 10


class Services:
    """Asks the agent for services; starts them here where the agent does not.

    Args:
        send: writes a message to the side channel, whole.
        is_aborted: whether an epoch is over.
        offered: whether the agent starts services.
    """

    def __init__(
        self,
        send: Callable[[_wire.FromWorkerSide], None],
        is_aborted: Callable[[int], bool],
        offered: bool,
    ) -> None:
        self._send, self._is_aborted, self._offered = send, is_aborted, offered
        self._changed = threading.Condition()
        self._answers: dict[int, _wire.ViewServiceAnswer | None] = {}
        self._last_id = 0
        self._here: list[subprocess.Popen[bytes]] = []

    def serve(self, epoch: int, name: str, command: Sequence[str]) -> str:
        """Has a service started for the view of that epoch; gives its address.

        Raises:
            ViewOver: the view has ended.
            TrainerError: it does not start.
        """
        if not self._offered:
            return self._serve_here(name, command)
        with self._changed:
            self._last_id += 1
            number = self._last_id
            self._answers[number] = None
        try:
            self._send(
                _wire.FromWorkerSide(
                    _wire.ViewServiceRequest(number, epoch, name, tuple(command))
                )
            )
            answer = self._await(epoch, number)
        except ViewOver:
            raise
        except OSError as e:
            raise ViewOver("epoch_over", f"the agent is gone: {e}") from e
        finally:
            with self._changed:
                self._answers.pop(number, None)
        if answer is None:
            raise TrainerError(
                f"the agent did not start the view's service {name} within {_PATIENCE:g} s"
            )
        if answer.code == "epoch_over":
            raise ViewOver(answer.code, answer.message)
        if answer.code:
            raise TrainerError(
                f"the agent could not start the view's service {name}: {answer.message}"
                f" ({answer.code})"
            )
        return answer.address

    def _await(self, epoch: int, number: int) -> _wire.ViewServiceAnswer | None:
        end = time.monotonic() + _PATIENCE
        with self._changed:
            while self._answers[number] is None:
                if self._is_aborted(epoch):
                    raise ViewOver("epoch_over", f"epoch {epoch} has ended")
                left = end - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            return self._answers[number]

    def answered(self, answer: _wire.ViewServiceAnswer) -> None:
        """An answer came. One that nobody waits for is dropped."""
        with self._changed:
            if answer.id in self._answers:
                self._answers[answer.id] = answer
                self._changed.notify_all()

    def aborted(self) -> None:
        """Epochs ended: who waits in them looks."""
        with self._changed:
            self._changed.notify_all()

    # ------------------------------------------------------------ without the agent

    def _serve_here(self, name: str, command: Sequence[str]) -> str:
        """As a child of this process, which it outlives for some seconds."""
        environment = {**os.environ, LINGER_VARIABLE: str(_LINGER_SECONDS)}
        try:
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        except OSError as e:
            raise TrainerError(f"the view's service {name} does not start: {e}") from e
        address = _said(process, time.monotonic() + _START_SECONDS)
        if address is None:
            with process:
                process.kill()
            status = process.returncode
            raise TrainerError(
                f"the view's service {name} did not say where it serves; it ended with status"
                f" {status}, and what it printed is in this process's log"
            )
        with self._changed:
            # Its standard input must stay open.
            self._here.append(process)
        return address


def _said(process: subprocess.Popen[bytes], end: float) -> str | None:
    """Reads a service's output until it says where it serves; ``None`` if it does not."""
    assert process.stdout is not None
    descriptor, text = process.stdout.fileno(), b""
    while len(text) < _MOST_BYTES:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, end - time.monotonic()))
        piece = os.read(descriptor, 1 << 12) if ready else b""
        if not piece:
            break
        text += piece
        *lines, text = text.split(b"\n")
        for line in lines:
            said = line.decode("utf-8", "replace").strip()
            if said.startswith(MARK):
                return said[len(MARK) :].strip()
            print(said, file=sys.stderr)
    return None
