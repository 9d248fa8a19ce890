"""Noise for the features of a network, a function of an image's keys and of the place alone.

Drawn from a generator, an image's noise would depend on the images drawn before it. Counted instead (Salmon et al.
2011, "Parallel Random Numbers: As Easy as 1, 2, 3"), it is the same whatever stands beside it in a batch, on every
device, in any number of processes, and when a graph is launched again.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ganache.networks.resampling import Size


class PlacedNoise(nn.Module):
    """Standard normal noise for maps of several sizes.

    The keys, in steps of 2⁻²⁶, and the number of the place are mixed into 32 bits; two such numbers make two normal
    ones (Box & Muller 1958).
    """

    counters: Tensor  # (2, P): two mixed numbers for every two places of all maps

    def __init__(self, sizes: Sequence[Size]) -> None:
        super().__init__()
        self.sizes = list(sizes)
        pairs = -(-sum(height * width for height, width in self.sizes) // 2)
        counters = _mixed(torch.arange(2 * pairs, dtype=torch.int32).view(2, pairs))
        self.register_buffer("counters", counters, persistent=False)

    def forward(self, keys: Tensor) -> list[Tensor]:
        """Return (N, 1, H, W) for each of the sizes, in float32 or the keys' type, from keys (N, K), floats in ±31."""
        # Not the bits of the floats themselves, which a traced network cannot look at.
        bits = (keys.detach().to(torch.float32).clamp(-31.0, 31.0) * 2.0**26).to(torch.int32)
        seeds = bits[:, :1]
        for key in bits[:, 1:].unbind(1):
            seeds = _mixed(seeds) ^ key[:, None]
        mixed = _mixed(_mixed(seeds)[:, :, None] ^ self.counters)
        kind = torch.promote_types(keys.dtype, torch.float32)
        uniform = ((mixed >> 8) & 0xFFFFFF).to(kind) * 2.0**-24  # in [0, 1)
        radius, angle = (-2.0 * torch.log(1.0 - uniform[:, 0])).sqrt(), 2.0 * math.pi * uniform[:, 1]
        normal = torch.cat([radius * angle.cos(), radius * angle.sin()], dim=1)
        places = [height * width for height, width in self.sizes]
        maps = torch.split(normal[:, : sum(places)], places, dim=1)
        return [one.view(-1, 1, *size) for one, size in zip(maps, self.sizes, strict=True)]


def _mixed(bits: Tensor) -> Tensor:
    """Return 32 bits, each of which depends on all of those given: the last step of MurmurHash3 (Appleby 2011)."""
    bits = (bits ^ _shifted(bits, 16)) * -0x7A143595  # 0x85EBCA6B as a signed number; products wrap around
    bits = (bits ^ _shifted(bits, 13)) * -0x3D4D51CB  # 0xC2B2AE35
    return bits ^ _shifted(bits, 16)


def _shifted(bits: Tensor, places: int) -> Tensor:
    """Shift to the right, zeros coming in: the sign is a bit like any other."""
    return (bits >> places) & ((1 << (32 - places)) - 1)
