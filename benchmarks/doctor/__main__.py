"""Runs made sick on purpose, healthy runs, and cures: does the doctor find the fault, and does his advice help?

    python -m benchmarks.doctor --work FOLDER [--only NAME …] [--seed 200]  # trains
    python -m benchmarks.doctor --work FOLDER --page docs/doctor.md         # writes the page, trains nothing

The bounds of the rules were set on runs with seeds below 200; the page is of seeds from 200.
"""

import argparse
from pathlib import Path

import torch

from benchmarks.doctor import page, trials
from benchmarks.doctor.cases import HEALTHY, SICK


def main() -> None:
    """Train, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("runs/doctor"), help="the runs' folder")
    parser.add_argument("--only", nargs="*", help="these cases alone")
    parser.add_argument("--seed", type=int, default=200, help="of the first case; each has its own")
    parser.add_argument("--page", type=Path, help="write this page, and FOLDER/doctor.json, from what is finished")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    cases = list(enumerate((*SICK, *HEALTHY), asked.seed))
    if asked.page:
        courses = {case.name: trials.kept(case, seed, asked.work) for seed, case in cases}
        page.write(asked.page, asked.work / "doctor.json", courses)
        return
    for seed, case in cases:
        if not asked.only or case.name in asked.only:
            course = trials.follow(case, seed, asked.work)
            names = ", ".join(str(finding["name"]) for finding in course.findings) or "nothing"
            after = f" → {course.distance_after:.3f}" if course.distance_after is not None else ""
            print(f"{case.name:<22} seed {seed}: {names}; {course.distance:.3f}{after}", flush=True)


if __name__ == "__main__":
    main()
