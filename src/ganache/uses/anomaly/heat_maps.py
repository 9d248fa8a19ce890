"""Where a picture is strange: what is left of it beside the picture as it would be if it were normal."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ganache.engine.pixel_values import pixels_of
from ganache.uses.anomaly.judges import Remaking

USUAL = 0.999  # of the pixels of held-out normals, whose residual is the middle of the scale
SIDE = 128  # pixels to which small pictures are enlarged, about
Pixels = NDArray[np.uint8]


class HeatMaps:
    """Residuals (x - G(E(x)))² of judges that make things anew, each over its usual one at that pixel, averaged.

    The scale is that of held-out normals: of their pixels one in a thousand is past the middle of it.
    """

    def __init__(self, judges: Mapping[str, Remaking], held_out: Tensor) -> None:
        self._judges = [judges[name] for name in sorted(judges)]
        raw = [self._residuals(judge, held_out)[0] for judge in self._judges]
        self._usual = [found.mean() + found.mean(dim=0, keepdim=True) for found in raw]
        self.middle = float(np.quantile(self._heat(raw).numpy(), USUAL))

    def heat(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Return heat (N, H, W), of which 1 is usual, and images (N, C, H, W) as they would be expected."""
        found = [self._residuals(judge, values) for judge in self._judges]
        heat = self._heat([residual for residual, _ in found])
        return heat, torch.stack([made for _, made in found]).mean(dim=0)

    def _heat(self, residuals: Sequence[Tensor]) -> Tensor:
        """Return the mean share of the usual that each judge's residuals (N, H, W) are."""
        shares = [residual / usual for residual, usual in zip(residuals, self._usual, strict=True)]
        return torch.stack(shares).mean(dim=0)

    def pictures(self, values: Tensor) -> Iterator[Image.Image]:
        """Yield for each of images (N, C, H, W) a picture: itself, what was expected, and where it is strange."""
        import matplotlib

        heat, made = self.heat(values)
        colours = matplotlib.colormaps["inferno"](np.clip(heat.numpy() / (2.0 * self.middle), 0.0, 1.0))
        maps = (colours[..., :3] * 255.0).round().astype(np.uint8)
        for parts in zip(_colour(values), _colour(made), maps, strict=True):
            yield _beside(parts)

    def _residuals(self, judge: Remaking, values: Tensor) -> tuple[Tensor, Tensor]:
        made = judge.remade(values)
        squares = (values - made).square().mean(dim=1, keepdim=True)
        # A single pixel is noise: each has the mean of the nine around it.
        return F.avg_pool2d(squares, 3, stride=1, padding=1, count_include_pad=False)[:, 0], made


def _colour(values: Tensor) -> Pixels:
    """Return images (N, C, H, W) in [-1, 1] as RGB (N, H, W, 3); of grey and alpha the grey, of RGBA the RGB."""
    pixels: Pixels = pixels_of(values).permute(0, 2, 3, 1).numpy()
    return pixels[..., :3] if pixels.shape[-1] >= 3 else pixels[..., :1].repeat(3, axis=-1)


def _beside(parts: Sequence[Pixels]) -> Image.Image:
    height, width, _ = parts[0].shape
    factor = max(1, math.floor(SIDE / max(height, width)))
    gap = np.full((height, 1, 3), 255, np.uint8)
    row = np.concatenate([parts[0], gap, parts[1], gap, parts[2]], axis=1)
    return Image.fromarray(row.repeat(factor, axis=0).repeat(factor, axis=1))
