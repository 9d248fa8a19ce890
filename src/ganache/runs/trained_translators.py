"""Trained translators: from a picture to a picture of the same size, whatever that is."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.engine.devices import autocast_for, choose_device, choose_precision, memory_format_for
from ganache.engine.full_precision import full_precision
from ganache.engine.pixel_values import pixels_of, values_of
from ganache.engine.transfers import to_device
from ganache.networks.translators import Translating, Translator
from ganache.runs.folder import Run
from ganache.runs.network_files import Kept
from ganache.runs.whole_groups import whole_groups
from ganache.support.errors import UserError
from ganache.support.files import is_run
from ganache.support.precision import FULL, Autocast

GROUP = 16  # pictures computed at once, always as many: sums in floating point depend on how many there are
SMALL = 128 * 128  # pixels of a picture, above which each is computed alone
TILE = 512  # pixels of a side, above which a picture is computed in parts
OVERLAP = 64  # pixels on each side of a part that are computed twice, where a network sees the whole picture
FORWARD, BACKWARD = DIRECTIONS = ("a-to-b", "b-to-a")


@dataclasses.dataclass(frozen=True)
class TrainedTranslator:
    """A translator that is ready to use, from pictures like `inputs` to such as `targets`; of any size."""

    network: Translating
    inputs: ImageShape
    targets: ImageShape
    description: dict[str, Any]
    autocast: Autocast = FULL
    weights: str = ""  # SHA-256 by which its file is known

    def translate(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return translations (N, H, W, D) uint8 of pictures (N, H, W, C) uint8, each as if it was alone.

        Raises UserError for arrays that are no such pictures.
        """
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != self.inputs.channels:
            raise UserError(
                f"images: this translator takes uint8 (N, H, W, {self.inputs.channels}), not {images.dtype} "
                f"{images.shape}"
            )
        return np.concatenate([made for made in self.steps(images) if made is not None])[: len(images)]

    def steps(self, images: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8] | None]:
        """Yield translations of whole groups of pictures, as `translate` does, and None after each part of a large one.

        The last group may have more than are wanted.
        """
        is_large = max(images.shape[1:3]) > TILE  # as a strip is that has few pixels
        size = 1 if is_large or images.shape[1] * images.shape[2] > SMALL else GROUP
        pixels = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
        for group in whole_groups(pixels, size):
            values = values_of(group)
            for made in self._in_parts(values) if is_large else (self._whole(values),):
                yield None if made is None else np.ascontiguousarray(pixels_of(made).permute(0, 2, 3, 1).numpy())

    def _whole(self, values: Tensor) -> Tensor:
        device = next(self.network.parameters()).device
        with torch.inference_mode(), full_precision(), self.autocast():
            made: Tensor = self.network(to_device(values, device))
        return made.float().cpu()

    def _in_parts(self, values: Tensor) -> Iterator[Tensor | None]:
        """Yield None after each overlapping part of a picture, then all of them, which fade into each other."""
        height, width = values.shape[2:]
        around = -(-(OVERLAP if self.network.margin is None else self.network.margin) // self.network.stride)
        around = min(around * self.network.stride, TILE // 4 // self.network.stride * self.network.stride)
        made = torch.zeros(1, self.targets.channels, height, width)
        weights = torch.zeros(1, 1, height, width)
        for top in _starts(height, around, self.network.stride):
            for left in _starts(width, around, self.network.stride):
                part = (..., slice(top, top + TILE), slice(left, left + TILE))
                seen = values[part]
                weight = _fading(seen.shape[2], around, top > 0, top + TILE < height)[:, None]
                weight = weight * _fading(seen.shape[3], around, left > 0, left + TILE < width)
                made[part] += self._whole(seen) * weight
                weights[part] += weight
                yield None
        yield made / weights


def is_translator(run: Path) -> bool:
    """Return whether a run's product is a translator, and no generator."""
    if not is_run(run):
        return False
    known = Run(run)
    return known.product_file(_content(FORWARD)).is_file() and not known.generator_file.is_file()


def directions_of(run: Path) -> tuple[str, ...]:
    """Return which ways a run's translators lead."""
    return tuple(direction for direction in DIRECTIONS if Run(run).product_file(_content(direction)).is_file())


def leads_back(run: Path) -> bool:
    """Return whether a run's translators lead both ways."""
    return directions_of(run) == DIRECTIONS


def evaluation_file(run: Path, direction: str) -> Path:
    """Return where a run keeps the last evaluation that was asked for: a translator's has one for each direction."""
    known = Run(run)
    if direction == FORWARD or not is_translator(run):
        return known.evaluation_file
    return known.evaluation_file.with_stem(f"{known.evaluation_file.stem}-{direction}")


def opposite(direction: str) -> str:
    """Return the direction that leads back."""
    return DIRECTIONS[direction == FORWARD]


def check_direction(direction: str) -> None:
    """Raise UserError for what is no direction."""
    if direction not in DIRECTIONS:
        raise UserError(f"direction: {direction!r} is not one of {', '.join(DIRECTIONS)}")


def load_translator(
    path: str | Path, direction: str = FORWARD, device: str = "cpu", precision: str = "fp32"
) -> TrainedTranslator:
    """Return the translator of a run, or of its file, in a direction; no code is taken from either.

    Raises UserError when there is none, it is damaged, or its kind of network is not known here.
    """
    check_direction(direction)
    if is_run(Path(path)) and direction not in directions_of(Path(path)):
        ways = ", ".join(directions_of(Path(path)))
        raise UserError(f"run: {str(path)!r} translates {f'{ways} alone' if ways else 'nothing: it draws by itself'}")
    kept = Kept.read(path, _content(direction))
    if not kept.shape.given:
        raise UserError(f"run: {kept.file} has a description without the channels of what is given")
    inputs, targets = kept.shape.sides(bool(kept.description.get("is_reverse")))
    config = kept.config(Translator)
    network = kept.built(lambda: config.build(inputs, targets), config)
    assert isinstance(network, Translating)
    used = choose_device(device)
    autocast = autocast_for(choose_precision(precision, used, kept.shape), used)
    laid = as_used(network.to(used), autocast)
    return TrainedTranslator(laid, inputs, targets, kept.description, autocast, kept.weights)


def _content(direction: str) -> str:
    return direction.replace("-", "_")


def as_used(network: Translating, autocast: Autocast = FULL) -> Translating:
    """Return a network with its weights laid out as they always are at use: another layout is another rounding."""
    laid: Translating = network.to(memory_format=memory_format_for("drawing", autocast))  # type: ignore[call-overload]
    return laid


def _starts(side: int, around: int, stride: int) -> list[int]:
    """Return where parts begin: each a whole number of strides behind the one before, and overlapping it twice."""
    if side <= TILE:
        return [0]
    step = (TILE - 2 * around) // stride * stride
    last = -(-(side - TILE) // stride) * stride
    return [*range(0, last, step), last]


def _fading(side: int, around: int, before: bool, behind: bool) -> Tensor:
    """Return the weights of a part's rows: falling to nearly 0 towards the sides on which there is another part."""
    weights = torch.ones(side)
    ramp = (torch.arange(2 * around) + 0.5) / (2 * around) if around else torch.ones(0)
    # The outermost rows of a part see an edge that is none, so that the other part counts alone.
    ramp = (2.0 * ramp - 0.5).clamp(1e-6, 1.0)[:side]
    if before:
        weights[: len(ramp)] *= ramp
    if behind:
        weights[side - len(ramp) :] *= ramp.flip(0)
    return weights
