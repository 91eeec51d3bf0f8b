"""A job as a worker is told of it, and what of it cannot be."""

from __future__ import annotations

import json
from typing import Any

from . import _control
from .trainer import FusedTrainer, Job, Trainer


class Refused(Exception):
    """A request that is answered by a fault."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def identity(spec: _control.JobSpec) -> tuple[Any, ...]:
    """What makes two jobs the same: all that is used of them."""
    return (
        (spec.job_id, spec.replicas, spec.shards, spec.steps, spec.seed),
        (spec.data, spec.batch, spec.microshards, spec.runtime_json),
    )


def job_of(spec: _control.JobSpec) -> tuple[Job, float]:
    """The job, and how long a step takes at least, in seconds."""
    try:
        section = json.loads(spec.runtime_json or "{}")
    except ValueError as e:
        raise Refused("program_invalid", f"the job's runtime section is no JSON: {e}") from e
    config = section.get("config", {}) if isinstance(section, dict) else None
    if not isinstance(config, dict):
        raise Refused(
            "program_invalid", "the job's runtime section, and `config` in it, must be objects"
        )
    milliseconds = section.get("minStepMillis", 0)
    if not isinstance(milliseconds, (int, float)) or milliseconds < 0:
        raise Refused(
            "program_invalid", f"runtime.minStepMillis must be a number, not {milliseconds!r}"
        )
    ranks = spec.replicas * spec.shards
    if min(ranks, spec.batch, spec.microshards) < 1 or spec.microshards > spec.batch:
        raise Refused(
            "bad_request",
            f"a mesh of {spec.replicas}×{spec.shards}, a batch of {spec.batch} in"
            f" {spec.microshards} microshards",
        )
    job = Job(
        spec.job_id,
        spec.replicas,
        spec.shards,
        spec.steps,
        # In the message it is an i64's bits.
        spec.seed - 2**64 if spec.seed >= 2**63 else spec.seed,
        spec.data,
        spec.batch,
        spec.microshards,
        config,
    )
    return job, milliseconds / 1000


def require_collectives(spec: _control.JobSpec, trainer: Trainer | FusedTrainer) -> None:
    """Refuses a program that reduces otherwise than the job says."""
    fused, across = isinstance(trainer, FusedTrainer), spec.collectives_across
    if fused and across != "runtime":
        raise Refused(
            "program_invalid",
            "this program reduces between ranks by itself: set collectives.across to runtime in the"
            " job file",
        )
    if not fused and across == "runtime":
        raise Refused(
            "program_invalid",
            "collectives.across is runtime, but this program leaves the reduction to the agents: set"
            " it to agent, or make the program a coxswain.FusedTrainer",
        )
