"""The digits under torchft, for `coxswain bench peers`: network, data, batch and optimizer of train.py.

`torchft_digits.py drive` starts a lighthouse and a process for each replica group, kills one of them
every so often, starts it again at once, and prints what was seen as JSON. Time-outs are tuned for one
machine: torchft's own are made for clusters.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import timedelta

GROUPS, BATCH = 4, 128
SECONDS = timedelta(seconds=2)


def lighthouse():
    from torchft._torchft import LighthouseServer

    server = LighthouseServer(
        bind="127.0.0.1:0",
        min_replicas=1,
        join_timeout_ms=200,
        quorum_tick_ms=50,
        heartbeat_timeout_ms=1000,
    )
    print(server.address(), flush=True)
    sys.stdin.read()  # Until whoever started it is gone.
    server.shutdown()


def end_with_parent():
    sys.stdin.read()
    os._exit(0)


def group(number):
    import torch
    import torch.distributed as dist
    import train
    from torchft import DistributedDataParallel, Manager, Optimizer, ProcessGroupGloo

    threading.Thread(target=end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    torch.manual_seed(20261122)
    network, data = train.Digits(), train.load(train.DATA, "train")
    inner = train.adam(network)
    store = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    manager = Manager(
        pg=ProcessGroupGloo(timeout=SECONDS),
        min_replica_size=1,
        load_state_dict=lambda s: (network.load_state_dict(s["n"]), inner.load_state_dict(s["o"])),
        state_dict=lambda: {"n": network.state_dict(), "o": inner.state_dict()},
        replica_id=f"digits_{number}",
        store_addr="127.0.0.1",
        store_port=store.port,
        rank=0,
        world_size=1,
        timeout=SECONDS,
        quorum_timeout=timedelta(seconds=10),
        connect_timeout=SECONDS,
        heartbeat_interval=timedelta(milliseconds=100),
    )
    wrapped, optimizer = DistributedDataParallel(manager, network), Optimizer(manager, inner)
    random = torch.Generator().manual_seed(number)
    while True:
        ids = torch.randint(len(data["y"]), (BATCH // GROUPS,), generator=random)
        optimizer.zero_grad()
        train.loss(wrapped, {name: rows[ids] for name, rows in data.items()}).backward()
        before = manager.current_step()
        optimizer.step()
        if manager.current_step() > before:
            # On Linux this clock is the same in all processes.
            print(time.monotonic(), manager.current_step(), manager.num_participants(), flush=True)


class Groups:
    """The processes, and the commits that they tell."""

    def __init__(self, address):
        self._environment = {**os.environ, "TORCHFT_LIGHTHOUSE": address}
        self._environment.pop("TORCHFT_MANAGER_PORT", None)
        self.processes, self.outputs = [None] * GROUPS, []
        for number in range(GROUPS):
            self.start(number)

    def start(self, number):
        output = tempfile.TemporaryFile()
        self.outputs.append(output)
        self.processes[number] = subprocess.Popen(
            [sys.executable, __file__, "group", "--number", str(number)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.DEVNULL,
            env=self._environment,
            cwd=os.path.dirname(os.path.abspath(__file__)),
        )

    def kill(self, number):
        self.processes[number].send_signal(signal.SIGKILL)
        self.processes[number].wait()
        return time.monotonic()

    def commits(self):
        """Of each step the first word of it, and with how many groups it was made."""
        steps = {}
        for output in self.outputs:
            # Without a seek: the process shares the place at which it writes.
            told = os.pread(output.fileno(), os.fstat(output.fileno()).st_size, 0)
            for line in told.decode().splitlines():
                words = line.split()
                if len(words) == 3:
                    at, step, groups = float(words[0]), int(words[1]), int(words[2])
                    steps[step] = min(steps.get(step, (at, groups)), (at, groups))
        return [(at, groups) for _, (at, groups) in sorted(steps.items())]


def drive(seconds, every, limit=150):
    server = subprocess.Popen(
        [sys.executable, __file__, "lighthouse"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    groups = None
    try:
        groups = Groups(server.stdout.readline().decode().strip())
        begun = time.monotonic()
        while not any(count == GROUPS for _, count in groups.commits()):
            if time.monotonic() - begun > limit:
                sys.exit(f"torchft: not all of {GROUPS} groups made a step within {limit} s")
            time.sleep(0.2)
        begin = time.monotonic()
        kills, died = [], 0
        while time.monotonic() - begin < seconds:
            time.sleep(0.05)
            for number, process in enumerate(groups.processes):
                if process.poll() is not None:
                    died += 1  # Nobody killed it.
                    groups.start(number)
            if (
                time.monotonic() - begin > every * (len(kills) + 1)
                and every * (len(kills) + 1) < seconds
            ):
                victim = len(kills) % GROUPS
                kills.append(groups.kill(victim))
                groups.start(victim)
        end = time.monotonic()
    finally:
        for process in groups.processes if groups else ():
            process.kill()
            process.wait()
        server.kill()
        server.wait()
    commits = [(at, count) for at, count in groups.commits() if begin <= at <= end]
    print(
        json.dumps({"begin": begin, "end": end, "kills": kills, "died": died, "commits": commits})
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["drive", "group", "lighthouse"])
    parser.add_argument("--number", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--every", type=float, default=15, help="seconds between two kills")
    options = parser.parse_args()
    if options.what == "drive":
        drive(options.seconds, options.every)
    elif options.what == "group":
        group(options.number)
    else:
        lighthouse()


if __name__ == "__main__":
    main()
