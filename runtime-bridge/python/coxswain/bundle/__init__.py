"""Turns JAX training functions into a program bundle that Coxswain runs without Python.

``export`` writes one, and ``python -m coxswain.bundle FILE.py --out DIR`` does so for a file. The
contract of the functions and the format stand in docs/bundle.md.
"""

from .exporter import Summary, export
from .manifest import BundleError, load

__all__ = ["BundleError", "Summary", "export", "load"]
