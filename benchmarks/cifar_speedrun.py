"""CIFAR-10 in ten minutes of one GPU: three settings, without classes and with them, for equal seconds each.

    python -m benchmarks.cifar_speedrun --cifar10 cifar10-jpg.zip [--work runs/cifar] [--seconds 90]
        [--settings dcgan …] [--weights inception.pth] [--count 50000] [--set field=value …]

Judged by the Fréchet distance of as many samples as there are training pictures, in the features of a classifier of
the set and, where `--weights` are at hand, in Inception's; the shares of the classes that are read are beside it. A
finished run in the work folder is not trained again. Writes WORK/cifar_speedrun.json and prints the table, which is for
SPEEDRUN.md, beside what was tried. `--set` goes to every training: `--set batch_size=8 --seconds 2 --count 64`
rehearses it all on a processor.
"""

import argparse
import dataclasses
from pathlib import Path

import ganache
from benchmarks.claims.workshop import Json, Trial, Workshop
from benchmarks.markdown import table
from ganache.engine.devices import choose_device
from ganache.support.json_files import write_json
from ganache.support.machine import describe_machine

_RATE = ("optimizers.generator.learning_rate=5e-4", "optimizers.discriminator.learning_rate=5e-4")
_WIDTHS = ("generator.width=128", "discriminator.width=128")
SETTINGS: dict[str, tuple[str, tuple[str, ...]]] = {
    # The race's game on wider networks, in larger batches.
    "dcgan": (
        "mnist-speedrun",
        (*_WIDTHS, *_RATE, "generator.latent.size=128", "batch_size=128", "ema_half_life=20000"),
    ),
    # What the authors of ADA take for CIFAR-10, on networks of half the width.
    "stylegan2": (
        "stylegan2-auto",
        (
            *("batch_size=64", "penalties.r1.weight=0.01", "generator_terms={}", "generator.mixing=0"),
            *("discriminator.residual=false", "discriminator.deviation_group=32", "ema_half_life=50000"),
        ),
    ),
    # The published preset at a quarter of its width, with the rule's γ for smaller batches.
    "r3gan": (
        "r3gan-cifar10",
        (
            *(f"{player}.{field}=192" for player in ("generator", "discriminator") for field in ("width", "max_width")),
            *("batch_size=128", "penalties.r1.weight=0.1", "penalties.r2.weight=0.1", "ema_half_life=50000"),
            *("optimizers.generator.learning_rate=2e-4", "optimizers.discriminator.learning_rate=2e-4"),
        ),
    ),
}
UNTOLD = {"dcgan": ("conditional=false", "discriminator.projection=false"), "r3gan": ("conditional=false",)}
TOLD = {"stylegan2": ("conditional=true",)}


def trial(name: str, told: bool, options: argparse.Namespace) -> Trial:
    """Return the training of a setting that is told the classes, or not."""
    recipe, settings = SETTINGS[name]
    own = (TOLD if told else UNTOLD).get(name, ())
    return Trial(str(options.cifar10), recipe, (*settings, *own, *options.set), seconds=options.seconds)


def scores(run: Path, options: argparse.Namespace) -> Json:
    """Return the distances of a run, by the names that have their protocol, and the smallest class."""
    found: Json = {}
    features = ["classifier"] + (["inception"] if options.weights else [])
    for name in features:
        metrics = ("fd", "class-shares") if name == "classifier" else ("fd",)
        weights = options.weights if name == "inception" else None
        judged = ganache.evaluate(run, count=options.count, features=name, metrics=metrics, weights=weights, say=print)
        for score in judged.to_json()["scores"]:
            if score["name"].startswith("fd/"):
                found[score["name"]] = score["value"]
            elif shares := score["details"].get("shares"):
                found["smallest class"] = min(shares.values())
    return found


def main() -> None:
    """Train and judge what was not, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cifar10", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("runs/cifar"))
    parser.add_argument("--seconds", type=float, default=90.0)
    parser.add_argument("--settings", nargs="+", choices=list(SETTINGS), default=list(SETTINGS))
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    workshop, results = Workshop(options.work), []
    for told in (False, True):
        for name in options.settings:
            run = workshop.train(trial(name, told, options), options.seed)
            slug = f"{name}-{'told' if told else 'untold'}-{options.seed}"
            protocol = {"run": run.path.name, "count": options.count, "weights": str(options.weights)}
            workshop.measure(slug, protocol, lambda path=run.path: scores(path, options))  # type: ignore[misc]
            found = workshop.measured(slug, protocol) or {}
            results.append({"setting": name, "told": told, **dataclasses.asdict(run), "path": run.path.name, **found})
            machine = describe_machine(choose_device("auto"))
            write_json(options.work / "cifar_speedrun.json", {"machine": machine, "results": results})
    print(table(rows(results)))


def rows(results: list[Json]) -> list[tuple[str, ...]]:
    """Return the table's lines, a column for each distance."""
    distances = list(dict.fromkeys(key for one in results for key in one if key.startswith("fd/")))
    lines: list[tuple[str, ...]] = [("setting", "classes", "images", "seconds", *distances, "smallest class")]
    for one in results:
        values = [f"{one[name]:.2f}" if name in one else "" for name in distances]
        share = f"{one['smallest class']:.1%}" if "smallest class" in one else ""
        told = "told" if one["told"] else ""
        lines.append(
            (one["setting"], told, f"{one['images_seen']:,}", f"{one['training_seconds']:.0f}", *values, share)
        )
    return lines


if __name__ == "__main__":
    main()
