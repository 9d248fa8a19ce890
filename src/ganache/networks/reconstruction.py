"""A term that teaches a discriminator to keep what its images look like, by networks that draw them from its maps."""

import itertools
from collections.abc import Iterable
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from ganache.networks.convolutions import Conv2d
from ganache.networks.fastgan import GatedGrowth
from ganache.networks.halving import averaged
from ganache.networks.layers import orthogonally_initialised
from ganache.networks.resampling import Size
from ganache.parts.distances import Distance, Structural
from ganache.parts.schedules import NonNegative
from ganache.parts.terms import Move, Role, Scene, Term
from ganache.support.errors import UserError
from ganache.support.world import own_rows


class Reconstruction(Term):
    """d(decode(coarse), x) + d(decode(part of fine), part of x), of the reals x as the discriminator saw them.

    Two decoders of this term's own learn with the discriminator. One draws the image at half its size from the head
    ``coarse``; the other, from a quarter of the head ``fine`` that is drawn for each image, that quarter in full size.
    Source: Liu et al. 2021, "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image Synthesis",
    section 3.2. The distance there is that of a trained network's features; ours need none.
    """

    players: ClassVar[tuple[Role, ...]] = ("discriminator",)
    needs_head: ClassVar[str] = "fine"

    weight: NonNegative = 1.0
    distance: Distance = Structural()
    width: int = Field(default=8, ge=1)  # features at the size that is drawn; doubled with each halving
    max_width: int = Field(default=128, ge=1)

    def build(self, scene: Scene) -> nn.Module:
        """Return both decoders with the loss; raises UserError for a discriminator without these two heads."""
        heads = scene.heads
        if not {"coarse", "fine"} <= heads.keys() or any(len(heads[name]) != 3 for name in ("coarse", "fine")):
            raise UserError(
                "penalties: Reconstruction needs a discriminator with the maps 'coarse' and 'fine' among its heads, as "
                "FastGANDiscriminator has them"
            )
        return _Reconstruction(self, scene)


class _Reconstruction(nn.Module):
    def __init__(self, config: Reconstruction, scene: Scene) -> None:
        super().__init__()
        self.distance = config.distance
        (features, *coarse), (fine_features, *fine) = scene.heads["coarse"], scene.heads["fine"]
        image = (scene.shape.height, scene.shape.width)
        self.small = _pair(max(_half(side), least) for side, least in zip(image, coarse, strict=True))
        # Of a side that both maps share, the quarter has all.
        halved = [large > small for large, small in zip(fine, coarse, strict=True)]
        self.of_map = _pair(_half(side) if is_halved else side for side, is_halved in zip(fine, halved, strict=True))
        self.of_image = _pair(_half(side) if is_halved else side for side, is_halved in zip(image, halved, strict=True))
        self.whole = _Decoder(config, features, _pair(coarse), self.small, scene.shape.channels)
        self.part = _Decoder(config, fine_features, self.of_map, self.small, scene.shape.channels)

    def forward(self, move: Move) -> Tensor:
        assert move.real_verdict is not None
        assert move.real_verdict.seen is not None
        seen, heads = move.real_verdict.seen.detach(), move.real_verdict.heads
        low, right = (own_rows(seen.new_empty(len(seen), 2)) < 0.5)[:, :, None, None, None].unbind(1)
        wanted = averaged(_quarter(seen, low, right, self.of_image), self.small)
        lost = self.distance(self.whole(heads["coarse"]), averaged(seen, self.small))
        return lost + self.distance(self.part(_quarter(heads["fine"], low, right, self.of_map)), wanted)


class _Decoder(nn.Module):
    """Gated growth from a map to a picture (N, C, *large) in [-1, 1]."""

    def __init__(self, config: Reconstruction, features: int, small: Size, large: Size, channels: int) -> None:
        super().__init__()
        sizes = _halves(large, small)
        widths = [min(config.width * 2**stage, config.max_width) for stage in reversed(range(len(sizes) - 1))]
        steps = zip(itertools.pairwise([features, *widths]), sizes[1:], strict=True)
        self.layers = nn.Sequential(
            *(GatedGrowth(before, after, size) for (before, after), size in steps),
            Conv2d(widths[-1] if widths else features, channels, 3, padding=1),
            nn.Tanh(),
        )
        orthogonally_initialised(self)

    def forward(self, features: Tensor) -> Tensor:
        pictures: Tensor = self.layers(features)
        return pictures


def _halves(large: Size, small: Size) -> list[Size]:
    """Return the sizes from a small one to a large one, each half of the next, rounded up, until a side is small.

    Raises UserError where halving does not lead there.
    """
    sizes = [large]
    while any(side > least for side, least in zip(sizes[-1], small, strict=True)):
        sizes.append(_pair(_half(side) if side > least else side for side, least in zip(sizes[-1], small, strict=True)))
    if sizes[-1] != small:
        raise UserError(f"penalties: Reconstruction cannot grow a map of {small} to {large} by doubling")
    return sizes[::-1]


def _quarter(images: Tensor, low: Tensor, right: Tensor, size: Size) -> Tensor:
    """Return the corners (N, C, *size) of images (N, C, H, W), the lower and the right ones where asked for."""
    rows = torch.where(low, images[:, :, -size[0] :], images[:, :, : size[0]])
    return torch.where(right, rows[..., -size[1] :], rows[..., : size[1]])


def _half(side: int) -> int:
    """Return half a side, rounded up."""
    return (side + 1) // 2


def _pair(sides: Iterable[int]) -> Size:
    height, width = sides
    return height, width
