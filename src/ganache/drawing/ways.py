"""Ways past given stops in a generator's space: pictures that were projected, or the first images of some seeds."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganache.data.npy import open_arrays
from ganache.drawing.projecting import LATENTS
from ganache.drawing.spaces import Places, Space
from ganache.support.errors import UserError
from ganache.support.units import check_seed

MOST = 1_000  # stops


def stops_of(space: Space, through: str, labels: Sequence[str] = ()) -> Places:
    """Return the stops that a user names: seeds, as in ``3,17,42``, or what `project` wrote.

    Raises UserError for fewer than two, for what is neither, and for what is of another generator.
    """
    found = of_seeds(space, through, labels) if are_numbers(through) else _of_file(space, Path(through))
    if not 2 <= len(found.points) <= MOST:
        raise UserError(f"through: {len(found.points):,} stops make no way; it takes 2 to {MOST:,}")
    return found


def of_seeds(space: Space, seeds: str, labels: Sequence[str] = (), field: str = "through") -> Places:
    """Return where the first image of each seed lies, the one that `sample` draws; raises UserError for no numbers."""
    if not are_numbers(seeds):
        raise UserError(f"{field}: {seeds!r} are no seeds, such as 3,17,42")
    wanted = space.generator.label_indices(labels)
    firsts = [space.generator.inputs(check_seed(int(seed)), 0, wanted) for seed in seeds.split(",")]
    latents, conditions = (torch.stack([rows[0] for rows in part]) for part in zip(*firsts, strict=True))
    return space.places(latents, conditions)


def along(space: Space, stops: Places, frames: int) -> Iterator[NDArray[Any]]:
    """Yield `frames` images (H, W, C) on the closed way past the stops, as many after each of them."""
    return space.draw(places_along(space, stops, frames))


def places_along(space: Space, stops: Places, frames: int, is_closed: bool = True) -> Places:
    """Return `frames` places at equal steps on the way past the stops: back to the first, or no farther than the last.

    A way that is not closed has two frames or more, of which the last one is at the last stop.
    """
    latents = space.generator.config.latent.on_one_way(stops.latents[:, None])[:, 0]
    if space.name == "latents":  # which hold the keys themselves
        stops = stops._replace(points=space.generator.config.latent.on_one_way(stops.points[:, None])[:, 0])
    stops = stops._replace(latents=latents)
    count, rows = len(stops.points), []
    for frame in range(frames):
        place = frame * count / frames if is_closed else frame * (count - 1) / (frames - 1)
        stop, after, share = int(place), (int(place) + 1) % count, place % 1.0
        point = space.interpolate(stops.points[stop, None], stops.points[after, None], share)[0]
        told = torch.lerp(stops.conditions[stop], stops.conditions[after], share)
        rows.append((point, stops.latents[stop], told))
    return Places(*(torch.stack(part) for part in zip(*rows, strict=True)))


def are_numbers(text: str) -> bool:
    """Return whether a text is a list of whole numbers."""
    return all(word.strip().removeprefix("-").isdecimal() for word in text.split(","))


def _of_file(space: Space, path: Path) -> Places:
    file = path / LATENTS if path.is_dir() else path
    if not file.is_file():
        raise UserError(f"through: {str(path)!r} is neither seeds, such as 3,17,42, nor what `project` wrote")
    stored = {array.name: array for array in open_arrays(file, "through")}
    generator = space.generator
    sizes = {space.name: space.size, "latents": generator.config.latent.size, "conditions": len(generator.label_names)}
    rows: dict[str, Tensor] = {}
    for name, size in sizes.items():
        if name not in stored or stored[name].shape[1:] != (size,) or stored[name].dtype != np.float32:
            raise UserError(f"through: {str(file)!r} holds no {name} of {size:,} numbers, as this generator has them")
        rows[name] = torch.from_numpy(stored[name].whole())
    if len({len(values) for values in rows.values()}) > 1:
        raise UserError(f"through: {str(file)!r} holds other numbers of {' and '.join(rows)}")
    return Places(rows[space.name], rows["latents"], rows["conditions"])
