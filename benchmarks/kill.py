"""Kill a small run with SIGKILL at N random instants, resume each time, and compare every file of the run.

    python -m benchmarks.kill 20 [--seed 0] [--images 6k] [--processes 1]

The run uses all that has a state: dropout, batch norm, input noise, a lazy penalty, an average of the weights. Instants
are spread over the whole life of the process: start-up, the making of the folder, training, saving, the last plots. Of
many processes, which `torchrun` starts, one is killed, and all must end by it.
Exit status 1 when any resumed run ends with another checkpoint, picture, generator, log, record, animation or curve
than the run that nobody disturbed (`same_run.py`; clocks, speeds and the list of sessions are not compared).
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.same_run import differing
from ganache.runs import sealed

SETTINGS = [
    *("--set", "discriminator.batch_norm=false", "--set", "augment=InputNoise"),
    *("--set", 'penalties.r1={"kind": "R1", "weight": 0.1, "every": 4}'),
    *("--set", "generator.width=16", "--set", "discriminator.width=16"),
]


def ganache(processes: int) -> list[str]:
    """Return the command itself, in one process or many."""
    together = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={processes}", "-m", "ganache"]
    return together if processes > 1 else [sys.executable, "-m", "ganache"]


def train_command(out: Path, images: str, processes: int) -> list[str]:
    """Return the command that begins the run."""
    return [*ganache(processes), "train", "dcgan", "--data", "digits", "--images", images, "--out", str(out), *SETTINGS]


def go_on(out: Path, images: str, processes: int) -> None:
    """Finish the run as its user would: resume it, or begin again when it was killed before it was there."""
    is_there = (out / "recipe.json").exists()
    command = [*ganache(processes), "resume", str(out)] if is_there else train_command(out, images, processes)
    subprocess.run(command, check=True, capture_output=True)


def kill_once(out: Path, images: str, instant: float, processes: int = 1, victim: int = 0) -> int:
    """Begin the run, kill it after `instant` seconds, finish it; return the images of the checkpoint it lay at.

    Of many processes the one with the number `victim` is killed, or all where there are none yet.
    """
    command = train_command(out, images, processes)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(instant)
    except subprocess.TimeoutExpired:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        started = [int(pid) for pid in children.read_text().split()] if processes > 1 else []
        os.kill(started[victim] if len(started) == processes else process.pid, signal.SIGKILL)
        process.wait()
    left = sealed.newest(out / "checkpoints")
    go_on(out, images, processes)
    return int(left[0].stem) if left else -1


def main() -> None:
    """Print one line a kill and the verdict."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", type=int, nargs="?", default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--images", default="6k")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        undisturbed = Path(folder) / "undisturbed"
        began = time.perf_counter()
        subprocess.run(train_command(undisturbed, options.images, options.processes), check=True, capture_output=True)
        length = time.perf_counter() - began
        same, files = 0, sum(path.is_file() for path in undisturbed.rglob("*"))
        print(f"undisturbed: {length:.1f} s, {files} files", flush=True)
        for kill in range(options.kills):
            run, instant = Path(folder) / f"killed-{kill}", chance.uniform(0.0, length)
            left = kill_once(run, options.images, instant, options.processes, chance.randrange(options.processes))
            others = differing(run, undisturbed)
            same += not others
            place = f"at checkpoint {left}" if left >= 0 else "before there was a run"
            verdict = f"DIFFERENT: {', '.join(others)}" if others else "the same files"
            print(f"kill {kill + 1:2} after {instant:5.2f} s, {place}: {verdict}", flush=True)
    print(f"{same} of {options.kills} resumed runs ended with all the undisturbed run's files")
    sys.exit(same != options.kills)


if __name__ == "__main__":
    main()
