"""Pure parts of the SDK: programs, samples, checksums, digests."""

from __future__ import annotations

import hashlib
import random
import struct
import threading
import unittest
from array import array

from coxswain import Job, Leaf, Program, TrainerError, _crc32c, _samples, _threads, digests
from coxswain.order import SampleOrder, derive

try:
    import numpy
except ImportError:
    numpy = None  # type: ignore[assignment]


class Programs(unittest.TestCase):
    def test_shards_tile_the_parameters_and_hold_the_rest_whole(self) -> None:
        program = Program(
            (Leaf("a", shape=(100, 100)), Leaf("b", shape=(3,))),
            (Leaf("m/a", shape=(100, 100), like=0), Leaf("t", "i64")),
            samples=5,
        )
        first, second = program.shard(0, 2), program.shard(1, 2)
        self.assertEqual((first.begin, first.end), (0, 4096))
        self.assertEqual((second.begin, second.end), (4096, 10016))
        self.assertEqual(
            [(part.name, part.start, part.stop) for part in second.parts],
            [
                ("parameters/a", 4096, 10000),
                ("parameters/b", 0, 3),
                ("optimizer/m/a", 4096, 10000),
                ("optimizer/t", 0, 1),
            ],
        )
        self.assertEqual([second.place(part) for part in second.parameter_parts], [0, 5904])
        self.assertEqual([part.size for part in first.parts], [16384, 16384, 8])

    def test_programs_that_make_no_sense(self) -> None:
        a = Leaf("a", shape=(2,))
        for text, make in (
            ("two leaves", lambda: Program((a, a), (), 1)),
            ("parameters are f32", lambda: Program((Leaf("a", "f64"),), (), 1)),
            ("no element type", lambda: Leaf("a", "float32")),
            ("is cut with", lambda: Program((a,), (Leaf("m", shape=(3,), like=0),), 1)),
            ("is like parameter 1", lambda: Program((a,), (Leaf("m", like=1),), 1)),
            ("no training samples", lambda: Program((a,), (), 0)),
            ("no parameters", lambda: Program((), (), 1).layout()),
            ("at most 1 shards", lambda: Program((a,), (), 1).shard(0, 2)),
        ):
            with self.subTest(text), self.assertRaisesRegex(TrainerError, text):
                make()

    def test_sizes_of_microshards(self) -> None:
        self.assertEqual(Job("j", 1, 1, 1, 0, "", 8, 4).microshard_sizes(), [2])
        self.assertEqual(Job("j", 1, 1, 1, 0, "", 9, 4).microshard_sizes(), [2, 3])


class TheSamples(unittest.TestCase):
    def test_are_those_of_the_order_with_numpy_and_without(self) -> None:
        for seed, samples, batch, microshards in (
            (42, 1438, 128, 8),
            (-5, 1, 3, 2),
            (2**63, 8192, 100, 7),
            (3, 4_000_000_000, 9999, 3),
        ):
            order = SampleOrder(seed, samples, batch, microshards)
            ours = _samples.Samples(seed, samples, batch, microshards)
            plain = _samples.Samples(seed, samples, batch, microshards)
            plain._vectors = False
            for step in (1, 2, 64, 65, 200, 3):
                for microshard in range(microshards):
                    found = ours.microshard(step, microshard)
                    self.assertEqual(found[0], order.microshard(step, microshard))
                    self.assertEqual(found, plain.microshard(step, microshard))

    def test_hash(self) -> None:
        # As Java's ReferenceProgram has it.
        ids, found = _samples.Samples(42, 1438, 128, 8).microshard(3, 1)
        places = range(2 * 128 + 16, 2 * 128 + 32)
        expected = sum(derive(_samples.mix(p), i) for p, i in zip(places, ids))
        self.assertEqual(found, expected % 2**64)

    def test_what_a_history_used(self) -> None:
        samples = _samples.Samples(1, 10, 4, 2)
        self.assertEqual(samples.consumed([(1, 5)]), (20, (10, 10)))
        self.assertEqual(samples.consumed([(1, 2), (4, 5)]), (16, (8, 8)))
        self.assertEqual(samples.consumed([(1, 2), (2, 3)]), (16, (10, 2)))
        self.assertEqual(samples.consumed([]), (0, ()))


class Checksums(unittest.TestCase):
    @unittest.skipIf(numpy is None, "numpy is not installed")
    def test_numpy_gives_what_plain_python_gives(self) -> None:
        data = random.Random(1).randbytes(70_001)
        for length in (0, 1, 1023, 1024, 1279, 1280, 16_384, 16_385, 65_541, 70_001):
            for crc in (0, 123_456_789):
                self.assertEqual(
                    _crc32c.crc32c_numpy(data[:length], crc),
                    _crc32c.crc32c_plain(data[:length], crc),
                )

    def test_the_chosen_one(self) -> None:
        data = random.Random(2).randbytes(5000)
        self.assertEqual(_crc32c.crc32c(data, 7), _crc32c.crc32c_plain(data, 7))
        self.assertIn(_crc32c.method(), ("google_crc32c", "crc32c", "numpy", "plain"))


class Threads(unittest.TestCase):
    def test_work_that_is_abandoned_holds_up_later_calls_for_a_while_only(self) -> None:
        gate = _threads.Gate()
        main = _threads.MainThread(gate, patience=0.05)
        threading.Thread(target=main.serve, daemon=True).start()
        begun, end = threading.Event(), threading.Event()

        def work() -> None:
            begun.set()
            end.wait()

        def abort() -> None:
            begun.wait()
            gate.abort(2)

        threading.Thread(target=abort, daemon=True).start()
        with self.assertRaises(_threads.Abandoned):
            main.call(work, epoch=1)
        with self.assertRaises(_threads.Stuck):
            main.call(lambda: 1)
        end.set()
        self.assertEqual(main.call(lambda: 1), 1)


class Digests(unittest.TestCase):
    def test_a_leaf_is_cut_into_blocks(self) -> None:
        program = Program((Leaf("w", shape=(100, 100)),), (), 1)
        data = memoryview(bytes(range(125)) * 320)
        whole = digests.leaf_digest(program.shard(0, 1).parts[0], data)
        self.assertEqual((whole.leaf_blocks, whole.first_block), (3, 0))
        self.assertEqual(
            whole.leaf_header, b"parameters/w\0f32\0" + struct.pack("<4I", 2, 100, 100, 4096)
        )
        self.assertEqual(whole.block_digests[:32], hashlib.sha256(data[:16_384]).digest())
        self.assertEqual(whole.block_digests[64:], hashlib.sha256(data[32_768:]).digest())
        cut = digests.leaf_digest(program.shard(1, 2).parts[0], data[16_384:])
        self.assertEqual((cut.leaf_blocks, cut.first_block), (3, 1))
        self.assertEqual(cut.block_digests, whole.block_digests[32:])

    def test_every_nan_counts_the_same(self) -> None:
        odd = memoryview(struct.pack("<3I", 0x7FC00001, 0xFF800001, 0x3F800000))
        usual = struct.pack("<3I", 0x7FC00000, 0x7FC00000, 0x3F800000)
        self.assertEqual(bytes(digests.unify_nans("f32", odd)), usual)
        finite = memoryview(array("f", [1.0, float("inf")])).cast("B")
        self.assertIs(digests.unify_nans("f32", finite), finite)
        self.assertIs(digests.unify_nans("i32", odd), odd)


if __name__ == "__main__":
    unittest.main()
