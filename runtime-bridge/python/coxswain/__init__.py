"""Coxswain's Python side. Importing it needs nothing but the standard library.

* :mod:`coxswain.bundle` turns JAX training functions into program bundles.
* :mod:`coxswain.safetensors` reads and writes the files that hold tensors.
"""

__version__ = "0.1.0"
