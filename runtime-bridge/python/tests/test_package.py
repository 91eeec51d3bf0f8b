"""What pip makes of this folder."""

from __future__ import annotations

import hashlib
import importlib.util
import tarfile
import tempfile
import unittest
import zipfile
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import coxswain

FOLDER = Path(__file__).parents[1]


class Package(unittest.TestCase):
    def setUp(self) -> None:
        spec = importlib.util.spec_from_file_location("backend", FOLDER / "build_backend.py")
        assert spec is not None and spec.loader is not None
        self.backend: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.backend)
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.made = Path(made.name)

    def contents(self, wheel: str) -> dict[str, bytes]:
        with zipfile.ZipFile(self.made / wheel) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def test_a_wheel_has_all_modules(self) -> None:
        found = self.contents(self.backend.build_wheel(self.made))
        sources = {
            file.relative_to(FOLDER).as_posix() for file in (FOLDER / "coxswain").rglob("*.py")
        }
        info = {name for name in found if ".dist-info/" in name}
        self.assertEqual(found.keys() - info, sources | {"coxswain/py.typed"})
        (about,) = (data.decode() for name, data in found.items() if name.endswith("METADATA"))
        for line in ("Name: coxswain", "Requires-Python: >=3.10", "Provides-Extra: torch"):
            self.assertIn(f"{line}\n", about)
        self.assertIn('Requires-Dist: jax>=0.6.2 ; extra == "jax"\n', about)
        (commands,) = (data for name, data in found.items() if name.endswith("entry_points.txt"))
        self.assertIn(b"coxswain-bundle = coxswain.bundle.__main__:main\n", commands)
        (record,) = (data.decode() for name, data in found.items() if name.endswith("RECORD"))
        for name, data in found.items():
            digest = urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            told = "," if name.endswith("RECORD") else f"sha256={digest},{len(data)}"
            self.assertIn(f"{name},{told}\n", record)

    def test_the_folder_itself_may_be_used(self) -> None:
        found = self.contents(self.backend.build_editable(self.made))
        self.assertEqual(found["coxswain.pth"].decode().strip(), str(FOLDER))

    def test_an_archive_of_the_sources(self) -> None:
        with tarfile.open(self.made / self.backend.build_sdist(self.made)) as archive:
            names = archive.getnames()
        for name in ("PKG-INFO", "pyproject.toml", "build_backend.py", "coxswain/worker.py"):
            self.assertIn(f"coxswain-{coxswain.__version__}/{name}", names)


if __name__ == "__main__":
    unittest.main()
