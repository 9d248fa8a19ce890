"""A training that is looked at: what `ganache train` does with a plan, an iteration at a time and without a folder."""

import torch

from ganache.data.sources.densities import Density
from ganache.engine.graphs import launcher
from ganache.games import TwoPlayers
from ganache.runs.cadence import Cadence
from ganache.support.errors import UserError
from ganache.support.streams import untouched_global_stream
from ganache.support.units import counted
from ganache.training.clock import Clock
from ganache.training.observers.held_out import HeldOut
from ganache.training.observers.observer import Marks, Observer
from ganache.training.observers.vitals import Vitals
from ganache.training.observers.watch import Watch
from ganache.training.onlookers import Onlookers
from ganache.training.plan import Plan, Request, make_plan

MOST_SIDE = 64  # pixels
MOST_BATCH = 4096
MOST_NUMBERS = 10_000_000  # weights of both networks together


class Workbench:
    """A training from its plan on; its state after n iterations has the bits of `ganache train`'s.

    `lines` are what the log of a run would say, at the same moments, and `told` what the doctor said of them.
    """

    def __init__(self, plan: Plan) -> None:
        assert isinstance(plan.recipe, TwoPlayers), plan.recipe
        self.plan, self.recipe = plan, plan.recipe
        self.state, self.clock = plan.build(), Clock(plan.device)
        self.lines: list[Marks] = []
        self.told: list[str] = []
        self._launcher = launcher(plan.data, self.state)
        with untouched_global_stream():
            self._onlookers = Onlookers(self.state, plan.cadence(), self.clock, self._observers())
        self._onlookers.ask(lambda observer: observer.go_back(self.state))
        self._counted: dict[str, tuple[float, float]] = {}  # sums and counts of the tally that were taken notice of
        self._waiting: dict[str, tuple[float, float]] = {}  # sums and counts since the curves were last asked for

    def _observers(self) -> tuple[Observer, ...]:
        data, state = self.plan.data, self.state
        watch = Watch(self.recipe, data.summary(), lambda: self.lines, self.told.append)
        return HeldOut(data, state), Vitals(data, state), watch

    @property
    def iteration(self) -> int:
        """How many iterations were played."""
        return self.state.counters.iterations

    @property
    def cadence(self) -> Cadence:
        """How often lines are written."""
        return self._onlookers.cadence

    @property
    def density(self) -> Density | None:
        """The density whose points are learnt, where they are points."""
        dataset = self.plan.dataset
        return dataset if isinstance(dataset, Density) else None

    def advance(self) -> None:
        """Play one iteration, and note what is due then. Raises NonFiniteError at a tick that finds no numbers."""
        self.clock.start()
        self._launcher.iterate()
        self.clock.stop()
        if self._onlookers.is_due("tick"):
            self.state.tally.check_finite()
            self.lines.append(self._onlookers.line())
            self._take_notice()
            self.state.tally.clear()
            self._counted.clear()
            self._lengthen()

    def _lengthen(self) -> None:
        """Give a training that is over twice its budget, as a run would be: lines become rarer, some hundreds each."""
        planned, seen = self.cadence.stretches[-1].planned, self.state.counters.images_seen
        if seen >= planned:
            longer = self.cadence.extended(seen, 2 * planned, self.recipe.images_per_iteration)
            self._onlookers.cadence = longer

    def curves(self) -> dict[str, float]:
        """Return the mean of each record since this was last asked. Raises NonFiniteError for what is no number."""
        self.state.tally.check_finite()
        self._take_notice()
        found = {name: total / count for name, (total, count) in self._waiting.items() if count}
        self._waiting.clear()
        return found

    def _take_notice(self) -> None:
        """Add what the tally has got since to what waits for the curves."""
        for name, entry in self.state.tally.entries.items():
            total, count = entry.tolist()
            before, waiting = self._counted.get(name, (0.0, 0.0)), self._waiting.get(name, (0.0, 0.0))
            self._waiting[name] = (waiting[0] + total - before[0], waiting[1] + count - before[1])
            self._counted[name] = (total, count)


def planned(recipe: TwoPlayers, data: str, seed: int, device: str = "cpu", size: str | None = None) -> Plan:
    """Return the plan of a game on data; raises UserError for what `ganache train` would refuse, or too much of it."""
    if recipe.batch_size > MOST_BATCH:
        raise UserError(f"batch_size: the lab takes batches of at most {MOST_BATCH:,}, not {recipe.batch_size:,}")
    plan = make_plan(Request(data=data, recipe=recipe, seed=seed, device=device, size=size))
    shape = plan.data.shape
    if shape.table is not None:
        raise UserError(f"data: {data!r} has rows, and the lab shows points and pictures")
    if max(shape.height, shape.width) > MOST_SIDE:
        raise UserError(
            f"size: the lab takes pictures of at most {MOST_SIDE}x{MOST_SIDE}, not {shape.height}x{shape.width}; "
            f"--size {MOST_SIDE}x{MOST_SIDE} makes them so"
        )
    _refuse_large(plan)
    return plan


def _refuse_large(plan: Plan) -> None:
    with torch.device("meta"):
        cast = plan.recipe.build(plan.data.shape, len(plan.data.label_names) if plan.recipe.conditional else 0)
    numbers = sum(weight.numel() for network in cast.networks.values() for weight in network.parameters())
    if numbers > MOST_NUMBERS:
        raise UserError(f"recipe: the lab takes networks of {counted(MOST_NUMBERS, 'weight')} at most, not {numbers:,}")
