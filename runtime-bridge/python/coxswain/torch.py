"""Makes a PyTorch training script a Coxswain worker.

::

    import coxswain.torch

    coxswain.torch.run(
        module=Net,             # a module, or a function that makes it
        optimizer=lambda net: torch.optim.AdamW(net.parameters(), lr=1e-3),
        loss=loss,              # loss(module, batch) -> one number, of one microshard
        reduction="mean",       # what loss is over the samples
        data=load,              # tensors, a Dataset, or a function of the job's data path
    )

The loop is Coxswain's: which samples a step has, the sum of the gradients over all ranks, when the
optimizer steps and when the state is copied. Importing this module imports neither PyTorch nor
NumPy; running does.
"""

from __future__ import annotations

import random
import warnings
import zlib
from array import array
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from . import (
    _host,
    _torch_copies,
    _torch_data,
    _torch_ddp,
    _torch_fsdp,
    _torch_loading,
    _torch_module,
    _torch_state,
    worker,
)
from ._programs import require_samples
from ._report import within
from ._torch_data import Batch, require_torch
from ._torch_module import CHANGED, Buffer, Tied, machine, replaced
from .order import derive
from .stream import Stream, Taken
from .trainer import Captured, Evaluation, Floats, Job, Program, Shard, Trainer, TrainerError

#: Held-out samples that are evaluated at once.
_EVALUATED = 1024


def run(
    *,
    module: Any,
    optimizer: Callable[[Any], Any],
    loss: Callable[[Any, Any], Any],
    reduction: str,
    data: Any = None,
    batch: Callable[[Any], Any] | None = None,
    samples: int | Stream | None = None,
    collate: Callable[[Any], Any] | None = None,
    scheduler: Callable[[Any], Any] | None = None,
    clip_norm: float | None = None,
    evaluate: Callable[[Any, Any], Any] | None = None,
    held_out: Any = None,
    deterministic: bool | None = None,
    threads: int | None = None,
    collectives: str = "agent",
    shard: Callable[[Any, Any], Any] | None = None,
) -> NoReturn:
    """Trains as the agent says that started this process; never returns.

    Args:
        collectives: who adds the gradients of the ranks: ``"agent"``, or ``"runtime"``: a process
            group of PyTorch (DistributedDataParallel), as the job's ``collectives.across`` says.
        shard: with collectives of the runtime: ``shard(module, mesh)`` cuts the module by calling
            ``torch.distributed.fsdp.fully_shard`` with that mesh; its dimension ``shard`` has as many
            processes as hold the state together, those of ``mesh.shards`` agents. The state is then
            cut in DTensors, not held whole.

    The others are those of :class:`TorchTrainer`.
    """
    if collectives not in ("agent", "runtime"):
        raise TrainerError(f"collectives must be 'agent' or 'runtime', not {collectives!r}")
    if shard is not None and collectives != "runtime":
        raise TrainerError(
            "shard cuts what PyTorch's own process group reduces: give collectives='runtime' with it"
        )
    trainer = TorchTrainer(
        module=module,
        optimizer=optimizer,
        loss=loss,
        reduction=reduction,
        data=data,
        batch=batch,
        samples=samples,
        collate=collate,
        scheduler=scheduler,
        clip_norm=clip_norm,
        evaluate=evaluate,
        held_out=held_out,
        deterministic=deterministic,
        threads=threads,
    )
    _torch_data.import_ahead()
    if collectives == "agent":
        worker.run(trainer)
    worker.run(
        _torch_ddp.DdpTrainer(trainer) if shard is None else _torch_fsdp.FsdpTrainer(trainer, shard)
    )


