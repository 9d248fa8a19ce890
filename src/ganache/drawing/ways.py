"""Ways through the latent space past given stops: pictures that were projected, or the first images of some seeds."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganache.data.npy import open_arrays
from ganache.drawing.projecting import LATENTS
from ganache.runs.products import GROUP, TrainedGenerator
from ganache.support.errors import UserError
from ganache.support.units import check_seed

MOST = 1_000  # stops


class Stops(NamedTuple):
    """Latents (S, Z) and their conditions (S, K)."""

    latents: Tensor
    conditions: Tensor


def stops_of(generator: TrainedGenerator, through: str, labels: Sequence[str] = ()) -> Stops:
    """Return the stops that a user names: seeds, as in ``3,17,42``, or what `project` wrote.

    A seed stands for its first image, the one that `sample` draws. Raises UserError for fewer than two, for what is
    neither, and for latents of another generator.
    """
    words = [word.strip() for word in through.split(",")]
    found = _of_seeds(generator, words, labels) if all(map(_is_number, words)) else _of_file(generator, Path(through))
    if not 2 <= len(found.latents) <= MOST:
        raise UserError(f"through: {len(found.latents):,} stops make no way; it takes 2 to {MOST:,}")
    return found


def along(generator: TrainedGenerator, stops: Stops, frames: int) -> Iterator[NDArray[Any]]:
    """Yield `frames` images (H, W, C) on the closed way past the stops, as many after each of them."""
    latents = generator.config.latent.on_one_way(stops.latents[:, None])[:, 0]
    count = len(latents)
    for start in range(0, frames, GROUP):
        places = [frame * count / frames for frame in range(start, min(start + GROUP, frames))]
        here, told = zip(*(_between(generator, latents, stops.conditions, place) for place in places), strict=True)
        yield from generator.make(torch.stack(here), torch.stack(told))


def _between(generator: TrainedGenerator, latents: Tensor, conditions: Tensor, place: float) -> tuple[Tensor, Tensor]:
    """Return latent (Z,) and condition (K,) at a place, which counts stops; past the last lies the first."""
    stop, after, share = int(place), (int(place) + 1) % len(latents), place % 1.0
    latent = generator.config.latent.interpolate(latents[stop, None], latents[after, None], share)[0]
    return latent, torch.lerp(conditions[stop], conditions[after], share)


def _is_number(word: str) -> bool:
    return word.lstrip("-").isdecimal()


def _of_seeds(generator: TrainedGenerator, words: Sequence[str], labels: Sequence[str]) -> Stops:
    wanted = generator.label_indices(labels)
    firsts = [generator.inputs(check_seed(int(word)), 0, wanted) for word in words]
    latents, conditions = (torch.stack([rows[0] for rows in part]) for part in zip(*firsts, strict=True))
    return Stops(latents, conditions)


def _of_file(generator: TrainedGenerator, path: Path) -> Stops:
    file = path / LATENTS if path.is_dir() else path
    if not file.is_file():
        raise UserError(f"through: {str(path)!r} is neither seeds, such as 3,17,42, nor what `project` wrote")
    stored = {array.name: array for array in open_arrays(file, "through")}
    sizes = {"latents": generator.config.latent.size, "conditions": len(generator.label_names)}
    rows = {}
    for name, size in sizes.items():
        if name not in stored or stored[name].shape[1:] != (size,) or stored[name].dtype != np.float32:
            raise UserError(f"through: {str(file)!r} holds no {name} of {size:,} numbers, as this generator has them")
        rows[name] = torch.from_numpy(stored[name].whole())
    if len(rows["latents"]) != len(rows["conditions"]):
        raise UserError(f"through: {str(file)!r} holds {len(rows['latents'])} latents and other numbers of conditions")
    return Stops(**rows)
