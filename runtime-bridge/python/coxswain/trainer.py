"""What a program must do to be trained by Coxswain: :class:`Trainer`, or :class:`FusedTrainer` if it
reduces between ranks by itself, and the words it is told in.

Everything is framework-neutral: parameters and gradients are flat vectors of float32 in shared
memory, the rest of the state is bytes. ``coxswain.jax`` is a trainer for JAX scripts. Needs only the
standard library.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from typing import Any

from ._leaves import WRITER as WRITER
from ._leaves import Captured as Captured
from ._leaves import Copy as Copy
from ._leaves import Floats as Floats
from ._leaves import Leaf as Leaf
from ._leaves import Part as Part
from ._leaves import Piece as Piece
from ._leaves import Shard as Shard
from ._leaves import TrainerError as TrainerError
from ._programs import Evaluation as Evaluation
from ._programs import FusedProgram as FusedProgram
from ._programs import Group as Group
from ._programs import Job as Job
from ._programs import Program as Program
from ._store import StoreError


class Trainer(abc.ABC):
    """A program that Coxswain trains. Subclass it and pass an object to :func:`coxswain.run`.

    The order of calls: :meth:`build`; :meth:`warm_up`, perhaps; then, whenever this process takes a
    rank, :meth:`initialize` or :meth:`load` (or neither, if it goes on with the state that it has);
    for each step :meth:`batch` and :meth:`grads` per microshard, then :meth:`apply`. A job that is
    over asks for :meth:`evaluate`.

    Everything is called on the main thread, but for functions that :meth:`state` gives. An
    exception ends the step; its traceback goes to the worker's log and its message to the agent.
    Raise :class:`TrainerError` for what a person can mend. Whoever holds Python's global lock for 2 s
    is taken for hung and killed.

    The flat vector: the parameters one after another, each beginning at a multiple of 16 elements
    (``Program.layout()``); what lies between is zero and not the trainer's business.
    """

    @abc.abstractmethod
    def build(self, job: Job) -> Program:
        """Loads program and data for a job. Another job may follow; it replaces this one."""

    def warm_up(self) -> None:
        """Compiles all there is to compile, so that no step has to. Changes no state."""

    @abc.abstractmethod
    def initialize(self, shard: Shard) -> None:
        """Makes the initial state of the shard, from the job's seed, the live one."""

    @abc.abstractmethod
    def load(self, shard: Shard, parts: Sequence[memoryview]) -> None:
        """Makes a stored state the live one.

        Args:
            shard: the shard, which need not be the one before.
            parts: the bytes of each of the shard's parts. Copy them: they are gone afterwards.
        """

    @abc.abstractmethod
    def state(self) -> Sequence[Captured]:
        """The live state: for each of the shard's parts its bytes, in order.

        Bytes are copied at once, while the step waits. A function is called later, on another
        thread, while the next steps are made: it must give the bytes of the state as it is now. A
        :class:`Copy` is begun at once and ended later.
        """

    def mapped(self, memory: memoryview) -> None:
        """The memory that states are copied into is mapped: it may be registered with a device."""

    def unmapped(self, memory: memoryview) -> None:
        """The same memory (the same object) is unmapped next."""

    def batch(self, samples: Sequence[int]) -> Any:
        """The data of these samples, for :meth:`grads`. Its time is booked as waiting for data."""
        return samples

    @abc.abstractmethod
    def grads(
        self, parameters: Floats, batch: Any, gradient: Floats
    ) -> float | Callable[[], float]:
        """Writes the *sum* of the samples' gradients; gives the sum of their losses.

        Where the device works by itself, it may give a function that waits for it and writes: it is
        called when the next microshard has been given to the device, or in the end.

        Must not change the live state, nor the parameters. What it gives must follow from its
        arguments alone, so that it does not matter which process computes it.

        Args:
            parameters: float32, the whole flat vector.
            batch: what :meth:`batch` gave for one microshard.
            gradient: float32, the whole flat vector; holds anything.
        """

    @abc.abstractmethod
    def apply(self, gradient: Floats) -> None:
        """Updates the live state.

        Args:
            gradient: float32, the shard's range of the flat vector: the *sum* over the global
                batch. (A mean is made by dividing by ``job.batch``.)
        """

    def evaluate(self, parameters: Floats) -> Evaluation | None:
        """Evaluates the final parameters (float32, the whole flat vector) on held-out data."""
        return None


