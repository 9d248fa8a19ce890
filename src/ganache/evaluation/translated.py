"""Translations as samples: what a translator makes of the inputs of a split, beside these and what was wanted.

What does nothing stands beside it as samples too: the inputs as they are, the mean of all pictures that are wanted, and
of a picture that is to become larger the one that Pillow's bicubic filter makes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ganache.data.dataset import Dataset
from ganache.data.selection import TRAIN
from ganache.data.shape import ImageShape
from ganache.data.twofold.derived import Derived
from ganache.data.twofold.directions import Inputs
from ganache.data.twofold.own_inputs import use_of
from ganache.engine.pixel_values import channels_last
from ganache.evaluation.features.images import resize_pillow, with_channels
from ganache.evaluation.pieces import Piece
from ganache.evaluation.samples import chosen

GIVEN, TRUTH, BACK = "given", "truth", "back"  # what lies beside a translation; the way back is of the translation
IDENTITY, MEAN, BICUBIC = "identity", "mean picture", "bicubic"
_AT_ONCE = 64  # inputs; a whole number of a translator's groups
MOST_MEANT = 50_000  # pictures over which the mean is taken

Pictures: TypeAlias = NDArray[np.uint8]
Make: TypeAlias = Callable[[Pictures], Pictures]  # from pictures (n, H, W, C) to as many (n, H, W, D)


class TranslatedSamples:
    """What `make` makes of inputs, in the data's order; `back` leads from there to inputs again, where there is a way.

    `settings` say in every score's protocol what was translated.
    """

    label_names: tuple[str, ...]

    def __init__(
        self,
        inputs: Inputs,
        make: Make,
        source: str,
        kind: str,
        settings: Mapping[str, Any],
        *,
        shape: ImageShape,
        back: Make | None = None,
        images_seen: int | None = None,
    ) -> None:
        self._inputs, self._make, self._back = inputs, make, back
        self.source, self.kind, self.settings, self.images_seen = source, kind, settings, images_seen
        self.shape: ImageShape | None = shape
        self.available: int | None = inputs.count
        self.label_names = inputs.label_names
        self.read = f"made of pictures of {inputs.met.name}, {inputs.split}"
        self.beside = (GIVEN, *([TRUTH] if inputs.are_paired else []), *([BACK] if back else []))

    def stream(self, count: int, seed: int, shape: ImageShape, asked: Sequence[str]) -> Iterator[Piece]:
        """Yield translations with their inputs' classes."""
        rows = chosen(self._inputs.count, count, seed)
        for start in range(0, len(rows), _AT_ONCE):
            found = self._inputs.pick(rows[start : start + _AT_ONCE])
            given = channels_last(found.images)
            made = self._make(given)
            beside = {GIVEN: given}
            if found.wanted is not None:
                beside[TRUTH] = channels_last(found.wanted)
            if self._back is not None:
                beside[BACK] = self._back(made)
            yield Piece(made, found.labels, beside)


def doing_nothing(inputs: Inputs, shape: ImageShape) -> dict[str, Make]:
    """Return what costs nothing, by its name, as makers of pictures of the targets' shape."""
    makers: dict[str, Make] = {IDENTITY: lambda given: with_channels(given, shape.channels)}
    mean = mean_picture(*inputs.targets())
    makers[MEAN] = lambda given: np.broadcast_to(mean, (len(given), *mean.shape))
    scale = use_of(inputs.met.task.text).scale if isinstance(inputs.met, Derived) and not inputs.is_reverse else 1
    if scale > 1:
        makers[BICUBIC] = lambda given: enlarged(given, scale)
    return makers


def mean_picture(dataset: Dataset, labels: Sequence[str]) -> Pictures:
    """Return the mean (H, W, C) of the training pictures of some classes, of all where none are named."""
    stream = dataset.stream(0, labels, TRAIN)
    count = min(stream.count or MOST_MEANT, MOST_MEANT)
    shape = dataset.shape
    total = np.zeros((shape.channels, shape.height, shape.width))
    for start in range(0, count, _AT_ONCE):
        total += stream.batch(start, min(_AT_ONCE, count - start)).images.sum(axis=0, dtype=np.float64)
    mean: Pictures = channels_last(np.rint(total / count).astype(np.uint8)[None])[0]
    return mean


def enlarged(given: Pictures, scale: int) -> Pictures:
    """Return pictures (n, H, W, C) whose pixels are repeated, scale times down and across, enlarged by a filter."""
    return resize_pillow(given[:, ::scale, ::scale], *given.shape[1:3])
