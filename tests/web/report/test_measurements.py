"""What was measured, as panels of curves."""

from pathlib import Path

from ganache.web.report import measurements
from ganache.web.report.found import find_run
from ganache.web.report.measurements import curves_of
from tests.web.report.by_hand import HOSTILE, line, run_by_hand, write_log


def test_panels_come_in_the_order_of_the_page_under_their_titles(tmp_path: Path) -> None:
    run = run_by_hand(tmp_path / "run")
    more = {"odd_group/x": 1.0, "logits/real": 2.0, "memory_bytes": 2**21, HOSTILE: 3.0}
    write_log(run, [line(200, **more), line(400, **more)])
    panels = curves_of(find_run(run.path))
    titles = [panel["title"] for panel in panels]
    assert titles == ["Losses", "Logits", "Images per second", "Memory in use", "odd group", HOSTILE.partition("/")[0]]
    assert [panel["first"] for panel in panels][:3] == [True, True, False]
    assert panels[0]["series"][0] == {"name": "generator", "x": [200, 400], "y": [1.0, 1.0]}
    assert panels[3]["series"][0]["y"] == [2.0, 2.0]  # MiB


def test_of_many_points_the_extremes_are_kept(tmp_path: Path) -> None:
    run = run_by_hand(tmp_path / "run")
    values = {7: 9.0, 5_000: -3.0, 9_999: 0.5}
    write_log(run, [{"images_seen": n, "logits/real": values.get(n, n / 1e4)} for n in range(10_000)])
    [panel] = curves_of(find_run(run.path))
    [series] = panel["series"]
    assert len(series["x"]) <= measurements.MOST_POINTS
    assert series["x"] == sorted(set(series["x"]))
    shown = dict(zip(series["x"], series["y"], strict=True))
    assert {0: 0.0, 7: 9.0, 5_000: -3.0, 9_999: 0.5}.items() <= shown.items()
    [smaller] = curves_of(find_run(run.path), room=0.1)
    assert len(smaller["series"][0]["x"]) <= measurements.MOST_POINTS * 0.1


def test_a_log_of_countless_names_is_cut(tmp_path: Path) -> None:
    run = run_by_hand(tmp_path / "run")
    write_log(run, [{"images_seen": 1, **{f"group{n}/{'y' * 1_000}": 1.0 for n in range(500)}}])
    found = find_run(run.path)
    panels = curves_of(found)
    assert sum(len(panel["series"]) for panel in panels) == measurements.MOST_SERIES
    assert max(len(series["name"]) for panel in panels for series in panel["series"]) <= 80
    assert found.missing == [f"Of what the log measures the first {measurements.MOST_SERIES} curves are shown."]
