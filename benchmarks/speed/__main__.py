"""The command: measure the parts asked for, keep each as soon as it is done, write the page."""

import argparse
import os
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

import benchmarks.speed
from benchmarks.speed import beside, memory, packing, page, profiling, sampling, startup, training
from benchmarks.speed.part import ROOT, Json, Part, Settings
from ganache.cli.app import WAITING
from ganache.data.decoding.pool import default_processes
from ganache.support.json_files import write_json
from ganache.support.machine import describe_machine
from ganache.support.streams import untouched_global_stream

AS_COMMAND = " ".join(f"{name}={value}" for name, value in WAITING.items())  # what `ganache train` sets
PARTS = tuple(module.PART for module in (training, profiling, memory, sampling, packing, startup, beside))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(given)
    with tempfile.TemporaryDirectory() as thrown_away:
        out = options.out or (Path(thrown_away) if options.quick else ROOT / "benchmarks")
        measured = page.kept(out)
        for part in PARTS:
            if not options.only or part.name in options.only:
                print(f"{part.name} …", file=sys.stderr, flush=True)
                measured[part.name] = _measured(part, _settings(options), given)
                write_json(out / page.NUMBERS, measured)
        page.write(out, PARTS, measured)
        print(page.section(PARTS, measured))


def _measured(part: Part, settings: Settings, given: Sequence[str]) -> Json:
    threads = torch.get_num_threads()
    circumstances = {
        "command": " ".join([*_thread_settings(), shlex.join(["python", "-m", "benchmarks.speed", *given])]),
        "quick": settings.quick,
        "machine": describe_machine(torch.device("cpu")),
        "usable_cores": default_processes(),
        "threads": threads,
        "load": os.getloadavg()[0],
    }
    with untouched_global_stream():
        found = part.measure(settings)
    torch.set_num_threads(threads)
    return {**circumstances, "measured": found}


def _thread_settings() -> list[str]:
    return [f"{name}={value}" for name, value in os.environ.items() if name.startswith(("OMP_", "GOMP_", "MKL_"))]


def _settings(options: argparse.Namespace) -> Settings:
    if options.quick:
        return Settings.tiny(("", *options.environment))
    environments = ("", AS_COMMAND, *options.environment)
    return Settings(options.rounds, options.seconds, options.samples, options.jpegs, environments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=benchmarks.speed.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    usual = Settings()
    names = [part.name for part in PARTS]
    parser.add_argument("--only", nargs="+", choices=names, metavar="PART", help=f"among {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="only show that everything runs")
    parser.add_argument("--rounds", type=int, default=usual.rounds, help="turns of each contestant")
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="of a turn, at least one iteration")
    parser.add_argument("--samples", type=int, default=usual.samples, help="images of the part sampling")
    parser.add_argument("--jpegs", type=int, default=usual.jpegs, help="pictures of the part packing")
    parser.add_argument(
        *("--environment", "--env"),
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of the part beside, in addition to none and the command's own; several variables in quotes",
    )
    parser.add_argument("--out", type=Path, help="folder of speed.json and RESULTS.md; benchmarks/ if left out")
    return parser


if __name__ == "__main__":
    main()
