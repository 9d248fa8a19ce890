"""What a run's log measured, as panels of curves: titles, a sentence on what to look for, and not too many points."""

import itertools
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ganache.drawing.curves import Series, logarithmic, panels_of
from ganache.web.report.found import FoundRun
from ganache.web.report.plain import text

MOST_POINTS, FEWEST_POINTS, MOST_SERIES = 600, 60, 120


class Panel(NamedTuple):
    """What a group of measurements is called, and how it is read; `first` for what everybody looks at."""

    title: str
    note: str = ""
    first: bool = False


# In the order of the page; a group that is not here comes last, under its own name.
PANELS = {
    "loss": Panel("Losses", "Each player's own; their levels say little, a run away from each other says much.", True),
    "accuracy": Panel(
        "Right about", "Share of images that the discriminator takes for what they are; 0.6 to 0.95 is healthy.", True
    ),
    "logits": Panel("Logits", "What the discriminator says of reals and fakes; the gap is its lead.", True),
    "evaluation": Panel("Scores during training", "Of the averaged generator, always from the same latents.", True),
    "diversity": Panel("Variety of samples", "Relative to the reals: 1 is as various; far below is a collapse.", True),
    "modes": Panel("Modes found", "Of a density's modes, those that samples reach well.", True),
    "high_quality": Panel("Samples close to a mode", "Share of all samples.", True),
    "held_out": Panel("Held-out images", "The discriminator on real images that it never learnt from."),
    "duplicates": Panel("Near doubles", "Share of samples that have a near double among those compared."),
    "nearest": Panel("Distance to the nearest sample", "Relative to the reals; far below 1 samples repeat each other."),
    "reached": Panel("Modes reached", "Share of modes that are nearest to enough samples."),
    "centre": Panel("Where the samples' mean lies", "In the reals' deviations; 0 is their mean."),
    "gradient": Panel("Gradients", "Norms; at the fakes, what the generator can learn from."),
    "movement": Panel("Length of a step", "Relative to the weights; 0.002 to 0.03 is usual."),
    "penalty": Panel("Penalties"),
    "term": Panel("Other terms of the generator's loss"),
    "saturated": Panel("Pixels at black or white", "Share."),
    "dead": Panel("Pixels that never change", "Share of those that vary among the reals."),
    "checkerboard": Panel("Checkerboard", "Share of the energy in waves of two pixels."),
    "learning_rate": Panel("Learning rates"),
    "images_per_second": Panel("Images per second"),
    "memory_bytes": Panel("Memory in use", "MiB."),
}
_UNITS = {"memory_bytes": 2.0**-20}


def curves_of(found: FoundRun, room: float = 1.0) -> list[dict[str, Any]]:
    """Return the panels of a run's log in the order of the page, with the share `room` of a page's points."""
    panels = panels_of(found.lines)
    most = max(FEWEST_POINTS, round(MOST_POINTS * room))
    left, told = MOST_SERIES, []
    for group in [*(one for one in PANELS if one in panels), *(one for one in panels if one not in PANELS)]:
        series = panels[group][:left]
        left -= len(series)
        if series:
            told.append(_panel(group, series, most))
    if sum(len(series) for series in panels.values()) > MOST_SERIES:
        found.missing.append(f"Of what the log measures the first {MOST_SERIES} curves are shown.")
    return told


def _panel(group: str, series: list[Series], most: int) -> dict[str, Any]:
    title, note, first = PANELS.get(group, Panel(text(group, 80).replace("_", " ")))
    return {
        "group": text(group, 80),
        "title": title,
        "note": note,
        "first": first,
        "log": logarithmic(series),
        "series": [_series(one, _UNITS.get(group, 1.0), most) for one in series],
    }


def _series(one: Series, unit: float, most: int) -> dict[str, Any]:
    kept = _telling(one.values, most)
    return {
        "name": text(one.name, 80).replace("_", " "),
        "x": [int(seen) for seen in one.images_seen[kept]],
        "y": [float(f"{value * unit:.5g}") for value in one.values[kept]],
    }


def _telling(values: npt.NDArray[np.float64], most: int) -> npt.NDArray[np.int64]:
    """Return the places of all values, or of the least and the greatest of each of many stretches, and of both ends."""
    count = len(values)
    if count <= most:
        return np.arange(count)
    edges = np.linspace(0, count, most // 2, dtype=np.int64)
    places = {0, count - 1}
    for start, end in itertools.pairwise(edges):
        stretch = values[start:end]
        places |= {int(start + stretch.argmin()), int(start + stretch.argmax())}
    return np.array(sorted(places))
