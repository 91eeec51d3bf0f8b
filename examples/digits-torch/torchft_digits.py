"""The digits under torchft, for `coxswain bench peers`: network, data, batch and optimizer of train.py.

`torchft_digits.py drive` starts a lighthouse and a process for each replica group, kills one of them
every so often, starts it again at once, and prints what was seen as JSON, in its last line. What it
starts ends with it, whatever becomes of it.
"""

import argparse
import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta

GROUPS, BATCH = 4, 128
MOST_RESTARTS = 40
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Timeouts:
    """All of torchft's that matter here: the lighthouse's in milliseconds, the others in seconds."""

    join_ms: int
    tick_ms: int
    heartbeat_ms: int
    process_group: float
    manager: float
    quorum: float
    connect: float

    def __str__(self):
        return (
            f"lighthouse: join {self.join_ms} ms, quorum tick {self.tick_ms} ms,"
            f" heartbeat {self.heartbeat_ms} ms; process group {self.process_group:g} s;"
            f" manager {self.manager:g} s, quorum {self.quorum:g} s, connect {self.connect:g} s"
        )


TIMEOUTS = {
    # torchft's README and train_ddp.py; what they do not name is torchft's default.
    "readme": Timeouts(10_000, 100, 5_000, 5, 30, 60, 60),
    # For one machine: a healthy group that is late joins still, a dead one is not waited for.
    "tuned": Timeouts(2_000, 20, 1_000, 2, 4, 10, 4),
}


def end_with_parent():
    """Whatever becomes of who started this process, it does not stay behind."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def lighthouse(timeouts):
    from torchft.coordination import LighthouseServer

    server = LighthouseServer(
        bind="127.0.0.1:0",
        min_replicas=1,
        join_timeout_ms=timeouts.join_ms,
        quorum_tick_ms=timeouts.tick_ms,
        heartbeat_timeout_ms=timeouts.heartbeat_ms,
    )
    # It names this machine, which need not be where it listens.
    print("http://127.0.0.1:" + server.address().rsplit(":", 1)[1].rstrip("/"), flush=True)
    signal.pause()


def group(number, timeouts):
    import torch
    import torch.distributed as dist
    import train
    from torchft import DistributedDataParallel, Manager, Optimizer, ProcessGroupGloo

    torch.set_num_threads(1)
    torch.manual_seed(20261122)
    network, data = train.Digits(), train.load(train.DATA, "train")
    inner = train.adam(network)
    store = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    manager = Manager(
        pg=ProcessGroupGloo(timeout=timedelta(seconds=timeouts.process_group)),
        min_replica_size=1,
        load_state_dict=lambda s: (network.load_state_dict(s["n"]), inner.load_state_dict(s["o"])),
        state_dict=lambda: {"n": network.state_dict(), "o": inner.state_dict()},
        replica_id=f"digits_{number}",
        store_addr="127.0.0.1",
        store_port=store.port,
        rank=0,
        world_size=1,
        hostname="127.0.0.1",
        timeout=timedelta(seconds=timeouts.manager),
        quorum_timeout=timedelta(seconds=timeouts.quorum),
        connect_timeout=timedelta(seconds=timeouts.connect),
    )
    wrapped, optimizer = DistributedDataParallel(manager, network), Optimizer(manager, inner)
    random = torch.Generator().manual_seed(number)
    while True:
        # The quorum of the step is found while the forward pass runs.
        optimizer.zero_grad()
        ids = torch.randint(len(data["y"]), (BATCH // GROUPS,), generator=random)
        train.loss(wrapped, {name: rows[ids] for name, rows in data.items()}).backward()
        before = manager.current_step()
        optimizer.step()
        if manager.current_step() > before:
            # On Linux this clock is the same in all processes.
            print(time.monotonic(), manager.current_step(), manager.num_participants(), flush=True)


def first_words(texts):
    """Of each step the first word of it, in the order of steps: when, and by how many groups.

    A line that its writer did not end, or that is none of ours, counts for nothing.
    """
    steps = {}
    for text in texts:
        for line in text.splitlines(keepends=True):
            words = line.split()
            if not line.endswith("\n") or len(words) != 3:
                continue
            try:
                at, step, groups = float(words[0]), int(words[1]), int(words[2])
            except ValueError:
                continue
            steps[step] = min(steps.get(step, (at, groups)), (at, groups))
    return [steps[step] for step in sorted(steps)]


def complaint(text):
    """The line of a log that says what went wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"(Error|Exception)\b.*: ", line)]
    return (errors or lines or ["nothing"])[-1]


