"""The flat vector, its cuts, and which parameter an optimizer leaf belongs to."""

import random
import unittest

from coxswain.bundle.layout import ALIGNMENT, BLOCK, Layout, LayoutError, Piece, like


class LayoutTest(unittest.TestCase):
    def test_leaves_begin_at_multiples_of_16(self):
        layout = Layout.of([("a", ()), ("b", (3, 6)), ("c", (16,)), ("d", (5,))])
        self.assertEqual([leaf.begin for leaf in layout.leaves], [0, 16, 48, 64])
        self.assertEqual(layout.elements, 80)

    def test_the_digits_are_cut_at_a_block_of_the_largest_leaf(self):
        layout = digits()
        self.assertEqual(layout.elements, 85008)
        self.assertEqual(layout.cut(2), [(0, 41472), (41472, 85008)])
        self.assertEqual(41472, 16896 + 6 * BLOCK)
        self.assertEqual(
            layout.pieces(0, 41472),
            [Piece(0, 0, 256), Piece(1, 0, 16384), Piece(2, 0, 256), Piece(3, 0, 24576)],
        )
        self.assertEqual(
            layout.pieces(41472, 85008),
            [Piece(3, 24576, 65536), Piece(4, 0, 10), Piece(5, 0, 2560)],
        )

    def test_shards_tile_the_vector_whatever_the_leaves(self):
        numbers = random.Random(7)
        for _ in range(300):
            sizes = [numbers.choice((1, 10, 16, 4096, 4097, 9000)) for _ in range(5)]
            layout = Layout.of((f"['{i}']", (size,)) for i, size in enumerate(sizes))
            for shards in (1, 2, 3, 5):
                ranges = layout.cut(shards)
                self.assertEqual(len(ranges), shards)
                self.assertEqual([b for b, _ in ranges[1:]], [e for _, e in ranges[:-1]])
                self.assertEqual((ranges[0][0], ranges[-1][1]), (0, layout.elements))
                pieces = [layout.pieces(*r) for r in ranges]
                self.assertTrue(all(pieces), "no shard is empty")
                for leaf in range(5):
                    parts = [p for some in pieces for p in some if p.leaf == leaf]
                    self.assertEqual(sum(p.elements for p in parts), sizes[leaf])
                for begin, _ in ranges:
                    leaf = max(x.begin for x in layout.leaves if x.begin <= begin)
                    self.assertEqual((begin - leaf) % BLOCK, 0)
                    self.assertEqual(begin % ALIGNMENT, 0)

    def test_of_two_equally_near_cuts_the_lower_one(self):
        layout = Layout.of([("a", (3 * BLOCK,))])
        self.assertEqual(layout.cut(2), [(0, BLOCK), (BLOCK, 3 * BLOCK)])

    def test_too_many_shards_are_refused(self):
        with self.assertRaisesRegex(LayoutError, "at most 3 shards .* not 4"):
            Layout.of([("a", (BLOCK + 1,)), ("b", (1,))]).cut(4)
        with self.assertRaisesRegex(LayoutError, "at least 1 shard"):
            digits().cut(0)

    def test_empty_leaves_and_trees_are_refused(self):
        with self.assertRaisesRegex(LayoutError, "parameter b has no elements"):
            Layout.of([("a", (2,)), ("b", (4, 0))])
        with self.assertRaisesRegex(LayoutError, "no parameters"):
            Layout.of([])


class LikeTest(unittest.TestCase):
    def test_a_leaf_belongs_to_the_parameter_that_its_path_ends_with(self):
        leaves = digits().leaves
        self.assertEqual(like("['m']['l2']['w']", (256, 256), leaves), 3)
        self.assertEqual(like("[0].mu['l3']['b']", (10,), leaves), 4)
        self.assertIsNone(like("['m']['l2']['w']", (256,), leaves), "another shape")
        self.assertIsNone(like("['t']", (), leaves))

    def test_of_several_it_is_the_longest_path(self):
        leaves = Layout.of([("['a']['w']", (2,)), ("['w']", (2,))]).leaves
        self.assertEqual(like("['m']['a']['w']", (2,), leaves), 0)
        self.assertEqual(like("['m']['w']", (2,), leaves), 1)

    def test_one_array_without_a_path(self):
        leaves = Layout.of([("", (4,))]).leaves
        self.assertEqual(like("['m']", (4,), leaves), 0)
        self.assertIsNone(like("['t']", (), leaves))
        self.assertIsNone(like("['t']", (), Layout.of([("", ())]).leaves))


def digits():
    shapes = ((256,), (64, 256), (256,), (256, 256), (10,), (256, 10))
    paths = [f"['l{layer}']['{leaf}']" for layer in (1, 2, 3) for leaf in "bw"]
    return Layout.of(zip(paths, shapes))


if __name__ == "__main__":
    unittest.main()
