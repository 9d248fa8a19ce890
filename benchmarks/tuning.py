"""Tune a recipe with two workers of which one is killed at random instants: is anything lost, is anything done twice?

    python -m benchmarks.tuning --out runs/tuned [--recipe dcgan] [--data digits] [--budget 20m] [--kills 10] [--seed 0]

Both work at one study. `--kills` times, at instants spread over its time, one of them gets SIGKILL and is started again
with `--out` alone. At the end every trial of the study must have ended, the default and its checks with all their
seeds, no values may have been tried twice, and every score must be in the trial's own record. Prints the trials of each
kind and the study's verdict with its noise. Exit status 1 where something is lost or doubled.
"""

import argparse
import random
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.markdown import table
from ganache.support.units import duration_text, parse_duration
from ganache.uses.tuning.definition import SEEDS, STUDY, read_definition
from ganache.uses.tuning.findings import Findings, findings, noise_line
from ganache.uses.tuning.ledger import open_ledger
from ganache.uses.tuning.trials import Trial, of_purpose

WORKERS = 2


def start(words: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    """Start a worker, whose words are added to a log."""
    with log.open("ab") as file:
        return subprocess.Popen([sys.executable, "-m", "ganache", "tune", *words], stdout=file, stderr=file)


def tuned(words: Sequence[str], study: Path, instants: Sequence[float], chance: random.Random) -> None:
    """Work at a study with two workers to its end, one of them killed at each of some instants (seconds)."""
    study.parent.mkdir(parents=True, exist_ok=True)
    logs = [study.with_suffix(f".{number}.log") for number in range(WORKERS)]
    workers = [start([*words, "--out", str(study)], logs[0])]
    while not (study / STUDY).exists() and workers[0].poll() is None:
        time.sleep(0.05)
    began = time.monotonic()
    join = ["--out", str(study)]
    workers += [start(join, log) for log in logs[1:]]
    for instant in instants:
        time.sleep(max(0.0, began + instant - time.monotonic()))
        number = chance.randrange(WORKERS)
        workers[number].send_signal(signal.SIGKILL)
        workers[number].wait()
        print(f"killed worker {number} after {duration_text(instant)}", flush=True)
        workers[number] = start(join, logs[number])
    for worker in workers:
        worker.wait()


def faults(trials: Sequence[Trial], recorded: Sequence[int]) -> Iterator[str]:
    """Yield what was lost and what was done twice; `recorded` are the trials whose folder has an evaluation."""
    for trial in trials:
        if trial.fate == "running":
            yield f"trial {trial.number} has not ended"
        if trial.fate == "complete" and trial.number not in recorded:
            yield f"trial {trial.number} has a score and no evaluation"
    work = Counter((_what(trial), trial.of) for trial in trials)
    yield from (f"done {count} times: {what}" for (what, _), count in work.items() if count > 1)
    if len([trial for trial in of_purpose(trials, "default") if trial.fate == "complete"]) < SEEDS:
        yield "a default has no score"


def _what(trial: Trial) -> str:
    if trial.purpose == "search":
        return repr(sorted(trial.values.items()))
    return f"{trial.purpose} of seed {trial.seed}"


def told(found: Findings) -> str:
    """Return the trials of each kind, their work, and what was found."""
    rows = [("trials", "number", "complete", "pruned", "work")]
    for purpose in ("default", "search", "check"):
        some = of_purpose(found.trials, purpose)
        fates = Counter(trial.fate for trial in some)
        work = duration_text(sum(trial.work for trial in some))
        rows.append((purpose, str(len(some)), str(fates["complete"]), str(fates["pruned"]), work))
    return f"{table(rows)}\n\ndefault: {noise_line(found)}\nverdict: {found.sentence()}"


def main() -> None:
    """Tune, kill, and look at what is left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--recipe", default="dcgan")
    parser.add_argument("--data", default="digits")
    parser.add_argument("--budget", default="20m", help="of work, of both workers together")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--words", default="", help="more words for `ganache tune`, as in a shell")
    options = parser.parse_args()
    chance, study = random.Random(options.seed), options.out / "study"
    length = parse_duration(options.budget) / WORKERS
    instants = sorted(chance.uniform(0.0, length) for _ in range(options.kills))
    words = [options.recipe, "--data", options.data, "--budget", options.budget, *shlex.split(options.words)]
    began = time.monotonic()
    tuned(words, study, instants, chance)
    definition = read_definition(study)
    trials = open_ledger(study, definition.name, definition.dials).trials()
    recorded = [int(path.parent.name) for path in (study / "trials").glob("*/evaluation.json")]
    wrong = [*faults(trials, recorded)]
    print(told(findings(definition, trials)))
    print(f"{duration_text(time.monotonic() - began)}, {options.kills} kills: {'; '.join(wrong) or 'nothing lost'}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
