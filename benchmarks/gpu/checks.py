"""Whether training is right on a device: it goes through, resumes exactly, never waits, and bf16 learns as float32."""

import contextlib
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from signal import SIGINT

import numpy as np
import torch

import ganache
from benchmarks.gpu.cases import SETTLED, Case, Json, Workshop, noted, period_of, playing
from ganache.runs import sealed
from ganache.runs.cadence import Cadence, Stretch
from ganache.runs.folder import Run
from ganache.support.interrupts import Interrupts
from ganache.support.streams import untouched_global_stream
from ganache.training.composition import compose
from ganache.training.display import Display
from ganache.training.loop import Loop
from ganache.training.new_runs import make_record
from ganache.training.plan import Plan

SYNCHRONISES = "called a synchronizing CUDA operation"  # torch's words
NONDETERMINISTIC = "deterministic implementation"
TICKS = 10  # lines of the log in a training
WINDOWS = 4  # parts of a loss curve that are compared
WATCHED = 8  # iterations, two rounds of the laziest penalty
LOSSES = ("loss/discriminator", "loss/generator")
BFLOAT16 = 2.0**-8  # the relative error of one rounding
FARTHEST = 2.0  # times the noise


class _Stops(Display):
    """Sends SIGINT's note, as a user's Ctrl-C would, once so many images have been seen."""

    def __init__(self, interrupts: Interrupts, at: float) -> None:
        self._interrupts, self._at = interrupts, at

    def advance(self, images_seen: int, done: float) -> None:
        """Ask for the end when it is time."""
        if images_seen >= self._at:
            self._interrupts.received = SIGINT


def check_training(workshop: Workshop, recipe: str, folder: Path) -> Json:
    """Train once without and once with an interruption, and say how it went, whether the bits are the same, what waits.

    When they are not, a third, undisturbed run tells a resume at fault from a device that never repeats itself.
    """
    plan = workshop.plan(Case(recipe))
    with noted(NONDETERMINISTIC) as found:
        whole = _train(plan, folder / "whole")
    images = whole.state.counters.images_seen
    stopped = _train(plan, folder / "interrupted", stop_at=0.45 * images).state.counters.images_seen
    assert 0 < stopped < images, f"interrupted at {stopped} of {images} images"
    ganache.resume(folder / "interrupted")
    differing = different_tensors(folder / "whole", folder / "interrupted")
    repeats = True
    if differing:
        _train(plan, folder / "again")
        repeats = not different_tensors(folder / "whole", folder / "again")
    lines = whole.run.log_lines()
    return {
        "precision": plan.precision,
        "batch": plan.recipe.batch_size,
        "images": images,
        "interrupted_at": stopped,
        "images_per_second": images / whole.clock.seconds(),
        "losses": {name: [line[name] for line in (lines[0], lines[-1])] for name in LOSSES if name in lines[0]},
        "same_bits_after_resume": not differing,
        "differing_tensors": differing,
        "same_bits_when_repeated": repeats,
        "nondeterministic": sorted(found),
        "synchronisations": synchronisations(plan),
    }


def _train(plan: Plan, folder: Path, stop_at: float = math.inf) -> Loop:
    """Train a new run to its end or to the interruption, with a tenth of the usual ticks: those do wait."""
    images, least = plan.budget.images or 0, plan.recipe.images_per_iteration
    stretch = Stretch(0, images, max(least, images // TICKS), max(least, images), max(least, images // 2))
    cadence = Cadence((stretch,))
    interrupts = Interrupts()
    with untouched_global_stream():
        run = Run.create(folder, plan.recipe, make_record(plan, cadence))
        state, display = plan.build(), _Stops(interrupts, stop_at)
        loop = Loop(
            run,
            state,
            plan.data,
            budget=plan.budget,
            cadence=cadence,
            observers=compose(plan, run, state, display.say),
            display=display,
            interrupts=interrupts,
        )
        loop.go()
    state.check_finite()
    return loop


def different_tensors(first: Path, second: Path) -> list[str]:
    """Return the names of the tensors that differ in any bit between two runs' last checkpoints."""
    (one, _), (other, _) = (sealed.load(sealed.newest(run / "checkpoints")[0]) for run in (first, second))
    names = sorted(one.keys() | other.keys())
    return [name for name in names if name not in one or name not in other or not torch.equal(one[name], other[name])]


@contextlib.contextmanager
def no_waiting(device: torch.device) -> Iterator[set[str]]:
    """Collect where torch sees the host wait for a CUDA device; other devices are the host."""
    with noted(SYNCHRONISES) as places:
        if device.type == "cuda":
            torch.cuda.set_sync_debug_mode("warn")
        try:
            yield places
        finally:
            if device.type == "cuda":
                torch.cuda.set_sync_debug_mode("default")


def synchronisations(plan: Plan) -> list[str]:
    """Return where the host waits for the device in iterations between two ticks, after those that set things up."""
    with untouched_global_stream():
        state = plan.build()
        play = playing(plan.data, state)
        for _ in range(SETTLED * period_of(plan.recipe)):
            play()
        with no_waiting(plan.device) as places:
            for _ in range(WATCHED):
                play()
    return sorted(places)


def check_agreement(workshop: Workshop, recipe: str) -> Json:
    """Train with some seeds in either precision and compare the losses."""
    scale = workshop.scale
    curves = {
        precision: [
            loss_curves(workshop.plan(Case(recipe), precision, seed), scale.steps) for seed in range(scale.seeds)
        ]
        for precision in ("fp32", "bf16")
    }
    found = {
        name: agreement([run[name] for run in curves["fp32"]], [run[name] for run in curves["bf16"]])
        for name in LOSSES
        if name in curves["fp32"][0]
    }
    return {"losses": found, "agrees": all(loss["times_the_noise"] <= FARTHEST for loss in found.values())}


def loss_curves(plan: Plan, steps: int) -> dict[str, list[float]]:
    """Return each loss's means over the quarters of a training of so many iterations."""
    curves: dict[str, list[float]] = {}
    with untouched_global_stream():
        state = plan.build()
        play = playing(plan.data, state)
        for _ in range(WINDOWS):
            state.tally.clear()
            for _ in range(steps // WINDOWS):
                play()
            for name, mean in state.tally.means().items():
                curves.setdefault(name, []).append(mean)
    return curves


def agreement(exact: Sequence[Sequence[float]], rounded: Sequence[Sequence[float]]) -> Json:
    """Return how far the mean curve of (seeds, windows) in bf16 is from that in float32, in units of the noise.

    Distance: the root mean square, over windows, of the difference of the means over seeds. Noise: the deviation
    among float32 seeds, pooled over windows, or one rounding of bf16 if that is more. Were the precisions the same,
    the ratio would be about √(2 / seeds): 0.8 for three.
    """
    first, second = np.array(exact), np.array(rounded)
    distance = np.sqrt(np.mean((first.mean(axis=0) - second.mean(axis=0)) ** 2))
    spread = np.sqrt(np.mean(first.var(axis=0, ddof=1)))
    noise = max(spread, BFLOAT16 * np.abs(first).mean())
    return {
        "fp32": first.mean(axis=0).tolist(),
        "bf16": second.mean(axis=0).tolist(),
        "distance": float(distance),
        "noise": float(noise),
        "times_the_noise": float(distance / noise),
    }
