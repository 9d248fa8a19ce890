"""Pictures into a folder of what a generator makes of them: what the command `project` does."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganache.data import open_dataset
from ganache.data.conversion import Conversion
from ganache.data.dataset import Progress
from ganache.data.npy import write_arrays
from ganache.data.ranges import Ranges, recorded_ranges
from ganache.data.shape import ImageShape
from ganache.data.sources.single_pictures import is_picture, read_pictures
from ganache.data.store.packed import PackedDataset
from ganache.drawing.exports import refuse_to_mix, save_picture
from ganache.drawing.grids import pairs
from ganache.drawing.origins import PLAIN, Marks, Origin, Stamp, classes
from ganache.drawing.projection import LEARNING_RATE, STARTS, STEPS, Projected, Projector
from ganache.drawing.spaces import Space
from ganache.engine.devices import choose_device
from ganache.engine.pixel_values import pixels_of, values_of
from ganache.runs.encoders import load_encoder
from ganache.runs.folder import Run
from ganache.runs.products import load
from ganache.support.errors import UserError
from ganache.support.files import writing
from ganache.support.json_files import write_json
from ganache.support.machine import versions
from ganache.support.places import check_place
from ganache.support.units import check_seed

MOST = 1_000  # pictures of one call: each takes some hundred passes of the generator
SHOWN, COLUMNS = 40, 10  # pictures beside what is made of them
PICTURE, LATENTS, RECORD = "projections.png", "latents.npz", "projections.json"

T = TypeVar("T")


class Named(NamedTuple):
    """Pictures (N, C, H, W) uint8 and how the user knows each."""

    images: NDArray[np.uint8]
    names: list[str]


def project_to(
    run: Path,
    pictures: Sequence[str],
    out: Path,
    *,
    split: str | None = None,
    count: int | None = None,
    labels: Sequence[str] = (),
    steps: int = STEPS,
    seed: int = 0,
    device: str = "auto",
    progress: Progress | None = None,
    found: Callable[[str, float], None] = lambda name, distance: None,
    marks: Marks = PLAIN,
) -> int:
    """Find the latent of each picture and write them into a folder; return how many.

    `pictures` are picture files, or one source as `train` takes it, of which the first `count` of a split are taken.
    The folder gets ``projections.png``, every picture above what the generator makes of it; ``latents.npz`` with
    ``latents`` (N, Z), ``conditions`` (N, K) and, of a generator that has them, ``styles`` (N, W); and
    ``projections.json`` with the distance of each. A run's encoder says where to begin, where it has one; `found` is
    told each distance. Raises UserError for what cannot be read.
    """
    check_seed(seed)
    if steps < 1:
        raise UserError(f"steps: {steps} is not a positive number of steps")
    check_place(out, "--out")
    refuse_to_mix(out)
    used = choose_device(device).type
    generator = load(run, used)
    if generator.shape.is_row:
        raise UserError("run: rows are no pictures, so there is nothing to project")
    ranges = recorded_ranges(generator.description.get("ranges"))
    given = _read(pictures, generator.shape, ranges, split, count, progress)
    projector = Projector(generator, seed, tuple(labels), steps)
    firsts = _guesses(run, used, given.images)
    results = []
    for name, image, first in zip(given.names, given.images, firsts, strict=True):
        results.append(projector.find(values_of(torch.from_numpy(image)), first))
        found(name, results[-1].distance)
    origin = Origin.of(generator, {"projected from seed": seed, "steps": steps, **classes(labels)})
    stamp = marks.on(origin.beside_originals())
    _write(out, given, projector.space, results, {"run": str(run), "seed": seed, "steps": steps}, stamp)
    return len(results)


def _read(
    pictures: Sequence[str],
    shape: ImageShape,
    ranges: Ranges | None,
    split: str | None,
    count: int | None,
    progress: Progress | None,
) -> Named:
    if all(is_picture(Path(picture)) for picture in pictures):
        taken = _few(list(pictures), count)
        return Named(read_pictures([Path(picture) for picture in taken], shape, ranges), taken)
    if len(pictures) > 1:
        odd = next(picture for picture in pictures if not is_picture(Path(picture)))
        raise UserError(f"pictures: {odd!r} is no picture file; name such files, or one source as `train` takes it")
    how = Conversion.into(shape, ranges)
    dataset = open_dataset(pictures[0], how, progress)
    if not isinstance(dataset, PackedDataset):
        raise UserError(f"pictures: {pictures[0]!r} has no end; name pictures that are there")
    places = _few(list(_places(dataset, split)), count)
    images = [dataset.rows(name, place, place + 1).images[0] for name, place in places]
    return Named(np.stack(images), [f"{name} {place}" for name, place in places])


def _places(dataset: PackedDataset, split: str | None) -> Iterator[tuple[str, int]]:
    """Yield the splits and numbers of pictures."""
    sizes = {name: rows[1] - rows[0] for name, rows in dataset.summary()["splits"].items() if rows}
    if split is not None and split not in sizes:
        raise UserError(f"split: {dataset.name!r} has no {split!r}; it has: {', '.join(sizes)}")
    for name in sizes if split is None else [split]:
        yield from ((name, place) for place in range(sizes[name]))


def _few(pictures: list[T], count: int | None) -> list[T]:
    """Return the first `count`; raises UserError for none, and for more than would ever be done."""
    taken = pictures if count is None else pictures[: max(0, count)]
    if not 1 <= len(taken) <= MOST:
        raise UserError(f"count: {len(taken):,} pictures are not 1 to {MOST:,}; --count takes the first ones")
    return taken


def _guesses(run: Path, device: str, images: NDArray[np.uint8]) -> list[Tensor | None]:
    """Return a latent for each picture by the run's encoder, where it has one."""
    if not (run.is_dir() and Run.open(run).product_file("encoder").is_file()):
        return [None] * len(images)
    return list(torch.from_numpy(load_encoder(run, device).encode(images)))


def _write(
    out: Path, given: Named, space: Space, results: Sequence[Projected], facts: dict[str, Any], stamp: Stamp
) -> None:
    originals = given.images.transpose(0, 2, 3, 1)
    made = np.stack([pixels_of(one.image).permute(1, 2, 0).numpy() for one in results])
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    shown = slice(0, SHOWN)
    save_picture(pairs(originals[shown], made[shown], COLUMNS), out / PICTURE, stamp)
    points, latents, conditions = (
        torch.cat(rows).numpy() for rows in zip(*(one.place for one in results), strict=True)
    )
    # Of latents that are no points themselves the keys are wanted.
    write_arrays(out / LATENTS, {"latents": latents, space.name: points, "conditions": conditions})
    record = {
        **facts,
        "distance": "mean squared difference of pixels in [-1, 1], the mean of several sizes",
        "space": space.name,
        "starts": STARTS,
        "learning_rate": LEARNING_RATE,
        "versions": versions(),
        "pictures": [
            {"picture": name, "distance": one.distance} for name, one in zip(given.names, results, strict=True)
        ],
    }
    write_json(out / RECORD, record)
