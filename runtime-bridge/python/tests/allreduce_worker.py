"""A worker for the tests that reduces by itself: a linear model in plain Python whose ranks add their
gradients over sockets, and find each other through the view's store.

Rank 0 adds what the ranks send, in the order of ranks, and sends the sum back: so the same mesh gives
the same bits, whichever hosts it runs on. ``config`` may have:

* ``reforms``: true: the process survives the death of another rank;
* ``pause``: seconds that a step takes besides;
* ``failAt``: the step in which rank 1 raises;
* ``hangAt``: the step from which rank 1 never comes back, unless there is the file ``marker``, which
  it makes;
* ``dieAt``: the step in which rank 1's process ends, once: it makes the file ``marker`` before;
* ``differAt``: from that step on, rank 1 has another state than the others;
* ``blames``: a broken group counts as an error of its own;
* ``folder``: a folder that all ranks see, in place of the view's store.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
import time
from array import array
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import coxswain
from coxswain.order import derive

_VARIABLES = ("RANK", "MASTER_ADDR", "MASTER_PORT", "GROUP_RANK", "TORCHELASTIC_RUN_ID")
FEATURES = 48
RATE, MOMENTUM = 0.05, 0.9
SAMPLES = 1438
PATIENCE = 60.0


def noise(stream: int, index: int) -> float:
    """A number from -1 to 1."""
    return derive(derive(0, stream), index) / 2**63 - 1


class FolderStore:
    """The least of a store, for agents that serve none."""

    def __init__(self, folder: str, epoch: int) -> None:
        self._folder, self._epoch = Path(folder), epoch

    def set(self, key: str, value: str) -> None:
        made = self._folder / f".{self._epoch}-{key}-{os.getpid()}"
        made.write_text(value)
        made.rename(self._folder / f"{self._epoch}-{key}")

    def get(self, key: str, timeout: float) -> bytes:
        end = time.monotonic() + timeout
        while True:
            try:
                return (self._folder / f"{self._epoch}-{key}").read_bytes()
            except FileNotFoundError:
                if time.monotonic() > end:
                    raise TimeoutError(f"nobody set {key}") from None
                time.sleep(0.01)


class Sums:
    """Adds vectors of all ranks of a group."""

    def __init__(self, group: coxswain.Group, store: object) -> None:
        self.rank, self.size = group.rank, group.world_size
        self.peers: list[socket.socket] = []
        if self.rank == 0:
            with socket.create_server((group.host, 0), backlog=self.size) as hub:
                hub.settimeout(PATIENCE)
                store.set("hub", f"{group.host}:{hub.getsockname()[1]}")  # type: ignore[attr-defined]
                accepted = {}
                while len(accepted) < self.size - 1:
                    peer, _ = hub.accept()
                    (number,) = struct.unpack("<i", receive(peer, 4))
                    accepted[number] = peer
            self.peers = [accepted[rank] for rank in sorted(accepted)]
        else:
            host, _, port = store.get("hub", PATIENCE).decode().rpartition(":")  # type: ignore[attr-defined]
            self.peers = [socket.create_connection((host, int(port)), PATIENCE)]
            self.peers[0].sendall(struct.pack("<i", self.rank))
        for peer in self.peers:
            peer.settimeout(None)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def add(self, values: array[float]) -> array[float]:
        """The sum of all ranks' vectors."""
        if self.rank:
            self.peers[0].sendall(values.tobytes())
            return array("d", receive(self.peers[0], 8 * len(values)))
        for peer in self.peers:
            theirs = array("d", receive(peer, 8 * len(values)))
            for i, value in enumerate(theirs):
                values[i] += value
        for peer in self.peers:
            peer.sendall(values.tobytes())
        return values

    def close(self) -> None:
        for peer in self.peers:
            try:
                peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # It is closed already.
            peer.close()


def receive(peer: socket.socket, size: int) -> bytes:
    """So many bytes."""
    found = bytearray()
    while len(found) < size:
        some = peer.recv(size - len(found))
        if not some:
            raise EOFError("another rank has closed its connection")
        found += some
    return bytes(found)


