"""Whether a picture that was moved, zoomed, mirrored, darkened or made noisy is still nearest to what it was.

    python -m benchmarks.found_again --data cifar10-jpg.zip [--count 120] [--side 96] [--seed 0]

Of `count` pictures each is altered and compared with all of them as they are: by the mean squared difference of pixels,
and by the distance of networks/perceptual.py at `side` pixels. Prints the shares that are found again.
"""

import argparse
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from benchmarks.markdown import table
from ganache.data import open_dataset
from ganache.engine.pixel_values import values_of
from ganache.networks.efficientnet import EfficientNetLite0
from ganache.networks.efficientnet_weights import EFFICIENTNET
from ganache.networks.perceptual import PerceptualDistance, apart

See = Callable[[Tensor], list[Tensor]]


def altered(pictures: Tensor, seed: int) -> dict[str, Tensor]:
    """Return pictures (N, C, H, W) in [-1, 1], altered in each of the ways."""
    high, wide = pictures.shape[2:]
    moved = pad(pictures, (wide // 8, 0, high // 8, 0), mode="replicate")[..., :high, :wide]
    inner = pictures[..., high // 7 : high - high // 7, wide // 7 : wide - wide // 7]
    noise = torch.randn(pictures.shape, generator=torch.Generator().manual_seed(seed))
    return {
        "moved by an eighth": moved,
        "zoomed by 1.4": interpolate(inner, (high, wide), mode="bilinear", antialias=True),
        "mirrored": pictures.flip(3),
        "darkened by half": 0.5 * pictures - 0.5,
        "noise, σ 0.6": (pictures + 0.6 * noise).clamp(-1, 1),
    }


def as_pixels(images: Tensor) -> list[Tensor]:
    """Return what the mean squared difference compares."""
    return [images]


def share_found(see: See, pictures: Tensor, changed: Tensor) -> float:
    """Return the share of changed pictures to which the one that they were is nearest."""
    seen, again = see(pictures), see(changed)
    nearest = [int(apart(seen, [maps[row : row + 1] for maps in again]).argmin()) for row in range(len(changed))]
    return sum(place == number for number, place in enumerate(nearest)) / len(nearest)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    images = open_dataset(asked.data).stream(asked.seed).batch(0, asked.count).images
    pictures = values_of(torch.from_numpy(images.copy()))
    perceptual = PerceptualDistance(EfficientNetLite0(EFFICIENTNET.find()), asked.side)
    rows: list[tuple[str, ...]] = [("", "pixels", "perceptual")]
    with torch.inference_mode():
        for way, changed in altered(pictures, asked.seed).items():
            shares = (share_found(see, pictures, changed) for see in (as_pixels, perceptual.seen))
            rows.append((way, *(f"{share:.0%}" for share in shares)))
    print(table(rows))


if __name__ == "__main__":
    main()
