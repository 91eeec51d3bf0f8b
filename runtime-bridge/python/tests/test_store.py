"""The client of a view's key-value store, against a store in this process."""

from __future__ import annotations

import threading
import unittest
from collections.abc import Callable
from typing import Any

from coxswain import _control, _store, _wire

PATIENCE = 60.0


class FakeAgent:
    """Keeps the requests until the test answers them."""

    def __init__(self) -> None:
        self.below = 0
        self.sent: list[_wire.KeyValueRequest] = []
        self.arrived = threading.Condition()
        self.client = _store.StoreClient(self.send, lambda epoch: epoch < self.below)

    def send(self, message: _wire.FromWorkerSide) -> None:
        again = _wire.FromWorkerSide.decode(message.encode())
        assert isinstance(again.body, _wire.KeyValueRequest)
        with self.arrived:
            self.sent.append(again.body)
            self.arrived.notify_all()

    def next(self) -> _wire.KeyValueRequest:
        """The next request."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: self.sent, PATIENCE)
            return self.sent.pop(0)

    def answer(self, request: _wire.KeyValueRequest, **result: Any) -> None:
        answer = _wire.KeyValueAnswer(request.id, _control.KeyValueResult(**result))
        self.client.answered(_wire.KeyValueAnswer.decode(answer.encode()))


class Call:
    """A call on a thread of its own."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.error: BaseException | None = None
        self.result: Any = None
        self._work = work
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = self._work()
        except BaseException as e:
            self.error = e

    def ended(self) -> Call:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        return self


