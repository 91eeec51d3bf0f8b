"""A small decoder-only transformer that learns to continue a text, byte by byte; AdamW.

Exported by: ./coxswain bundle examples/tiny-lm/model.py --out examples/tiny-lm/bundle
"""

import jax
import jax.numpy as jnp
import numpy as np

VOCABULARY, CONTEXT = 128, 64  # ASCII; bytes that the model sees at once
WIDTH, HEADS, LAYERS = 96, 4, 3
LEARNING_RATE, WARMUP, DECAY_END, FLOOR = 3e-3, 50, 1000, 0.1
BETA1, BETA2, EPSILON, WEIGHT_DECAY = 0.9, 0.99, 1e-8, 0.1

name = "tiny-lm"
reduction = "mean"  # over the windows of a microshard (and within each over its bytes)
batch_size = 32
microshard_samples = 8
held_out = 226
shards = (1, 2)
stablehlo = "1.9.0"  # old enough for plugins of 2024

# A sample is a window of the text: the model sees all bytes but the last and predicts all but
# the first.
batch = {"tokens": jax.ShapeDtypeStruct((microshard_samples, CONTEXT + 1), jnp.uint8)}


def params():
    random = np.random.default_rng(20261127)

    def normal(rows, columns, deviation):
        return (random.standard_normal((rows, columns)) * deviation).astype(np.float32)

    def layer():
        return {
            "attention_norm": np.ones(WIDTH, np.float32),
            "qkv": normal(WIDTH, 3 * WIDTH, WIDTH**-0.5),
            "out": normal(WIDTH, WIDTH, (2 * LAYERS * WIDTH) ** -0.5),
            "mlp_norm": np.ones(WIDTH, np.float32),
            "up": normal(WIDTH, 4 * WIDTH, WIDTH**-0.5),
            "down": normal(4 * WIDTH, WIDTH, (2 * LAYERS * 4 * WIDTH) ** -0.5),
        }

    return {
        "embedding": normal(VOCABULARY, WIDTH, 0.5),
        "positions": normal(CONTEXT, WIDTH, 0.1),
        "layers": [layer() for _ in range(LAYERS)],
        "norm": np.ones(WIDTH, np.float32),
        "head": normal(WIDTH, VOCABULARY, WIDTH**-0.5),
    }


def optimizer(params):
    zeros = jax.tree.map(np.zeros_like, params)
    return {"m": zeros, "v": zeros, "t": np.int32(0)}


def normalized(x, scale):
    return x * jax.lax.rsqrt((x * x).mean(axis=-1, keepdims=True) + 1e-6) * scale


def attention(x, layer):
    samples, length, width = x.shape
    qkv = (x @ layer["qkv"]).reshape(samples, length, 3, HEADS, width // HEADS)
    q, k, v = qkv[:, :, 0], qkv[:, :, 1], qkv[:, :, 2]
    scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) * (width // HEADS) ** -0.5
    seen = np.tril(np.ones((length, length), bool))
    weights = jax.nn.softmax(jnp.where(seen, scores, -1e9), axis=-1)
    mixed = jnp.einsum("bhqk,bkhd->bqhd", weights, v).reshape(samples, length, width)
    return mixed @ layer["out"]


def logits(params, tokens):
    # A product with one-hot rows: its gradient is a product too, faster on CPUs than a scatter.
    x = jax.nn.one_hot(tokens, VOCABULARY, dtype=jnp.float32) @ params["embedding"]
    x = x + params["positions"]
    for layer in params["layers"]:
        x = x + attention(normalized(x, layer["attention_norm"]), layer)
        hidden = normalized(x, layer["mlp_norm"]) @ layer["up"]
        x = x + jax.nn.gelu(hidden, approximate=True) @ layer["down"]
    return normalized(x, params["norm"]) @ params["head"]


def loss_and_right(params, tokens):
    """For each byte to predict: the loss in nats, and whether the likeliest byte is right."""
    scores, target = logits(params, tokens[:, :-1]), tokens[:, 1:].astype(jnp.int32)
    chosen = (scores * jax.nn.one_hot(target, VOCABULARY, dtype=jnp.float32)).sum(axis=-1)
    return jax.nn.logsumexp(scores, axis=-1) - chosen, scores.argmax(axis=-1) == target


def grads(params, batch):
    return jax.value_and_grad(lambda p: loss_and_right(p, batch["tokens"])[0].mean())(params)


def apply(params, optimizer, gradients):
    t = optimizer["t"] + 1
    time = t.astype(jnp.float32)
    decay = jnp.clip((DECAY_END - time) / (DECAY_END - WARMUP), FLOOR, 1.0)
    rate = LEARNING_RATE * jnp.minimum(time / WARMUP, 1.0) * decay
    m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, optimizer["m"], gradients)
    v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, optimizer["v"], gradients)
    corrected, root = 1 / (1 - BETA1**time), jnp.sqrt(1 - BETA2**time)
    params = jax.tree.map(
        lambda p, m, v: (
            p - rate * (corrected * m / (jnp.sqrt(v) / root + EPSILON) + WEIGHT_DECAY * p)
        ),
        params,
        m,
        v,
    )
    return params, {"m": m, "v": v, "t": t}


def evaluate(params, batch):
    losses, right = loss_and_right(params, batch["tokens"])
    return losses.mean(), right.mean()
