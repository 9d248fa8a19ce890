"""A generator of the kind of every recipe, as small as its fields allow."""

import math
from typing import Any

import torch
from torch import Tensor

from ganache import recipes
from ganache.data.shape import ImageShape
from ganache.networks import Generator
from ganache.parts.latents import Coded
from ganache.runs.products import TrainedGenerator

NAMES = ("cat", "dog", "eel")
SHAPE, POINT = ImageShape(3, 12, 8), ImageShape(2, 1, 1)
_SMALL: dict[str, Any] = {
    "width": 8,
    "max_width": 16,
    "widths": (8,),
    "channel_base": 32,
    "channel_max": 8,
    "style_width": 8,
    "embedding": 4,
    "mapping_layers": 2,
    "clamp": 256.0,
}
_LATENT = 6  # values, where the kind of latents allows so few


def smaller(config: Generator) -> Generator:
    """Return a configuration with fewer features and latents."""
    latent = config.latent if isinstance(config.latent, Coded) else config.latent.changed(size=_LATENT)
    fields = {name: value for name, value in _SMALL.items() if name in type(config).model_fields}
    return config.changed(**fields, latent=latent)


def generator_of(name: str) -> TrainedGenerator:
    """Return an untrained generator of a recipe; where it is conditional it knows three classes."""
    recipe = recipes.find(name)
    shape, names = POINT if name == "mlp-2d" else SHAPE, NAMES if recipe.conditional else ()
    return untrained(smaller(recipe.sampler), shape, names)


def untrained(
    config: Generator, shape: ImageShape, names: tuple[str, ...] = (), told: dict[str, Any] | None = None
) -> TrainedGenerator:
    """Return a generator with nothing left at 0 or 1, nor so small that all images would be one."""
    torch.manual_seed(0)
    network = config.build(shape, len(names)).eval().requires_grad_(False)
    for tensor in network.state_dict().values():
        if tensor.is_floating_point():
            tensor.add_(_moves(tensor))
    return TrainedGenerator(network, config, shape, names, told or {})


def _moves(tensor: Tensor) -> Tensor:
    """Return by how much weights, vectors and single numbers are moved."""
    if tensor.dim() > 1:
        return torch.randn_like(tensor) * math.sqrt(0.25 / tensor[0].numel())
    return 0.1 * (torch.rand_like(tensor) - 0.5) if tensor.dim() else torch.tensor(-0.1)
