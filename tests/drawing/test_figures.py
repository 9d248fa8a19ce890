"""What lies where on a figure."""

from collections.abc import Callable

import pytest

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure

from ganache.drawing.figures import new_figure, plain_axes, space_by_labels, space_evenly


@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize("space", [space_by_labels, lambda figure: space_evenly(figure, 2, len(figure.axes) // 2)])
def test_a_title_stands_above_all_panels_and_nothing_is_cut_off(space: Callable[[Figure], None], rows: int) -> None:
    """A title of fixed height lay over those of the panels, which an engine had moved up."""
    figure = new_figure(12.8, 3.3 * rows + 0.5, "a title")
    for place in range(2 * rows):
        axes = figure.add_subplot(rows, 2, place + 1)
        axes.plot([0, 1], [0.0001975, 0.0002025])
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.3e}")
        plain_axes(axes, "panel", "images seen")
    space(figure)
    figure.draw_without_rendering()
    (title,) = figure.texts
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    assert all(box is not None and box.y1 < title.get_window_extent().y0 for box in boxes)
    assert all(box is not None and box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 for box in boxes)
    assert not any(one.overlaps(other) for one in boxes for other in boxes if one and other and one is not other)
