"""Processes that serve a view: asked of the agent, or started here; and JAX's coordination service."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import unittest
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from coxswain import Group, TrainerError, _coordination, _services, _wire
from coxswain._store import ViewOver

from .agent import PACKAGE, PATIENCE
from .test_jax import HAS_JAX

SCRIPT = PACKAGE / "coxswain" / "_coordination.py"
CLIENT = Path(__file__).with_name("jax_clients.py")


class AskedOfTheAgent(unittest.TestCase):
    def setUp(self) -> None:
        self.sent: list[_wire.ViewServiceRequest] = []
        self.below = 0
        self.answer: tuple[str, str, str] | None = ("here:1", "", "")
        self.services = _services.Services(self.send, lambda e: e < self.below, True)

    def send(self, message: _wire.FromWorkerSide) -> None:
        request = _wire.FromWorkerSide.decode(message.encode()).body
        assert isinstance(request, _wire.ViewServiceRequest)
        self.sent.append(request)
        if self.answer is not None:
            self.services.answered(_wire.ViewServiceAnswer(request.id, *self.answer))

    def test_gives_the_address_that_the_agent_says(self) -> None:
        self.services.answered(_wire.ViewServiceAnswer(1, "of nobody's"))
        self.assertEqual(self.services.serve(7, "jax", ["python", "-m", "x"]), "here:1")
        self.assertEqual(
            self.sent, [_wire.ViewServiceRequest(1, 7, "jax", ("python", "-m", "x"))]
        )

    def test_what_is_refused_says_why(self) -> None:
        self.answer = ("", "not_started", "jax ended with status 1; last words: no jaxlib")
        with self.assertRaisesRegex(TrainerError, r"service jax: .* no jaxlib \(not_started\)"):
            self.services.serve(7, "jax", ["python"])
        self.answer = ("", "epoch_over", "epoch 7 has ended")
        with self.assertRaises(ViewOver):
            self.services.serve(7, "jax", ["python"])

    def test_an_abort_ends_the_wait(self) -> None:
        self.answer = None
        asked, errors = threading.Event(), []
        send = self.send

        def tell(message: _wire.FromWorkerSide) -> None:
            send(message)
            asked.set()

        self.services = _services.Services(tell, lambda e: e < self.below, True)

        def ask() -> None:
            try:
                self.services.serve(7, "jax", ["python"])
            except ViewOver as e:
                errors.append(e)

        thread = threading.Thread(target=ask)
        thread.start()
        asked.wait(PATIENCE)
        self.below = 8
        self.services.aborted()
        thread.join(PATIENCE)
        self.assertEqual([e.code for e in errors], ["epoch_over"])

    def test_an_agent_that_is_gone_is_the_end_of_the_view(self) -> None:
        def fails(_: Any) -> None:
            raise BrokenPipeError("gone")

        with self.assertRaisesRegex(ViewOver, "the agent is gone"):
            _services.Services(fails, lambda _: False, True).serve(7, "jax", ["python"])

    def test_a_group_without_an_agent_has_none(self) -> None:
        with self.assertRaisesRegex(TrainerError, "starts no services"):
            Group(1, 0, 1).serve("jax", ["python"])
        made: list[tuple[str, Sequence[str]]] = []
        group = Group(1, 0, 1, make_service=lambda *asked: made.append(asked) or "a:1")  # type: ignore[func-returns-value]
        self.assertEqual(group.serve("jax", ["python"]), "a:1")
        self.assertEqual(made, [("jax", ["python"])])


class StartedHere(unittest.TestCase):
    """Where the agent starts none: it is older, or somebody else starts the workers."""

    def serve(self, program: str) -> tuple[str, subprocess.Popen[bytes]]:
        services = _services.Services(lambda _: None, lambda _: False, False)
        address = services.serve(1, "x", [sys.executable, "-c", program])
        (process,) = services._here
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            self.addCleanup(pipe.close)
        return address, process

    def test_says_where_and_ends_with_its_input(self) -> None:
        address, process = self.serve(
            "import os, sys; print('words'); "
            "print('coxswain-service', os.environ['COXSWAIN_SERVICE_LINGER'], flush=True); "
            "sys.stdin.read(); sys.exit(3)"
        )
        self.assertEqual(address, "5")
        # Ctrl-C in the worker's terminal is not for it.
        self.assertNotEqual(os.getpgid(process.pid), os.getpgid(0))
        assert process.stdin is not None
        process.stdin.close()
        self.assertEqual(process.wait(PATIENCE), 3)

    def test_one_that_does_not_serve_is_told(self) -> None:
        with self.assertRaisesRegex(TrainerError, "did not say where it serves; it ended with"):
            self.serve("print('coxswain-servant x')")
        with self.assertRaisesRegex(TrainerError, "does not start"):
            _services.Services(lambda _: None, lambda _: False, False).serve(
                1, "x", ["/no/such/program"]
            )


class Ports(unittest.TestCase):
    def test_a_held_port_is_free_for_the_service_alone(self) -> None:
        holder, served, address = _coordination.hold_port("127.0.0.1")
        self.addCleanup(holder.close)
        self.assertEqual(served, address)
        port = int(address.rpartition(":")[2])
        with socket.socket() as other, self.assertRaises(OSError):
            other.bind(("127.0.0.1", port))
        with socket.socket() as service:
            service.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            service.bind(("127.0.0.1", port))
            service.listen()
            # Whoever comes is the service's.
            for _ in range(8):
                with socket.create_connection(("127.0.0.1", port), PATIENCE):
                    accepted, _ = service.accept()
                    accepted.close()

    def test_a_host_with_an_address_of_somebody_elses(self) -> None:
        # Of a range for documentation: no host has it.
        holder, served, address = _coordination.hold_port("192.0.2.1")
        self.addCleanup(holder.close)
        self.assertEqual(served.rpartition(":")[0], "0.0.0.0")
        self.assertEqual(address, f"192.0.2.1:{served.rpartition(':')[2]}")

    def test_version_six(self) -> None:
        try:
            holder, served, address = _coordination.hold_port("::1")
        except OSError:
            self.skipTest("no IPv6")
        self.addCleanup(holder.close)
        self.assertRegex(served, r"^\[::1\]:\d+$")
        self.assertEqual(served, address)


class Script(unittest.TestCase):
    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        self.addCleanup(process.__exit__, None, None, None)
        self.addCleanup(process.kill)
        return process

    def line(self, process: subprocess.Popen[str]) -> str:
        """The next that is not gloo's."""
        assert process.stdout is not None
        line = process.stdout.readline()
        while line.startswith("[Gloo]"):
            line = process.stdout.readline()
        return line

    def test_without_jaxlib(self) -> None:
        # An empty module in its place.
        done = self.start("--host", "127.0.0.1", "--processes", "2", "--library", str(PACKAGE / "tests"))
        with mock.patch.dict(sys.modules, {"jaxlib": None, "jaxlib._jax": None}):
            with self.assertRaisesRegex(ImportError, "no get_distributed_runtime_service"):
                _coordination.module()
        out, err = done.communicate(timeout=PATIENCE)
        if HAS_JAX:
            self.assertRegex(out, r"^coxswain-service 127\.0\.0\.1:\d+\n$")
            self.assertEqual(done.returncode, 0)
        else:
            self.assertEqual(done.returncode, 1)
            self.assertIn("get_distributed_runtime_service", err)

    def test_a_host_that_is_none(self) -> None:
        done = self.start("--host", "no.such.host.invalid", "--processes", "2")
        out, err = done.communicate(timeout=PATIENCE)
        self.assertEqual((done.returncode, out), (1, ""))
        self.assertIn("gaierror" if HAS_JAX else "ImportError", err)

    @unittest.skipUnless(HAS_JAX, "JAX is not installed")
    def test_which_errors_are_of_the_group(self) -> None:
        import jax

        from coxswain._jax_coordination import is_broken

        gloo = "UNKNOWN: Gloo AllGather failed: Connection closed by peer"
        self.assertTrue(is_broken(ValueError(gloo)))
        self.assertTrue(is_broken(jax.errors.JaxRuntimeError(gloo)))
        self.assertFalse(is_broken(ValueError("x must be positive: UNKNOWN: it is not")))
        self.assertFalse(is_broken(TypeError(gloo)))

    @unittest.skipUnless(HAS_JAX, "JAX is not installed")
    def test_outlives_rank_0(self) -> None:
        service = self.start("--host", "127.0.0.1", "--processes", "3")
        assert service.stdout is not None and service.stdin is not None
        address = service.stdout.readline().split()[1]
        clients = [
            subprocess.Popen(
                [sys.executable, str(CLIENT), address, "3", str(rank)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": str(PACKAGE), "JAX_PLATFORMS": "cpu"},
            )
            for rank in range(3)
        ]
        for client in clients:
            self.addCleanup(client.__exit__, None, None, None)
            self.addCleanup(client.kill)
            self.assertEqual(self.line(client), "sums 3.0 over 3 processes\n")
        clients[0].kill()
        for client in clients[1:]:
            # An error and no abort; and the service answers.
            self.assertEqual(self.line(client), "the group broke\n")
            self.assertEqual(self.line(client), "served\n")
            self.assertEqual(client.wait(PATIENCE), 0)
        self.assertIsNone(service.poll())
        service.stdin.close()
        self.assertEqual(service.wait(PATIENCE), 0)


if __name__ == "__main__":
    unittest.main()
