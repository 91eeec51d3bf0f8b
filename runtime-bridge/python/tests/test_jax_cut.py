"""Arrays with a NamedSharding as pieces. Needs JAX and NumPy."""

from __future__ import annotations

import os
import subprocess
import sys
import unittest
from pathlib import Path

from .agent import PACKAGE, PATIENCE
from .test_jax import HAS_JAX


@unittest.skipUnless(HAS_JAX, "JAX is not installed")
class EightDevices(unittest.TestCase):
    def test_pieces(self) -> None:
        self.run_file("jax_cut.py")

    def test_trainer(self) -> None:
        self.run_file("jax_sharded.py")

    def run_file(self, name: str) -> None:
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name(name))],
            env={
                **os.environ,
                "PYTHONPATH": str(PACKAGE),
                "JAX_PLATFORMS": "cpu",
                "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
        )
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
