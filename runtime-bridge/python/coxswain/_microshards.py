"""Gradients of a rank's microshards, for agents to add."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

from ._samples import Samples
from ._streams import SplitStream
from ._threads import Gate
from ._views import View
from .trainer import Shard, Trainer


class Gradients:
    """Asks a trainer for them, microshard by microshard.

    Args:
        shard: any of the job's, for its layout.
    """

    def __init__(self, trainer: Trainer, gate: Gate, samples: Samples, shard: Shard) -> None:
        self._trainer, self._gate, self._samples = trainer, gate, samples
        self._gaps = _gaps(shard)

    def of(self, view: View, step: int) -> tuple[list[float], int, int, int] | None:
        """Writes them into the region. On the main thread.

        Returns:
            Losses, how many samples there were, their hash, and the nanoseconds that their data
            took; nothing, if the epoch is over.
        """
        trainer = self._trainer
        parameters = view.region.parameters().toreadonly()
        if isinstance(trainer, SplitStream):
            trainer.read_from(parameters, view.microshards)
        losses: list[float] = []
        begun: Callable[[], None] | None = None
        samples = sample_hash = data_nanos = 0
        for buffer, microshard in enumerate(view.microshards):
            if self._gate.is_aborted(view.epoch):
                return None
            start = time.perf_counter_ns()
            ids, hashes = self._samples.microshard(step, microshard)
            batch = trainer.batch(ids)
            data_nanos += time.perf_counter_ns() - start
            gradient = view.region.gradient(buffer)
            loss = trainer.grads(parameters, batch, gradient)
            # The one before ends while this one is computed.
            if begun is not None:
                begun()
            begun = functools.partial(self._end, loss, gradient, losses)
            samples += len(ids)
            sample_hash += hashes
        if begun is not None:
            begun()
        return losses, samples, sample_hash & (2**64 - 1), data_nanos

    def _end(
        self,
        loss: float | Callable[[], float],
        gradient: memoryview[float],
        losses: list[float],
    ) -> None:
        losses.append(float(loss() if callable(loss) else loss))
        for begin, end in self._gaps:
            gradient[begin:end].cast("B")[:] = bytes(4 * (end - begin))


def _gaps(shard: Shard) -> list[tuple[int, int]]:
    """What lies between parameters in the flat vector."""
    leaves = shard.layout.leaves
    begins = [leaf.begin for leaf in leaves[1:]] + [shard.layout.elements]
    return [(leaf.end, begin) for leaf, begin in zip(leaves, begins) if leaf.end < begin]
