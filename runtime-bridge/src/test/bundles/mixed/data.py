"""Makes data.safetensors, random samples. Run from the project's folder, with NumPy:

PYTHONPATH=runtime-bridge/python python3 runtime-bridge/src/test/bundles/mixed/data.py
"""

from pathlib import Path

import numpy as np
from coxswain.safetensors import Tensor, write

random = np.random.default_rng(2)
tensors = {}
for part, samples in (("train", 40), ("held_out", 5)):
    half = random.standard_normal((samples, 70)).astype(np.float16)
    label = half[:, :7].argmax(axis=1).astype(np.int16)
    used = random.random(samples) < 0.9
    tensors[f"{part}.half"] = Tensor("f16", half.shape, half.tobytes())
    tensors[f"{part}.label"] = Tensor("i16", label.shape, label.tobytes())
    tensors[f"{part}.used"] = Tensor("bool", used.shape, used.tobytes())
write(Path(__file__).with_name("data.safetensors"), tensors)
