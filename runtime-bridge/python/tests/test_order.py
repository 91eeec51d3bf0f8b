"""The order of samples is Java's: the numbers stand in its SampleOrderTest too."""

import unittest

from coxswain.order import Permutation, SampleOrder


class OrderTest(unittest.TestCase):
    def test_the_numbers_of_java(self):
        order = SampleOrder(42, 1438, 128, 8)
        self.assertEqual(order.microshard(1, 0)[:8], [427, 467, 431, 74, 1213, 588, 1000, 1396])
        self.assertEqual(order.microshard(12, 1)[:8], [395, 350, 996, 1431, 416, 703, 138, 290])
        self.assertEqual(SampleOrder(-1, 5, 5, 1).microshard(1, 0), [4, 0, 1, 2, 3])

    def test_a_permutation_has_each_number_once(self):
        for size in (1, 2, 3, 7, 64, 1000):
            permutation = Permutation(5, size)
            self.assertEqual(sorted(permutation.at(i) for i in range(size)), list(range(size)))

    def test_microshards_cut_a_batch(self):
        order = SampleOrder(1, 10, 7, 3)
        self.assertEqual([len(order.microshard(1, m)) for m in range(3)], [2, 2, 3])

    def test_what_is_not_there_is_refused(self):
        with self.assertRaises(ValueError):
            Permutation(1, 0)
        with self.assertRaises(IndexError):
            Permutation(1, 3).at(3)
        with self.assertRaises(ValueError):
            SampleOrder(1, 0, 1, 1)
        with self.assertRaises(IndexError):
            SampleOrder(1, 4, 4, 2).microshard(0, 0)


if __name__ == "__main__":
    unittest.main()
