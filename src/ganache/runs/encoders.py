"""Trained encoders: from an image back to a latent."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ganache.data.shape import ImageShape
from ganache.engine.full_precision import full_precision
from ganache.engine.pixel_values import values_of
from ganache.engine.transfers import to_device
from ganache.networks.feature_networks import Encoder
from ganache.runs.network_files import Kept
from ganache.runs.whole_groups import whole_groups
from ganache.support.errors import UserError

GROUP = 64  # images encoded at once: always as many, so that a latent does not depend on how many there are
_MOST_LATENTS = 2**20


@dataclasses.dataclass(frozen=True)
class TrainedEncoder:
    """An encoder that is ready to use; `description` is what its file says of it."""

    network: nn.Module
    shape: ImageShape
    description: dict[str, Any]

    def encode(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return latents (N, Z) float32 of images (N, C, H, W) uint8."""
        pixels = torch.from_numpy(np.ascontiguousarray(images))
        device = next(self.network.parameters()).device
        found = []
        with torch.inference_mode(), full_precision():
            for group in whole_groups(pixels, GROUP):
                found.append(self.network(values_of(to_device(group, device))).float().cpu())
        return np.concatenate([np.asarray(part) for part in found])[: len(pixels)]


def load_encoder(path: str | Path, device: str = "cpu") -> TrainedEncoder:
    """Return the encoder of a run, or of an ``encoder.safetensors``; no code is taken from either.

    Raises UserError when there is none, it is damaged, or its kind of network is not known here.
    """
    kept = Kept.read(path, "encoder")
    latents = kept.description.get("latents")
    if type(latents) is not int or not 1 <= latents <= _MOST_LATENTS:
        raise UserError(f"run: {kept.file} has a description without a valid number of latents")
    config = kept.config(Encoder)
    network = kept.built(lambda: config.build(kept.shape, latents), config)
    return TrainedEncoder(network.to(device), kept.shape, kept.description)
