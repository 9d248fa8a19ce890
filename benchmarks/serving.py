"""How fast `ganache serve` draws under load, against `ganache sample`, on the same machine at the same time.

    python -m benchmarks.serving [--recipe dcgan] [--size 64] [--seconds 30] [--connections 32]

The generator has the weights that it is drawn with: what it draws takes as long. The command draws before and after
each load, in a process of its own, into .npz files of 1,024 images; the clients run beside the server, each with a
connection that it keeps.
"""

import argparse
import contextlib
import http.client
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import torch

from benchmarks.markdown import table
from benchmarks.servers import serving
from ganache import recipes
from ganache.data.shape import ImageShape
from ganache.games import TwoPlayers
from ganache.runs import products
from ganache.runs.products import GROUP

WARM_SECONDS = 3.0
DRAWN = ("images", "groups")
TITLES = (
    *("asked for", "images/s", "`sample`", "share", "median", "p99", "answers", "groups full"),
    *("MiB, begin", "MiB, end"),
)
SAMPLE = (
    "import sys, time; from ganache.drawing.sampling import sample_to; run, out, seconds = sys.argv[1:];"
    " sample_to(run, out, count=64); began, count = time.perf_counter(), 0\n"
    "while time.perf_counter() < began + float(seconds): sample_to(run, out, count=1024); count += 1024\n"
    "print(count / (time.perf_counter() - began))"
)


class Load(NamedTuple):
    """What clients ask for, and how it is called."""

    title: str
    counts: tuple[int, ...]
    format: str


LOADS = (
    Load("64 images as .npz", (64,), "npz"),
    Load("64 images as PNG", (64,), "png"),
    Load("1 to 16 images as PNG", (1, 2, 4, 8, 16), "png"),
)


class Tally:
    """What all clients saw."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.seconds: list[float] = []
        self.images = 0
        self._lock = threading.Lock()

    def note(self, status: int, seconds: float, images: int) -> None:
        """Count an answer."""
        with self._lock:
            self.statuses[status] += 1
            if status == 200:
                self.seconds.append(seconds)
                self.images += images

    def percentile(self, share: float) -> float:
        """Return the time in which so many of the answers came."""
        return statistics.quantiles(self.seconds, n=1_000)[round(1_000 * share) - 1]


def client(port: int, number: int, load: Load, end: float, tally: Tally) -> None:
    """Ask on one connection until it is time to end."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    asked = 0
    while time.perf_counter() < end:
        count = load.counts[(number + asked) % len(load.counts)]
        began = time.perf_counter()
        connection.request(
            "GET", f"/api/runs/run/images?seed={number}&first={asked}&count={count}&format={load.format}"
        )
        answer = connection.getresponse()
        answer.read()
        tally.note(answer.status, time.perf_counter() - began, count)
        asked += count
        if answer.status == 429:
            time.sleep(float(answer.headers["Retry-After"]))
    connection.close()


def under_load(port: int, load: Load, connections: int, seconds: float) -> tuple[Tally, float]:
    """Return what clients saw, and for how long they asked."""
    tally, began = Tally(), time.perf_counter()
    given = [(port, number, load, began + seconds, tally) for number in range(connections)]
    clients = [threading.Thread(target=client, args=one) for one in given]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    return tally, time.perf_counter() - began


def metrics(port: int) -> dict[str, float]:
    """Return the server's metrics without those of routes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def sampled(run: Path, seconds: float) -> float:
    """Return the images per second of `ganache sample`."""
    words = [sys.executable, "-c", SAMPLE, str(run), str(run.with_name("x.npz")), str(seconds)]
    return float(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def untrained(folder: Path, recipe: str, side: int) -> Path:
    """Return the file of a generator of colour pictures that was never trained."""
    shape = ImageShape(3, side, side)
    game, _ = recipes.find(recipe).settled(shape)
    assert isinstance(game, TwoPlayers), recipe
    file = folder / "run.safetensors"
    products.save(file, game.generator.build(shape, 0), game, shape, {"label_names": []})
    return file


def memory(found: dict[str, float]) -> str:
    """Return the memory of both processes in MiB."""
    kept = (found[f'ganache_resident_bytes{{process="{name}"}}'] for name in ("server", "drawing"))
    return " + ".join(f"{size / 2**20:,.0f}" for size in kept)


def measured(load: Load, run: Path, connections: int, seconds: float) -> tuple[str, ...]:
    """Return a row of the table: a load between two measurements of the command."""
    before = sampled(run, seconds / 3)
    with serving(["serve", str(run), "--port", "0"]) as address:
        port = urlsplit(address).port
        assert port is not None, address
        under_load(port, load, connections, WARM_SECONDS)
        first = metrics(port)
        tally, took = under_load(port, load, connections, seconds)
        last = metrics(port)
    plain = statistics.mean([before, sampled(run, seconds / 3)])
    images, groups = (last[name] - first[name] for name in (f"ganache_drawn_{what}_total" for what in DRAWN))
    return (
        load.title,
        f"{tally.images / took:,.0f}",
        f"{plain:,.0f}",
        f"{tally.images / took / plain:.2f}",
        *(f"{tally.percentile(share):.2f} s" for share in (0.5, 0.99)),
        ", ".join(f"{count:,} × {status}" for status, count in sorted(tally.statuses.items())),
        f"{images / groups / GROUP:.0%}",
        memory(first),
        memory(last),
    )


def main() -> None:
    """Measure each load between two measurements of the command, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="dcgan")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--connections", type=int, default=32)
    asked = parser.parse_args()
    torch.manual_seed(0)
    rows: list[tuple[str, ...]] = [TITLES]
    with tempfile.TemporaryDirectory() as name:
        run = untrained(Path(name), asked.recipe, asked.size)
        for load in LOADS:
            rows.append(measured(load, run, asked.connections, asked.seconds))
            print(", ".join(rows[-1]), file=sys.stderr, flush=True)
    threads = torch.get_num_threads()
    print(f"`{asked.recipe}` at {asked.size}×{asked.size}, {asked.connections} connections, {threads} thread(s):\n")
    print(table(rows))


if __name__ == "__main__":
    main()
