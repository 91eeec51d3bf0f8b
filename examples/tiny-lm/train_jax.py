"""Trains the language model of model.py with JAX: alone (python3 train_jax.py), or as Coxswain's worker."""

import argparse
import os
import time
from pathlib import Path

import coxswain.jax
import jax
import model
import numpy as np
from coxswain import safetensors
from jax.sharding import PartitionSpec

DATA = Path(__file__).parent / "text.safetensors"


def load(path, part):
    windows = safetensors.read(path)[f"{part}.tokens"]
    return {"tokens": np.frombuffer(windows.data, np.uint8).reshape(windows.shape)}


def begin(seed):
    params = model.params()  # which has a seed of its own
    return {"params": params, "optimizer": model.optimizer(params)}


def step(state, batch):
    """A whole step."""
    loss, gradients = model.grads(state["params"], batch)
    params, optimizer = model.apply(state["params"], state["optimizer"], gradients)
    return {"params": params, "optimizer": optimizer}, loss


def alone(steps, warm, size=32):
    """What the script did before Coxswain, and still does without it."""
    state, data = begin(0), load(DATA, "train")
    random = np.random.default_rng(1)
    jitted = jax.jit(step)
    since = time.perf_counter()
    for n in range(1, steps + 1):
        ids = random.choice(len(data["tokens"]), size, replace=False)
        state, loss = jitted(state, {"tokens": data["tokens"][ids]})
        if n % 100 == 0:
            print(f"step {n}: loss {loss:.4f}")
        if n == warm:
            loss.block_until_ready()
            since = time.perf_counter()
    jax.block_until_ready(state)
    print(f"{1e3 * (time.perf_counter() - since) / (steps - warm)} ms a step")


if not coxswain.is_worker():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--warm", type=int, default=10, help="steps that are not timed")
    options = parser.parse_args()
    alone(options.steps, options.warm)
elif os.environ.get("COLLECTIVES") == "runtime":
    coxswain.jax.run_sharded(
        state=begin,
        specs=lambda path, shape: PartitionSpec(),
        step=step,
        data=lambda path: load(path, "train"),
        evaluate=lambda state, batch: model.evaluate(state["params"], batch),
        held_out=lambda path: load(path, "held_out"),
    )
else:
    coxswain.jax.run(
        params=lambda seed: model.params(),
        optimizer=model.optimizer,
        grads=model.grads,
        apply=model.apply,
        reduction="mean",
        data=lambda path: load(path, "train"),
        evaluate=model.evaluate,
        held_out=lambda path: load(path, "held_out"),
    )
