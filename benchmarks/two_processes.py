"""What several processes of one machine bring: bursts of iterations by all of them and by one alone, in turns.

    torchrun --nproc-per-node=2 -m benchmarks.two_processes [RECIPE …] [--data mnist] [--seconds 1] [--rounds 12]

Together each process has one thread, alone the first has as many threads as there are processes. The batch is the same,
and so is the arithmetic but for rounding. In turns, since a machine's speed changes within minutes. Prints the medians
and the best bursts, in images per second, and what share of one process's speed all have.
"""

import argparse
import dataclasses
import statistics
import time
from collections import defaultdict
from collections.abc import Callable

import torch

from benchmarks.markdown import table
from ganache.engine.iteration import iterate
from ganache.engine.processes import started
from ganache.engine.random_draws import StateDraws
from ganache.engine.state import TrainingState
from ganache.support.world import ALONE, World
from ganache.training.plan import Plan, Request, make_plan

RECIPES = ("vanilla", "lsgan", "dcgan", "mnist-speedrun", "sngan")


def trained(plan: Plan) -> tuple[TrainingState, StateDraws]:
    """Return a training that has done one iteration, which also allocates."""
    state = plan.build()
    draws = StateDraws(plan.data, state)
    iterate(state, draws)
    return state, draws


def burst(training: tuple[TrainingState, StateDraws], threads: int, iterations: int) -> float:
    """Return images per second."""
    torch.set_num_threads(threads)
    began, before = time.perf_counter(), training[0].counters.images_seen
    for _ in range(iterations):
        iterate(*training)
    return (training[0].counters.images_seen - before) / (time.perf_counter() - began)


def raced(recipe: str, options: argparse.Namespace, world: World) -> dict[str, list[float]]:
    """Return the speeds of the bursts of both, in process 0."""
    plan = make_plan(Request(recipe=recipe, data=options.data, images="1M"), None, world=world)
    together = trained(plan)
    alone = trained(dataclasses.replace(plan, world=ALONE)) if world.rank == 0 else None
    found: dict[str, list[float]] = defaultdict(list)

    def race(name: str, one_burst: Callable[[int], float]) -> None:
        few = one_burst(3)
        wanted = max(3, int(options.seconds * few / plan.recipe.images_per_iteration))
        found[name].append(one_burst(world.told(wanted) if name == "together" else wanted))

    for _ in range(options.rounds):
        if alone is not None:
            race("alone", lambda count: burst(alone, world.size, count))
        world.told(None)  # nobody waits by asking while the first one runs alone
        race("together", lambda count: burst(together, 1, count))
    return found


def main() -> None:
    """Race every recipe and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", default=list(RECIPES))
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=12)
    options = parser.parse_args()
    with started() as world:
        rows: list[tuple[str, ...]] = [("recipe", "one process: median, best", f"{world.size} processes", "")]
        for recipe in options.recipes:
            found = raced(recipe, options, world)
            if world.rank == 0:
                (alone, best_alone), (both, best_both) = (
                    (statistics.median(found[who]), max(found[who])) for who in ("alone", "together")
                )
                shares = f"{both / alone:.0%}, {best_both / best_alone:.0%}"
                rows.append(
                    (f"`{recipe}`", f"{alone:,.0f}, {best_alone:,.0f}", f"{both:,.0f}, {best_both:,.0f}", shares)
                )
        if world.rank == 0:
            print(table(rows))


if __name__ == "__main__":
    main()
