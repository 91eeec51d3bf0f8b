"""The digits under torchrun, for `coxswain bench restart`: network, data, batch and optimizer of train.py.

`torchrun_digits.py drive` starts torchrun, kills one of its training processes every so often and
prints, as JSON, how long it took each time until a step was made that had not been made before.
torchrun then restarts all processes, which load a checkpoint that is written after each step, to
memory: so that nothing is lost, and no disk is waited for.
"""

import argparse
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BATCH, WARM_STEPS = 128, 20
PR_SET_PDEATHSIG = 1
PREFIX = "torchrun-digits-"


def end_with_parent(how=signal.SIGKILL):
    """Whatever becomes of who started this process, it does not stay behind."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(how), 0, 0, 0)


def put(file, text):
    """Writes a file that is there whole, or not at all."""
    new = file.with_suffix(f".{os.getpid()}")
    new.write_text(text)
    new.rename(file)


def train_rank(folder):
    end_with_parent()
    import torch
    import torch.distributed as dist
    import train

    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    rank, ranks = dist.get_rank(), dist.get_world_size()
    put(folder / f"pid-{rank}", str(os.getpid()))
    torch.manual_seed(20261122)
    network, data = train.Digits(), train.load(train.DATA, "train")
    optimizer = train.adam(network)
    step, checkpoint = 0, folder / "checkpoint"
    if checkpoint.exists():
        stored = torch.load(checkpoint)
        step = stored["step"]
        network.load_state_dict(stored["network"])
        optimizer.load_state_dict(stored["optimizer"])
    wrapped = torch.nn.parallel.DistributedDataParallel(network)
    first, last = BATCH * rank // ranks, BATCH * (rank + 1) // ranks
    with open(folder / "steps", "a", encoding="ascii") as steps:
        while True:
            order = torch.Generator().manual_seed(step)
            ids = torch.randperm(len(data["y"]), generator=order)[:BATCH][first:last]
            optimizer.zero_grad()
            train.loss(wrapped, {name: rows[ids] for name, rows in data.items()}).backward()
            optimizer.step()
            step += 1
            if rank == 0:
                new = folder / "checkpoint.new"
                torch.save(
                    {
                        "step": step,
                        "network": network.state_dict(),
                        "optimizer": optimizer.state_dict(),
                    },
                    new,
                )
                new.rename(checkpoint)
                # On Linux this clock is the same in all processes.
                group = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
                print(time.monotonic(), step, group, file=steps, flush=True)


class Run:
    """torchrun and what its processes tell."""

    def __init__(self, folder, ranks):
        self._folder, self._read, self._tail = folder, 0, ""
        self.newest = (0.0, 0, 0)
        self._log = open(folder / "log", "w+b")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
                *("--nproc-per-node", str(ranks), "--max-restarts", "1000"),
                *("--monitor-interval", "0.1"),
                *(__file__, "train", "--folder", str(folder)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            # Else the store of the group that broke is that of the next one, stale addresses and all.
            env={**os.environ, "OMP_NUM_THREADS": "1", "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"},
            cwd=os.path.dirname(os.path.abspath(__file__)),
            preexec_fn=lambda: end_with_parent(signal.SIGTERM),
        )

    def look(self):
        """Takes in the steps that were made."""
        try:
            with open(self._folder / "steps", encoding="ascii") as steps:
                steps.seek(self._read)
                text = self._tail + steps.read()
                self._read = steps.tell()
        except FileNotFoundError:
            return
        *lines, self._tail = text.split("\n")
        for line in lines:
            at, step, group = line.split()
            if int(step) > self.newest[1]:
                self.newest = (float(at), int(step), int(group))

    def await_step(self, step, limit, group=0):
        """Waits until that step is made, by that group of processes or a later one; gives when.

        A step may end just after a kill: the dead had done their part of it.
        """
        end = time.monotonic() + limit
        while self.newest[1] < step or self.newest[2] < group:
            if self.process.poll() is not None or time.monotonic() > end:
                self._log.seek(0)
                said = self._log.read().decode(errors="replace").strip().splitlines()
                errors = [line for line in said if re.search(r"(Error|Exception): ", line)]
                sys.exit(
                    f"torchrun made no step {step} within {limit} s; it said:"
                    f" {(errors or said or ['nothing'])[-1].strip()}"
                )
            time.sleep(0.002)
            self.look()
        return self.newest[0]

    def kill(self, rank):
        pid = int((self._folder / f"pid-{rank}").read_text())
        self.look()
        os.kill(pid, signal.SIGKILL)
        return time.monotonic()

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()


def sweep(memory):
    """Removes what drivers left there that were killed."""
    for folder in Path(memory).glob(f"{PREFIX}*-*"):
        owner = folder.name[len(PREFIX) :].split("-")[0]
        if not Path("/proc", owner).exists():
            shutil.rmtree(folder, ignore_errors=True)


def drive(ranks, kills, pause, limit=300):
    # As an exception, so that all that was started ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()
    sweep(memory)
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-", dir=memory) as name:
        run = Run(Path(name), ranks)
        try:
            run.await_step(WARM_STEPS, limit)
            recoveries, rates = [], []
            for number in range(kills):
                begun = run.newest
                time.sleep(pause)
                at = run.kill(number % ranks)
                before = run.newest
                rates.append((before[1] - begun[1]) / (before[0] - begun[0]))
                recoveries.append(run.await_step(before[1] + 1, limit, before[2] + 1) - at)
        finally:
            run.close()
    print(json.dumps({"recoveries": recoveries, "stepsPerSecond": rates}))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["drive", "train"])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--ranks", type=int, default=3)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--pause", type=float, default=5, help="seconds before each kill")
    options = parser.parse_args()
    if options.what == "drive":
        drive(options.ranks, options.kills, options.pause)
    else:
        train_rank(options.folder)


if __name__ == "__main__":
    main()
