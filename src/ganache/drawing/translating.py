"""Pictures translated by a run: one, those of a folder or zip, or the frames of an animation, some at a time."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganache.data.containers import Container, open_container
from ganache.data.containers.listing import printable
from ganache.data.dataset import Progress
from ganache.data.decoding.decode import Header
from ganache.data.decoding.deep import FULL
from ganache.data.decoding.pool import Decoders
from ganache.data.shape import ImageShape
from ganache.data.sources.single_pictures import is_picture
from ganache.data.twofold.preparation import Preparation
from ganache.drawing.exports import check_picture, refuse_to_mix, save_picture
from ganache.drawing.origins import PLAIN, Marks, Origin, Stamp
from ganache.runs.trained_translators import TrainedTranslator, load_translator
from ganache.support.errors import UserError
from ganache.support.files import writing

AT_ONCE = 16  # pictures of one size that are held together
MOST_PIXELS = 64_000_000  # of one picture

Pictures = NDArray[np.uint8]


class Translated(NamedTuple):
    """How many pictures were translated, and why others were not, by name."""

    pictures: int
    skipped: dict[str, str]


def translate_to(
    run: Path,
    source: Path,
    out: Path,
    *,
    direction: str = "a-to-b",
    whole: bool = False,
    device: str = "auto",
    progress: Progress | None = None,
    marks: Marks = PLAIN,
) -> Translated:
    """Translate a picture file to a picture file, or a folder or zip to a folder of PNGs with the same names.

    Pictures are prepared as in training, scaled to cover its size and cropped; `whole` ones keep their own. Raises
    UserError for what cannot be done as asked, RunError as the disk does.
    """
    is_one = is_picture(source)
    if is_one:
        check_picture(out, "--out")
    else:
        refuse_to_mix(out)
        if not source.exists():
            raise UserError(f"input: there is no {str(source)!r}; name a picture, a folder or a zip")
    translator = load_translator(run, direction, device)
    container = open_container(source.parent if is_one else source)
    names = [source.name] if is_one else container.listing().names
    if not names:
        raise UserError(f"input: no pictures in {str(source)!r}")
    stamp = marks.on(Origin.of(translator, {"translated": direction}))
    skipped: dict[str, str] = {}
    count = 0
    for name, image in _translated(translator, container, names, whole, skipped):
        place = out if is_one else out / PurePosixPath(printable(name)).with_suffix(".png")
        _save(image, place, stamp)
        count += 1
        if progress is not None:
            progress(count + len(skipped), len(names))
    if is_one and skipped:
        raise UserError(f"input: {str(source)!r} cannot be read: {skipped[source.name]}")
    return Translated(count, skipped)


def _translated(
    translator: TrainedTranslator, container: Container, names: Sequence[str], whole: bool, skipped: dict[str, str]
) -> Iterator[tuple[str, Pictures]]:
    """Yield the translations of pictures by name, and note those that cannot be read."""
    preparation = Preparation.of(translator.description, translator.inputs, translator.targets)
    use = preparation.use
    with Decoders(container) as decoders:
        for start in range(0, len(names), AT_ONCE):
            some = names[start : start + AT_ONCE]
            for shape, members in _by_size(preparation, decoders, some, whole, skipped).items():
                for found in decoders.pixels([members], shape, FULL, {}):
                    skipped |= {name: why for name, why in zip(members, found.reasons, strict=True) if why is not None}
                    read = [name for name in members if name not in skipped]
                    images = use.prepared(found.images).transpose(0, 2, 3, 1)
                    yield from zip(read, translator.translate(np.ascontiguousarray(images)), strict=True)


def _by_size(
    preparation: Preparation,
    decoders: Decoders,
    names: Sequence[str],
    whole: bool,
    skipped: dict[str, str],
) -> dict[ImageShape, list[str]]:
    """Return names by the shape to which their pictures are brought."""
    own, use = preparation.shape, preparation.use
    if not whole:
        if (pixels := own.height * own.width * use.scale**2) > MOST_PIXELS:
            raise UserError(f"run: it makes pictures of {pixels:,} pixels, above {MOST_PIXELS:,}")
        return {own: list(names)}
    found: dict[ImageShape, list[str]] = {}
    for name, header in zip(names, (one for some in decoders.headers(names) for one in some), strict=True):
        if not isinstance(header, Header):
            skipped[name] = header
        elif header.height * header.width * use.scale**2 > MOST_PIXELS:
            skipped[name] = f"{header.height}x{header.width} pixels, translated, are above {MOST_PIXELS:,}"
        else:
            found.setdefault(ImageShape(own.channels, header.height, header.width), []).append(name)
    return found


def _save(image: Pictures, place: Path, stamp: Stamp) -> None:
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    with writing(place):
        os.makedirs(place.parent, exist_ok=True)
    save_picture(picture, place, stamp)
