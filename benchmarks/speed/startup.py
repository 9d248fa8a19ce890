"""How long it takes until anything happens: the command's help, and the import."""

import subprocess
import sys

from benchmarks.markdown import table
from benchmarks.speed.part import Json, Part, Settings, seconds_of, spread

RUNS = 7
IMPORT = "import time; began = time.perf_counter(); import ganache; print(time.perf_counter() - began)"


def measure(settings: Settings) -> Json:
    """Return the seconds of each run, in turn."""
    found: dict[str, list[float]] = {"python": [], "help": [], "import": []}
    for _ in range(1 if settings.quick else RUNS):
        found["python"].append(seconds_of(lambda: _run("-c", "pass")))
        found["help"].append(seconds_of(lambda: _run("-m", "ganache", "--help")))
        found["import"].append(float(_run("-c", IMPORT)))
    return found


def _run(*arguments: str) -> str:
    return subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def tell(found: Json) -> str:
    """Return the table."""
    names = {"help": "`ganache --help`", "import": "`import ganache`, in Python", "python": "Python alone, to compare"}
    rows = [("", "seconds"), *((title, spread(found[name], 3)) for name, title in names.items())]
    return f"Median of {len(found['help'])} new processes.\n\n{table(rows)}"


PART = Part("startup", "Start-up", measure, tell)
