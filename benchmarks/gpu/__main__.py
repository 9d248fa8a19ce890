"""Train on a GPU: check that it is right, measure how fast it is, compare with plain PyTorch and R3GAN's authors.

    python -m benchmarks.gpu --peer-r3gan FOLDER     # all of it, in at most six minutes; FOLDER/R3GAN is the authors'
    python -m benchmarks.gpu [--peer]                # without them; --peer keeps the plain loop
    python -m benchmarks.gpu --full                  # the large grid, with no limit but a --budget
    python -m benchmarks.gpu --quick --device cpu --folder FOLDER   # tiny, anywhere: only shows that it runs
    python -m benchmarks.gpu --from gpu.json --folder benchmarks    # writes the section alone, from a measurement

speed      images per second as trained, share of the bf16 matrix-product peak, memory, the host's share of a step;
           beside a plain PyTorch loop, in turns; what penalties cost; the published R3GAN beside its authors' code
checks     a run interrupted and resumed ends in the same bits as one that was not; between two ticks the host never
           waits for the device; bf16 and float32 have the same losses within the noise among float32 seeds
ratios     precision, memory format, kernels that repeat their bits, how operations are launched

A part begins only if the seconds that it is given (those of an H100, rounded up) are left of the budget; the most
important come first, and what is left out is named. FOLDER/gpu.json is written anew after every part, FOLDER/RESULTS.md
gets the section between its two comments, with what is asked for beside what was measured. Exit status 1 when a check
fails or a part could not be done. benchmarks/gpu.md says what a machine with nothing but the source needs.
"""

import argparse
import dataclasses
import json
import math
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.gpu import BEGAN, page
from benchmarks.gpu.authors import check_folder
from benchmarks.gpu.cases import DEFAULT, FULL, QUICK, Json, Scale, Workshop
from benchmarks.gpu.going import faults, go_through
from benchmarks.gpu.parts import CHECKED, QUICK_CHECKED, Part, Peers, default_parts, full_parts
from benchmarks.gpu.targets import verdicts
from ganache import recipes
from ganache.engine.devices import choose_device
from ganache.support.errors import UserError
from ganache.support.json_files import write_json
from ganache.support.machine import describe_machine

BUDGET = 360.0  # seconds
SIDES = (32, 64, 128, 256)
KINDS = {
    "speed": ("peaks", "speed", "penalties", "preset"),
    "checks": ("resume", "agreement"),
    "ratios": ("peaks", "ratios"),
}


def options() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--device", default="cuda")
    add("--budget", type=float, metavar="SECONDS", help=f"for all parts together; {BUDGET:g}, or none with --full")
    add("--full", action="store_true", help="every recipe, every size, longer trainings")
    add("--quick", action="store_true", help="tiny sizes")
    add("--peer", action="store_true", help="also time a plain PyTorch loop of DCGAN")
    add(
        "--peer-r3gan", type=Path, metavar="FOLDER", help="also time R3GAN in a copy of its authors' repository; --peer"
    )
    add("--only", choices=tuple(KINDS))
    add("--recipes", nargs="+", choices=recipes.of_images(), metavar="NAME", help="which are checked and varied")
    add("--sides", nargs="+", type=int, default=SIDES, metavar="PIXELS", help="with --full")
    add("--steps", type=int, help="of a training that is checked")
    add("--batch", type=int, help="in place of every other")
    add("--folder", type=Path, default=Path(__file__).parents[1])
    add("--from", dest="source", type=Path, metavar="JSON", help="write the section of this measurement")
    asked = parser.parse_args()
    if asked.quick and asked.folder == parser.get_default("folder"):
        parser.error("--quick measures nothing worth keeping: name another --folder")
    try:
        asked.device = choose_device(asked.device) if not asked.source else None
        if asked.peer_r3gan:
            check_folder(asked.peer_r3gan)
    except UserError as error:
        parser.error(str(error))
    return asked


def scale_of(asked: argparse.Namespace) -> Scale:
    """Return how much is done."""
    scale = QUICK if asked.quick else FULL if asked.full else DEFAULT
    return dataclasses.replace(
        scale, **{name: getattr(asked, name) for name in ("steps", "batch") if getattr(asked, name)}
    )


def parts_of(asked: argparse.Namespace) -> Sequence[Part]:
    """Return the parts that are asked for."""
    peers = Peers(asked.peer or asked.peer_r3gan is not None, asked.peer_r3gan)
    if asked.full:
        parts = full_parts(peers, asked.recipes or recipes.of_images(), asked.sides)
    else:
        checked = asked.recipes or (QUICK_CHECKED if asked.quick else CHECKED)
        parts = default_parts(peers, checked, SIDES[:1] if asked.quick else SIDES[:2])
    return [part for part in parts if not asked.only or part.kind in KINDS[asked.only]]


def main() -> None:
    """Measure, write the JSON and the section, and say what is wrong."""
    asked = options()
    if asked.source:
        page.write(asked.folder / "RESULTS.md", json.loads(asked.source.read_text(encoding="utf-8")))
        return
    scale = scale_of(asked)
    budget = (math.inf if asked.full else BUDGET) if asked.budget is None else asked.budget
    results: Json = {
        "command": f"python -m benchmarks.gpu {shlex.join(sys.argv[1:])}".strip(),
        "machine": describe_machine(asked.device),
        "device": asked.device.type,
        "scale": dataclasses.asdict(scale),
        "budget": None if math.isinf(budget) else budget,
        "parts": [],
    }

    def keep(parts: list[Json]) -> None:
        results.update(parts=parts, targets=verdicts(parts), faults=faults(parts))
        write_json(asked.folder / "gpu.json", results)

    with tempfile.TemporaryDirectory() as folder:
        go_through(parts_of(asked), Workshop(Path(folder), asked.device, scale), BEGAN + budget, keep)
    page.write(asked.folder / "RESULTS.md", results)
    for target in results["targets"]:
        print(f"{target['what']}: {target['measured']} ({target['asked']}) {target['verdict']}")
    print("\n".join(results["faults"]) or "every check passed")
    sys.exit(bool(results["faults"]))


if __name__ == "__main__":
    main()
