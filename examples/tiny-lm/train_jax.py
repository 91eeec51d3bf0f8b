"""Trains the language model of model.py with JAX: alone (python3 train_jax.py), or as Coxswain's worker."""

import argparse
import time
from pathlib import Path

import coxswain.jax
import jax
import model
import numpy as np
from coxswain import safetensors

DATA = Path(__file__).parent / "text.safetensors"


def load(path, part):
    windows = safetensors.read(path)[f"{part}.tokens"]
    return {"tokens": np.frombuffer(windows.data, np.uint8).reshape(windows.shape)}


def alone(steps, warm, size=32):
    """What the script did before Coxswain, and still does without it."""
    params = model.params()
    optimizer, data = model.optimizer(params), load(DATA, "train")
    random = np.random.default_rng(1)

    def update(params, optimizer, batch):
        loss, gradients = model.grads(params, batch)
        return *model.apply(params, optimizer, gradients), loss

    step = jax.jit(update)
    begin = time.perf_counter()
    for n in range(1, steps + 1):
        ids = random.choice(len(data["tokens"]), size, replace=False)
        params, optimizer, loss = step(params, optimizer, {"tokens": data["tokens"][ids]})
        if n % 100 == 0:
            print(f"step {n}: loss {loss:.4f}")
        if n == warm:
            loss.block_until_ready()
            begin = time.perf_counter()
    jax.block_until_ready(params)
    print(f"{1e3 * (time.perf_counter() - begin) / (steps - warm)} ms a step")


if not coxswain.is_worker():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--warm", type=int, default=10, help="steps that are not timed")
    options = parser.parse_args()
    alone(options.steps, options.warm)
else:
    coxswain.jax.run(
        params=lambda seed: model.params(),  # which has a seed of its own
        optimizer=model.optimizer,
        grads=model.grads,
        apply=model.apply,
        reduction="mean",
        data=lambda path: load(path, "train"),
        evaluate=model.evaluate,
        held_out=lambda path: load(path, "held_out"),
    )
