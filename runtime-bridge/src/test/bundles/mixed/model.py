"""A model for tests of runtimes: all that a bundle may have, in a few kilobytes.

Types of many kinds, a scalar parameter, a leaf that is cut, a pair and a fused step with donated
arguments. Exported by (from the project's folder):

./coxswain bundle runtime-bridge/src/test/bundles/mixed/model.py \
    --out runtime-bridge/src/test/bundles/mixed/bundle
"""

import jax
import jax.numpy as jnp
import numpy as np

IN, OUT = 70, 80

reduction = "mean"
batch_size, microshard_samples, held_out = 12, 3, 5
shards = (1, 2, 3)
donate = True
stablehlo = "1.9.0"
name = "mixed"
batch = {
    "half": jax.ShapeDtypeStruct((microshard_samples, IN), jnp.float16),
    "label": jax.ShapeDtypeStruct((microshard_samples,), jnp.int16),
    "used": jax.ShapeDtypeStruct((microshard_samples,), jnp.bool_),
}


def params():
    random = np.random.default_rng(1)
    return {
        "w": (random.standard_normal((IN, OUT)) / IN**0.5).astype(np.float32),
        "b": np.zeros(OUT, np.float32),
        "scale": np.ones((), np.float32),
    }


def optimizer(params):
    return {
        "m": jax.tree.map(lambda p: jnp.zeros(p.shape, jnp.bfloat16), params),
        "seen": np.uint8(0),
        "key": np.array([1, 2], np.uint32),
        "even": np.bool_(True),
    }


def losses(params, batch):
    x = batch["half"].astype(jnp.float32)
    scores = (x @ params["w"] + params["b"]) * params["scale"]
    target = jax.nn.one_hot(batch["label"], OUT, dtype=jnp.float32)
    loss = jax.nn.logsumexp(scores, axis=1) - (scores * target).sum(axis=1)
    right = scores.argmax(axis=1) == batch["label"]
    return jnp.where(batch["used"], loss, 0.0), right


def grads(params, batch):
    return jax.value_and_grad(lambda p: losses(p, batch)[0].mean())(params)


def apply(params, optimizer, gradients):
    m = jax.tree.map(lambda m, g: 0.5 * m.astype(jnp.float32) + g, optimizer["m"], gradients)
    params = jax.tree.map(lambda p, m: p - 0.1 * m, params, m)
    state = {
        "m": jax.tree.map(lambda m: m.astype(jnp.bfloat16), m),
        "seen": optimizer["seen"] + jnp.uint8(1),
        "key": optimizer["key"] * jnp.uint32(1664525) + jnp.uint32(1013904223),
        "even": ~optimizer["even"],
    }
    return params, state


def step(params, optimizer, batch):
    loss, gradients = grads(params, batch)
    return (*apply(params, optimizer, gradients), loss)


def evaluate(params, batch):
    loss, right = losses(params, batch)
    return loss.mean(), right.mean()
