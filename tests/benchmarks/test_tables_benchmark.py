"""The benchmark of tables compares what was drawn with what was real."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the classifier is scikit-learn's")

from benchmarks import tables


def test_what_was_drawn_is_compared_with_what_was_real(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    classes = (np.arange(300) % 5 == 0).astype(np.int64)
    np.savez(tmp_path / "t.npz", X=random.normal(size=(300, 2)) + 4.0 * classes[:, None], y=classes)
    settings = ("generator.widths=[8]", "discriminator.widths=[8]", "batch_size=32")
    found = tables.measure(tmp_path / "t.npz", tmp_path / "runs", 0, settings, images=64)
    assert (found.name, found.rows, found.columns) == ("t", 300, 2)
    assert found.real > 0.8
    assert 0 <= found.drawn <= 1
    head, _, row = tables.lines([found]).splitlines()
    assert (head.count("|"), row.count("|")) == (11, 11)
    again = tables.measure(tmp_path / "t.npz", tmp_path / "runs", 0)
    assert again.drawn == found.drawn  # of the run that is there


def test_classes_are_told_apart_by_the_second_one() -> None:
    values = np.linspace(0, 1, 200, dtype=np.float32)[:, None]
    rows = tables.Rows(values, (values[:, 0] > 0.5).astype(np.int64))
    assert tables.area(rows, rows) == 1.0
    assert tables.area(rows, tables.Rows(1 - values, rows.classes)) == 0.0
