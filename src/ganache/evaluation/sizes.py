"""In which size samples and reals meet when nobody says: nothing is cropped, shrunk or resized twice that need not be.

What was trained on has the size of its training. Pictures from elsewhere meet in the samples' own size or, where the
samples differ among each other, in the reals'. Inception sees each picture straight at 299×299: where not all of them
have one size, each is stretched to that, and not brought to another size first.
"""

from dataclasses import dataclass, replace

from ganache.data import Dataset, preview
from ganache.data.conversion import Conversion
from ganache.data.dataset import Progress
from ganache.data.origin import Source
from ganache.data.shape import Fitting, ImageShape
from ganache.data.store.store import is_store
from ganache.evaluation.features.inception import SIDE
from ganache.evaluation.samples import PictureSamples, Samples
from ganache.support.errors import UserError
from ganache.support.files import at_home
from ganache.support.units import parse_size


@dataclass(frozen=True)
class Meeting:
    """The size (height, width) and channels of samples and reals, None for what the data's own rules make of them.

    `why` says it in words, for the record.
    """

    size: tuple[int, int] | None
    channels: int | None
    fitting: Fitting = "covered"
    why: str = ""


def open_reals(source: Samples, wanted: Source, for_inception: bool, progress: Progress | None) -> Dataset:
    """Return the reals in the size in which they meet the samples, and tell the samples of it.

    Raises UserError and RunError as the data does.
    """
    meeting = _meeting(source, wanted, for_inception)
    if isinstance(source, PictureSamples):
        source.fitting, source.why = meeting.fitting, meeting.why
    how = replace(wanted.how, size=meeting.size, channels=meeting.channels, fitting=meeting.fitting)
    return replace(wanted, how=how).open(progress)


def own_reading(source: Samples, for_inception: bool) -> ImageShape:
    """Return the shape in which samples are read when there are no reals to meet, and tell the samples of it.

    Raises UserError for pictures of several sizes, but for inception, which sees each in a size of its own.
    """
    if not isinstance(source, PictureSamples):
        assert source.shape is not None
        return source.shape
    if source.own_shape is not None:
        return source.own_shape
    if not for_inception:
        raise UserError(f"samples: the pictures in {source.source!r} have several sizes; statistics bring them to none")
    source.fitting, source.why = "stretched", "each straight in the size of the network"
    return ImageShape(3, SIDE, SIDE)


def _meeting(source: Samples, wanted: Source, for_inception: bool) -> Meeting:
    if is_store(at_home(wanted.data)):
        return Meeting(None, None, why="the reals are packed so")
    reals = preview(wanted.data, Conversion(rows=wanted.how.rows))
    if reals.shape.is_row or (source.shape is not None and source.shape.is_row):
        return Meeting(None, None)
    own = source.own_shape if isinstance(source, PictureSamples) else source.shape
    size_of_reals = _own_size(reals)
    if own is None and size_of_reals is not None and not for_inception:
        return Meeting(size_of_reals, None, why="the reals' own size, since the samples have several")
    if own is None or (for_inception and isinstance(source, PictureSamples) and size_of_reals != _sides(own)):
        if not for_inception:
            return Meeting(None, None, why="the samples have several sizes, and so have the reals")
        return Meeting(
            (SIDE, SIDE), own.channels if own else None, "stretched", "each straight in the size of the network"
        )
    if own == reals.shape:
        return Meeting(None, None, why="their own size")
    return Meeting(_sides(own), own.channels, why="the samples' own size")


def _own_size(reals: Dataset) -> tuple[int, int] | None:
    """Return the size that all files of the reals have, before anything was decided about it."""
    original = reals.summary().get("original", {})
    return parse_size(original["smallest"]) if original.get("distinct_sizes") == 1 else None


def _sides(shape: ImageShape) -> tuple[int, int]:
    return shape.height, shape.width
