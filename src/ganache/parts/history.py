"""A pool of earlier fakes, so that a discriminator does not forget what it has learnt to tell.

Source: Shrivastava et al. 2017, "Learning from Simulated and Unsupervised Images through Adversarial Training",
section 2.3, as in Zhu et al. 2017 (CycleGAN).
"""

import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.support.world import whole_batch


class Pool(nn.Module):
    """The last `size` fakes or so; images are shown from it instead of new ones, half of the time.

    Its memory is in buffers, and nothing in it asks the host: a full pool and one that fills are the same operations.
    Of many processes each has the pool of the whole batch, and is shown what belongs to its rows.
    """

    images: Tensor  # (size, C, H, W)
    filled: Tensor  # scalar: how many of them are fakes

    def __init__(self, shape: ImageShape, size: int) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(size, shape.channels, shape.height, shape.width))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def forward(self, fakes: Tensor) -> Tensor:
        """Return what the discriminator is shown, as many as the fakes (N, C, H, W).

        While the pool fills it is they, and each is kept. Later each of them with probability ½ takes the place of an
        old one, which is shown. Of more fakes than the pool holds, the last ones are shown as they are.
        """
        if not len(self.images) or not len(fakes):  # no pool, or nobody's fakes
            return fakes
        everybodys, own = whole_batch(fakes)
        return self.exchanged(everybodys).index_select(0, own)

    def exchanged(self, fakes: Tensor) -> Tensor:
        """Return what is shown of the whole batch's fakes (N, C, H, W)."""
        size = len(self.images)
        count = min(len(fakes), size)
        new, rest = fakes[:count], fakes[count:]
        is_full = self.filled >= size
        random = torch.rand(size, device=fakes.device).argsort()[:count]
        slots = torch.where(is_full, random, (self.filled + torch.arange(count, device=fakes.device)) % size)
        chosen = (torch.rand(count, device=fakes.device) < 0.5) | ~is_full
        old = self.images[slots]
        self.images.index_copy_(0, slots, torch.where(_over(chosen, old), new, old))
        self.filled.copy_((self.filled + count).clamp(max=size))
        return torch.cat([torch.where(_over(chosen & is_full, old), old, new), rest])


def _over(chosen: Tensor, images: Tensor) -> Tensor:
    """Return a choice (N,) as one for every value of images (N, C, H, W)."""
    return chosen.view(-1, *[1] * (images.dim() - 1))