class TorchTrainer(Trainer):
    """A trainer made of a PyTorch module, an optimizer and a loss.

    Args:
        module: an ``nn.Module``, or a function without arguments that makes one; before it is
            called, PyTorch's generator is seeded with the job's seed.
        optimizer: ``optimizer(module)`` gives a ``torch.optim.Optimizer`` for the module. Where the
            state is cut into shards it must work element by element, which is checked.
        loss: ``loss(module, batch)`` of one microshard: one number that depends on the parameters.
        reduction: what it is over the samples: ``"sum"`` or ``"mean"``.
        data: a tree of tensors or arrays whose rows are the samples, a ``Dataset`` with
            ``__getitem__`` and ``__len__``, or a function of the job's ``data`` (a path) that gives
            one of them.
        batch: instead of ``data``: a function of sample ids (a tensor) that gives their batch,
            always the same for the same ids.
        samples: with ``batch``: how many samples there are; or a :class:`coxswain.Stream`, and
            ``batch`` gets a list of its samples in place of ids.
        collate: of a ``Dataset``: makes a batch of a list of samples. Default: PyTorch's own.
        scheduler: ``scheduler(optimizer)`` gives a learning-rate scheduler, which steps after each
            step without arguments.
        clip_norm: greatest norm of the gradient over the global batch. Needs one shard.
        evaluate: ``evaluate(module, batch) -> (mean loss, accuracy)`` of held-out samples.
        held_out: with ``evaluate``: as ``data``.
        deterministic: whether the same step gives the same bits in any process on such a host.
            Default: where the module is on the CPU. Then only deterministic algorithms are used,
            and hosts with other versions, processors or numbers of threads are refused.
        threads: of PyTorch's operations. Default: 1 where results are deterministic.
    """

    def __init__(
        self,
        *,
        module: Any,
        optimizer: Callable[[Any], Any],
        loss: Callable[[Any, Any], Any],
        reduction: str,
        data: Any = None,
        batch: Callable[[Any], Any] | None = None,
        samples: int | Stream | None = None,
        collate: Callable[[Any], Any] | None = None,
        scheduler: Callable[[Any], Any] | None = None,
        clip_norm: float | None = None,
        evaluate: Callable[[Any, Any], Any] | None = None,
        held_out: Any = None,
        deterministic: bool | None = None,
        threads: int | None = None,
    ) -> None:
        if (data is None) == (batch is None):
            raise TrainerError("give either data (tensors) or batch (a function of sample ids)")
        if (batch is None) != (samples is None):
            raise TrainerError("batch and samples belong together: how many samples are there?")
        if (evaluate is None) != (held_out is None):
            raise TrainerError("evaluate and held_out belong together: give both or neither")
        if reduction not in ("sum", "mean"):
            raise TrainerError(f"reduction must be 'sum' or 'mean', not {reduction!r}")
        if clip_norm is not None and not clip_norm > 0:
            raise TrainerError(f"clip_norm must be greater than 0, not {clip_norm!r}")
        if threads is not None and (not isinstance(threads, int) or threads < 1):
            raise TrainerError(f"threads must be 1 or more, not {threads!r}")
        self._given, self._optimizer, self._scheduler = module, optimizer, scheduler
        self._loss, self._mean, self._clip_norm = loss, reduction == "mean", clip_norm
        self._data, self._batch, self._count, self._collate = data, batch, samples, collate
        self._evaluate, self._held_out = evaluate, held_out
        self._deterministic, self._threads = deterministic, threads
        # Now: later on, who has trained has imported more than who has not.
        self._sources = _host.sources()
        self._live: _torch_state.Live | None = None
        self._bound: Floats | None = None
        #: Where the module lies on a device: snapshots beside the steps.
        self.copies: _torch_copies.Copies | None = None

    # ------------------------------------------------------------ loading

    def build(self, job: Job) -> Program:
        self._live, self._bound = None, None
        torch, _ = require_torch()
        self._job = job
        # Views of what is only read, such as the parameters of the other shards.
        warnings.filterwarnings("ignore", message="The given (buffer|NumPy array) is not writable")
        if self._clip_norm is not None and job.shards > 1:
            raise TrainerError(
                "clip_norm needs the whole gradient, and a rank of this job has one of"
                f" {job.shards} shards: set mesh.shards: 1"
            )
        self.module = module = _torch_loading.made(self._given, job.seed)
        trained, rest = _torch_loading.sort_parameters(module, self._optimizer)
        self.device = next(iter(trained.values())).device
        self._is_deterministic = (
            self.device.type == "cpu" if self._deterministic is None else self._deterministic
        )
        if self.device.type == "cuda":
            self.copies = _torch_copies.Copies(_torch_copies.Cuda(torch, self.device))
        if self._threads or self._is_deterministic:
            torch.set_num_threads(self._threads or 1)
        if self._is_deterministic:
            torch.use_deterministic_algorithms(True)
            # It costs time, and is of use for programs only that read what nobody wrote.
            torch.utils.deterministic.fill_uninitialized_memory = False
        self._source = self._samples(job)
        self._held_out_source = (
            _torch_data.source("held_out", self._held_out, job.data, self._collate)
            if self._evaluate is not None
            else None
        )
        module.train()
        self._tied = Tied(module, trained)
        self._rest_versions = [(name, value, value._version) for name, value in rest.items()]
        moving = self._try(job)
        names = (*trained, *(one.name for one in moving))
        # The module's own parameters come to lie in the flat vector.
        initial = [value.detach().clone() for value in trained.values()]
        initial += [one.tensor.detach().clone() for one in moving]
        model = _torch_state.Model(
            names,
            tuple(initial),
            len(trained),
            tuple(self._counting.values()),
            self._make_optimizer,
            self._make_scheduler,
            self._clip_norm,
            job.batch,
            job.microshards,
        )
        others = _torch_state.entries(model, job.shards)
        program = Program(
            model.parameter_leaves(),
            tuple(entry.leaf for entry in others),
            self._source.count,
            self._fingerprint(model, rest),
            self._is_deterministic,
        )
        if job.shards > 1:
            shards = [program.shard(i, job.shards) for i in range(job.shards)]
            _torch_state.require_elementwise(model, shards)
        self._model, self._others, self._layout = model, others, program.layout()
        return program

    def _samples(self, job: Job) -> Any:
        if self._batch is not None:
            assert self._count is not None
            require_samples(self._count)
            if isinstance(self._count, Stream):
                return _torch_data.Streamed(self._batch, self._count)
            return _torch_data.Function(self._batch, self._count)
        return _torch_data.source("data", self._data, job.data, self._collate)

    def _try(self, job: Job) -> list[Buffer]:
        """One microshard, to see which buffers move; they are put back. Warms up, too."""
        buffers = _torch_module.buffers(self.module)
        before = [one.tensor.detach().clone() for one in buffers]
        size = job.microshard_sizes()[0]
        self._live = None
        samples = (
            self._source.example(job.microshards, size)
            if isinstance(self._source, _torch_data.Streamed)
            else [min(i, self._source.count - 1) for i in range(size)]
        )
        self._backward(self._fetch(samples, 0))
        without = [value.grad is None for value in self._tied.parameters]
        self.has_unused = any(without)
        if all(without):
            raise TrainerError("the loss depends on none of the parameters that are trained")
        self._tied.forget_gradients()
        if self._held_out_source is not None:
            # What is wrong with it is better known now than in the end.
            self._evaluated(range(min(2, self._held_out_source.count)))
        self._moving, self._still, self._counting = _torch_loading.sort_buffers(buffers, before)
        return self._moving

    def _fingerprint(self, model: _torch_state.Model, rest: dict[str, Any]) -> str:
        """Of the program's text, the initial state, the data, and what else bits depend on."""
        found = _host.Fingerprint()
        if self._is_deterministic:
            found.add("machine", "\n".join(machine(self.device)).encode())
        found.add("program", self._sources.encode() + repr(self.module).encode())
        optimizer = self._optimizer(self.module)
        found.add("program", type(optimizer).__qualname__.encode())
        for group in optimizer.param_groups:
            plain = {k: v for k, v in group.items() if k not in ("params", "param_names")}
            found.add("program", f"{len(group['params'])} {sorted(plain.items())!r}".encode())
        found.add("program", repr((self._mean, self._clip_norm)).encode())
        for value in (*model.initial, *rest.values(), *(one.tensor for one in self._still)):
            found.add("state", repr((str(value.dtype), tuple(value.shape))).encode())
            found.add("state", _torch_data.raw(value))
        self._seed(0, ())
        self._source.digest(found.of("data"))
        if self._held_out_source is not None:
            self._held_out_source.digest(found.of("data"))
        return str(found)

    def _make_optimizer(self, values: Sequence[Any], cut: Sequence[Callable[[Any], Any]]) -> Any:
        """The user's optimizer, with other tensors for the module's parameters."""
        return replaced(self._optimizer(self.module), self._tied.parameters, values, cut)

    def _make_scheduler(self, optimizer: Any) -> Any:
        if self._scheduler is None:
            return None
        torch, _ = require_torch()
        scheduler = self._scheduler(optimizer)
        if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            raise TrainerError(
                "ReduceLROnPlateau needs a loss to step, which no rank has alone: use a scheduler"
                " that follows from the number of steps"
            )
        return scheduler

    # ------------------------------------------------------------ the state

    def initialize(self, shard: Shard) -> None:
        self._take(shard)

    def load(self, shard: Shard, parts: Sequence[memoryview]) -> None:
        self._take(shard).load(shard.parts, parts)

    def _take(self, shard: Shard) -> _torch_state.Live:
        self._live, self._bound, self._shard = None, None, shard
        where = _torch_state.cuts(self._model, shard)
        held = {part.index: shard.place(part) for part in shard.parameter_parts}
        self._places = [held.get(i, 0) for i in range(len(self._model.initial))]
        self._live = _torch_state.Live(self._model, self._others, where)
        return self._live

    def state(self) -> Sequence[Captured]:
        # The optimizer writes in place, so these are copied before the next step.
        assert self._live is not None
        return self._live.captured(self._shard.parts, self.copies)

    def mapped(self, memory: memoryview) -> None:
        if self.copies is not None:
            self.copies.mapped(memory)

    def unmapped(self, memory: memoryview) -> None:
        if self.copies is not None:
            self.copies.unmapped(memory)

    def _before_update(self) -> None:
        """Forward and backward read the state only; from here on it changes."""
        if self.copies is not None:
            self.copies.before_update()

    # ------------------------------------------------------------ steps

    def batch(self, samples: Sequence[int]) -> Batch:
        return self._fetch(samples, self._live.steps if self._live else 0)

    def _fetch(self, samples: Sequence[int], steps: int) -> Batch:
        ids = samples.places if isinstance(samples, Taken) else samples
        self._seed(steps, ids)
        if not isinstance(self._source, _torch_data.Rows):
            self._seed_others()
        return Batch(self._source.fetch(samples), len(samples), steps, ids)

    def _seed(self, steps: int, samples: Sequence[int]) -> None:
        """Makes random numbers follow from job, step and samples, not from who draws them."""
        torch, _ = require_torch()
        ids = zlib.crc32(array("q", samples).tobytes())
        number = derive(derive(self._job.seed & (2**64 - 1), steps), ids)
        # torch.manual_seed would write down where it was called, for devices that are not there.
        torch.default_generator.manual_seed(number)
        if self.device.type == "cuda":
            torch.cuda.manual_seed_all(number)

    def _seed_others(self) -> None:
        """Of Python and NumPy, by PyTorch's: data sets use them too."""
        torch, numpy = require_torch()
        number = torch.default_generator.initial_seed()
        random.seed(number)
        numpy.random.seed(number & 0xFFFFFFFF)

    def grads(self, parameters: Floats, batch: Batch, gradient: Floats) -> float:
        torch, _ = require_torch()
        live = self._live
        assert live is not None
        flat = self._bind(parameters)
        self._put_buffers(flat)
        self._seed(batch.steps, batch.samples)
        loss = self._backward(batch)
        out = torch.frombuffer(gradient, dtype=torch.float32)
        for leaf, value in zip(self._layout.leaves, self._tied.parameters):
            place = out[leaf.begin : leaf.end].view(leaf.shape)
            if value.grad is None:
                place.zero_()
            else:
                place.copy_(value.grad.to_dense() if value.grad.is_sparse else value.grad)
        self._tied.forget_gradients()
        self._take_buffers(flat, out)
        return loss

    def _backward(self, batch: Batch, module: Any = None, scale: float = 1.0) -> float:
        """Leaves the sums of the gradients in the module's parameters; gives the sum of the loss.

        Args:
            module: that computes, in place of the user's own.
            scale: of the gradients.
        """
        torch, _ = require_torch()
        factor = float(batch.size) if self._mean else 1.0
        within("forward")
        with torch.enable_grad():
            loss = self._loss(self.module if module is None else module, batch.tree)
        if not isinstance(loss, torch.Tensor) or loss.numel() != 1 or not loss.requires_grad:
            found = (
                f"a tensor of shape {list(loss.shape)}"
                + ("" if loss.requires_grad else " that depends on no parameter")
                if isinstance(loss, torch.Tensor)
                else type(loss).__name__
            )
            raise TrainerError(
                f"loss must give one number that depends on the parameters, and gave {found}"
            )
        within("backward")
        loss.backward(torch.full_like(loss, factor * scale))
        self._tied.require_unchanged()
        for name, value, version in self._rest_versions:
            if value._version != version:
                raise TrainerError(f"parameter {name} is not trained, and {CHANGED}")
        return float(loss.detach()) * factor

    def _bind(self, flat: Floats) -> Any:
        """Makes the module's parameters those of the flat vector; on the CPU they lie in it."""
        torch, _ = require_torch()
        vector = torch.frombuffer(flat, dtype=torch.float32)
        if self._bound is not flat:
            self._bound = flat
            self._tied.bind(vector, self._layout.leaves, self.device)
        return vector

    def _put_buffers(self, flat: Any) -> None:
        for one, leaf in zip(self._moving, self._layout.leaves[self._model.trained :]):
            one.put(one.tensor, flat[leaf.begin : leaf.end].view(leaf.shape))
        self._put_counters()

    def _put_counters(self) -> None:
        assert self._live is not None
        for one in self._still:
            if one.name in self._counting:
                one.put(one.tensor, self._live.counters[one.name])
                one.version = one.tensor._version

    def _take_buffers(self, flat: Any, out: Any) -> None:
        """What the moving buffers moved by; checks the others."""
        torch, _ = require_torch()
        for one, leaf in zip(self._moving, self._layout.leaves[self._model.trained :]):
            old = flat[leaf.begin : leaf.end].view(leaf.shape)
            torch.sub(
                one.current().detach().cpu(), old, out=out[leaf.begin : leaf.end].view(leaf.shape)
            )
        self._check_still()

    def _check_still(self) -> None:
        torch, _ = require_torch()
        assert self._live is not None
        for one in self._still:
            now, counter = one.current(), self._counting.get(one.name)
            if counter is None:
                if now is not one.tensor or now._version != one.version:
                    raise TrainerError(
                        f"buffer {one.name} did not move at first, and now {CHANGED}"
                    )
            elif not torch.equal(now, self._live.counters[one.name] + counter.delta):
                raise TrainerError(
                    f"buffer {one.name} does not grow by the same in each step, so ranks would not"
                    " agree on it; make it float32, of which the mean over the microshards is taken"
                )

    def apply(self, gradient: Floats) -> None:
        torch, _ = require_torch()
        assert self._live is not None
        total = torch.frombuffer(gradient, dtype=torch.float32)
        self._before_update()
        self._live.take_gradient(total, self._places)
        self._live.step(self._model.names)
        self._live.require_same()

    def evaluate(self, parameters: Floats) -> Evaluation | None:
        if self._evaluate is None:
            return None
        self._put_buffers(self._bind(parameters))
        return self.evaluate_whole()

    def evaluate_whole(self) -> Evaluation | None:
        """Evaluates the module as it is."""
        rows = self._held_out_source
        if rows is None:
            return None
        totals = [0.0, 0.0]
        for first in range(0, rows.count, _EVALUATED):
            ids = range(first, min(first + _EVALUATED, rows.count))
            totals = [t + x * len(ids) for t, x in zip(totals, self._evaluated(ids))]
        return Evaluation(totals[0] / rows.count, totals[1] / rows.count)

    def _evaluated(self, ids: range) -> tuple[float, float]:
        torch, _ = require_torch()
        assert self._evaluate is not None and self._held_out_source is not None
        self._seed(0, ids)
        self.module.eval()
        try:
            with torch.no_grad():
                found = self._evaluate(self.module, self._held_out_source.fetch(ids))
        finally:
            self.module.train()
        if not isinstance(found, (tuple, list)) or len(found) != 2:
            raise TrainerError("evaluate must give two things: (mean loss, accuracy)")
        return float(found[0]), float(found[1])

    # ------------------------------------------------------------ processes that reduce

    @property
    def model(self) -> _torch_state.Model:
        """What is trained."""
        return self._model

    @property
    def evaluates(self) -> bool:
        """Whether there is something to evaluate on."""
        return self._held_out_source is not None

    def on_first_gradient(self, then: Callable[[], None]) -> None:
        """Has it called in each backward pass when a gradient of the last layer is there: the passes
        begin with it."""
        self._tied.parameters[-1].register_post_accumulate_grad_hook(lambda _: then())

    def moving_buffers(self) -> list[str]:
        """Names of the buffers that a forward pass changes."""
        return [one.name for one in self._moving] + list(self._counting)

    def make_optimizer(self, module: Any) -> Any:
        """The user's optimizer for a module like the user's."""
        return self._optimizer(module)

    def make_scheduler(self, optimizer: Any) -> Any:
        """The user's scheduler; ``None`` if there is none."""
        return self._make_scheduler(optimizer)

    def fetch(self, samples: Sequence[int], steps: int) -> Batch:
        """The data of these samples, in the step after so many."""
        return self._fetch(samples, steps)

    def backward_cut(self, module: Any, batch: Batch, scale: float) -> float:
        """Gradients of these samples in a module like the user's; gives their loss."""
        self._seed(batch.steps, batch.samples)
        return self._backward(batch, module, scale)

    def evaluate_values(self, values: Sequence[Any]) -> Evaluation | None:
        """Evaluates the module with these parameters."""
        torch, _ = require_torch()
        with torch.no_grad():
            for parameter, value in zip(self._tied.parameters, values):
                parameter.copy_(value)
        return self.evaluate_whole()

    def tie_to_live(self) -> None:
        """Makes the module's parameters and buffers the live state itself."""
        live = self._live
        assert live is not None
        self._tied.tie(live.values)
        for one, value in zip(self._moving, live.values[self._model.trained :]):
            one.put(one.tensor, value)
        self._put_counters()

    def backward_whole(self, module: Any, batch: Batch, scale: float) -> float:
        """Gradients of this rank's samples, by a module around the user's; gives their loss."""
        self._tied.forget_gradients()
        self._put_counters()
        self._seed(batch.steps, batch.samples)
        return self._backward(batch, module, scale)

    def moved_buffers(self) -> list[Any]:
        """Copies of the buffers that moved."""
        self._check_still()
        return [one.current().detach().clone() for one in self._moving]

    def apply_whole(self, moved: Sequence[Any]) -> None:
        """Makes the step with the gradients that the module has, and with these buffers."""
        torch, _ = require_torch()
        live = self._live
        assert live is not None
        for value, parameter in zip(live.parameters, self._tied.parameters):
            value.grad = parameter.grad
        self._before_update()
        live.step(self._model.names)
        live.require_same()
        with torch.no_grad():
            for one, value, new in zip(self._moving, live.values[self._model.trained :], moved):
                value.copy_(new)
                one.put(one.tensor, new)
