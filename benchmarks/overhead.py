"""How much of a training's time goes to anything but its steps: data, average, log, pictures, checkpoints.

    python benchmarks/overhead.py [--data mnist] [--images 50000] [--rounds 3]

Two things in turn, `rounds` times: a whole run of `lsgan`, and its two moves alone, on one batch that stays in
memory. Overhead = run / steps - 1, on the medians, once for the loop's own clock (training_seconds: data and average)
and once for the wall clock from the first step to the last (also log, pictures and checkpoints).
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import torch

import ganache
from ganache.engine.random_draws import StateDraws
from ganache.games import Moment, TwoPlayers
from ganache.runs.budget import Budget
from ganache.runs.folder import Run
from ganache.training.composition import compose
from ganache.training.display import Display
from ganache.training.loop import Loop
from ganache.training.new_runs import make_record
from ganache.training.plan import Plan, Request


def bare_steps(plan: Plan, images: int) -> float:
    """Return seconds per image of both players' moves on one batch."""
    state, game = plan.build(), plan.recipe
    assert isinstance(game, TwoPlayers)
    draws, now = StateDraws(plan.data, state), Moment()
    batch, latents = draws.batch(), draws.latents(game.generator.latent)
    steps = images // plan.recipe.batch_size
    began = 0.0
    for step in range(steps + 2):
        if step == 2:  # the first ones also allocate
            began = time.perf_counter()
        game.move_discriminator(state.cast, batch, latents, now)
        game.move_generator(state.cast, batch, latents, now)
    return (time.perf_counter() - began) / (steps * plan.recipe.batch_size)


def whole_run(plan: Plan, folder: Path) -> tuple[float, float]:
    """Return seconds per image of a run by its own clock and by the wall clock."""
    run = Run.create(folder, plan.recipe, make_record(plan, plan.cadence()))
    state = plan.build()
    began = time.perf_counter()
    observers = compose(plan, run, state, Display().say)
    loop = Loop(run, state, plan.data, budget=plan.budget, cadence=plan.cadence(), observers=observers)
    loop.go()
    seen = state.counters.images_seen
    return loop.clock.seconds() / seen, (time.perf_counter() - began) / seen


def main() -> None:
    """Print both overheads."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    plan = ganache.plan(Request(data=options.data, recipe="lsgan", images=options.images))
    assert plan.budget == Budget(options.images, None)
    steps, clocks, walls = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds):
            steps.append(bare_steps(plan, options.images // 2))
            clock, wall = whole_run(plan, Path(folder) / f"run-{number}")
            clocks.append(clock)
            walls.append(wall)
    step = statistics.median(steps)
    print(f"{torch.get_num_threads()} threads, {plan.precision}, lsgan, batch {plan.recipe.batch_size}")
    print(f"steps alone      {1000 * step:.3f} s per thousand images  (all: {[round(1000 * s, 3) for s in steps]})")
    for name, values in (("training clock", clocks), ("wall clock", walls)):
        value = statistics.median(values)
        print(f"{name:<16} {1000 * value:.3f} s per thousand images, overhead {100 * (value / step - 1):.1f} %")
    between = statistics.median(wall / clock - 1 for wall, clock in zip(walls, clocks, strict=True))
    print(f"log, pictures and checkpoints alone, within the same runs: {100 * between:.1f} %")


if __name__ == "__main__":
    main()
