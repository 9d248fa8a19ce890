"""A DCGAN as a tutorial's loop trains it in plain PyTorch: what Ganache's speed on a GPU is compared with.

Eager, forward passes in bfloat16 by autocast, Adam as `torch.optim.Adam` is by default, networks of the shapes of
`dcgan`. Where a tutorial leaves a choice, it is the faster plain one: all pictures stay on the device in float32, no
loss is read in between, kernels need not repeat their bits. No average of the weights is kept, and nothing is recorded.
"""

import contextlib
import itertools
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from benchmarks.gpu.contest import switches
from ganache.networks.layers import halvings

LATENTS = 100


def dcgan_networks(side: int, width: int = 64) -> tuple[nn.Sequential, nn.Sequential]:
    """Return generator and discriminator for RGB pictures of side × side pixels; `width` features at half of it."""
    sizes = halvings(side, side)
    steps = [(before[0], after[0]) for before, after in itertools.pairwise(sizes)]
    widths = [min(width * 2**stage, 512) for stage in range(len(steps))]
    generator: list[nn.Module] = [
        nn.ConvTranspose2d(LATENTS, widths[-1], sizes[-1], bias=False),
        *(nn.BatchNorm2d(widths[-1]), nn.ReLU(True)),
    ]
    for stage in reversed(range(1, len(steps))):
        generator += [
            _resized(nn.ConvTranspose2d, widths[stage], widths[stage - 1], steps[stage], bias=False),
            *(nn.BatchNorm2d(widths[stage - 1]), nn.ReLU(True)),
        ]
    generator += [_resized(nn.ConvTranspose2d, widths[0], 3, steps[0], bias=True), nn.Tanh()]
    discriminator: list[nn.Module] = []
    for stage, (step, features) in enumerate(zip(steps, widths, strict=True)):
        discriminator.append(_resized(nn.Conv2d, widths[stage - 1] if stage else 3, features, step, bias=not stage))
        discriminator += [nn.BatchNorm2d(features)] if stage else []
        discriminator.append(nn.LeakyReLU(0.2, True))
    discriminator += [nn.Conv2d(widths[-1], 1, sizes[-1]), nn.Flatten()]
    return nn.Sequential(*generator), nn.Sequential(*discriminator)


def _resized(
    kind: type[nn.Conv2d | nn.ConvTranspose2d], inputs: int, outputs: int, step: tuple[int, int], bias: bool
) -> nn.Module:
    kernel, stride = (4, 2) if step[0] > step[1] else (3, 1)
    return kind(inputs, outputs, kernel, stride, 1, bias=bias)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def train(pictures: Tensor, batch_size: int = 64, width: int = 64) -> Iterator[int]:
    """Train on pictures (N, 3, side, side) in [-1, 1] on their device; yield the reals of each iteration."""
    device = pictures.device
    generator, discriminator = (network.to(device) for network in dcgan_networks(pictures.shape[-1], width))
    generator.apply(_initialise)
    discriminator.apply(_initialise)
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    criterion = nn.BCEWithLogitsLoss()
    ones, zeros = (torch.full((batch_size, 1), value, device=device) for value in (1.0, 0.0))

    def lower() -> torch.autocast:
        return torch.autocast(device.type, torch.bfloat16)

    while True:
        reals = pictures[torch.randint(len(pictures), (batch_size,), device=device)]
        latents = torch.randn(batch_size, LATENTS, 1, 1, device=device)

        discriminator.zero_grad()
        with lower():
            loss_real = criterion(discriminator(reals), ones)
        loss_real.backward()
        with lower():
            fakes = generator(latents)
            loss_fake = criterion(discriminator(fakes.detach()), zeros)
        loss_fake.backward()
        optimizer_d.step()

        generator.zero_grad()
        with lower():
            loss_g = criterion(discriminator(fakes), ones)
        loss_g.backward()
        optimizer_g.step()
        yield batch_size


class Plain:
    """The loop as a contestant."""

    def __init__(self, pictures: Tensor, batch_size: int, width: int) -> None:
        self.device, self.images = pictures.device, batch_size
        self._loop = train(pictures, batch_size, width)
        with self.settings():
            self.advance()

    def advance(self) -> None:
        """Train for one iteration."""
        next(self._loop)

    def settings(self) -> contextlib.AbstractContextManager[None]:
        """Let torch choose kernels as it does when nobody asks."""
        return switches(repeatable=False, trial=False, tf32=True)