class Linear(coxswain.FusedTrainer):
    """y = w·x + b."""

    def build(self, job: coxswain.Job) -> coxswain.FusedProgram:
        self.job = job
        self.reforms = bool(job.config.get("reforms", False))
        self.sums: Sums | None = None
        self.lock = threading.Lock()
        self.hidden = [noise(1, i) for i in range(FEATURES)]
        return coxswain.FusedProgram(
            (
                coxswain.Leaf("w", "f64", (FEATURES + 1,)),
                coxswain.Leaf("momentum", "f64", (FEATURES + 1,)),
                coxswain.Leaf("step", "i64"),
            ),
            SAMPLES,
            fingerprint="allreduce-1",
        )

    def initialize(self, shard: coxswain.Shard) -> None:
        self.w = array("d", (noise(derive(self.job.seed, 2), i) for i in range(FEATURES + 1)))
        self.momentum = array("d", bytes(8 * (FEATURES + 1)))
        self.made = 0

    def load(self, shard: coxswain.Shard, parts: Sequence[memoryview]) -> None:
        self.w, self.momentum = array("d", bytes(parts[0])), array("d", bytes(parts[1]))
        self.made = int.from_bytes(parts[2], "little")

    def state(self) -> Sequence[bytes]:
        return [self.w.tobytes(), self.momentum.tobytes(), self.made.to_bytes(8, "little")]

    def reform(self, group: coxswain.Group) -> None:
        if any(os.environ.get(name) != value for name, value in group.env.items()):
            raise AssertionError("the environment is not this group's")
        if any(name in os.environ and name not in group.env for name in _VARIABLES):
            raise AssertionError("somebody else's group is in the environment")
        self.rank = group.rank
        folder = self.job.config.get("folder")
        store = FolderStore(folder, group.epoch) if folder else group.store
        self.interrupt()
        sums = Sums(group, store)
        with self.lock:
            self.sums = sums

    def batch(self, samples: Sequence[int]) -> list[tuple[list[float], float]]:
        rows = []
        for number in samples:
            x = [noise(3 + number, i) for i in range(FEATURES)]
            rows.append((x, sum(a * b for a, b in zip(x, self.hidden)) + 0.5))
        return rows

    def step(self, samples: Sequence[int], batch: list[tuple[list[float], float]]) -> float:
        config = self.job.config
        if self.rank == 1 and config.get("failAt") == self.made + 1:
            raise ValueError("told to fail")
        if self.rank == 1 and config.get("hangAt") == self.made + 1:
            marker = Path(config["marker"])
            if not marker.exists():
                marker.write_text("hung")
                threading.Event().wait()
        if self.rank == 1 and config.get("dieAt") == self.made + 1:
            marker = Path(config["marker"])
            if not marker.exists():
                marker.write_text("died")
                os._exit(9)
        time.sleep(config.get("pause", 0))
        total, loss = self.gradient(batch)
        sums = self.sums
        if sums is None:
            raise ConnectionError("the group is over")
        coxswain.entering()
        reduced = sums.add(array("d", [*total, loss]))
        # From here on nothing can fail: half a step is no state.
        for i in range(FEATURES + 1):
            self.momentum[i] = MOMENTUM * self.momentum[i] + reduced[i] / self.job.batch
            self.w[i] -= RATE * self.momentum[i]
        self.made += 1
        if self.rank == 1 and config.get("differAt") == self.made:
            self.w[0] += 1
        return reduced[-1] / self.job.batch

    def gradient(self, batch: list[tuple[list[float], float]]) -> tuple[list[float], float]:
        total, loss = [0.0] * (FEATURES + 1), 0.0
        for x, y in batch:
            error = sum(v * u for v, u in zip(x, self.w)) + self.w[FEATURES] - y
            loss += error * error / 2
            for i, v in enumerate(x):
                total[i] += error * v
            total[FEATURES] += error
        return total, loss

    def interrupt(self) -> None:
        with self.lock:
            sums, self.sums = self.sums, None
        if sums is not None:
            sums.close()

    def broken(self, error: BaseException) -> bool:
        if self.job.config.get("blames"):
            return False
        return super().broken(error) or isinstance(error, OSError)

    def evaluate(self) -> coxswain.Evaluation:
        rows = self.batch(range(SAMPLES, SAMPLES + 100))
        return coxswain.Evaluation(self.gradient(rows)[1] / len(rows))


if __name__ == "__main__":
    coxswain.run(Linear())
