"""The exporter, on small models. Needs JAX; without it these tests are skipped and say so."""

import importlib.util
import io
import os
import re
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from coxswain import safetensors
from coxswain.bundle import BundleError, export, load
from coxswain.bundle.__main__ import main

os.environ.setdefault("JAX_PLATFORMS", "cpu")
HAS_JAX = importlib.util.find_spec("jax") is not None
NEEDS_JAX = unittest.skipUnless(
    HAS_JAX, f"JAX is missing: {sys.executable} -m pip install jax numpy"
)
PYTHON = Path(__file__).parents[1]
if HAS_JAX:
    import jax
    import jax.numpy as jnp
    import numpy as np

MODEL = """
import jax.numpy as jnp
params = {"w": jnp.ones((3, 2)), "b": jnp.zeros(2)}
optimizer = lambda params: {"t": jnp.int32(0)}
batch = {"x": jnp.zeros((4, 3)), "y": jnp.zeros((4, 2))}
reduction, batch_size, microshard_samples = "sum", 8, 4
def grads(params, batch):
    error = batch["x"] @ params["w"] + params["b"] - batch["y"]
    return (error**2).sum() / 2, {"w": batch["x"].T @ error, "b": error.sum(0)}
def apply(params, optimizer, g):
    return {k: params[k] - 0.1 * g[k] for k in params}, {"t": optimizer["t"] + 1}
"""


def grads(params, batch):
    def loss(p):
        return ((batch["x"] @ p["w"] + p["b"] - batch["y"]) ** 2).sum(1).mean()

    return jax.value_and_grad(loss)(params)


def momentum(params, optimizer, gradients):
    m = jax.tree.map(lambda m, g: 0.9 * m + g, optimizer["m"], gradients)
    params = jax.tree.map(lambda p, m: p - 0.1 * m, params, m)
    return params, {"m": m, "t": optimizer["t"] + 1}


def clipped(params, optimizer, gradients):
    norm = jnp.sqrt(sum((g * g).sum() for g in jax.tree.leaves(gradients)))
    return momentum(params, optimizer, jax.tree.map(lambda g: g / (1 + norm), gradients))


