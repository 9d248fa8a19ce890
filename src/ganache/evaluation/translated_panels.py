"""Translations by several runs beside each other: of the same pictures, and before what was wanted of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganache.data.origin import Source
from ganache.data.twofold.directions import Inputs
from ganache.drawing.grids import for_display
from ganache.engine.pixel_values import channels_last
from ganache.evaluation.samples import chosen
from ganache.evaluation.translations import judged_split, opened_whole
from ganache.runs.folder import Run
from ganache.runs.trained_translators import BACKWARD, load_translator
from ganache.support.errors import UserError


def translated_panels(
    names: Sequence[str], runs: Sequence[Path], direction: str, count: int, seed: int, device: str
) -> list[tuple[str, Image.Image]]:
    """Return titled grids: pictures of the first run's data, what each run makes of them, what was wanted, if known.

    They are a seeded choice of `count` from the split that is evaluated. Raises UserError for a run that has no such
    direction or takes pictures of other channels.
    """
    source = Source.of(Run.open(runs[0]).record("source")["source"])
    met = opened_whole(source)
    inputs = Inputs(met, judged_split(met), is_reverse=direction == BACKWARD)
    found = inputs.pick(chosen(inputs.count, count, seed))
    given = channels_last(found.images)
    shown = [(f"given: {direction}, {inputs.split}", given)]
    shown += [(name, _translated(run, direction, device, given)) for name, run in zip(names, runs, strict=True)]
    if found.wanted is not None:
        shown.append(("wanted", channels_last(found.wanted)))
    return [(title, for_display(images)) for title, images in shown]


def _translated(run: Path, direction: str, device: str, given: NDArray[np.uint8]) -> NDArray[np.uint8]:
    translator = load_translator(run, direction, device)
    if translator.inputs.channels != given.shape[-1]:
        raise UserError(
            f"out: {str(run)!r} translates pictures of {translator.inputs.channels} channels, and the first run's have"
            f" {given.shape[-1]}"
        )
    return translator.translate(given)
