"""Trains a network for handwritten digits with PyTorch: alone (python3 train.py), or as Coxswain's worker."""

import os
from pathlib import Path

import coxswain.torch
import torch
from coxswain import safetensors
from torch import nn
from torch.nn import functional as F

LAYERS = (64, 256, 256, 10)
DATA = Path(__file__).parent / "../digits-xla/digits.safetensors"


class Digits(nn.Module):
    """Pixels from 0 to 16 become ten scores."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in zip(LAYERS, LAYERS[1:]))
        for layer in self.layers:
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        x = x.float() / 16
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return self.layers[-1](x)


def adam(network):
    return torch.optim.Adam(network.parameters(), lr=0.002)


def loss(network, batch):
    return F.cross_entropy(network(batch["x"]), batch["y"])


def cut(network, mesh):
    from torch.distributed.fsdp import fully_shard

    for layer in network.layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(network, mesh=mesh)


def evaluate(network, batch):
    scores = network(batch["x"])
    right = scores.argmax(dim=1) == batch["y"]
    return F.cross_entropy(scores, batch["y"]), right.float().mean()


def load(path, part):
    tensors = safetensors.read(path)

    def tensor(name, dtype):
        found = tensors[f"{part}.{name}"]
        return torch.frombuffer(bytearray(found.data), dtype=dtype).reshape(found.shape)

    return {"x": tensor("x", torch.uint8), "y": tensor("y", torch.int32).long()}


def alone(steps=600, size=128, seed=20261122):
    """What the script did before Coxswain, and still does without it."""
    torch.manual_seed(seed)
    network, data = Digits(), load(DATA, "train")
    optimizer = adam(network)
    for n in range(1, steps + 1):
        ids = torch.randperm(len(data["y"]))[:size]
        value = loss(network, {name: rows[ids] for name, rows in data.items()})
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        if n % 100 == 0:
            print(f"step {n}: loss {value:.4f}")
    with torch.no_grad():
        mean, accuracy = evaluate(network, load(DATA, "held_out"))
    print(f"held out: loss {mean:.4f}, accuracy {accuracy:.4f}")


if __name__ == "__main__":
    if coxswain.is_worker():
        coxswain.torch.run(
            module=Digits,
            optimizer=adam,
            loss=loss,
            reduction="mean",
            data=lambda path: load(path, "train"),
            evaluate=evaluate,
            held_out=lambda path: load(path, "held_out"),
            collectives=os.environ.get("COLLECTIVES", "agent"),
            shard=cut if os.environ.get("SHARD") else None,
        )
    alone()
