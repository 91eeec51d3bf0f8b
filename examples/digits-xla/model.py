"""The digits network as JAX functions: layers 64-256-256-10, ReLU, softmax cross-entropy, Adam.

Exported by: ./coxswain bundle examples/digits-xla/model.py --out examples/digits-xla/bundle
"""

import jax
import jax.numpy as jnp
import numpy as np

LAYERS = (64, 256, 256, 10)
LEARNING_RATE, BETA1, BETA2, EPSILON = 0.002, 0.9, 0.999, 1e-8

name = "digits"
reduction = "sum"  # what grads gives is the sum over the samples of a microshard
batch_size = 128
microshard_samples = 16
held_out = 359
shards = (1, 2)
stablehlo = "1.9.0"  # old enough for plugins of 2024

batch = {
    "x": jax.ShapeDtypeStruct((microshard_samples, LAYERS[0]), jnp.uint8),  # pixels, 0 to 16
    "y": jax.ShapeDtypeStruct((microshard_samples,), jnp.int32),  # digits, 0 to 9
}


def params():
    """He's initial weights (Glorot's in the last layer), zero biases."""
    random = np.random.default_rng(20261122)
    layers = {}
    for i, (fan_in, fan_out) in enumerate(zip(LAYERS, LAYERS[1:])):
        last = i == len(LAYERS) - 2
        limit = np.sqrt(6 / (fan_in + fan_out if last else fan_in))
        layers[f"l{i + 1}"] = {
            "w": random.uniform(-limit, limit, (fan_in, fan_out)).astype(np.float32),
            "b": np.zeros(fan_out, np.float32),
        }
    return layers


def optimizer(params):
    zeros = jax.tree.map(np.zeros_like, params)
    return {"m": zeros, "v": zeros, "t": np.int32(0)}


def logits(params, pixels):
    a = pixels.astype(jnp.float32) / 16
    for i in range(1, len(LAYERS)):
        a = a @ params[f"l{i}"]["w"] + params[f"l{i}"]["b"]
        a = jax.nn.relu(a) if i < len(LAYERS) - 1 else a
    return a


def losses(scores, digits):
    return jax.nn.logsumexp(scores, axis=1) - jnp.take_along_axis(scores, digits[:, None], 1)[:, 0]


def grads(params, batch):
    return jax.value_and_grad(lambda p: losses(logits(p, batch["x"]), batch["y"]).sum())(params)


def apply(params, optimizer, gradients):
    t = optimizer["t"] + 1
    m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, optimizer["m"], gradients)
    v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, optimizer["v"], gradients)
    rate = LEARNING_RATE / (1 - BETA1 ** t.astype(jnp.float32))
    root = jnp.sqrt(1 - BETA2 ** t.astype(jnp.float32))
    params = jax.tree.map(
        lambda p, m, v: p - rate * m / (jnp.sqrt(v) / root + EPSILON), params, m, v
    )
    return params, {"m": m, "v": v, "t": t}


def evaluate(params, batch):
    scores = logits(params, batch["x"])
    right = scores.argmax(axis=1) == batch["y"]
    return losses(scores, batch["y"]).mean(), right.mean()
