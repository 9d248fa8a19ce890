"""How much memory a process takes that trains, each system and way in a process of its own."""

from benchmarks.markdown import table
from benchmarks.speed.part import Json, Part, Settings
from benchmarks.speed.systems import COMPARED, GANACHE, PLAIN, store_of
from benchmarks.speed.worker import Trainer


def measure(settings: Settings) -> Json:
    """Return each system's peak in MiB, plain and in Ganache, and what the process had before its networks."""
    found: Json = {}
    for system in COMPARED[:1] if settings.quick else COMPARED:
        with store_of(system, settings) as store:
            found[system.recipe] = {}
            for way in (GANACHE,) if settings.quick else (PLAIN, GANACHE):
                with Trainer(system.recipe, way, store, settings.quick, {}) as trainer:
                    trainer.go(settings.seconds)
                    peak = trainer.answer()["peak_mib"]
                    found[system.recipe][way] = {"peak_mib": peak, "before_mib": trainer.ready["before_mib"]}
    return found


def tell(found: Json) -> str:
    """Return the table."""
    rows: list[tuple[str, ...]] = [("system", "plain", "Ganache", "before the networks are built")]
    for name, ways in found.items():
        peaks = (f"{ways[way]['peak_mib']:,.0f} MiB" if way in ways else "" for way in (PLAIN, GANACHE))
        rows.append((f"`{name}`", *peaks, f"{max(way['before_mib'] for way in ways.values()):,.0f} MiB"))
    text = (
        "The most that was resident in a new process during a few seconds of training, interpreter and torch included."
    )
    return f"{text} Ganache has one more copy of each generator, the average.\n\n{table(rows)}"


PART = Part("memory", "Memory", measure, tell)
