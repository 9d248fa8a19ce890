"""Path length regularisation: a step among styles changes the image by one length everywhere."""

from typing import ClassVar, Protocol, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from ganache.parts.schedules import NonNegative
from ganache.parts.terms import Move, Role, Scene, Term
from ganache.support.precision import unmixed
from ganache.support.world import here, own_rows


class MakesStyles(Protocol):
    """A generator of images from styles (`ganache.networks.base.StyledGenerator`)."""

    def styles(self, latents: Tensor, conditions: Tensor) -> Tensor:
        """Return styles (N, L, W)."""

    def synthesis(self, styles: Tensor, latents: Tensor) -> Tensor:
        """Return images (N, C, H, W)."""


class PathLength(Term):
    """(‖J_wᵀ y‖ - a)², y an image of standard normal noise over √(H · W), a the running mean of the lengths.

    As in the authors' code, the norm is the root of the mean over layers, fakes are made anew for it, of every
    `shrink`-th latent alone, and the mean moves before it is compared with. It begins as the first one that is seen:
    theirs begins at 0, and asks for some hundred applications that images do not depend on their styles. In full
    precision.
    Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", section 3.2 and appendix B.
    """

    players: ClassVar[tuple[Role, ...]] = ("generator",)
    needs_styles: ClassVar[bool] = True

    weight: NonNegative = 2.0
    decay: float = Field(default=0.01, gt=0, le=1)  # by which the mean moves
    shrink: int = Field(default=2, ge=1)

    def build(self, scene: Scene) -> nn.Module:
        """Return the module, which remembers the mean."""
        return _PathLength(self)


class _PathLength(nn.Module):
    mean: Tensor

    def __init__(self, config: PathLength) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("mean", torch.zeros(()))

    def forward(self, move: Move) -> Tensor:
        generator = cast(MakesStyles, move.networks["generator"])
        # Not the first half, and by their numbers in the whole batch: else many processes had other rows than one has.
        world, size, shrink = here(), len(move.latents), self.config.shrink
        some = slice(-world.place(size * world.size).start % shrink, None, shrink)
        count = -(-size * world.size // shrink)  # of all processes
        with unmixed(move.latents):
            styles = generator.styles(move.latents, move.conditions)[some]
            images = generator.synthesis(styles, move.latents[some])
            directions = own_rows(move.fakes, torch.randn_like)[some] / (images.shape[2] * images.shape[3]) ** 0.5
            (slopes,) = torch.autograd.grad((images * directions).sum(), styles, create_graph=True)
        lengths = slopes.square().sum(dim=2).mean(dim=1).sqrt()
        now = world.sum(lengths.sum()) / count
        mean = torch.where(self.mean > 0, torch.lerp(self.mean, now, self.config.decay), now)
        with torch.no_grad():
            self.mean.copy_(mean)
        # A process's own part, so many times that the mean over processes is the mean over all of them.
        return ((lengths - mean).square().sum() * world.size / count).expand(size)
