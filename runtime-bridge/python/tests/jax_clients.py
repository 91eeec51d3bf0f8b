"""One of the processes of test_services: joins a JAX program whose coordination is served elsewhere, adds
until somebody dies, and asks the service for something then."""

from __future__ import annotations

import os
import sys
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils

from coxswain import Group
from coxswain._jax_coordination import Coordination, is_broken

ADDRESS, SIZE, RANK = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


class Told:
    """In place of the view's store: all were told."""

    def set(self, key: str, value: str) -> None:
        assert value == ADDRESS, value

    def get(self, key: str, timeout: float) -> bytes:
        return ADDRESS.encode()


def served(name: str, command: Any) -> str:
    assert RANK == 0 and name == "jax" and command[0] == sys.executable
    return ADDRESS


group = Group(1, RANK, SIZE, make_store=Told, make_service=served)  # type: ignore[arg-type]
Coordination(group).join()
client = jax._src.distributed.global_state.client
assert jax._src.distributed.global_state.service is None


def total() -> float:
    return float(multihost_utils.process_allgather(np.ones(1, np.float32)).sum())


print(f"sums {total()} over {jax.process_count()} processes", flush=True)
try:
    while True:
        total()
except Exception as e:
    print("the group broke" if is_broken(e) else f"{type(e).__name__}: {e}", flush=True)
client.key_value_set(f"after/{RANK}", "served")
print(client.blocking_key_value_get(f"after/{RANK}", 60_000), flush=True)
# As workers end.
os._exit(0)
