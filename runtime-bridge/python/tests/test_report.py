"""How far a program says that it has come in a step."""

from __future__ import annotations

import unittest

from coxswain._report import Entries


class Counted(unittest.TestCase):
    def setUp(self) -> None:
        self.entries, self.groups = Entries(), 5

    def test_what_the_program_says(self) -> None:
        self.entries.begin(7)
        self.assertEqual(self.entries.of(7), 0)
        self.entries.entering()
        self.entries.near()
        self.assertEqual((self.entries.of(7), self.entries.of(6), self.entries.of(8)), (2, 0, 0))
        self.entries.begin(8)
        self.assertEqual((self.entries.of(8), self.entries.of(7)), (0, 0))

    def test_what_is_counted_elsewhere_is_not_counted_twice(self) -> None:
        self.entries.counted_by(lambda: self.groups)
        self.entries.begin(1)
        self.entries.near()
        self.assertEqual(self.entries.of(1), 0)
        self.groups += 3
        self.assertEqual(self.entries.of(1), 3)
        # What it says itself is of another kind.
        self.entries.entering()
        self.assertEqual(self.entries.of(1), 4)
        self.entries.begin(2)
        self.assertEqual(self.entries.of(2), 0)

    def test_a_group_that_was_left_takes_nothing_back(self) -> None:
        self.entries.counted_by(lambda: self.groups)
        self.entries.begin(1)
        self.groups = 0
        self.assertEqual(self.entries.of(1), 0)
        self.entries.counted_by(None)
        self.entries.near()
        self.assertEqual(self.entries.of(1), 1)

    def test_its_own_part_ends_at_the_first_word(self) -> None:
        self.entries.counted_by(lambda: self.groups)
        self.entries.begin(1)
        self.assertEqual(self.entries.first_nanos, 0)
        self.entries.near()
        first = self.entries.first_nanos
        self.assertGreater(first, 0)
        self.entries.entering()
        self.assertEqual(self.entries.first_nanos, first)
        self.entries.begin(2)
        self.entries.near(own=False)
        self.entries.near()
        self.assertEqual(self.entries.first_nanos, 0)

    def test_in_what_part_it_is(self) -> None:
        self.entries.begin(1)
        self.assertEqual(self.entries.part_of(1), "")
        self.entries.within("backward")
        self.assertEqual((self.entries.part_of(1), self.entries.part_of(2)), ("backward", ""))
        self.entries.begin(2)
        self.assertEqual(self.entries.part_of(2), "")


if __name__ == "__main__":
    unittest.main()
