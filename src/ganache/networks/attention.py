"""Self-attention: every place of a map of features hears all others."""

import torch
from torch import Tensor, nn

from ganache.networks.resampling import Size


class SelfAttention(nn.Module):
    """x + γ W_o (V softmax(QᵀK)), with γ = 0 at first; keys and values are the largest of blocks of 2 × 2 places.

    Queries and keys have an eighth of the features, values half of them.
    Source: Zhang et al. 2019, "Self-Attention Generative Adversarial Networks", section 3; blocks and widths, which
    stand there otherwise, are those of their code, and of Brock et al.'s.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        few, half = max(1, features // 8), max(1, features // 2)
        self.queries, self.keys = nn.Linear(features, few, bias=False), nn.Linear(features, few, bias=False)
        self.values, self.back = nn.Linear(features, half, bias=False), nn.Linear(half, features, bias=False)
        self.gain = nn.Parameter(torch.zeros(()))

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, F, H, W) to the same shape."""
        places = features.movedim(1, -1)
        queries, keys = self.queries(places).flatten(1, 2), _largest(self.keys(places)).flatten(1, 2)
        shares = torch.softmax(queries @ keys.transpose(1, 2), dim=-1)
        heard = shares @ _largest(self.values(places)).flatten(1, 2).to(shares.dtype)
        told: Tensor = self.back(heard).unflatten(1, places.shape[1:3]).movedim(-1, 1)
        return features + (self.gain * told).to(features.dtype)


def attending(sizes: list[Size], longest: int) -> Size | None:
    """Return the largest of the sizes with no side above `longest` and more than one key: where features attend."""
    several = [size for size in sizes if max(size) <= longest and _blocks(size[0]) * _blocks(size[1]) > 1]
    return max(several, key=max, default=None)


def _blocks(side: int) -> int:
    return max(1, side // 2)


def _largest(places: Tensor) -> Tensor:
    """Return the largest values of blocks of 2 × 2 places (N, H, W, F); an odd side's last place is left out.

    By hand, since a GPU's pooling does not repeat the bits of its slopes.
    """
    height, width = _blocks(places.shape[1]), _blocks(places.shape[2])
    rows, columns = min(places.shape[1], 2), min(places.shape[2], 2)
    whole = places[:, : height * rows, : width * columns]
    return whole.reshape(places.shape[0], height, rows, width, columns, -1).amax(dim=(2, 4))
