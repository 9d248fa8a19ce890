"""Halving and doubling without a filter: means of blocks of places, and places repeated.

Sides halve upwards, as in `layers.halvings`: of an odd one the last place stands alone, and is lost on the way back.
"""

from torch import Tensor
from torch.nn.functional import avg_pool2d

from ganache.networks.layers import stride_between

Size = tuple[int, int]


def averaged(images: Tensor, small: Size) -> Tensor:
    """Map images or features (N, C, H, W) to (N, C, *small), every side as it is or halved."""
    stride = stride_between((images.shape[2], images.shape[3]), small)
    # Of a window that reaches beyond the border, the mean is of what is there.
    return images if stride == (1, 1) else avg_pool2d(images, stride, stride, ceil_mode=True)


def repeated(images: Tensor, large: Size) -> Tensor:
    """Map images or features (N, C, h, w) to (N, C, *large), every side as it is or doubled; `averaged` undoes it."""
    rows, columns = stride_between(large, (images.shape[2], images.shape[3]))
    if (rows, columns) == (1, 1):
        return images
    places = images.permute(0, 2, 3, 1)[:, :, None, :, None].expand(-1, -1, rows, -1, columns, -1)
    grown = places.flatten(3, 4).flatten(1, 2)
    return grown[:, : large[0], : large[1]].permute(0, 3, 1, 2)
