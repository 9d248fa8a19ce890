"""Kill a small run with SIGKILL at N random instants, resume each time, and compare every file of the run.

    python -m benchmarks.kill 20 [--recipe dcgan] [--seed 0] [--images 6k] [--processes 1]

The run uses all that has a state: dropout, batch norm, input noise, a lazy penalty, an average of the weights;
`cyclegan` has pools of old translations and the orders of two sides, `cut` its places in the features. Instants
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
from dataclasses import dataclass
from pathlib import Path

from benchmarks.same_run import differing
from ganache.runs import sealed

DIGITS = ("--data", "digits")
THIN = ("--set", "translator.width=8", "--set", "translator.blocks=1", "--set", "discriminator.width=8")
SIDES = (*DIGITS, "--domains", "0,1", "--size", "16", *THIN)
WORDS = {
    "dcgan": (
        *(*DIGITS, "--set", "discriminator.batch_norm=false", "--set", "augment=InputNoise"),
        *("--set", 'penalties.r1={"kind": "R1", "weight": 0.1, "every": 4}'),
        *("--set", "generator.width=16", "--set", "discriminator.width=16"),
    ),
    "cyclegan": SIDES,
    "cut": (*SIDES, "--set", "layers=[0,2,3,4]"),
}


@dataclass(frozen=True)
class Victim:
    """The training that is killed."""

    recipe: str = "dcgan"
    images: str = "6k"
    processes: int = 1

    @property
    def ganache(self) -> list[str]:
        """The command itself, in one process or many."""
        alone = [sys.executable, "-m", "ganache"]
        many = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={self.processes}", "-m", "ganache"]
        return many if self.processes > 1 else alone

    def begins(self, out: Path) -> list[str]:
        """Return the command that begins the run."""
        words = [*self.ganache, "train", self.recipe, *WORDS[self.recipe]]
        return [*words, "--images", self.images, "--out", str(out)]

    def goes_on(self, out: Path) -> list[str]:
        """Return what its user would type: resume it, or begin again when it was killed before it was there."""
        return [*self.ganache, "resume", str(out)] if (out / "recipe.json").exists() else self.begins(out)


def kill_once(victim: Victim, out: Path, instant: float, process_number: int = 0) -> int:
    """Begin the run, kill it after `instant` seconds, finish it; return the images of the checkpoint it lay at.

    Of many processes the one of that number is killed, or all where there are none yet.
    """
    process = subprocess.Popen(victim.begins(out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(instant)
    except subprocess.TimeoutExpired:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        started = [int(pid) for pid in children.read_text().split()] if victim.processes > 1 else []
        all_there = len(started) == victim.processes
        os.kill(started[process_number] if all_there else process.pid, signal.SIGKILL)
        process.wait()
    left = sealed.newest(out / "checkpoints")
    subprocess.run(victim.goes_on(out), check=True, capture_output=True)
    return int(left[0].stem) if left else -1


def main() -> None:
    """Print one line a kill and the verdict."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", type=int, nargs="?", default=20)
    parser.add_argument("--recipe", choices=sorted(WORDS), default="dcgan")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--images", default="6k")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    victim = Victim(options.recipe, options.images, options.processes)
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        undisturbed = Path(folder) / "undisturbed"
        began = time.perf_counter()
        subprocess.run(victim.begins(undisturbed), check=True, capture_output=True)
        length = time.perf_counter() - began
        same, files = 0, sum(path.is_file() for path in undisturbed.rglob("*"))
        print(f"undisturbed: {length:.1f} s, {files} files", flush=True)
        for kill in range(options.kills):
            run, instant = Path(folder) / f"killed-{kill}", chance.uniform(0.0, length)
            left = kill_once(victim, run, instant, chance.randrange(options.processes))
            others = differing(run, undisturbed)
            same += not others
            place = f"at checkpoint {left}" if left >= 0 else "before there was a run"
            verdict = f"DIFFERENT: {', '.join(others)}" if others else "the same files"
            print(f"kill {kill + 1:2} after {instant:5.2f} s, {place}: {verdict}", flush=True)
    print(f"{same} of {options.kills} resumed runs ended with all the undisturbed run's files")
    sys.exit(same != options.kills)


if __name__ == "__main__":
    main()
