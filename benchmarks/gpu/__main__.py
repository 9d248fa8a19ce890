"""Train every recipe on a GPU, check that it is right there, and measure it.

    python -m benchmarks.gpu [--recipes NAME …] [--only checks|speed] [--sides 32 64 …] [--batch N] [--folder FOLDER]
    python -m benchmarks.gpu --quick --device cpu --folder FOLDER   # tiny, anywhere: only shows that it runs
    python -m benchmarks.gpu --from gpu.json --folder benchmarks    # writes the section alone, from a measurement

checks   every recipe for a few hundred iterations: it stays finite; a run interrupted and resumed ends in the same
         bits as one that was not; between two ticks the host never waits for the device; bf16 and float32 have the
         same losses within the noise, which is the deviation among float32 seeds
speed    images per second, share of the measured bf16 matrix-product peak, peak memory, at every size; and as ratios:
         precision, memory format, kernels that repeat their bits, CUDA graphs

FOLDER/gpu.json holds everything and is written anew after every part, FOLDER/RESULTS.md gets the section between its
two comments. Exit status 1 when a check fails or a part could not be done.
"""

import argparse
import dataclasses
import json
import shlex
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.gpu import page
from benchmarks.gpu.cases import FULL, POINTS, QUICK, QUICK_RECIPES, Json, Scale, Workshop, scale_as_json, timed_cases
from benchmarks.gpu.checks import check_agreement, check_training
from benchmarks.gpu.speed import matrix_peak, measure_case
from ganache import recipes
from ganache.engine.devices import choose_device
from ganache.support.errors import UserError
from ganache.support.json_files import write_json
from ganache.support.machine import describe_machine

PRECISIONS = {"bf16": torch.bfloat16, "float32": torch.float32}


def begun(device: torch.device, scale: Scale, command: str) -> Json:
    """Return a measurement of which only machine, scale and peaks are known."""
    seconds = max(scale.seconds, 0.01)
    return {
        "command": command,
        "machine": describe_machine(device),
        "device": device.type,
        "scale": scale_as_json(scale),
        "peaks": {name: matrix_peak(device, dtype, scale.products, seconds) for name, dtype in PRECISIONS.items()},
        "recipes": {},
        "speed": [],
    }


def attempted(work: Callable[[], Json]) -> Json:
    """Return what the work found or, so that an hour on a GPU is not lost to one recipe, why it failed."""
    try:
        return work()
    except Exception as error:
        print(f"failed: {error}", file=sys.stderr)
        return {"failed": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"}


def check(workshop: Workshop, recipe: str) -> Json:
    """Return what the checks of one recipe found; points stay in float32, so there is nothing to agree with."""
    with tempfile.TemporaryDirectory(dir=workshop.folder) as folder:
        training = check_training(workshop, recipe, Path(folder))
    return {"training": training, "agreement": None if recipe in POINTS else check_agreement(workshop, recipe)}


def measure(workshop: Workshop, names: list[str], parts: set[str], results: Json, keep: Callable[[], None]) -> None:
    """Add every part to the results, keeping them after each."""
    for name in names if "checks" in parts else []:
        print(f"checks: {name}", flush=True)
        results["recipes"][name] = attempted(lambda name=name: check(workshop, name))  # type: ignore[misc]
        keep()
    peak = results["peaks"]["bf16"]["flops_per_second"]
    for name, side in timed_cases(names, workshop.scale.sides) if "speed" in parts else []:
        print(f"speed: {name} at {side} pixels", flush=True)
        found = attempted(lambda name=name, side=side: measure_case(workshop, name, side, peak))  # type: ignore[misc]
        results["speed"].append({"recipe": name, "side": side, **found})
        keep()


def faults(results: Json) -> list[str]:
    """Return a line for every check that failed and every part that could not be done."""
    found = []
    for name, parts in results["recipes"].items():
        if "failed" in parts:
            found.append(f"{name}: {parts['failed']}")
            continue
        training, agreement = parts["training"], parts["agreement"]
        if not training["same_bits_after_resume"]:
            found.append(f"{name}: the resumed run has other bits")
        if training["synchronisations"]:
            found.append(f"{name}: the host waits at {', '.join(training['synchronisations'])}")
        if agreement and not agreement["agrees"]:
            found.append(f"{name}: bf16 and float32 have other losses")
    for case in results["speed"]:
        failed = case["failed"]
        reasons = [failed] if isinstance(failed, str) else [f"{which}: {why}" for which, why in failed.items()]
        found += [f"{case['recipe']} at {case['side']} pixels: {reason}" for reason in reasons]
    return found


def options() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="tiny sizes")
    parser.add_argument("--recipes", nargs="+", choices=recipes.names(), metavar="NAME")
    parser.add_argument("--only", choices=("checks", "speed"))
    parser.add_argument("--sides", nargs="+", type=int, metavar="PIXELS")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parents[1])
    parser.add_argument(
        "--from", dest="source", type=Path, metavar="JSON", help="write the section of this measurement"
    )
    asked = parser.parse_args()
    if asked.quick and asked.folder == parser.get_default("folder"):
        parser.error("--quick measures nothing worth keeping: name another --folder")
    try:
        asked.device = choose_device(asked.device) if not asked.source else None
    except UserError as error:
        parser.error(str(error))
    return asked


def main() -> None:
    """Measure, write the JSON and the section, and say what is wrong."""
    asked = options()
    if asked.source:
        page.write(asked.folder / "RESULTS.md", json.loads(asked.source.read_text(encoding="utf-8")))
        return
    changes = {name: getattr(asked, name) for name in ("steps", "batch") if getattr(asked, name)}
    changes |= {"sides": tuple(asked.sides)} if asked.sides else {}
    scale = dataclasses.replace(QUICK if asked.quick else FULL, **changes)
    names = asked.recipes or list(QUICK_RECIPES if asked.quick else recipes.names())
    parts = {asked.only} if asked.only else {"checks", "speed"}
    device = asked.device
    command = f"python -m benchmarks.gpu {shlex.join(sys.argv[1:])}".strip()
    results = begun(device, scale, command)
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder), device, scale)
        measure(workshop, names, parts, results, lambda: write_json(asked.folder / "gpu.json", results))
    results["faults"] = faults(results)
    write_json(asked.folder / "gpu.json", results)
    page.write(asked.folder / "RESULTS.md", results)
    print("\n".join(results["faults"]) or "every check passed")
    sys.exit(bool(results["faults"]))


if __name__ == "__main__":
    main()
