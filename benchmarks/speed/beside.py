"""Two trainings on the same cores at once: how much of its speed each keeps."""

import contextlib
import shlex
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.markdown import table
from benchmarks.speed.part import Json, Part, Settings, precise
from benchmarks.speed.systems import GANACHE, PLAIN, System, store_of, trained_in
from benchmarks.speed.worker import Trainer

RECIPES = ("vanilla", "lsgan")  # many small operators, and few large ones


def measure(settings: Settings) -> Json:
    """Return speeds alone and together: environment → recipe → way."""
    recipes = RECIPES[:1] if settings.quick else RECIPES
    found: Json = {environment: {} for environment in settings.environments}
    for recipe in recipes:
        system = trained_in(recipe)
        with store_of(system, settings) as store:
            for environment in settings.environments:
                ways = (GANACHE,) if settings.quick else (PLAIN, GANACHE)
                found[environment][recipe] = {way: _measured(system, way, store, environment, settings) for way in ways}
    return found


def _measured(system: System, way: str, store: Path, environment: str, settings: Settings) -> Json:
    alone, together = [], []
    variables = parsed(environment)
    with contextlib.ExitStack() as stack:
        pair = [stack.enter_context(Trainer(system.recipe, way, store, settings.quick, variables)) for _ in range(2)]
        for turn in range(settings.rounds):
            alone += _speeds([pair[turn % 2]], settings.seconds)  # the other one sleeps
            together.append(_speeds(pair, settings.seconds))
        return {"threads": pair[0].ready["threads"], "alone": alone, "together": together}


def _speeds(trainers: Sequence[Trainer], seconds: float) -> list[float]:
    for trainer in trainers:
        trainer.go(seconds)
    return [trainer.answer()["images_per_second"] for trainer in trainers]


def parsed(environment: str) -> Mapping[str, str]:
    """Return the variables of ``NAME=VALUE NAME=VALUE``."""
    return dict(assignment.split("=", 1) for assignment in shlex.split(environment))


def tell(found: Json) -> str:
    """Return the table."""
    rows = [("environment", "system", "", "threads each", "alone, images/s", "each of two", "keeps", "at worst")]
    for environment, recipes in found.items():
        for recipe, ways in recipes.items():
            for way, known in ways.items():
                alone, both = statistics.median(known["alone"]), [speed for turn in known["together"] for speed in turn]
                shares = (f"{statistics.median(both) / alone:.0%}", f"{min(both) / alone:.0%}")
                speeds = (precise(known["alone"]), precise(both))
                title = f"`{environment}`" if environment else "as it is"
                rows.append((title, f"`{recipe}`", way, str(known["threads"]), *speeds, *shares))
    return f"{_PROTOCOL}\n\n{table(rows)}"


_PROTOCOL = (
    "Two processes that train the same at the same time on the same cores, in turns with one of them alone. What each"
    " keeps is its speed beside the other as a share of the median alone: 50% would be half of the machine for each."
)

PART = Part("beside", "Two trainings side by side", measure, tell)
