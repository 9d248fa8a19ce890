"""Pictures and animations translated by a run: one, or those of a folder or zip, some at a time."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganache.data.containers import open_container
from ganache.data.containers.listing import UnreadableError, printable
from ganache.data.dataset import Progress
from ganache.data.decoding.pool import Decoders
from ganache.data.decoding.value_ranges import ranges_at_use
from ganache.data.ranges import Pair
from ganache.data.sources.single_pictures import is_picture
from ganache.data.twofold.preparation import Preparation
from ganache.drawing.exports import check_picture, picture_of, refuse_to_mix, save_picture
from ganache.drawing.frame_files import write_frames
from ganache.drawing.given_files import GivenFiles, Moving, Stills
from ganache.drawing.origins import PLAIN, Marks, Origin, Stamp
from ganache.runs.trained_translators import TrainedTranslator, load_translator
from ganache.support.errors import UserError
from ganache.support.places import check_output
from ganache.support.units import parse_range

Pictures = NDArray[np.uint8]


class Translated(NamedTuple):
    """How many pictures were translated, of which some are animations of so many frames together; why others were not,
    by name; by which ranges files of more than 8 bits were read, in sentences.
    """

    pictures: int
    skipped: dict[str, str]
    frames: int = 0
    ranges: Sequence[str] = ()


def translate_to(
    run: Path,
    source: Path,
    out: Path,
    *,
    direction: str = "a-to-b",
    whole: bool = False,
    value_range: str | Pair | None = None,
    device: str = "auto",
    progress: Progress | None = None,
    marks: Marks = PLAIN,
) -> Translated:
    """Translate a picture file to a picture file, or a folder or zip to a folder of PNGs with the same names.

    Pictures are prepared as in training, scaled to cover its size and cropped; `whole` ones keep their own. An
    animation becomes one of as many frames, which last as long. `value_range` are the values that become 0 and 255 in
    files of more than 8 bits; if left out those of the training, or what the files show. Raises UserError for what
    cannot be done as asked, RunError as the disk does.
    """
    asked = parse_range(value_range) if isinstance(value_range, str) else value_range
    is_one = is_picture(source)
    _refuse_places(source, out, is_one)
    translator = load_translator(run, direction, device)
    container = open_container(source.parent if is_one else source)
    names = [source.name] if is_one else container.listing().names
    if not names:
        raise UserError(f"input: no pictures in {str(source)!r}")
    preparation = Preparation.of(translator.description, translator.inputs, translator.targets)
    with Decoders(container) as decoders:
        ranges, said = ranges_at_use(decoders, names, preparation.ranges, asked)
        given = GivenFiles(decoders, preparation, ranges, whole)
        work = _Work(translator, marks.on(Origin.of(translator, {"translated": direction})))
        place_of = (lambda name: out) if is_one else _place_below(out)
        for found in given.read(names):
            work.save(found, place_of, given.skipped)
            if progress is not None:
                progress(work.pictures + len(given.skipped), len(names))
    if is_one and given.skipped:
        raise UserError(f"input: {str(source)!r} cannot be read: {given.skipped[source.name]}")
    return Translated(work.pictures, given.skipped, work.frames, said)


def _refuse_places(source: Path, out: Path, is_one: bool) -> None:
    """Raise UserError, before anything is computed, for places where nothing can be read or written."""
    if not is_one:
        refuse_to_mix(out)
        if not source.exists():
            raise UserError(f"input: there is no {str(source)!r}; name a picture, a folder or a zip")
    elif out.suffix.lower() == ".gif":  # which only an animation becomes
        check_output(out, "--out")
    else:
        check_picture(out, "--out")


class _Work:
    """What is translated and saved, counted."""

    def __init__(self, translator: TrainedTranslator, stamp: Stamp) -> None:
        self._translator, self._stamp = translator, stamp
        self.pictures = self.frames = 0

    def save(self, found: Stills | Moving, place_of: Callable[[str], Path], skipped: dict[str, str]) -> None:
        """Translate what was found, save it, and note in `skipped` an animation that cannot be read to its end."""
        if isinstance(found, Stills):
            for name, image in zip(found.names, self._translator.translate(found.images), strict=True):
                self._save_picture(image, place_of(name))
            return
        try:
            write_frames(place_of(found.name), self._frames(found), found.timing, self._stamp)
        except UnreadableError as error:
            skipped[found.name] = str(error)
        else:
            self.pictures += 1
            self.frames += len(found.timing.durations)

    def _frames(self, found: Moving) -> Iterator[Image.Image]:
        for some in found.frames:
            yield from map(picture_of, self._translator.translate(some))

    def _save_picture(self, image: Pictures, place: Path) -> None:
        check_picture(place, "--out")
        save_picture(picture_of(image), place, self._stamp)
        self.pictures += 1


def _place_below(out: Path) -> Callable[[str], Path]:
    """Return what says where a picture of a folder or zip goes: to a PNG of its name, or to one of its whole name."""
    taken: set[Path] = set()

    def place_of(name: str) -> Path:
        path = PurePosixPath(printable(name))
        place = out / path.with_suffix(".png")
        place = out / f"{path}.png" if place in taken else place
        taken.add(place)
        return place

    return place_of
