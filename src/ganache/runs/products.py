"""Trained generators: the file that holds one with its description, and drawing from it."""

import dataclasses
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from ganache import networks
from ganache.data.shape import ImageShape
from ganache.engine.devices import autocast_for, choose_device, choose_precision, memory_format_for
from ganache.engine.full_precision import full_precision
from ganache.engine.pixel_values import pixels_of
from ganache.engine.transfers import ahead_on, in_order, to_device
from ganache.games import Game, Product
from ganache.networks.base import StyledGenerator
from ganache.runs import sealed
from ganache.runs.network_files import FORMAT, Kept
from ganache.runs.trained_translators import is_translator
from ganache.support.errors import UserError, did_you_mean
from ganache.support.places import check_place
from ganache.support.precision import FULL, Autocast
from ganache.support.requests import as_names
from ganache.support.streams import derive, generator
from ganache.support.units import check_seed, listed

# Images are always computed in groups of this size: floating-point sums depend on how many are computed at once,
# and the same seed must give the same pixels for any count.
GROUP = 64

SHOWN, SHOWN_SIDE = 8, 512  # a notebook shows rows of so many images, enlarged to about so many pixels


@dataclasses.dataclass(frozen=True)
class TrainedGenerator:
    """A generator that is ready to draw; `description` is what its file says of it."""

    network: nn.Module
    config: networks.Generator
    shape: ImageShape
    label_names: tuple[str, ...]  # empty when it takes no labels
    description: dict[str, Any]
    autocast: Autocast = FULL
    truncation: float = 1.0  # 1: what it learnt to draw; nearer to 0 more likely images that differ less
    weights: str = ""  # SHA-256 by which its file is known; "" where it is of none

    def truncated(self, truncation: float) -> Self:
        """Return the same generator drawing with a truncation between 0 and 1, which is none.

        Where it has styles, they are that many times as far from the centre of their class (Karras et al. 2019,
        appendix B); of others the latents are truncated (`Normal.truncated`). Raises UserError for another number, and
        for latents that cannot be.
        """
        if not 0.0 <= truncation <= 1.0:
            raise UserError(f"truncation: {truncation:g} is not between 0 and 1; 1 draws all that it learnt")
        if truncation < 1.0 and not isinstance(self.network, StyledGenerator):
            self.config.latent.truncated(torch.zeros(1, self.config.latent.size), truncation)
        return dataclasses.replace(self, truncation=truncation)

    def sample(self, count: int, seed: int = 0, labels: Sequence[str] = ()) -> NDArray[Any]:
        """Return `count` images: uint8 (N, H, W, C), or float32 (N, 1, 1, K) in [-1, 1] for rows and points.

        Image i depends on (seed, i) and its label alone. With several labels they take turns; with none, a
        conditional generator draws them evenly. Raises UserError for a bad seed, and a label that is not known.
        """
        none = self.pixels(torch.empty(0, self.shape.channels, self.shape.height, self.shape.width)).numpy()
        return np.concatenate([none, *self.stream(count, seed, labels)])

    def stream(self, count: int, seed: int = 0, labels: Sequence[str] = (), start: int = 0) -> Iterator[NDArray[Any]]:
        """Yield the images start … start + count of `sample` in pieces of constant size."""
        check_seed(seed)
        if count < 0 or start < 0:
            raise UserError(f"count: {count} images from number {start} cannot be drawn; both count from 0")
        wanted = self.label_indices(labels)
        groups = range(start // GROUP, -(-(start + count) // GROUP))
        drawn = self._arrays(self.inputs(seed, group, wanted) for group in groups)
        for group in groups:
            first = group * GROUP
            yield next(drawn)[max(0, start - first) : start + count - first]

    def stream_of(self, classes: NDArray[np.int64], seed: int = 0) -> Iterator[NDArray[Any]]:
        """Yield the images of `sample` that have these classes (N,), by their numbers, in pieces of constant size."""
        check_seed(seed)
        parts = [classes[start : start + GROUP] for start in range(0, len(classes), GROUP)]
        drawn = self._arrays(self._told(seed, group, part) for group, part in enumerate(parts))
        yield from (images[: len(part)] for images, part in zip(drawn, parts, strict=True))

    def _told(self, seed: int, group: int, classes: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        whole = torch.from_numpy(np.pad(classes, (0, GROUP - len(classes))))
        return self.inputs(seed, group)[0], nn.functional.one_hot(whole, len(self.label_names)).float()

    def classes(self, count: int, seed: int = 0, labels: Sequence[str] = ()) -> Iterator[NDArray[np.int64]]:
        """Yield the numbers (n,) of the classes of `sample`'s images in the pieces of `stream`, -1 without classes."""
        wanted = self.label_indices(labels)
        for first in range(0, count, GROUP):
            conditions = self.inputs(seed, first // GROUP, wanted)[1][: count - first]
            known = conditions.shape[1] > 0
            yield conditions.argmax(dim=1).numpy() if known else np.full(len(conditions), -1, np.int64)

    def inputs(self, seed: int, group: int, wanted: Sequence[int] = ()) -> tuple[Tensor, Tensor]:
        """Return the latents (GROUP, Z) and labels (GROUP, K) of one group of images."""
        random = generator(torch.device("cpu"), seed, "sample", group)
        latents = self.config.latent.draw(GROUP, random)
        known = len(self.label_names)
        if wanted:
            positions = torch.arange(group * GROUP, (group + 1) * GROUP) % len(wanted)
            indices = torch.tensor(list(wanted))[positions]
        elif known:
            indices = torch.randint(known, (GROUP,), generator=random)
        else:
            return latents, torch.zeros(GROUP, 0)
        return latents, nn.functional.one_hot(indices, known).float()

    def draw(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Return images (N, C, H, W) in [-1, 1] on the CPU from latents (N, Z) and labels (N, K)."""
        return self._drawn(latents, labels).cpu()

    def make(self, latents: Tensor, conditions: Tensor) -> NDArray[Any]:
        """Return images as `sample` does, in whole groups too, from latents (N, Z) and conditions (N, K)."""
        missing = -len(latents) % GROUP
        padded = (nn.functional.pad(rows, (0, 0, 0, missing)) for rows in (latents, conditions))
        groups = zip(*(torch.split(rows, GROUP) for rows in padded), strict=True)
        images: NDArray[Any] = np.concatenate(list(self._arrays(groups)))
        return images[: len(latents)]

    def walk(self, seed: int, frames: int, labels: Sequence[str] = (), stops: int = 5) -> Iterator[NDArray[Any]]:
        """Yield `frames` pictures (16, H, W, C): 16 latents on a closed way through `stops` random ones each."""
        check_seed(seed)
        wanted = self.label_indices(labels)
        _, conditions = self.inputs(seed, 0, wanted)
        drawn = torch.stack([self.inputs(derive(seed, "stop", stop), 0)[0][:WALKERS] for stop in range(stops)])
        ways = self.config.latent.on_one_way(drawn)
        for frame in range(frames):
            place = frame * stops / frames
            stop = int(place)
            here = self.config.latent.interpolate(ways[stop], ways[(stop + 1) % stops], place - stop)
            yield self.make(here, conditions[:WALKERS])

    def label_indices(self, labels: Sequence[str]) -> list[int]:
        """Return the numbers of labels given by name; raises UserError for one that is not known."""
        labels = as_names(labels)
        if labels and not self.label_names:
            raise UserError(f"label: this generator takes no labels, so {labels[0]!r} cannot be asked for")
        for label in labels:
            if label not in self.label_names:
                close = did_you_mean(label, self.label_names)
                raise UserError(f"label: {label!r} is not known{close}; it has: {listed(self.label_names)}")
        return [self.label_names.index(label) for label in labels]

    @property
    def _device(self) -> torch.device:
        return next(self.network.parameters()).device

    def _drawn(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Return images (N, C, H, W) in [-1, 1] where the network is."""
        device = self._device
        options: tuple[float, ...] = ()
        if isinstance(self.network, StyledGenerator):
            options = (self.truncation,)
        elif self.truncation < 1.0:
            latents = self.config.latent.truncated(latents, self.truncation)
        with torch.inference_mode(), full_precision(), self.autocast():
            images: Tensor = self.network(to_device(latents, device), to_device(labels, device), *options)
        return images.float()

    def _arrays(self, groups: Iterable[tuple[Tensor, Tensor]]) -> Iterator[NDArray[Any]]:
        """Yield the images of groups of latents and labels as `sample` has them; only the oldest is waited for."""
        pixels = ((self.pixels(self._drawn(*group)),) for group in groups)
        return (found.numpy() for (found,) in in_order(pixels, ahead_on(self._device)))

    def pixels(self, images: Tensor) -> Tensor:
        """Return images (N, H, W, C) as files hold them, where they are: a quarter of the bytes then go to the host.

        Rows become those that their values mean, on the host.
        """
        last = images.permute(0, 2, 3, 1)
        if not self.shape.is_row:
            return pixels_of(last).contiguous()
        return torch.from_numpy(self.shape.settled(last.contiguous().cpu().numpy()))

    def _repr_png_(self) -> bytes | None:
        """Return the first images of seed 0 as one picture, for a notebook; rows are none."""
        if self.shape.is_row:
            return None
        height, width, channels = self.shape.height, self.shape.width, self.shape.channels
        across = max(1, min(SHOWN, 2 * SHOWN_SIDE // max(height, width)))
        images = self.sample(across**2).reshape(across, across, height, width, channels)
        cells = images.swapaxes(1, 2).reshape(across * height, across * width, channels)
        factor = max(1, SHOWN_SIDE // max(cells.shape[:2]))
        enlarged = cells.repeat(factor, axis=0).repeat(factor, axis=1)
        file = io.BytesIO()
        Image.fromarray(enlarged[..., 0] if channels == 1 else enlarged).save(file, "PNG")
        return file.getvalue()


WALKERS = 16


def save(
    path: Path,
    network: nn.Module,
    recipe: Game,
    shape: ImageShape,
    facts: dict[str, Any],
    product: Product | None = None,
) -> None:
    """Write the weights of a product, the generator if left out, with all that is needed to use it.

    `facts` has at least label_names.
    """
    product = product or recipe.sampled
    own = {"latents": recipe.sampler.latent.size} if recipe.draws else {"is_reverse": product.is_reverse}
    description = {
        "format": FORMAT,
        "content": product.network,
        "recipe": recipe.name,
        product.network: product.config.model_dump(mode="json"),
        **own,
        "shape": shape.to_json(),
        **facts,
    }
    sealed.save(path, dict(network.state_dict()), description)


def load(path: str | Path, device: str = "cpu", precision: str = "fp32") -> TrainedGenerator:
    """Return the generator of a run or of a ``generator.safetensors``; no code is taken from either.

    In `precision` bf16 (``auto``: where the hardware has instructions for it) its images are approximate. Raises
    UserError when there is no generator, it is damaged, its kind of network is not known here, or the device cannot do
    bf16.
    """
    check_place(path, "run")
    if is_translator(Path(path)):
        raise UserError(f"run: {str(path)!r} translates pictures and draws none of its own: ganache translate {path} …")
    kept = Kept.read(path, "generator")
    shape, names = kept.shape, kept.label_names
    config = kept.config(networks.Generator)
    network = kept.built(lambda: config.build(shape, len(names)), config)
    used = choose_device(device)
    autocast = autocast_for(choose_precision(precision, used, shape), used)
    placed = network.to(used, memory_format=memory_format_for("drawing", autocast))  # type: ignore[call-overload]
    return TrainedGenerator(placed, config, shape, names, kept.description, autocast, weights=kept.weights)
