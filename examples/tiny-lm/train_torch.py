"""Trains the same language model with PyTorch: alone (python3 train_torch.py), or as Coxswain's worker."""

import argparse
import time
from pathlib import Path

import coxswain.torch
import torch
from coxswain import safetensors
from torch import nn
from torch.nn import functional as F

DATA = Path(__file__).parent / "text.safetensors"
VOCABULARY, CONTEXT = 128, 64  # ASCII; bytes that the model sees at once
WIDTH, HEADS, LAYERS = 96, 4, 3


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention_norm, self.mlp_norm = nn.RMSNorm(WIDTH, 1e-6), nn.RMSNorm(WIDTH, 1e-6)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.out = nn.Linear(WIDTH, WIDTH, bias=False)
        self.up = nn.Linear(WIDTH, 4 * WIDTH, bias=False)
        self.down = nn.Linear(4 * WIDTH, WIDTH, bias=False)
        for layer in (self.qkv, self.up):
            nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
        for layer in (self.out, self.down):
            nn.init.normal_(layer.weight, std=(2 * LAYERS * layer.in_features) ** -0.5)

    def forward(self, x):
        samples, length, width = x.shape
        heads = self.qkv(self.attention_norm(x)).view(samples, length, 3, HEADS, -1)
        q, k, v = heads.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(samples, length, width))
        return x + self.down(F.gelu(self.up(self.mlp_norm(x)), approximate="tanh"))


class LanguageModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        self.positions = nn.Parameter(0.1 * torch.randn(CONTEXT, WIDTH))
        self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
        self.norm = nn.RMSNorm(WIDTH, 1e-6)
        self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)
        nn.init.normal_(self.embedding.weight, std=0.5)
        nn.init.normal_(self.head.weight, std=WIDTH**-0.5)

    def forward(self, tokens):
        return self.head(self.norm(self.blocks(self.embedding(tokens) + self.positions)))


def loss_and_right(network, tokens):
    """The mean loss in nats per byte, and the share of bytes of which the likeliest is right."""
    tokens = tokens.long()
    scores, target = network(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten()
    return F.cross_entropy(scores, target), (scores.argmax(dim=1) == target).float().mean()


def adamw(network):
    return torch.optim.AdamW(
        network.parameters(), lr=3e-3, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1
    )


def schedule(optimizer):
    """50 steps of warm-up, then a line down to a tenth at step 1000."""
    return torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda n: min((n + 1) / 50, 1) * min(max((999 - n) / 950, 0.1), 1)
    )


def load(path, part):
    windows = safetensors.read(path)[f"{part}.tokens"]
    return {
        "tokens": torch.frombuffer(bytearray(windows.data), dtype=torch.uint8).view(windows.shape)
    }


def alone(steps, warm, size=32):
    """What the script did before Coxswain, and still does without it."""
    torch.manual_seed(1)
    torch.set_num_threads(1)
    network, data = LanguageModel(), load(DATA, "train")
    optimizer = adamw(network)
    scheduler = schedule(optimizer)
    begin = time.perf_counter()
    for n in range(1, steps + 1):
        ids = torch.randint(len(data["tokens"]), (size,))
        loss, _ = loss_and_right(network, data["tokens"][ids])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        if n % 100 == 0:
            print(f"step {n}: loss {loss:.4f}")
        if n == warm:
            begin = time.perf_counter()
    print(f"{1e3 * (time.perf_counter() - begin) / (steps - warm)} ms a step")


if not coxswain.is_worker():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--warm", type=int, default=10, help="steps that are not timed")
    options = parser.parse_args()
    alone(options.steps, options.warm)
else:
    coxswain.torch.run(
        module=LanguageModel,
        optimizer=adamw,
        scheduler=schedule,
        loss=lambda network, batch: loss_and_right(network, batch["tokens"])[0],
        reduction="mean",
        data=lambda path: load(path, "train"),
        evaluate=lambda network, batch: loss_and_right(network, batch["tokens"]),
        held_out=lambda path: load(path, "held_out"),
    )
