"""What every extractor of features is: a name, a version, and one vector for each image."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganache.engine.full_precision import full_precision
from ganache.engine.transfers import ahead_on, in_order
from ganache.evaluation.features.images import CHANNEL_RULE
from ganache.support.errors import UserError

ABOUT = ("accuracy", "tested", "tested_on", "made_on")  # told by a description of the features, and not what makes them
BY = "computed_by"  # which library computes the same values, up to their last digits


@dataclass(frozen=True)
class Extracted:
    """Of N images: `features` (N, D) float32, and `logits` (N, K) float32 where the extractor knows classes."""

    features: NDArray[np.float32]
    logits: NDArray[np.float32] | None = None


class Extractor(Protocol):
    """A fixed function from pictures to vectors; equal `describe()` means equal values up to float32 rounding."""

    @property
    def name(self) -> str:
        """The name under which its scores go."""

    @property
    def version(self) -> int:
        """Grows whenever the values of the same images change."""

    @property
    def size(self) -> int:
        """D, the length of one image's vector."""

    @property
    def device(self) -> torch.device:
        """Where the features are computed, and what is made of many of them: moments, distances."""

    def describe(self) -> dict[str, Any]:
        """Return name, version, size, checksum, resize rule and channel rule as JSON values."""

    def at_once(self, images: NDArray[Any]) -> int:
        """Return how many of such images are computed at once, counted from the first: last bits depend on that."""

    def __call__(self, images: NDArray[Any]) -> Extracted:
        """Return the features of uint8 images (N, H, W, C), C = 1 … 4; the same however many come in one call.

        Raises UserError for anything else, points and rows among it.
        """


See: TypeAlias = Callable[[NDArray[Any]], Extracted]  # as an extractor does


def described(extractor: Extractor, checksum: str | None, resize: str, channels: int) -> dict[str, Any]:
    """Return what every extractor's `describe` has: its weights' checksum, if any, and what it makes of any picture."""
    return {
        **{"name": extractor.name, "version": extractor.version, "size": extractor.size, "checksum": checksum},
        "resize": resize,
        "channels": f"{channels} ({CHANNEL_RULE})",
    }


def check_pictures(name: str, images: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the images if they are uint8 pictures (N, H, W, C); raises UserError if not."""
    if images.ndim != 4 or images.shape[3] not in (1, 2, 3, 4) or 0 in images.shape[1:3]:
        raise UserError(f"images: {images.shape} is not (N, height, width, channels) with 1 … 4 channels")
    if not len(images):
        raise UserError("images: there are none")
    if images.shape[1:] == (1, 1, 2):
        refuse_rows(name)
    if images.dtype != np.uint8:
        raise UserError(f"images: {images.dtype} is not uint8, 0 … 255")
    return images


def refuse_rows(name: str) -> NoReturn:
    """Raise UserError: what is made for pictures says nothing of coordinates and columns."""
    raise UserError(f"features: {name!r} is made for pictures; points of a density have 'pixels', rows 'values'")


def in_groups(
    images: NDArray[np.uint8],
    group: int,
    device: torch.device,
    apply: Callable[[NDArray[np.uint8]], tuple[Tensor, ...]],
) -> list[NDArray[np.float32]]:
    """Return what a network on a device gives for at most `group` images at a time, one array for each output."""
    outputs = (apply(images[start : start + group]) for start in range(0, len(images), group))
    with torch.inference_mode(), full_precision():
        parts = [[output.float().numpy() for output in part] for part in in_order(outputs, ahead_on(device))]
    return [np.concatenate(same) for same in zip(*parts, strict=True)]


def digest(tensors: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of named tensors: names, types, shapes and values, in the order of the names."""
    found = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        found.update(np.ascontiguousarray(tensor.detach().cpu().numpy()).tobytes())
    return found.hexdigest()