class Processes:
    """The lighthouse, the groups' processes, and the commits that they tell."""

    def __init__(self, command):
        self._command = command
        self.groups, self._outputs, self._logs = [None] * GROUPS, [], []
        self.last_words = []  # of those that died without being killed
        self._newest, self._log = [None] * GROUPS, tempfile.TemporaryFile()
        self._environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        # Of an earlier launcher.
        for stale in ("TORCHFT_MANAGER_PORT", "TORCHFT_LIGHTHOUSE", "MASTER_ADDR", "MASTER_PORT"):
            self._environment.pop(stale, None)
        self._lighthouse = self._run(["lighthouse"], subprocess.PIPE, self._log)
        address = self._lighthouse.stdout.readline().decode().strip()
        if not address:
            self._lighthouse.wait()
            said = complaint(read(self._log))
            self.close()
            sys.exit(f"torchft's lighthouse did not start; it said: {said}")
        self._environment["TORCHFT_LIGHTHOUSE"] = address
        for number in range(GROUPS):
            self.start(number)

    def _run(self, words, output, log):
        return subprocess.Popen(
            [*self._command, *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=log,
            env=self._environment,
            cwd=os.path.dirname(os.path.abspath(__file__)),
            preexec_fn=end_with_parent,
        )

    def start(self, number):
        output, log = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        self._outputs.append(output)
        self._logs.append(log)
        self._newest[number] = log
        self.groups[number] = self._run(["group", "--number", str(number)], output, log)

    def kill(self, number):
        at = time.monotonic()
        self.groups[number].send_signal(signal.SIGKILL)
        self.groups[number].wait()
        return at

    def start_the_dead(self):
        """Starts again who died without being killed."""
        dead = [n for n, process in enumerate(self.groups) if process.poll() is not None]
        for number in dead:
            self.last_words.append(complaint(read(self._newest[number])))
            if len(self.last_words) > MOST_RESTARTS:
                sys.exit(
                    f"torchft: processes that nobody killed died {MOST_RESTARTS} times; they said:"
                    f" {self.complaints()}"
                )
            self.start(number)

    def commits(self):
        return first_words(read(output) for output in self._outputs)

    def complaints(self):
        """What the groups' processes said last, each thing once."""
        return " | ".join(sorted({complaint(read(log)) for log in self._logs}))

    def close(self):
        for process in (*self.groups, self._lighthouse):
            if process is not None:
                process.kill()
                process.wait()
        self._lighthouse.stdout.close()
        for file in (*self._outputs, *self._logs, self._log):
            file.close()


def read(file):
    # Without a seek: the process shares the place at which it writes.
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(errors="replace")


def drive(command, seconds, every, warm, limit):
    """Runs the groups, with a death each so many seconds; what was seen."""
    processes = Processes(command)
    try:

        def watch_until(instant):
            while time.monotonic() < instant:
                time.sleep(min(0.05, max(0.0, instant - time.monotonic())))
                processes.start_the_dead()

        begun = time.monotonic()
        while not any(count == GROUPS for _, count in processes.commits()):
            if time.monotonic() - begun > limit:
                sys.exit(
                    f"torchft: not all of {GROUPS} groups made a step within {limit:g} s; they said:"
                    f" {processes.complaints()}"
                )
            watch_until(time.monotonic() + 0.2)
        watch_until(time.monotonic() + warm)
        begin, kills = time.monotonic(), []
        processes.last_words.clear()
        for number in range(1, deaths(seconds, every) + 1):
            watch_until(begin + every * number)
            victim = number % GROUPS
            kills.append(processes.kill(victim))
            processes.start(victim)
        watch_until(begin + seconds)
        end = time.monotonic()
        seen, died = processes.commits(), processes.last_words
    finally:
        processes.close()
    commits = [(at, count) for at, count in seen if begin <= at <= end]
    return {"begin": begin, "end": end, "kills": kills, "died": died, "commits": commits}


def deaths(seconds, every):
    """How many, one each so many seconds, the last one before the end."""
    count = 0
    while (count + 1) * every < seconds:
        count += 1
    return count


def versions():
    from importlib import metadata

    def version(name):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return None

    return {
        "torch": version("torch"),
        "torchft": version("torchft") or version("torchft-nightly"),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["drive", "group", "lighthouse"])
    parser.add_argument("--number", type=int, default=0)
    parser.add_argument("--timeouts", choices=sorted(TIMEOUTS), default="readme")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--every", type=float, default=15, help="seconds between two kills")
    parser.add_argument("--warm", type=float, default=5, help="seconds before the first that count")
    parser.add_argument("--limit", type=float, default=120, help="seconds until all make steps")
    options = parser.parse_args()
    timeouts = TIMEOUTS[options.timeouts]
    if options.what == "drive":
        command = [sys.executable, os.path.abspath(__file__), "--timeouts", options.timeouts]
        seen = drive(command, options.seconds, options.every, options.warm, options.limit)
        print(json.dumps({**seen, "timeouts": str(timeouts), "versions": versions()}))
    elif options.what == "group":
        group(options.number, timeouts)
    else:
        lighthouse(timeouts)


if __name__ == "__main__":
    main()
