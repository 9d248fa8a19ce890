"""How fast batches come from a store that is larger than memory: nothing of it stays in the system's cache.

The store's bytes are real, and its pages are dropped before and all the while, since a small store would be in memory
after a moment. In turn: each row read when it is touched, as a mapped file is without a word about it; the rows of a
batch announced; and batches read ahead by threads, as a GPU is fed.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.markdown import table
from ganache.data import open_dataset, select
from ganache.data.store import packed
from ganache.data.store.mapped import let_go
from ganache.data.store.packed import PackedDataset
from ganache.data.store.store import IMAGES, LABELS, ArrayFile, fingerprint, write_manifest
from ganache.engine.feeding import Direct, Prefetched
from ganache.engine.iteration import iterate
from ganache.engine.random_draws import StateDraws
from ganache.training.plan import Request, make_plan

SHAPE = (3, 64, 64)
BATCH = 64
SECONDS = 6.0  # of each way of reading
DROPPED_EVERY = 0.1  # seconds
BLOCK = 4096  # rows written at once
ROUNDS, STEPS = 5, 20  # of the training


def write_store(folder: Path, gigabytes: float, sparse: bool) -> None:
    """Write a store of so many bytes: a hole, or pixels that no file system finds equal."""
    folder.mkdir()
    rows = int(gigabytes * 1e9) // int(np.prod(SHAPE))
    if sparse:
        (folder / IMAGES).touch()
        ArrayFile(folder / IMAGES, "|u1", SHAPE, rows).finish()
    else:
        _write_pixels(folder / IMAGES, rows)
    labels = ArrayFile(folder / LABELS, "<i4", ())
    labels.append(np.arange(rows, dtype=np.int32) % 10)
    labels.finish()
    manifest = {
        "source": "hole", "kind": "sparse", "count": rows, "shape": list(SHAPE), "label_names": list("0123456789"),
        "classes": {}, "unlabelled": 0, "splits": {"train": [0, rows]}, "decisions": {}, "original": {},
        "converted": {}, "skipped": [], "sha256": {IMAGES: "", LABELS: ""},
    }  # fmt: skip
    write_manifest(folder, {**manifest, "fingerprint": fingerprint(manifest)})


def read_untold(source: str, cache: str) -> dict[str, float]:
    """Read batches when they are asked for, without a word to the system about them."""
    with _unannounced():
        return _read(source, cache, readers=0)


def read_announced(source: str, cache: str) -> dict[str, float]:
    """Read batches when they are asked for."""
    return _read(source, cache, readers=0)


def read_by_one(source: str, cache: str) -> dict[str, float]:
    """Have one thread read batches ahead."""
    return _read(source, cache, readers=1)


def read_by_four(source: str, cache: str) -> dict[str, float]:
    """Have four threads read batches ahead, as a GPU is fed."""
    return _read(source, cache, readers=4)


def train_both_ways(source: str, cache: str) -> dict[str, float]:
    """Train on this CPU, in turn with batches read when they are asked for and read ahead; medians of images/s."""
    plan = make_plan(Request(data=source, recipe="dcgan", settings=("generator.width=8", "discriminator.width=8")))
    speeds: dict[str, list[float]] = {"direct": [], "ahead": []}
    trainings = {}
    for name in speeds:
        state = plan.build()
        draws = StateDraws(plan.data, state)
        if name == "ahead":
            draws._feed = Prefetched(plan.data.stream(0), state.device, plan.recipe.batch_size)
        trainings[name] = state, draws
        iterate(state, draws)
    for _ in range(ROUNDS):
        for name, (state, draws) in trainings.items():
            began = time.perf_counter()
            for _ in range(STEPS):
                iterate(state, draws)
            speeds[name].append(STEPS * plan.recipe.images_per_iteration / (time.perf_counter() - began))
    return {name: float(np.median(found)) for name, found in speeds.items()}


def _read(source: str, cache: str, readers: int) -> dict[str, float]:
    dataset = open_dataset(source, cache=cache)
    assert isinstance(dataset, PackedDataset)
    assert dataset.store is not None
    stream, cpu = select(dataset).stream(time.time_ns() % 2**31), torch.device("cpu")
    feed = Prefetched(stream, cpu, BATCH, readers=readers) if readers else Direct(stream, cpu)
    images, position = dataset.store.images, 0
    with (dataset.store.path / IMAGES).open("rb") as file:
        os.fsync(file.fileno())
        _drop(file.fileno(), images)
        read, began = _bytes_read(), time.perf_counter()
        dropped = began
        while time.perf_counter() - began < SECONDS:
            feed.batch(position, BATCH)
            position += BATCH
            if time.perf_counter() - dropped > DROPPED_EVERY:
                _drop(file.fileno(), images)
                dropped = time.perf_counter()
        seconds = time.perf_counter() - began
        return {"images": position / seconds, "bytes": (_bytes_read() - read) / position}


def _drop(descriptor: int, images: NDArray[Any]) -> None:
    let_go(images)  # what a process has mapped stays
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _bytes_read() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("read_bytes"))


def _write_pixels(path: Path, rows: int) -> None:
    file = ArrayFile(path, "|u1", SHAPE)
    pixels = np.random.default_rng(0).integers(0, 256, (BLOCK, *SHAPE), dtype=np.uint8)
    for start in range(0, rows, BLOCK):
        pixels[:, 0, 0, :8] = np.frombuffer(np.int64(start).tobytes(), np.uint8)
        file.append(pixels[: rows - start])
    file.finish()


@contextlib.contextmanager
def _unannounced() -> Iterator[None]:
    announced, packed.LARGE = packed.LARGE, 2**62
    try:
        yield
    finally:
        packed.LARGE = announced


READINGS = (read_untold, read_announced, read_by_one, read_by_four)
MEASUREMENTS = (*READINGS, train_both_ways)
WORDS = {
    "read_untold": "when asked for, row by row as it is touched",
    "read_announced": "when asked for, the rows of a batch announced",
    "read_by_one": "ahead, by one thread",
    "read_by_four": "ahead, by four threads",
}


def section(read: dict[str, dict[str, float]], trained: dict[str, float], gigabytes: float) -> str:
    """Return the figures as text: batches of a store that is not in memory, and a training on the CPU."""
    rows = [("batches are read", "images/s", "read of the disk for an image")]
    for name, found in read.items():
        rows.append((WORDS[name], f"{found['images']:,.0f}", f"{found['bytes'] / 1e3:,.1f} kB"))
    size = np.prod(SHAPE) / 1e3
    return (
        f"A store of {gigabytes:g} GB with real bytes, its pages dropped from memory all the while (batches of {BATCH},"
        f" an image has {size:.1f} kB; the disk is set to read {_read_ahead()} kB ahead):\n\n{table(rows)}\n\n"
        f"A small `dcgan` trained on this CPU from the sparse store at {trained['direct']:,.1f} images/s with batches"
        f" read when asked for, and at {trained['ahead']:,.1f} with batches read ahead (in turn, medians of {ROUNDS})."
    )


def _read_ahead() -> str:
    found = {path.read_text().strip() for path in Path("/sys/block").glob("[!lz]*/queue/read_ahead_kb")}
    return " or ".join(sorted(found))
