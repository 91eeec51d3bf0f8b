"""Messages over a connection: each with its length before it (docs/bridge.md).

Safe for any thread; a :class:`Channel` takes one reader and any number of writers at once.
"""

from __future__ import annotations

import socket
import struct
import threading

from ._proto import M, Message, WireError

#: The longest message that is taken or sent, in bytes.
MAX_MESSAGE_BYTES = 4 << 20


def frame(message: bytes) -> bytes:
    """A message with its length before it.

    Raises:
        ValueError: it is longer than a frame may be.
    """
    if len(message) > MAX_MESSAGE_BYTES:
        raise ValueError(f"a message of {len(message)} bytes; the bridge takes {MAX_MESSAGE_BYTES}")
    return struct.pack(">I", len(message)) + message


class Channel:
    """Messages over a connected stream socket."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._sending = threading.Lock()

    def send(self, message: Message) -> None:
        """Sends a message whole; blocks while the socket's buffer is full."""
        data = frame(message.encode())
        with self._sending:
            self._socket.sendall(data)

    def receive(self, kind: type[M]) -> M | None:
        """Waits for a message; ``None`` when the other side has closed the connection.

        Raises:
            WireError: a frame is too long, cut off, or no such message.
            OSError: the connection broke.
        """
        header = self._read(4, at_end=True)
        if not header:
            return None
        (length,) = struct.unpack(">I", header)
        if length > MAX_MESSAGE_BYTES:
            raise WireError(
                f"a frame announces {length} bytes; the bridge takes {MAX_MESSAGE_BYTES}"
            )
        return kind.decode(self._read(length, at_end=False))

    def _read(self, length: int, *, at_end: bool) -> bytes:
        data = bytearray()
        while len(data) < length:
            chunk = self._socket.recv(length - len(data))
            if not chunk:
                if at_end and not data:
                    return b""
                raise WireError("the connection ended inside a frame")
            data += chunk
        return bytes(data)

    def close(self) -> None:
        """Closes the socket; a thread in :meth:`receive` is woken."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # The other side was faster.
        self._socket.close()

    def forget(self) -> None:
        """Closes it in this process alone: a forked child, beside the one that uses it."""
        self._socket.close()
