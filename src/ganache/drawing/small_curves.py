"""Curves as a small SVG that stands in a page or a notebook: no axes but what its first and last values say."""

from collections.abc import Sequence

import numpy as np

from ganache.drawing.curves import Series
from ganache.support.markup import element, text
from ganache.support.units import count_text

WIDTH, HEIGHT, MARGIN = 480, 140, 18
MOST_POINTS = 240  # of a curve: as many as can be seen
COLOURS = ("#d6392b", "#2f5d8c", "#3a8f6f", "#b8792a")


def small_curves(series: Sequence[Series], title: str) -> str:
    """Return curves (at most four) over images seen in one frame, each with its name and its last value."""
    kept = [one for one in series[: len(COLOURS)] if len(one.values)]
    if not kept:
        return ""
    low, high = min(one.values.min() for one in kept), max(one.values.max() for one in kept)
    last = max(one.images_seen[-1] for one in kept) or 1.0
    lines = [_line(one, colour, low, high, last) for one, colour in zip(kept, COLOURS, strict=False)]
    names = [
        element("tspan", text(f"{one.name or title} {one.values[-1]:.3g}  "), fill=colour)
        for one, colour in zip(kept, COLOURS, strict=False)
    ]
    told = element("text", *names, x=4, y=12, style="font:12px sans-serif;white-space:pre")
    end = element("text", text(f"{count_text(int(last))} images"), x=WIDTH - 4, y=HEIGHT - 4, **_END)
    frame = {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "width": WIDTH, "height": HEIGHT, "role": "img"}
    return element("svg", element("title", text(title)), *lines, told, end, **frame)


_END = {"text-anchor": "end", "fill": "currentColor", "style": "font:11px sans-serif"}


def _line(one: Series, colour: str, low: float, high: float, last: float) -> str:
    step = -(-len(one.values) // MOST_POINTS)
    across = one.images_seen[::step] / last * WIDTH
    inside = HEIGHT - 2 * MARGIN
    up = (one.values[::step] - low) / (high - low) if high > low else np.full_like(across, 0.5)
    points = " ".join(f"{x:.1f},{HEIGHT - MARGIN - inside * y:.1f}" for x, y in zip(across, up, strict=True))
    return element("polyline", points=points, fill="none", stroke=colour)
