"""Trains a network for handwritten digits with JAX: alone (python3 train.py), or as Coxswain's worker."""

import os
from pathlib import Path

import coxswain.jax
import jax
import jax.numpy as jnp
import numpy as np
from coxswain import safetensors
from jax.sharding import PartitionSpec

LAYERS = (64, 256, 256, 10)
RATE, BETA1, BETA2, EPSILON = 0.002, 0.9, 0.999, 1e-8
DATA = Path(__file__).parent / "../digits-xla/digits.safetensors"


def init(seed):
    """He's initial weights (Glorot's in the last layer), zero biases."""
    random = np.random.default_rng(seed)
    layers = {}
    for i, (fan_in, fan_out) in enumerate(zip(LAYERS, LAYERS[1:]), 1):
        limit = np.sqrt(6 / (fan_in + fan_out if i == len(LAYERS) - 1 else fan_in))
        layers[f"l{i}"] = {
            "w": random.uniform(-limit, limit, (fan_in, fan_out)).astype(np.float32),
            "b": np.zeros(fan_out, np.float32),
        }
    return layers


def adam(params):
    zeros = jax.tree.map(np.zeros_like, params)
    return {"m": zeros, "v": zeros, "t": np.int32(0)}


def loss_and_scores(params, batch):
    a = batch["x"].astype(jnp.float32) / 16
    for i in range(1, len(LAYERS)):
        a = a @ params[f"l{i}"]["w"] + params[f"l{i}"]["b"]
        a = jax.nn.relu(a) if i < len(LAYERS) - 1 else a
    picked = jnp.take_along_axis(a, batch["y"][:, None], 1)[:, 0]
    return (jax.nn.logsumexp(a, axis=1) - picked).mean(), a


def grads(params, batch):
    return jax.value_and_grad(lambda p: loss_and_scores(p, batch)[0])(params)


def update(params, optimizer, gradients):
    t = optimizer["t"] + 1
    m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, optimizer["m"], gradients)
    v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, optimizer["v"], gradients)
    rate = RATE / (1 - BETA1 ** t.astype(jnp.float32))
    root = jnp.sqrt(1 - BETA2 ** t.astype(jnp.float32))
    params = jax.tree.map(
        lambda p, m, v: p - rate * m / (jnp.sqrt(v) / root + EPSILON), params, m, v
    )
    return params, {"m": m, "v": v, "t": t}


def evaluate(params, batch):
    loss, scores = loss_and_scores(params, batch)
    return loss, (scores.argmax(axis=1) == batch["y"]).mean()


def load(path, part):
    tensors = safetensors.read(path)
    types = {"x": np.uint8, "y": np.int32}
    return {
        name: np.frombuffer(tensors[f"{part}.{name}"].data, dtype).reshape(
            tensors[f"{part}.{name}"].shape
        )
        for name, dtype in types.items()
    }


def step(state, batch):
    """A whole step."""
    loss, gradients = grads(state["params"], batch)
    params, optimizer = update(state["params"], state["optimizer"], gradients)
    return {"params": params, "optimizer": optimizer}, loss


def cut(path, shape):
    """Weights, and what Adam keeps of them, by rows over the job's shards and each rank's devices."""
    return PartitionSpec(("shard", "local")) if len(shape) == 2 else PartitionSpec()


def begin(seed):
    params = init(seed)
    return {"params": params, "optimizer": adam(params)}


def alone(steps=600, size=128, seed=20261122):
    """What the script did before Coxswain, and still does without it."""
    state, data = begin(seed), load(DATA, "train")
    random = np.random.default_rng(seed)
    jitted = jax.jit(step)
    for n in range(1, steps + 1):
        ids = random.choice(len(data["y"]), size, replace=False)
        state, loss = jitted(state, {k: v[ids] for k, v in data.items()})
        if n % 100 == 0:
            print(f"step {n}: loss {loss:.4f}")
    loss, accuracy = jax.jit(evaluate)(state["params"], load(DATA, "held_out"))
    print(f"held out: loss {loss:.4f}, accuracy {accuracy:.4f}")


if not coxswain.is_worker():
    alone()
elif os.environ.get("COLLECTIVES") == "runtime":
    coxswain.jax.run_sharded(
        state=begin,
        specs=cut,
        step=step,
        data=lambda path: load(path, "train"),
        evaluate=lambda state, batch: evaluate(state["params"], batch),
        held_out=lambda path: load(path, "held_out"),
    )
else:
    coxswain.jax.run(
        params=init,
        optimizer=adam,
        grads=grads,
        apply=update,
        reduction="mean",
        data=lambda path: load(path, "train"),
        evaluate=evaluate,
        held_out=lambda path: load(path, "held_out"),
    )