@NEEDS_JAX
class ExportTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.out = Path(temporary.name) / "bundle"

    def arguments(self, **changed):
        params = {"w": np.full((300, 20), 0.1, np.float32), "b": np.zeros(20, np.float32)}
        return {
            "name": "small",
            "params": params,
            "optimizer": {"m": jax.tree.map(np.zeros_like, params), "t": np.int32(0)},
            "batch": {
                "x": np.zeros((4, 300), np.float32),
                "y": jax.ShapeDtypeStruct((4, 20), jnp.float32),
            },
            "reduction": "mean",
            "batch_size": 8,
            "microshard_samples": 4,
            "grads": grads,
            "apply": momentum,
            **changed,
        }

    def export(self, **changed):
        return export(self.out, **self.arguments(**changed))

    def refused(self, message, **changed):
        with self.assertRaisesRegex(BundleError, message):
            self.export(**changed)
        self.assertEqual(os.listdir(self.out.parent), [], "nothing is written")

    def call(self, entry, *arguments):
        """Runs an artifact of the bundle with JAX's own XLA."""
        return run_artifact((self.out / entry["file"]).read_bytes(), entry, arguments)

    def test_the_manifest_tells_every_leaf(self):
        self.export(shards=(2, 1))
        content = load(self.out)
        self.assertEqual(
            content["parameters"],
            [
                {
                    "path": "['b']",
                    "dtype": "f32",
                    "shape": [20],
                    "begin": 0,
                    "sharding": "replicated",
                },
                {
                    "path": "['w']",
                    "dtype": "f32",
                    "shape": [300, 20],
                    "begin": 32,
                    "sharding": "replicated",
                },
            ],
        )
        self.assertEqual(content["parameterElements"], 6032)
        self.assertEqual(
            [(leaf["path"], leaf["like"]) for leaf in content["optimizer"]],
            [("['m']['b']", 0), ("['m']['w']", 1), ("['t']", None)],
        )
        self.assertEqual(
            [(a["array"], a["dtype"], a["shape"]) for a in content["batchArrays"]],
            [("x", "f32", [4, 300]), ("y", "f32", [4, 20])],
        )
        self.assertEqual(
            [(a["shards"], a["shard"], a["begin"], a["end"]) for a in content["programs"]["apply"]],
            [(1, 0, 0, 6032), (2, 0, 0, 4128), (2, 1, 4128, 6032)],
        )
        second = content["programs"]["apply"][2]
        self.assertEqual(
            [(a["role"], a["leaf"], a["shape"]) for a in second["arguments"]],
            [
                ("parameter", 1, [1904]),
                ("optimizer", 1, [1904]),
                ("optimizer", 2, []),
                ("gradient", 1, [1904]),
            ],
        )
        self.assertEqual(second["kept"], [0, 1, 2, 3])
        self.assertNotIn("evaluate", content["programs"])
        self.assertNotIn("heldOutSamples", content)

    def test_the_initial_state_is_the_users(self):
        self.export()
        tensors = safetensors.read(self.out / "initial.safetensors")
        self.assertEqual(
            {name: (t.dtype, t.shape) for name, t in tensors.items()},
            {
                "parameters/['b']": ("f32", (20,)),
                "parameters/['w']": ("f32", (300, 20)),
                "optimizer/['m']['b']": ("f32", (20,)),
                "optimizer/['m']['w']": ("f32", (300, 20)),
                "optimizer/['t']": ("i32", ()),
            },
        )
        self.assertEqual(bytes(tensors["parameters/['w']"].data), np.float32(0.1).tobytes() * 6000)

    def test_the_artifacts_compute_what_the_functions_do(self):
        self.export(shards=(1, 2))
        programs = load(self.out)["programs"]
        random = np.random.default_rng(1)
        params = [random.standard_normal(s).astype("float32") for s in ((20,), (300, 20))]
        rows = [random.standard_normal(s).astype("float32") for s in ((4, 300), (4, 20))]
        tree, batch = dict(zip("bw", params)), dict(zip("xy", rows))

        loss, *sums = self.call(programs["grads"], *params, *rows)
        expected_loss, expected = jax.jit(grads)(tree, batch)
        self.assertAlmostEqual(float(loss) / (4 * float(expected_loss)), 1, 5)
        for name, total in zip("bw", sums):
            np.testing.assert_allclose(total, 4 * expected[name], rtol=1e-5)

        m, t = [0.5 * p for p in params], np.int32(7)
        state = {"m": dict(zip("bw", m)), "t": t}
        means = {name: total / 8 for name, total in zip("bw", sums)}
        new, new_state = jax.jit(momentum)(tree, state, means)
        whole = self.call(programs["apply"][0], *params, *m, t, *sums)
        leaves = [*jax.tree.leaves(new), *jax.tree.leaves(new_state)]
        for actual, leaf in zip(whole, leaves, strict=True):
            np.testing.assert_allclose(actual, leaf, rtol=1e-6)
        cut = 4096
        part = [x[1].reshape(-1)[cut:] for x in (params, m, sums)]
        w, new_m, new_t = self.call(programs["apply"][2], part[0], part[1], t, part[2])
        np.testing.assert_array_equal(w, whole[1].reshape(-1)[cut:])
        np.testing.assert_array_equal(new_m, whole[3].reshape(-1)[cut:])
        self.assertEqual(new_t, 8)

    def test_the_same_functions_give_the_same_bytes(self):
        self.export(shards=(1, 2))
        first = {path.name: path.read_bytes() for path in self.out.iterdir()}
        self.export(shards=(1, 2))
        self.assertEqual({path.name: path.read_bytes() for path in self.out.iterdir()}, first)
        for name, content in first.items():
            self.assertNotIn(b"test_export", content, f"{name} names a source file")

    def test_donated_arguments_become_the_results_of_the_same_index(self):
        self.export(donate=True)
        entry = load(self.out)["programs"]["apply"][0]
        self.assertEqual(entry["donated"], [0, 1, 2, 3, 4])
        text = stablehlo_text((self.out / entry["file"]).read_bytes())
        aliases = re.findall(r"%arg(\d+): tensor<[^>]*> \{tf.aliasing_output = (\d+)", text)
        self.assertEqual(aliases, [(str(i), str(i)) for i in range(5)])
        self.assertEqual(load(self.out)["programs"]["grads"]["donated"], [])

    def test_arguments_that_a_function_ignores_are_kept(self):
        self.export(apply=lambda p, o, g: (p, o))
        entry = load(self.out)["programs"]["apply"][0]
        self.assertEqual(entry["kept"], list(range(7)))

    def test_a_step_alone(self):
        def step(params, optimizer, batch):
            loss, gradients = grads(params, batch)
            return (*momentum(params, optimizer, gradients), loss)

        self.export(grads=None, apply=None, step=step, microshard_samples=4, batch_size=4)
        programs = load(self.out)["programs"]
        self.assertEqual(list(programs), ["step"])
        self.assertEqual(
            [slot["role"] for slot in programs["step"]["results"]],
            ["parameter"] * 2 + ["optimizer"] * 3 + ["loss"],
        )

    def test_a_step_besides_the_pair_takes_the_whole_batch(self):
        def step(params, optimizer, batch):
            loss, gradients = grads(params, batch)
            return (*momentum(params, optimizer, gradients), loss)

        self.export(step=step)
        programs = load(self.out)["programs"]
        self.assertEqual(list(programs), ["grads", "step", "apply"])
        self.assertEqual(programs["step"]["arguments"][-1]["shape"], [8, 20])

    def test_evaluate_takes_all_held_out_samples(self):
        self.export(evaluate=lambda p, b: (p["b"].sum(), b["x"].mean()), held_out=11)
        content = load(self.out)
        self.assertEqual(content["heldOutSamples"], 11)
        self.assertEqual(content["programs"]["evaluate"]["arguments"][2]["shape"], [11, 300])

    def test_an_older_stablehlo(self):
        self.export(stablehlo="1.9.0")
        content = load(self.out)
        self.assertEqual(content["madeWith"]["stablehlo"], "1.9.0")
        self.assertEqual((self.out / "grads.mlir").read_bytes()[5:21], b"StableHLO_v1.9.0")

    def test_an_impossible_stablehlo_is_refused(self):
        self.refused("cannot be written in StableHLO 99.0.0", stablehlo="99.0.0")

    def test_an_optimizer_that_is_not_elementwise_cannot_be_cut(self):
        self.refused(r"cannot be cut into 2 shards: .*\['b'\]", apply=clipped, shards=(1, 2))
        self.export(apply=clipped, shards=(1,))

    def test_a_count_that_depends_on_the_shard_cannot_be_cut(self):
        def apply(params, optimizer, gradients):
            params, optimizer = momentum(params, optimizer, gradients)
            some = sum((g > 0).sum() for g in jax.tree.leaves(gradients))
            return params, {**optimizer, "t": optimizer["t"] + some.astype("int32")}

        self.refused(r"optimizer \['t'\] becomes", apply=apply, shards=(2,))

    def test_an_optimizer_that_needs_the_shapes_cannot_be_cut(self):
        def apply(params, optimizer, gradients):
            return {**params, "w": params["w"] - gradients["w"].mean(1, keepdims=True)}, optimizer

        self.refused("apply-0-of-2 cannot be exported", apply=apply, shards=(1, 2))

    def test_types_are_checked(self):
        wrong = {"w": np.zeros((300, 20), np.float16), "b": np.zeros(20, np.float32)}
        self.refused(r"parameter \['w'\] is f16\[300, 20\]: .* f32", params=wrong)
        self.refused("complex64; a bundle can hold", optimizer={"c": np.complex64(1)})
        key = {"key": jax.random.key(1)}
        self.refused(r"optimizer \['key'\] .* keep the key's words", optimizer=key)
        self.refused(r"optimizer \['t'\] is no array", optimizer={"t": "zero"})

    def test_the_initial_state_must_be_finite(self):
        optimizer = self.arguments()["optimizer"]
        optimizer["m"]["w"][7, 3] = np.nan
        self.refused(
            r"optimizer \['m'\]\['w'\] is not finite .* \[7, 3\] is nan", optimizer=optimizer
        )
        half = {"s": jnp.array([1, np.inf], jnp.bfloat16)}
        self.refused(r"optimizer \['s'\] is not finite", optimizer=half)

    def test_the_batch_is_checked(self):
        self.refused(
            r"batch \['x'\] is f32\[5, 300\]: its first dimension must be .* 4 samples",
            batch={"x": np.zeros((5, 300), np.float32)},
        )
        self.refused("cannot be cut into microshards of 4", batch_size=10)
        self.refused("batch_size must be a whole number", batch_size=0)
        self.refused("no arrays", batch={})
        self.refused("cannot be the name", batch={"x y": np.zeros((4, 1), np.float32)})

    def test_results_are_checked(self):
        def fewer(params, batch):
            return jnp.float32(0), {"w": params["w"]}

        def other(params, batch):
            return jnp.float32(0), {**params, "w": params["w"].T}

        def rows(params, batch):
            return batch["x"].sum(1), params

        def forgets(params, optimizer, gradients):
            return params, {"m": optimizer["m"]}

        def widens(params, optimizer, gradients):
            return params, {**optimizer, "t": optimizer["t"] + 1.0}

        self.refused(r"the gradients must be a tree like .* it lacks \['b'\]", grads=fewer)
        self.refused(r"gradient of parameter \['w'\] is f32\[20, 300\], and must", grads=other)
        self.refused(r"the loss must be one number, .* \[4\]", grads=rows)
        self.refused("grads must give two things", grads=lambda p, b: jnp.float32(0))
        self.refused(r"new optimizer state must be .* it lacks \['t'\]", apply=forgets)
        self.refused(r"the new optimizer \['t'\] is f32\[\], and must be i32", apply=widens)

    def test_numbers_will_do_for_scalars(self):
        self.export(
            params={"a": np.float32(1)},
            optimizer={},
            grads=lambda p, b: (0, {"a": 1.0}),
            apply=lambda p, o, g: ({"a": 2.0}, o),
        )

    def test_constants_stay_in_the_program(self):
        large = np.ones((300, 300), np.float32)
        self.export(grads=lambda p, b: grads(p, {**b, "x": b["x"] @ large}))
        entry = load(self.out)["programs"]["grads"]
        self.assertEqual(entry["kept"], [0, 1, 2, 3])
        text = stablehlo_text((self.out / entry["file"]).read_bytes())
        self.assertEqual(len(re.findall(r"%arg\d+: tensor", text.split("->")[0])), 4)

    def test_options_are_checked(self):
        self.refused("apply is there without grads", grads=None)
        self.refused("nothing to train with", grads=None, apply=None)
        self.refused("'sum' or 'mean', not 'max'", reduction="max")
        self.refused("the name 'a b'", name="a b")
        self.refused("evaluate is there without held_out", evaluate=lambda p, b: (0, 0))
        self.refused("shards must be a whole number", shards=(0,))
        self.refused("at most 3 shards", shards=(4,))
        self.refused("platform must be one of", platform="abacus")

    def test_an_error_of_the_users_function_is_told(self):
        def broken(params, batch):
            raise KeyError("z")

        self.refused("grads cannot be exported: KeyError: 'z'", grads=broken)

    def test_lapack_is_refused(self):
        def solves(params, batch):
            return jnp.linalg.cholesky(jnp.eye(3) + params["b"].sum()).sum(), params

        self.refused("grads calls lapack_", grads=solves)

    def test_sharding_annotations_are_refused(self):
        here = jax.sharding.SingleDeviceSharding(jax.devices()[0])

        def constrained(params, batch):
            return jax.lax.with_sharding_constraint(params["b"], here).sum(), params

        self.refused("grads has sharding annotations", grads=constrained)

    def test_trees_of_other_kinds(self):
        params = [np.ones(3, np.float32), (np.ones((), np.float32),)]
        self.export(
            params=params,
            optimizer=(),
            batch=np.zeros((4, 2), np.uint8),
            grads=lambda p, b: (b.sum().astype("float32"), p),
            apply=lambda p, o, g: (g, o),
        )
        content = load(self.out)
        self.assertEqual([leaf["path"] for leaf in content["parameters"]], ["[0]", "[1][0]"])
        self.assertEqual(content["batchArrays"][0]["array"], "data")
        self.assertEqual(content["optimizer"], [])


class CommandTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.file = Path(temporary.name) / "small.py"
        self.out = Path(temporary.name) / "bundle"
        self.file.write_text(MODEL)

    def run_command(self, *arguments):
        output, errors = io.StringIO(), io.StringIO()
        with redirect_stdout(output), redirect_stderr(errors):
            status = main([str(self.file), "--out", str(self.out), *arguments])
        return status, output.getvalue(), errors.getvalue()

    @NEEDS_JAX
    def test_a_file_becomes_a_bundle(self):
        status, output, errors = self.run_command("--shards", "1", "--batch", "12", "--donate")
        self.assertEqual(status, 0, errors)
        content = load(self.out)
        self.assertEqual((content["name"], content["batch"]), ("small", 12))
        self.assertEqual(content["programs"]["apply"][0]["donated"], [0, 1, 2])
        self.assertIn("tracing grads", errors)
        self.assertIn("3 microshards", output)
        self.assertIn("grads.mlir", output)

    @NEEDS_JAX
    def test_a_name_that_is_missing_is_told(self):
        self.file.write_text(MODEL.replace("reduction, ", "_, "))
        status, _, errors = self.run_command()
        self.assertEqual(status, 1)
        self.assertRegex(errors, "does not define 'reduction' \\('sum' or 'mean'")

    def test_errors_in_the_file_are_told(self):
        self.file.write_text("import nothing_of_that_name")
        status, _, errors = self.run_command()
        self.assertEqual(status, 1)
        self.assertIn("coxswain bundle:", errors)
        self.assertIn("cannot be run: ModuleNotFoundError", errors)
        self.assertIn('small.py", line 1, in <module>', errors)
        self.file.unlink()
        self.assertIn("is no file", self.run_command()[2])

    def test_the_folder_is_looked_at_before_the_file_is_run(self):
        self.file.write_text("raise RuntimeError('run')")
        self.out.mkdir()
        (self.out / "thesis.tex").write_text("years of work")
        self.assertIn("something else than a bundle", self.run_command()[2])

    def test_without_jax_the_pip_command_is_told(self):
        """In a Python that finds no JAX, whether this one has it or not."""
        self.file.write_text("params = optimizer = batch = {}\nreduction, batch_size = 'sum', 1\n")
        hide = "import sys; sys.modules['jax'] = None; from coxswain.bundle.__main__ import main;"
        result = subprocess.run(
            [sys.executable, "-c", hide + "sys.exit(main(sys.argv[1:]))"]
            + [str(self.file), "--out", str(self.out)],
            env={**os.environ, "PYTHONPATH": str(PYTHON)},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(result.returncode, 1)
        self.assertNotIn("Traceback", result.stderr)
        command = re.escape(f"{sys.executable} -m pip install jax")
        self.assertRegex(result.stderr, f"needs JAX.*{command}")

    def test_importing_needs_no_jax(self):
        hide = "import sys; sys.modules['jax'] = sys.modules['numpy'] = None; "
        result = subprocess.run(
            [sys.executable, "-c", hide + "import coxswain.bundle.rehearse, coxswain.order"],
            env={**os.environ, "PYTHONPATH": str(PYTHON)},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual((result.returncode, result.stderr), (0, ""))


def stablehlo_text(module):
    from jaxlib.mlir import ir
    from jaxlib.mlir.dialects import stablehlo

    with ir.Context() as context:
        stablehlo.register_dialect(context)
        return str(stablehlo.deserialize_portable_artifact(context, module))


def run_artifact(module, entry, arguments):
    """Calls a portable artifact through JAX, as an export with its manifest's signature."""
    from coxswain.bundle.trees import Type

    def avals(slots):
        types = [Type(slot["dtype"], tuple(slot["shape"])) for slot in slots]
        return tuple(jax.core.ShapedArray(t.shape, t.struct().dtype) for t in types)

    def signature(*some):
        return tuple(jnp.zeros(a.shape, a.dtype) for a in avals(entry["results"]))

    like = jax.export.export(jax.jit(signature, keep_unused=True), platforms=["cpu"])(
        *(jax.ShapeDtypeStruct(a.shape, a.dtype) for a in avals(entry["arguments"]))
    )
    import dataclasses

    exported = dataclasses.replace(like, mlir_module_serialized=module)
    return [np.asarray(x) for x in exported.call(*arguments)]


if __name__ == "__main__":
    unittest.main()
