"""The safetensors files that we write and read, byte by byte."""

import json
import tempfile
import unittest
from pathlib import Path

from coxswain import safetensors
from coxswain.safetensors import SafetensorsError, Tensor


class SafetensorsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "some.safetensors"

    def raw(self, header, data):
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        self.path.write_bytes(len(text).to_bytes(8, "little") + text + data)

    def refused(self, message):
        with self.assertRaisesRegex(SafetensorsError, message):
            safetensors.read(self.path)

    def test_every_byte_of_a_small_file(self):
        safetensors.write(
            self.path,
            {"y": Tensor("u8", (3,), b"abc"), "x": Tensor("f32", (1, 2), b"12345678")},
            {"made": "here"},
        )
        header = (
            b'{"__metadata__":{"made":"here"},'
            b'"x":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},'
            b'"y":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}'
        )
        padded = header + b" " * (192 - 8 - len(header))
        expected = (192 - 8).to_bytes(8, "little") + padded + b"12345678abc"
        self.assertEqual(self.path.read_bytes(), expected)

    def test_all_types_come_back_with_the_data_at_a_multiple_of_64(self):
        tensors = {
            f"a {dtype}": Tensor(dtype, (2, 3), bytes(range(6 * width)))
            for dtype, (_, width) in safetensors.DTYPES.items()
        }
        tensors["one"] = Tensor("i32", (), b"\1\0\0\0")
        tensors["none"] = Tensor("f32", (0, 4), b"")
        safetensors.write(self.path, tensors)
        self.assertEqual(safetensors.read(self.path), tensors)
        length = int.from_bytes(self.path.read_bytes()[:8], "little")
        self.assertEqual((8 + length) % 64, 0)
        for name, entry in json.loads(self.path.read_bytes()[8 : 8 + length]).items():
            width = safetensors.DTYPES[tensors[name].dtype][1]
            self.assertEqual(entry["data_offsets"][0] % width, 0, name)

    def test_a_tensor_knows_its_size(self):
        with self.assertRaisesRegex(ValueError, r"f32\[2, 2\] takes 16 bytes, not 15"):
            Tensor("f32", (2, 2), bytes(15))
        with self.assertRaisesRegex(ValueError, "'f8' is no element type"):
            Tensor("f8", (2,), bytes(2))

    def test_damaged_files_are_refused(self):
        self.path.write_bytes(b"")
        self.refused("no header length")
        self.path.write_bytes((1 << 40).to_bytes(8, "little") + b"{}")
        self.refused("no header length")
        self.raw(b"{nonsense", b"")
        self.refused("its header is no JSON")
        self.raw([1], b"")
        self.refused("no JSON object")
        self.raw({"x": {"dtype": "F7", "shape": [1], "data_offsets": [0, 4]}}, bytes(4))
        self.refused("'x' is described wrongly")
        self.raw({"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, bytes(7))
        self.refused("'x' of 8 bytes cannot lie")
        self.raw({"x": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, bytes(8))
        self.refused("'x' begins at byte 4 of the data, not at 0")
        self.raw({"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(5))
        self.refused("it has 5 bytes of data, and its tensors take 4")


if __name__ == "__main__":
    unittest.main()
