"""The driver of `coxswain bench peers`, with groups that are made up: nothing here needs torchft."""

import importlib.util
import sys
import tempfile
import unittest
from pathlib import Path

EXAMPLE = Path(__file__).parents[3] / "examples" / "digits-torch" / "torchft_digits.py"

# A lighthouse, and groups that make a step together as soon as they are there.
FAKE = """
import itertools, os, signal, sys, time

if "lighthouse" in sys.argv:
    print("http://127.0.0.1:1", flush=True)
    signal.pause()
assert os.environ["TORCHFT_LIGHTHOUSE"] == "http://127.0.0.1:1"
assert "MASTER_ADDR" not in os.environ
print("Loading ...", flush=True)
for step in itertools.count(1):
    print(time.monotonic(), step, 4, flush=True)
    time.sleep(0.01)
"""

FAILING = """
import signal, sys

if "lighthouse" in sys.argv:
    print("http://127.0.0.1:1", flush=True)
    signal.pause()
sys.exit("ImportError: no such thing")
"""


def load():
    spec = importlib.util.spec_from_file_location("torchft_digits", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


driver = load()


class Driver(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.program = Path(folder.name) / "fake.py"

    def drive(self, text, **options):
        self.program.write_text(text)
        settings = {"seconds": 0.3, "every": 0.1, "warm": 0, "limit": 60, **options}
        return driver.drive([sys.executable, "-S", str(self.program)], **settings)

    def test_a_group_dies_each_so_often(self):
        seen = self.drive(FAKE)

        self.assertEqual(len(seen["kills"]), 2)
        self.assertEqual(seen["died"], [])
        self.assertTrue(all(count == 4 for _, count in seen["commits"]))
        self.assertTrue(all(seen["begin"] <= at <= seen["end"] for at, _ in seen["commits"]))
        self.assertEqual(sorted(seen["kills"]), seen["kills"])

    def test_groups_that_cannot_start_end_the_run_with_their_words(self):
        with self.assertRaises(SystemExit) as raised:
            self.drive(FAILING)

        self.assertIn("ImportError: no such thing", str(raised.exception))

    def test_so_does_the_lighthouse(self):
        with self.assertRaises(SystemExit) as raised:
            self.drive("import nothing_of_that_name")

        self.assertIn("lighthouse did not start", str(raised.exception))
        self.assertIn("nothing_of_that_name", str(raised.exception))


class Words(unittest.TestCase):
    def test_the_first_word_of_each_step_counts(self):
        texts = ["1.5 1 4\n2.5 2 4\nhello\n", "1.25 1 4\n2.75 2 3\n3.5 3 3\n4.5 4 4"]

        self.assertEqual(driver.first_words(texts), [(1.25, 4), (2.5, 4), (3.5, 3)])

    def test_lines_of_three_other_words_are_no_steps(self):
        self.assertEqual(driver.first_words(["got no quorum\n1 x 4\n"]), [])

    def test_a_complaint_is_the_last_error(self):
        self.assertEqual(driver.complaint("a\nValueError: this\nand that\n"), "ValueError: this")
        self.assertEqual(driver.complaint("a\nb\n"), "b")
        self.assertEqual(driver.complaint(""), "nothing")

    def test_deaths_leave_room_before_the_end(self):
        self.assertEqual(driver.deaths(40, 15), 2)
        self.assertEqual(driver.deaths(45, 15), 2)
        self.assertEqual(driver.deaths(20, 8), 2)

    def test_all_time_outs_are_named(self):
        self.assertIn("join 10000 ms", str(driver.TIMEOUTS["readme"]))
        self.assertIn("process group 5 s", str(driver.TIMEOUTS["readme"]))


if __name__ == "__main__":
    unittest.main()
