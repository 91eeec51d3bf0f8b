"""Streams: each sample counts once, whoever dies. Needs no packages."""

from __future__ import annotations

import json
import tempfile
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from coxswain import Lane, Stream, TrainerError, _control, _samples, _wire
from coxswain.stream import Lanes, Position

from .agent import Agent

WORKER = str(Path(__file__).with_name("stream_worker.py"))
INIT, KEEP, SLOT = (
    _wire.STATE_ORIGIN_INIT,
    _wire.STATE_ORIGIN_KEEP_LIVE,
    _wire.STATE_ORIGIN_SLOT,
)


class Counting:
    """A source that counts how often it is opened and read."""

    def __init__(self, length: int = 5, seekable: bool = False) -> None:
        self.length, self.seekable = length, seekable
        self.opened: list[Lane] = []
        self.read = 0

    def stream(self) -> Stream:
        return Stream(self.open, position_bytes=2)

    def open(self, lane: Lane) -> Iterator[str]:
        self.opened.append(lane)
        outer = self

        class Iterating:
            at = int.from_bytes(lane.position, "little")

            def __iter__(self) -> Iterator[str]:
                return self  # type: ignore[return-value]

            def __next__(self) -> str:
                if self.at == outer.length:
                    raise StopIteration
                self.at += 1
                outer.read += 1
                return f"{lane.index}.{lane.number}.{self.at - 1}"

        if self.seekable:
            Iterating.position = lambda self: self.at.to_bytes(2, "little")  # type: ignore[attr-defined]
        return Iterating()


class Reading(unittest.TestCase):
    def test_a_lane_is_read_on_and_from_pass_to_pass(self) -> None:
        lanes = Lanes(Counting().stream(), 3)
        first, after = lanes.take(1, Position(), 3)
        second, end = lanes.take(1, after, 4)
        self.assertEqual(first, ["1.0.0", "1.0.1", "1.0.2"])
        self.assertEqual(second, ["1.0.3", "1.0.4", "1.1.0", "1.1.1"])
        self.assertEqual(end, Position(1, 2))

    def test_what_was_given_up_comes_again_without_reading(self) -> None:
        source = Counting()
        lanes = Lanes(source.stream(), 1)
        first = lanes.take(0, Position(), 3)
        self.assertEqual(lanes.take(0, Position(), 3), first)
        self.assertEqual((source.read, len(source.opened)), (3, 1))

    def test_another_process_goes_on_from_a_position(self) -> None:
        for seekable in (False, True):
            source = Counting(seekable=seekable)
            _, after = Lanes(source.stream(), 2).take(0, Position(), 7)
            self.assertEqual(Position.decode(after.encode(16)), after)
            again = Counting(seekable=seekable)
            self.assertEqual(
                Lanes(again.stream(), 2).take(0, after, 2)[0], ["0.1.2", "0.1.3"]
            )
            self.assertEqual(again.read, 2 if seekable else 4)
            self.assertEqual(again.opened[0].number, 1)

    def test_lanes_that_are_not_read_any_more_are_closed(self) -> None:
        closed = []

        def numbers(lane: Lane) -> Iterator[int]:
            try:
                yield from range(10)
            finally:
                closed.append(lane.index)

        lanes = Lanes(Stream(numbers), 3)
        for lane in range(3):
            lanes.take(lane, Position(), 1)
        lanes.keep(range(1, 2))
        self.assertEqual(closed, [0, 2])

    def test_what_is_no_stream(self) -> None:
        with self.assertRaisesRegex(TrainerError, "needs a function that opens a lane, and got int"):
            Stream(3)  # type: ignore[arg-type]
        with self.assertRaisesRegex(TrainerError, "position_bytes must be from 0"):
            Stream(iter, position_bytes=70_000)  # type: ignore[arg-type]
        with self.assertRaisesRegex(TrainerError, "lane 2 of 4 of the stream has no samples"):
            Lanes(Stream(lambda lane: iter(())), 4).take(2, Position(), 1)
        shrinking = Lanes(Counting(length=2).stream(), 1)
        with self.assertRaisesRegex(TrainerError, "had 4 samples or more .* and has fewer now"):
            shrinking.take(0, Position(0, 4), 1)

        class Odd(Iterator[int]):
            def __init__(self, position: Any) -> None:
                self._position = position

            def __next__(self) -> int:
                return 1

            def position(self) -> Any:
                return self._position

        with self.assertRaisesRegex(TrainerError, "gave 3 bytes, and there is room for 2"):
            Lanes(Stream(lambda lane: Odd(b"abc"), 2), 1).take(0, Position(), 1)
        with self.assertRaisesRegex(TrainerError, "must give bytes, and gave dict"):
            Lanes(Stream(lambda lane: Odd({}), 2), 1).take(0, Position(), 1)

    def test_places_are_the_ids_of_a_single_pass(self) -> None:
        samples = _samples.Samples(7, 0, 6, 3)
        self.assertEqual(samples.microshard(2, 1)[0], [8, 9])
        self.assertEqual(samples.consumed([(1, 2), (3, 4)]), (24, (24,)))


class StreamCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="cxd")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.journals = 0

    def worker(self, kind: str, config: dict[str, Any], **job: Any) -> tuple[Agent, Path]:
        self.journals += 1
        journal = self.folder / f"journal-{self.journals}"
        agent = Agent([WORKER, kind])
        self.addCleanup(agent.__exit__, None, None, None)
        loaded = agent.load(
            config={"journal": str(journal), "folder": str(self.folder), **config}, **job
        )
        self.assertIsInstance(loaded, _wire.JobLoaded, loaded)
        return agent, journal

    @staticmethod
    def trained(journal: Path, step: int) -> list[list[int]]:
        lines = map(json.loads, journal.read_text(encoding="utf-8").splitlines())
        return [numbers for made, numbers in lines if made == step]


class WhereAgentsReduce(StreamCase):
    def check(self, **config: Any) -> None:
        first, journal = self.worker("split", config)
        first.prepare(1, 0, INIT)
        for step in (1, 2):
            self.assertIsInstance(first.step(1, step), _wire.Applied, first.log())
        committed = first.call(_wire.Snapshot(1, 2, 1))
        self.assertIsInstance(first.step(1, 3), _wire.Applied, first.log())
        self.assertIsInstance(first.call(_wire.Execute(1, 4)), _wire.Executed)
        first.process.kill()

        second, later = self.worker("split", config)
        assert first.arena is not None
        prepared = second.prepare(
            2,
            2,
            SLOT,
            slot_path=str(first.arena.path),
            slot_index=1,
            slot_digest=committed.digest,
        )
        self.assertIsInstance(prepared, _wire.ViewPrepared, prepared)
        for step in (3, 4, 5):
            self.assertIsInstance(second.step(2, step), _wire.Applied, second.log())
        for step in (3, 4):
            self.assertEqual(self.trained(later, step), self.trained(journal, step))
        used = [
            number
            for step in range(1, 6)
            for numbers in self.trained(journal if step < 3 else later, step)
            for number in numbers
        ]
        length = config.get("length", 1000)
        self.assertEqual(
            sorted(used),
            sorted(1000 * lane + i % length for lane in range(3) for i in range(10)),
        )
        finished = second.call(
            _wire.Finish(
                2, 5, True, (_control.LineageSegment(1, 1, 2), _control.LineageSegment(2, 3, 5))
            )
        )
        self.assertEqual(
            (finished.samples_seen, finished.samples_distinct_per_pass), (30, (30,))
        )
        self.assertEqual(finished.held_out_loss, float(sum(used)))

    def test_each_sample_counts_once_though_the_process_dies(self) -> None:
        self.check()

    def test_the_same_of_a_stream_that_tells_no_position(self) -> None:
        self.check(seekable=False)

    def test_the_same_over_several_passes(self) -> None:
        self.check(length=3)

    def test_a_step_that_was_given_up_reads_the_same_again(self) -> None:
        agent, journal = self.worker("split", {})
        agent.prepare(1, 0, INIT)
        agent.step(1, 1)
        self.assertIsInstance(agent.call(_wire.Execute(1, 2)), _wire.Executed)
        agent.abort(2)
        agent.ping()
        agent.prepare(2, 1, KEEP)
        self.assertIsInstance(agent.step(2, 2), _wire.Applied, agent.log())
        again = self.trained(journal, 2)
        self.assertEqual(again[:3], again[3:])
        self.assertEqual(again[0], [2, 3])

    def test_a_position_that_is_too_long(self) -> None:
        agent, _ = self.worker("split", {"position": 9})
        agent.prepare(1, 0, INIT)
        fault = agent.call(_wire.Execute(1, 1))
        self.assertIsInstance(fault, _wire.Fault)
        self.assertIn("set position_bytes", fault.message)


