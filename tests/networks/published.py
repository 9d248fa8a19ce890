"""R3GAN's networks as published, with weights by formula, and what comes out of them.

The numbers in test_networks_r3gan_published.py came of our networks and of the authors' alike: `numbers` takes any
functions (latents, labels) → images and (images, labels) → logits, with their weights.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.networks import R3GANDiscriminator, R3GANGenerator
from ganache.parts.latents import Normal

SHAPE, LABELS, COUNT = ImageShape(3, 16, 16), 3, 3
GENERATOR = R3GANGenerator(latent=Normal(size=5), width=4, max_width=8, blocks=2, group_size=4, published=True)
DISCRIMINATOR = R3GANDiscriminator(width=4, max_width=8, blocks=2, group_size=4, published=True)

Network = Callable[[Tensor, Tensor], Tensor]


def wave(shape: Sequence[int], number: int) -> Tensor:
    """Return values in [-1, 1] without any pattern, the same on every machine up to the last digits of float64."""
    places = torch.arange(1, 1 + torch.Size(shape).numel(), dtype=torch.float64)
    return torch.sin(places * (1.0 + 0.37 * number) + 0.01 * places**2).reshape(tuple(shape))


def filled(network: nn.Module) -> nn.Module:
    """Return the network in float64 with waves as weights, every one as large as fits its inputs."""
    for number, weight in enumerate(network.double().parameters()):
        inputs = weight[0].numel() if weight.dim() > 1 else 4
        weight.data.copy_(wave(weight.shape, number) * (2.0 / inputs) ** 0.5)
    return network


def numbers(
    generator: Network, discriminator: Network, labels: int, ours: list[Tensor], theirs: list[Tensor]
) -> dict[str, list[float]]:
    """Return what both networks make of fixed inputs, and squared gradients by their weights, `ours` and `theirs`."""
    told = torch.eye(labels, dtype=torch.float64) if labels else torch.zeros(COUNT, 0, dtype=torch.float64)
    latents = wave((COUNT, 5), 1).requires_grad_()
    images = generator(latents, told)
    upstream = wave(images.shape, 2)
    by_latent, *by_weights = torch.autograd.grad((images * upstream).sum(), [latents, *ours])
    points = wave(images.shape, 3).requires_grad_()
    logits = discriminator(points, told).flatten()
    (slopes,) = torch.autograd.grad(logits.sum(), points, create_graph=True)
    penalties = slopes.square().sum(dim=(1, 2, 3)) / 2.0
    by_logits = torch.autograd.grad(logits.mean(), theirs, retain_graph=True)
    by_penalties = torch.autograd.grad(penalties.mean(), theirs, allow_unused=True)
    found = {
        "pixels": images[:, :, [0, 7, 15], [0, 6, 15]].mean(dim=1).flatten(),
        "images": images.square().mean(dim=(1, 2, 3)),
        "by latent": by_latent.square().sum(dim=1),
        "by the generator's weights": _length(by_weights),
        "logits": logits,
        "penalties": penalties,
        "logits by weights": _length(by_logits),
        "penalties by weights": _length(by_penalties),
    }
    return {name: [float(value) for value in values.detach()] for name, values in found.items()}


def _length(gradients: Sequence[Tensor | None]) -> Tensor:
    return torch.stack([gradient.square().sum() for gradient in gradients if gradient is not None]).sum().reshape(1)
