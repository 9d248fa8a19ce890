"""What happens to pictures on their way through the world, by Pillow's own JPEG and resizing."""

import io
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganache.support.streams import derive

Pictures = NDArray[np.uint8]
Treatment = Callable[[Image.Image, int], Image.Image]


def treated(images: Pictures, treatment: Treatment, seed: int) -> Pictures:
    """Return pictures after a treatment, at their own size; alpha is left as it is."""
    colours = 3 if images.shape[-1] >= 3 else 1
    made = images.copy()
    for number, image in enumerate(images):
        picture = Image.fromarray(image[..., 0] if colours == 1 else image[..., :3])
        found = treatment(picture, derive(seed, "treatment", number)).resize(picture.size, Image.Resampling.LANCZOS)
        made[number, ..., :colours] = np.asarray(found).reshape(*image.shape[:2], colours)
    return made


def jpeg(quality: int) -> Treatment:
    """Return what saves a picture as JPEG of a quality, with colours at half the size (4:2:0), and reads it."""

    def treat(picture: Image.Image, seed: int) -> Image.Image:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality)
        return Image.open(file).convert(picture.mode)

    return treat


def _sized(share: float) -> Treatment:
    def treat(picture: Image.Image, seed: int) -> Image.Image:
        width, height = (max(1, round(side * share)) for side in picture.size)
        return picture.resize((width, height), Image.Resampling.LANCZOS)

    return treat


def _cropped(share: float) -> Treatment:
    def treat(picture: Image.Image, seed: int) -> Image.Image:
        width, height = (max(1, round(side * share)) for side in picture.size)
        random = np.random.default_rng(seed)
        left = int(random.integers(picture.width - width + 1))
        top = int(random.integers(picture.height - height + 1))
        return picture.crop((left, top, left + width, top + height))

    return treat


def _noisy(deviation: float) -> Treatment:
    def treat(picture: Image.Image, seed: int) -> Image.Image:
        pixels = np.asarray(picture).astype(np.float64)
        pixels += np.random.default_rng(seed).normal(0.0, deviation, pixels.shape)
        return Image.fromarray(np.rint(pixels).clip(0, 255).astype(np.uint8))

    return treat


TREATMENTS: Mapping[str, Treatment] = {
    "as drawn": lambda picture, seed: picture,
    **{f"JPEG {quality}": jpeg(quality) for quality in (95, 90, 75, 50)},
    "size × 2": _sized(2.0),
    "size × 3/4": _sized(0.75),
    "size × 1/2": _sized(0.5),
    "crop of 90%": _cropped(0.9),
    "crop of 80%": _cropped(0.8),
    "noise of 5": _noisy(5.0),
    "noise of 10": _noisy(10.0),
}