class FusedTrainer(abc.ABC):
    """A program that makes each step whole and reduces with the other ranks' processes by itself, as
    with ``collectives: {across: runtime}`` in the job file: by gloo, NCCL, or sockets of its own.

    The order of calls: :meth:`build`; :meth:`warm_up`, perhaps; :meth:`initialize` or :meth:`load`
    when this process takes a rank; :meth:`reform` once all ranks of the view have their state; then
    for each step :meth:`batch` and :meth:`step`. Between steps :meth:`state` may be asked for. A job
    that is over asks for :meth:`evaluate`, of rank 0 alone.

    When a member dies, the others' step cannot end. Unless the program says that it ``reforms``,
    the processes of *all* ranks are killed and started anew then; what they load lies in memory of
    their host. All replicas of a shard hold the same state; it may differ in no bit between them,
    but for leaves that are per rank.

    Threads and errors: as of :class:`Trainer`.
    """

    #: The program can leave a broken group and join the next one, in the same process. Then
    #: :meth:`interrupt` must end a step that waits for others within a second, by an exception for
    #: which :meth:`broken` is true, and **a step that ends so must leave the state as it was**.
    reforms: bool = False

    @abc.abstractmethod
    def build(self, job: Job) -> FusedProgram:
        """Loads program and data for a job. There is no group yet."""

    def warm_up(self) -> None:
        """Compiles what can be compiled without the others. Changes no state."""

    @abc.abstractmethod
    def initialize(self, shard: Shard) -> None:
        """Makes the initial state, from the job's seed, the live one."""

    @abc.abstractmethod
    def load(self, shard: Shard, parts: Sequence[memoryview]) -> None:
        """Makes a stored state the live one: the bytes of each leaf, or of each piece of the
        shard. Copy them."""

    @abc.abstractmethod
    def state(self) -> Sequence[Captured]:
        """The live state, leaf by leaf or piece by piece, as of :meth:`Trainer.state`."""

    def mapped(self, memory: memoryview) -> None:
        """As of :class:`Trainer`."""

    def unmapped(self, memory: memoryview) -> None:
        """As of :class:`Trainer`."""

    def expect(self, group: Group) -> None:
        """A rank of a view was taken, whose group will be joined by :meth:`reform` unless the view
        ends before. Others have not heard of it yet: begin what takes a while (:meth:`Group.serve`,
        on a thread), and wait for nobody."""

    @abc.abstractmethod
    def reform(self, group: Group) -> None:
        """Joins the group of a view: builds process group and collectives anew. Returns when steps
        can be made. Called before the first step of each view; what an earlier view left behind is
        of no use."""

    def batch(self, samples: Sequence[int]) -> Any:
        """The data of these samples, for :meth:`step`. Its time is booked as waiting for data."""
        return samples

    @abc.abstractmethod
    def step(self, samples: Sequence[int], batch: Any) -> float:
        """Makes one step with all ranks of the group: gradients, their reduction, update.

        Args:
            samples: the ids of this rank's part of the global batch. Ranks may have one more or less.
            batch: what :meth:`batch` gave for them.

        Returns:
            The mean loss of the global batch, or of these samples where it is not known.
        """

    def add(self, values: Floats) -> None:
        """Only with a :class:`Stream`: makes of a vector of float32 the sum over all ranks of the
        group, in place. Called before each step; the numbers are whole ones below 256, so the sum
        is exact in any order."""
        raise NotImplementedError

    def interrupt(self) -> None:
        """Ends a step that waits for others, or :meth:`reform`, if the program ``reforms``. Called on
        another thread, at any time; the next group is joined when it has returned."""

    def broken(self, error: BaseException) -> bool:
        """Whether an exception of :meth:`step` or :meth:`reform` means that the group broke, rather
        than that this program is wrong: then nobody blames this rank, but waits a second for the
        news of who died. Errors of the view's store count as broken groups."""
        return isinstance(error, (ConnectionError, TimeoutError, EOFError, StoreError))

    def evaluate(self) -> Evaluation | None:
        """Evaluates the final state on held-out data. The other ranks take no part in it: where
        the state is cut, what is needed of it must have been gathered in the last step."""
        return None
