"""The key-value store of a view: what processes that train together find each other through.

:class:`Store` is a view's store, seen by all of its ranks and by nobody else; it is over with the
view. The coordinator serves it, so it is for a few small values per view (addresses, ids, barriers),
not for tensors. Requests go over the bridge's side channel and so work while the main thread is
inside a call that does not return.

Needs only the standard library. Everything is safe for any thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from . import _control, _wire

#: Seconds that a call waits for others unless it says how long.
PATIENCE = 300.0

_MOST_NANOS = (1 << 63) - 1


class StoreError(Exception):
    """An operation that was not done.

    Attributes:
        code: why, in the bridge's words: ``not_found``, ``timed_out``, ``epoch_over``,
            ``bad_request``, ``key_too_long``, ``value_too_large``, ``too_many_keys``,
            ``store_full``, ``answer_too_large``, ``too_many_requests``, ``unavailable``.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __str__(self) -> str:
        return f"{self.code}: {super().__str__()}"


class StoreTimeout(StoreError, TimeoutError):
    """What was waited for did not come in time."""


class ViewOver(StoreError):
    """The view has ended: whoever waits in it waits for nothing."""


class _Request:
    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.result: _control.KeyValueResult | None = None


class StoreClient:
    """The worker's end: sends requests and hands answers to whoever waits for them.

    Args:
        send: writes a message to the side channel, whole.
        is_aborted: whether an epoch is over.
    """

    def __init__(
        self,
        send: Callable[[_wire.FromWorkerSide], None],
        is_aborted: Callable[[int], bool],
    ) -> None:
        self._send, self._is_aborted = send, is_aborted
        self._changed = threading.Condition()
        self._requests: dict[int, _Request] = {}
        self._last_id = 0
        self._closed = False

    def store(self, epoch: int) -> Store:
        """The store of the view of that epoch."""
        return Store(self, epoch)

    def answered(self, answer: _wire.KeyValueAnswer) -> None:
        """An answer came. One that nobody waits for is dropped."""
        with self._changed:
            request = self._requests.get(answer.id)
            if request is not None:
                request.result = answer.result or _control.KeyValueResult()
                self._changed.notify_all()

    def aborted(self) -> None:
        """Epochs ended: who waits in them looks."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """The agent is gone."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def ask(self, epoch: int, body: _control.Operation) -> _control.KeyValueResult:
        """Asks and waits for the answer.

        Raises:
            StoreError: it was not done.
        """
        request = _Request(epoch)
        with self._changed:
            self._last_id += 1
            number = self._last_id
            self._requests[number] = request
        try:
            if self._is_aborted(epoch):
                raise _over(epoch)
            self._send(
                _wire.FromWorkerSide(
                    _wire.KeyValueRequest(number, epoch, _control.KeyValueOperation(body))
                )
            )
            result = self._await(request)
        except OSError as e:
            if isinstance(e, StoreError):
                raise
            raise StoreError("unavailable", f"the agent is gone: {e}") from e
        finally:
            with self._changed:
                self._requests.pop(number, None)
        if result.code == "timed_out":
            raise StoreTimeout(result.code, result.message)
        if result.code == "epoch_over":
            raise ViewOver(result.code, result.message)
        if result.code:
            raise StoreError(result.code, result.message)
        return result

    def _await(self, request: _Request) -> _control.KeyValueResult:
        # The agent keeps the limits: it answers each request, or is gone.
        with self._changed:
            while request.result is None:
                if self._is_aborted(request.epoch):
                    raise _over(request.epoch)
                if self._closed:
                    raise StoreError("unavailable", "the agent is gone")
                self._changed.wait()
            return request.result


def _over(epoch: int) -> ViewOver:
    return ViewOver("epoch_over", f"epoch {epoch} has ended")


