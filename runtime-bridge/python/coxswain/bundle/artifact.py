"""Traces a program with JAX and writes it as a StableHLO portable artifact."""

from __future__ import annotations

import re
from typing import Any

from .manifest import BundleError, UserCodeError
from .programs import Program
from .trees import require_jax

_MAGIC = b"ML\xefR"
_CUSTOM_CALL = re.compile(r"stablehlo\.custom_call @([\w.$-]+)")
_IN_JAXLIB = ("lapack_", "blas_")
_SHARDING = re.compile(r"\bsdy\.|stablehlo\.custom_call @(Sharding|SPMD)")  # Shardy, GSPMD


class Artifact:
    """A traced program: the module's bytes and the arguments that it really takes."""

    def __init__(self, module: bytes, kept: list[int]):
        self.module = module
        self.kept = kept

    @property
    def stablehlo(self) -> str:
        """The version of StableHLO that the module is written in."""
        return version(self.module)


def trace(program: Program, platform: str, stablehlo: str | None) -> Artifact:
    """Exports a program for a platform.

    The same program gives the same bytes: the places in the source that JAX notes are taken out.

    stablehlo: the version to write, such as "1.9.0", or None for the one that JAX chooses.
    """
    jax, _ = require_jax()

    def main(*leaves: Any) -> Any:
        return program.function(*leaves)

    main.__name__ = re.sub(r"\W", "_", program.name)
    structs = [slot.type.struct() for slot in program.arguments]
    jitted = jax.jit(main, keep_unused=True, donate_argnums=program.donated)
    try:
        exported = jax.export.export(jitted, platforms=[platform])(*structs)
    except BundleError:
        raise
    except Exception as e:
        raise UserCodeError(f"{program.name} cannot be exported: {type(e).__name__}: {e}") from e
    _require_signature(program, exported)
    module = _without_locations(
        program.name, bytes(exported.mlir_module_serialized), platform, stablehlo
    )
    return Artifact(module, [int(i) for i in exported.module_kept_var_idx])


def version(module: bytes) -> str:
    """The StableHLO version that a portable artifact names at its begin."""
    match = re.match(_MAGIC + rb".StableHLO_v(\d+\.\d+\.\d+)\0", module, re.DOTALL)
    if match is None:
        raise BundleError("JAX wrote no portable artifact (it names no StableHLO version)")
    return match[1].decode()


def _require_signature(program: Program, exported: Any) -> None:
    for aval, slot in zip(exported.in_avals, program.arguments, strict=True):
        expected = slot.type.struct()
        if (aval.shape, aval.dtype) != (expected.shape, expected.dtype):
            raise BundleError(
                f"{program.name}: JAX traced argument {slot.role} {slot.leaf} as {aval}, not as"
                f" {slot.type}: 64-bit types need jax.config.update('jax_enable_x64', True)"
            )


def _without_locations(name: str, module: bytes, platform: str, stablehlo: str | None) -> bytes:
    from jaxlib.mlir import ir, passmanager
    from jaxlib.mlir.dialects import sdy
    from jaxlib.mlir.dialects import stablehlo as dialect

    with ir.Context() as context:
        dialect.register_dialect(context)
        sdy.register_dialect(context)
        told: list[str] = []

        def note(diagnostic: Any) -> bool:
            told.append(diagnostic.message)
            return True

        context.attach_diagnostic_handler(note)
        parsed = dialect.deserialize_portable_artifact(context, module)
        passmanager.PassManager.parse("builtin.module(strip-debuginfo)").run(parsed.operation)
        text = str(parsed)
        calls = sorted(set(_CUSTOM_CALL.findall(text)))
        missing = [call for call in calls if call.startswith(_IN_JAXLIB)]
        if platform == "cpu" and missing:
            raise BundleError(
                f"{name} calls {', '.join(missing)}, which is a part of JAX (LAPACK) and of no PJRT"
                " plugin: QR, Cholesky, solve, eigenvalues and the like cannot be exported"
            )
        if _SHARDING.search(text):
            raise BundleError(
                f"{name} has sharding annotations: a program runs on one device, so take"
                " with_sharding_constraint and the like out"
            )
        target = stablehlo or version(module)
        try:
            return bytes(dialect.serialize_portable_artifact(parsed, target))
        except Exception as e:
            raise BundleError(
                f"{name} cannot be written in StableHLO {target} (JAX itself writes"
                f" {version(module)}): {'; '.join(told) or e}"
            ) from e
