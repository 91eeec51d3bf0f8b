"""The bare loop. Needs JAX; without it the tests that train are skipped and say so."""

import importlib.util
import io
import math
import os
import sys
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from coxswain import safetensors
from coxswain.bundle import rehearse

os.environ.setdefault("JAX_PLATFORMS", "cpu")
HAS_JAX = importlib.util.find_spec("jax") is not None
MODEL = Path(__file__).with_name("line.py")


class TreeSumTest(unittest.TestCase):
    def test_the_order_of_additions(self):
        class Text(str):
            def __add__(self, other):
                return Text(f"({self}{other})")

        for microshards, expected in (
            (1, "0"),
            (2, "(01)"),
            (3, "((01)2)"),
            (5, "(((01)(23))4)"),
            (6, "(((01)(23))(45))"),
            (7, "(((01)(23))((45)6))"),
        ):
            parts = [[Text(i)] for i in range(microshards)]
            self.assertEqual(rehearse.tree_sum(parts), [expected])


@unittest.skipUnless(HAS_JAX, f"JAX is missing: {sys.executable} -m pip install jax numpy")
class RehearseTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.data = Path(temporary.name) / "line.safetensors"

    def rehearse(self, *arguments):
        output, errors = io.StringIO(), io.StringIO()
        with redirect_stdout(output), redirect_stderr(errors):
            status = rehearse.main([str(MODEL), "--data", str(self.data), *arguments])
        return status, output.getvalue(), errors.getvalue()

    def write(self, **arrays):
        import numpy as np

        tensors = {
            name.replace("_", ".", 1): safetensors.Tensor(
                "f32", np.shape(values), np.array(values, "float32").tobytes()
            )
            for name, values in arrays.items()
        }
        safetensors.write(self.data, tensors)

    def test_a_line_is_fitted(self):
        x = [i / 10 for i in range(20)]
        self.write(train_x=x, train_y=[3 * v - 1 for v in x])
        status, output, errors = self.rehearse("--steps", "300", "--every", "100")
        self.assertEqual((status, errors), (0, ""))
        lines = [line.split() for line in output.splitlines()]
        self.assertEqual([line[1] for line in lines], ["1", "100", "200", "300"])
        self.assertLess(float(lines[-1][3]), 1e-4)
        self.assertTrue(math.isfinite(float(lines[0][3])))

    def test_an_array_that_is_missing_is_told(self):
        self.write(train_x=[1.0])
        self.assertRegex(self.rehearse()[2], "has no array 'train.y'; it has train.x")
        self.write(train_x=[[1.0]], train_y=[1.0])
        self.assertRegex(self.rehearse()[2], r"'train.x' is f32\[1, 1\], which does not fit")
        self.data.unlink()
        self.assertEqual(self.rehearse()[0], 1)


if __name__ == "__main__":
    unittest.main()