class Store:
    """The key-value store of one view.

    Keys are texts of at most 4096 bytes in UTF-8, not empty; values are bytes, at most 1 MiB; a text
    given for a value is encoded in UTF-8. All methods raise :class:`StoreError`; those that wait
    raise :class:`StoreTimeout` when the time is over (``None``: wait until the view is over), and all
    raise :class:`ViewOver` when the view ends.

    Attributes:
        epoch: of the view.
        timeout: seconds that a method waits unless it is told otherwise.
    """

    def __init__(
        self, client: Any, epoch: int, *, prefix: str = "", timeout: float | None = PATIENCE
    ) -> None:
        self._client = client
        self._prefix = prefix
        self.epoch = epoch
        self.timeout = timeout

    def prefixed(self, prefix: str) -> Store:
        """The same store with that text before each key."""
        return Store(
            self._client, self.epoch, prefix=self._prefix + prefix, timeout=self.timeout
        )

    def set(self, key: str, value: bytes | str) -> None:
        """Sets a key, which all see from then on."""
        self._ask(_control.KeyValueSet(self._key(key), _bytes(value)))

    def get(self, key: str, timeout: float | None = -1) -> bytes:
        """The value of a key, as soon as there is one."""
        return self.get_many([key], timeout)[0]

    def get_many(self, keys: Sequence[str], timeout: float | None = -1) -> list[bytes]:
        """The values of keys, as soon as all of them are there."""
        return self._get(keys, self._nanos(timeout))

    def try_get(self, key: str) -> bytes | None:
        """The value of a key, or ``None`` if there is none. Does not wait."""
        try:
            return self._get([key], 0)[0]
        except StoreError as e:
            if e.code == "not_found":
                return None
            raise

    def wait(self, keys: Sequence[str], timeout: float | None = -1) -> None:
        """Waits until all of the keys are there."""
        if keys:
            self._ask(
                _control.KeyValueGet(tuple(map(self._key, keys)), self._nanos(timeout), True)
            )

    def check(self, keys: Sequence[str]) -> bool:
        """Whether all of the keys are there."""
        try:
            if keys:
                self._ask(_control.KeyValueGet(tuple(map(self._key, keys)), 0, True))
            return True
        except StoreError as e:
            if e.code == "not_found":
                return False
            raise

    def add(self, key: str, amount: int) -> int:
        """Adds to a number, which is 0 before anybody does, and gives the sum.

        The value is kept in decimal digits.
        """
        return self._ask(_control.KeyValueAdd(self._key(key), amount)).number

    def delete(self, key: str) -> bool:
        """Removes a key; returns whether it was there."""
        return self._ask(_control.KeyValueDelete(self._key(key))).number != 0

    def compare_set(self, key: str, expected: bytes | str, desired: bytes | str) -> bytes:
        """Sets a key if it has the expected value, and gives the value that it has now.

        An absent key counts as an empty value.
        """
        result = self._ask(
            _control.KeyValueCompareSet(self._key(key), _bytes(expected), _bytes(desired))
        )
        return _values(result, 1)[0]

    def count(self, prefix: str = "") -> int:
        """How many keys begin so."""
        return self._ask(_control.KeyValueCount(self._prefix + prefix)).number

    def _get(self, keys: Sequence[str], wait_nanos: int) -> list[bytes]:
        if not keys:
            return []
        result = self._ask(_control.KeyValueGet(tuple(map(self._key, keys)), wait_nanos))
        return _values(result, len(keys))

    def _ask(self, body: _control.Operation) -> _control.KeyValueResult:
        result: _control.KeyValueResult = self._client.ask(self.epoch, body)
        return result

    def _key(self, key: str) -> str:
        if not key:
            raise ValueError("a key is empty")
        return self._prefix + key

    def _nanos(self, timeout: float | None) -> int:
        seconds = self.timeout if timeout is not None and timeout < 0 else timeout
        if seconds is None:
            return _control.WAIT_FOR_EVER
        # 0 would be another question: whether it is there now, to which the answer is not "in time".
        return max(1, min(_MOST_NANOS, int(seconds * 1e9)))


def _bytes(value: bytes | str) -> bytes:
    return value.encode("utf-8") if isinstance(value, str) else bytes(value)


def _values(result: _control.KeyValueResult, count: int) -> list[bytes]:
    if len(result.values) != count:
        raise StoreError(
            "unavailable", f"the answer has {len(result.values)} values for {count} keys"
        )
    return list(result.values)
