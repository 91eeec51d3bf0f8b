"""The bundle's folder: written whole, never over something else, read with its digests."""

import json
import tempfile
import unittest
from pathlib import Path

from coxswain.bundle import manifest
from coxswain.bundle.manifest import BundleError


class ManifestTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.parent = Path(temporary.name)
        self.folder = self.parent / "bundle"

    def make(self, content=b"programs"):
        with manifest.replacing(self.folder) as new:
            (new / "grads.mlir").write_bytes(content)
            (new / "initial.safetensors").write_bytes(b"state")
            manifest.write(
                new,
                {
                    "format": "coxswain-bundle",
                    "version": 1,
                    "programs": {"grads": manifest.describe(new / "grads.mlir")},
                    "initial": manifest.describe(new / "initial.safetensors"),
                },
            )

    def change(self, **fields):
        path = self.folder / "bundle.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))

    def refused(self, message):
        with self.assertRaisesRegex(BundleError, message):
            manifest.load(self.folder)

    def test_what_is_written_can_be_read(self):
        self.make()
        self.assertEqual(manifest.load(self.folder)["programs"]["grads"]["bytes"], 8)

    def test_a_damaged_file_is_named(self):
        self.make()
        (self.folder / "grads.mlir").write_bytes(b"programz")
        self.refused("grads.mlir is damaged or from another export")
        (self.folder / "grads.mlir").write_bytes(b"program")
        self.refused("it has 7 bytes .* says 8")
        (self.folder / "grads.mlir").unlink()
        self.refused("grads.mlir is missing")

    def test_another_format_or_version_is_refused(self):
        self.refused("is no bundle")
        self.make()
        self.change(version=2)
        self.refused("version 2, and only version 1 is known")
        self.change(format="zip")
        self.refused("its format is not 'coxswain-bundle'")
        (self.folder / "bundle.json").write_text("{")
        self.refused("it is no JSON")

    def test_a_manifest_that_lacks_something_is_refused(self):
        self.make()
        self.change(initial={"file": "../outside"})
        self.refused("'../outside' is no file in the bundle's folder")
        self.change(initial={})
        self.refused("lacks the field 'file'")
        self.change(programs=None)
        self.refused("is damaged")

    def test_an_older_bundle_is_replaced(self):
        self.make()
        (self.folder / "initial.safetensors").unlink()  # even a damaged one
        self.make(b"new")
        self.assertEqual((self.folder / "grads.mlir").read_bytes(), b"new")
        self.assertEqual([path.name for path in self.parent.iterdir()], ["bundle"])

    def test_nothing_else_is_overwritten(self):
        self.folder.write_text("a file")
        with self.assertRaisesRegex(BundleError, "is no folder"):
            self.make()
        self.assertEqual(self.folder.read_text(), "a file")
        self.folder.unlink()
        self.folder.mkdir()
        (self.folder / "thesis.tex").write_text("years of work")
        with self.assertRaisesRegex(BundleError, "something else than a bundle"):
            self.make()
        self.assertEqual((self.folder / "thesis.tex").read_text(), "years of work")

    def test_a_bundle_with_something_beside_it_is_not_overwritten(self):
        self.make()
        (self.folder / "notes.txt").write_text("mine")
        with self.assertRaisesRegex(BundleError, "a bundle and also notes.txt"):
            self.make()
        self.assertEqual((self.folder / "notes.txt").read_text(), "mine")

    def test_an_export_that_fails_leaves_the_older_bundle(self):
        self.make()
        with self.assertRaises(RuntimeError), manifest.replacing(self.folder) as new:
            (new / "grads.mlir").write_bytes(b"half")
            raise RuntimeError("no more disk")
        manifest.load(self.folder)
        self.assertEqual([path.name for path in self.parent.iterdir()], ["bundle"])

    def test_json_stands_on_lines_that_people_can_read(self):
        long = {"path": "x" * 60, "shape": [1, 2]}
        self.assertEqual(
            manifest.render({"a": [long, long], "b": []}),
            '{\n  "a": [\n    %s,\n    %s\n  ],\n  "b": []\n}' % ((json.dumps(long),) * 2),
        )


if __name__ == "__main__":
    unittest.main()
