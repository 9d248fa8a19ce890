"""What large data cost: a folder of 200,000 small files, and a packed store of 20 GB.

    python -m benchmarks.scale [--files 200000] [--gigabytes 20] [--cold 5]

Every measurement is a process of its own. The store's images are a sparse file: its pages are zeros that the system
makes up, so that opening and batches are measured without a disk; what a disk adds is measured of a store of real bytes
(`cold_store.py`). What was written is deleted. The figures go into benchmarks/RESULTS.md.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks import cold_store
from benchmarks.cold_store import BATCH, write_store
from benchmarks.markdown import table, write_section
from ganache.data import open_dataset, preview
from ganache.support.machine import describe_machine

RESULTS = Path(__file__).parent / "RESULTS.md"
BEGIN, END = "<!-- scale: begin -->", "<!-- scale: end -->"
BATCHES = 4_000


def write_folder(root: Path, files: int) -> None:
    """Write pictures of 8×8 in ten folders, no two alike."""
    for number in range(files):
        folder = root / f"class{number % 10}"
        folder.mkdir(parents=True, exist_ok=True)
        pixels = np.arange(64, dtype=np.uint8).reshape(8, 8).copy()
        pixels.flat[:8] = np.frombuffer(np.int64(number).tobytes(), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:06d}.png")


def open_folder(source: str, cache: str) -> dict[str, float]:
    """Open a set, packing it if need be."""
    began = time.perf_counter()
    open_dataset(source, cache=cache)
    return {"seconds": time.perf_counter() - began}


def look_at_folder(source: str, cache: str) -> dict[str, float]:
    """Do what `data info` does."""
    began = time.perf_counter()
    preview(source, cache=cache)
    return {"seconds": time.perf_counter() - began}


def draw_batches(source: str, cache: str) -> dict[str, float]:
    """Open a store and draw shuffled batches from all of it."""
    began = time.perf_counter()
    stream = open_dataset(source, cache=cache).stream(0)
    opened = time.perf_counter()
    stream.batch(0, BATCH)
    first = time.perf_counter()
    early = 0.0
    for number in range(1, BATCHES):
        stream.batch(number * BATCH, BATCH)
        if number == BATCHES // 10:
            early = memory("VmRSS")
    last = time.perf_counter()
    return {
        "seconds": opened - began,
        "first": first - opened,
        "batch": (last - first) / (BATCHES - 1),
        "early": early,
        "late": memory("VmRSS"),
        "anonymous": memory("RssAnon"),
    }


def memory(field: str) -> float:
    """Return a size of this process in MB, by Linux."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise AssertionError(field)


MEASUREMENTS = {
    measure.__name__: measure for measure in (open_folder, look_at_folder, draw_batches, *cold_store.MEASUREMENTS)
}


def measured(name: str, source: Path, cache: Path) -> dict[str, float]:
    """Run a measurement in a process of its own; its largest memory is added."""
    command = [sys.executable, "-m", "benchmarks.scale", "--measure", name, str(source), str(cache)]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def main() -> None:
    """Measure everything and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--gigabytes", type=float, default=20)
    parser.add_argument("--cold", type=float, default=5, help="gigabytes of the store that is read from the disk")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        name, source, cache = asked.measure
        found = MEASUREMENTS[name](source, cache)
        print(json.dumps({**found, "peak": memory("VmHWM")}))
        return
    with tempfile.TemporaryDirectory() as folder:
        pictures, store, cache = (Path(folder) / name for name in ("pictures", "store", "cache"))
        write_folder(pictures, asked.files)
        # Two seconds must have passed since a file was written, or it is not noted.
        time.sleep(3)
        names = ("look_at_folder", "open_folder", "open_folder", "look_at_folder")
        looked, cold, warm, again = (measured(name, pictures, cache) for name in names)
        write_store(store, asked.gigabytes, sparse=True)
        drawn = measured("draw_batches", store, cache)
        trained = measured("train_both_ways", store, cache)
        write_store(real := Path(folder) / "real", asked.cold, sparse=False)
        read = {way.__name__: measured(way.__name__, real, cache) for way in cold_store.READINGS}
    rows = [
        ("", "seconds", "largest memory"),
        ("`data info`, not packed", f"{looked['seconds']:.2f}", f"{looked['peak']:.0f} MB"),
        ("first use: read, decoded, packed", f"{cold['seconds']:.1f}", f"{cold['peak']:.0f} MB"),
        ("opened again", f"{warm['seconds']:.2f}", f"{warm['peak']:.0f} MB"),
        ("`data info`, packed", f"{again['seconds']:.2f}", f"{again['peak']:.0f} MB"),
        (f"store of {asked.gigabytes:.0f} GB opened, with its first order", f"{drawn['seconds']:.2f}", ""),
        ("its first batch", f"{drawn['first']:.2f}", ""),
        (f"each of {BATCHES:,} batches of {BATCH}", f"{drawn['batch']:.5f}", f"{drawn['peak']:.0f} MB"),
    ]
    machine = describe_machine(torch.device("cpu"))
    text = (
        f"## Large data\n\n`python -m benchmarks.scale` on {machine['processor']}, {machine['cores']} cores:"
        f" {asked.files:,} pictures of 8×8, and a packed store of {asked.gigabytes:.0f} GB of 64×64×3 (sparse)."
        f" Memory includes Python, NumPy and torch.\n\n{table(rows)}\n\nAfter a tenth of the batches the process had"
        f" {drawn['early']:.0f} MB, after all {drawn['late']:.0f} MB, of which {drawn['anonymous']:.0f} MB are its own;"
        " the rest are pages of files, which the system takes back when it needs them.\n\n"
        + cold_store.section(read, trained, asked.cold)
    )
    print(text)
    write_section(RESULTS, BEGIN, END, text)


if __name__ == "__main__":
    main()
