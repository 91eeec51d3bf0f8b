"""Makes data.safetensors, random samples. Run from the project's folder, with NumPy:

PYTHONPATH=runtime-bridge/python python3 runtime-bridge/src/test/bundles/mixed/data.py
"""

from pathlib import Path

import numpy as np
from coxswain.safetensors import Tensor, write

random = np.random.default_rng(2)
rows = random.standard_normal((42, 70)).astype(np.float16)
tensors = {}
# Of the five that are held out, three are known from training: the accuracy is neither 0 nor 1.
for part, half in (("train", rows[:40]), ("held_out", rows[37:])):
    label = half[:, :7].argmax(axis=1).astype(np.int16)
    used = np.arange(len(half)) % 8 != 7
    tensors[f"{part}.half"] = Tensor("f16", half.shape, half.tobytes())
    tensors[f"{part}.label"] = Tensor("i16", label.shape, label.tobytes())
    tensors[f"{part}.used"] = Tensor("bool", used.shape, used.tobytes())
write(Path(__file__).with_name("data.safetensors"), tensors)