class WhereTheProgramReduces(StreamCase):
    JOB = {"collectives_across": "runtime", "replicas": 2, "batch": 8, "microshards": 4}

    def pair(self, **config: Any) -> tuple[list[Agent], list[Path]]:
        both = [self.worker("fused", config, **self.JOB) for _ in range(2)]
        return [agent for agent, _ in both], [journal for _, journal in both]

    def prepare(self, agents: list[Agent], epoch: int, step: int, origin: int, **slot: Any) -> None:
        for rank, agent in enumerate(agents):
            assert agent.arena is not None
            prepared = agent.call(
                _wire.PrepareView(
                    epoch=epoch,
                    rank=rank,
                    replicas=2,
                    shards=1,
                    base_step=step,
                    region_path=str(agent.arena.path),
                    origin=origin,
                    host="127.0.0.1",
                    **slot,
                )
            )
            self.assertIsInstance(prepared, _wire.ViewPrepared, (prepared, agent.log()))

    def step(self, agents: list[Agent], epoch: int, step: int) -> None:
        requests = [agent.send(_wire.Execute(epoch, step)) for agent in agents]
        for agent, request in zip(agents, requests):
            answer = agent.answer(request)
            self.assertIsInstance(answer, _wire.Executed, (answer, agent.log()))

    def test_both_ranks_go_on_from_the_state_of_one(self) -> None:
        agents, journals = self.pair()
        self.prepare(agents, 1, 0, INIT)
        self.step(agents, 1, 1)
        self.step(agents, 1, 2)
        digests = [agent.call(_wire.Snapshot(1, 2, 1)).digest for agent in agents]
        self.assertEqual(digests[0], digests[1])
        self.step(agents, 1, 3)
        agents[0].process.kill()
        others, later = self.pair()
        assert agents[1].arena is not None
        self.prepare(
            others, 2, 2, SLOT, slot_path=str(agents[1].arena.path), slot_index=1
        )
        self.step(others, 2, 3)
        for rank in range(2):
            self.assertEqual(self.trained(later[rank], 3), self.trained(journals[rank], 3))
        used = sorted(
            number
            for step in (1, 2, 3)
            for journal in (journals if step < 3 else later)
            for numbers in self.trained(journal, step)
            for number in numbers
        )
        self.assertEqual(used, sorted(1000 * lane + i for lane in range(4) for i in range(6)))

    def test_a_program_that_cannot_add_is_refused(self) -> None:
        agent = Agent([WORKER, "cannot-add"])
        self.addCleanup(agent.__exit__, None, None, None)
        fault = agent.load(config={"folder": str(self.folder)}, **self.JOB)
        self.assertIsInstance(fault, _wire.Fault)
        self.assertEqual(fault.code, "program_invalid")
        self.assertIn("must have a method add(values)", fault.message)


if __name__ == "__main__":
    unittest.main()