class StoreCase(unittest.TestCase):
    def setUp(self) -> None:
        self.agent = FakeAgent()
        self.store = self.agent.client.store(7)

    def call(self, work: Callable[[], Any], **result: Any) -> tuple[Any, _wire.KeyValueRequest]:
        """The call's result and what it asked, answered so."""
        call = Call(work)
        request = self.agent.next()
        self.agent.answer(request, **result)
        call.ended()
        if call.error is not None:
            raise call.error
        return call.result, request

    def body(self, work: Callable[[], Any], **result: Any) -> Any:
        _, request = self.call(work, **result)
        self.assertEqual(request.epoch, 7)
        assert request.operation is not None
        return request.operation.body

    def test_each_method_asks_for_its_operation(self) -> None:
        store = self.store
        self.assertEqual(
            self.body(lambda: store.set("k", b"\x00\xff")), _control.KeyValueSet("k", b"\x00\xff")
        )
        self.assertEqual(self.body(lambda: store.set("k", "ü")).value, "ü".encode())
        self.assertEqual(
            self.body(lambda: store.get("k", 1.5), values=(b"",)),
            _control.KeyValueGet(("k",), 1_500_000_000),
        )
        self.assertEqual(
            self.body(lambda: store.wait(["a", "b"], None)),
            _control.KeyValueGet(("a", "b"), _control.WAIT_FOR_EVER, True),
        )
        self.assertEqual(
            self.body(lambda: store.check(["a"])), _control.KeyValueGet(("a",), 0, True)
        )
        self.assertEqual(self.body(lambda: store.add("n", -2)), _control.KeyValueAdd("n", -2))
        self.assertEqual(self.body(lambda: store.delete("k")), _control.KeyValueDelete("k"))
        self.assertEqual(
            self.body(lambda: store.compare_set("k", b"", b"1"), values=(b"1",)),
            _control.KeyValueCompareSet("k", b"", b"1"),
        )
        self.assertEqual(self.body(lambda: store.count("k")), _control.KeyValueCount("k"))

    def test_results_are_what_came(self) -> None:
        store = self.store
        self.assertEqual(self.call(lambda: store.get("k"), values=(b"v",))[0], b"v")
        self.assertEqual(
            self.call(lambda: store.get_many(["a", "b"]), values=(b"", b"2"))[0], [b"", b"2"]
        )
        self.assertEqual(self.call(lambda: store.try_get("k"), values=(b"v",))[0], b"v")
        self.assertIsNone(self.call(lambda: store.try_get("k"), code="not_found")[0])
        self.assertIs(self.call(lambda: store.check(["k"]))[0], True)
        self.assertIs(self.call(lambda: store.check(["k"]), code="not_found")[0], False)
        self.assertEqual(self.call(lambda: store.add("n", 1), number=-4)[0], -4)
        self.assertIs(self.call(lambda: store.delete("k"), number=1)[0], True)
        self.assertIs(self.call(lambda: store.delete("k"))[0], False)
        self.assertEqual(self.call(lambda: store.count(), number=3)[0], 3)

    def test_of_nothing_nothing_is_asked(self) -> None:
        self.assertEqual(self.store.get_many([]), [])
        self.store.wait([])
        self.assertTrue(self.store.check([]))
        with self.assertRaises(ValueError):
            self.store.set("", b"")

    def test_a_prefix_stands_before_each_key(self) -> None:
        inner = self.store.prefixed("a/").prefixed("b/")
        self.assertEqual(self.body(lambda: inner.set("k", b"")).key, "a/b/k")
        self.assertEqual(self.body(lambda: inner.wait(["k"])).keys, ("a/b/k",))
        self.assertEqual(self.body(lambda: inner.count("k")).prefix, "a/b/k")

    def test_the_usual_limit_is_the_stores(self) -> None:
        self.store.timeout = 2
        self.assertEqual(
            self.body(lambda: self.store.get("k"), values=(b"",)).wait_nanos, 2_000_000_000
        )
        self.store.timeout = None
        self.assertEqual(
            self.body(lambda: self.store.wait(["k"])).wait_nanos, _control.WAIT_FOR_EVER
        )
        # No time at all is still a wait that ends: the answer is "timed out", not "not found".
        self.assertEqual(self.body(lambda: self.store.wait(["k"], 0)).wait_nanos, 1)

    def test_errors_have_their_types_and_codes(self) -> None:
        with self.assertRaises(_store.StoreTimeout) as timeout:
            self.call(lambda: self.store.get("k"), code="timed_out", message="too late")
        self.assertIsInstance(timeout.exception, TimeoutError)
        self.assertEqual(str(timeout.exception), "timed_out: too late")
        with self.assertRaises(_store.ViewOver):
            self.call(lambda: self.store.get("k"), code="epoch_over", message="over")
        with self.assertRaises(_store.StoreError) as full:
            self.call(lambda: self.store.set("k", b""), code="store_full", message="full")
        self.assertEqual(full.exception.code, "store_full")
        with self.assertRaises(_store.StoreError) as odd:
            self.call(lambda: self.store.get("k"))
        self.assertEqual(odd.exception.code, "unavailable")

    def test_answers_find_their_requests_in_any_order(self) -> None:
        calls = [Call(lambda i=i: self.store.get(f"k{i}")) for i in range(8)]  # type: ignore[misc]
        requests = [self.agent.next() for _ in calls]
        self.assertEqual(len({request.id for request in requests}), 8)
        for request in reversed(requests):
            assert request.operation is not None
            (key,) = request.operation.body.keys  # type: ignore[union-attr]
            self.agent.answer(request, values=(key.encode(),))
        self.assertEqual([call.ended().result for call in calls], [b"k%d" % i for i in range(8)])

    def test_an_abort_ends_what_waits_and_what_comes_later(self) -> None:
        call = Call(lambda: self.store.get("k", None))
        self.agent.next()
        self.agent.below = 8
        self.agent.client.aborted()
        self.assertIsInstance(call.ended().error, _store.ViewOver)
        with self.assertRaises(_store.ViewOver):
            self.store.set("k", b"")
        self.assertEqual(self.agent.sent, [])
        self.assertEqual(
            self.call(lambda: self.agent.client.store(8).try_get("k"), values=(b"v",))[0], b"v"
        )

    def test_without_an_agent_nobody_waits(self) -> None:
        call = Call(lambda: self.store.get("k", None))
        self.agent.next()
        self.agent.client.close()
        self.assertIsInstance(call.ended().error, _store.StoreError)

    def test_a_late_answer_is_nobodys(self) -> None:
        self.agent.client.answered(_wire.KeyValueAnswer(99, None))


if __name__ == "__main__":
    unittest.main()
