"""Densities that lie in a file of JSON: drawn, or anybody's."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganache.data import open_dataset, select
from ganache.data.conversion import Conversion
from ganache.data.opening import pack
from ganache.data.sources.densities import Density, ring
from ganache.evaluation.mode_counters import MixtureCounter
from ganache.support.errors import UserError
from ganache.training.observers.vitals import _mixture


def written(folder: Path, **fields: Any) -> Path:
    path = folder / "drawn.json"
    path.write_text(json.dumps({"modes": [[-0.5, 0.5], [0.5, 0.5], [0.0, -0.5]], "std": 0.02, **fields}))
    return path


def test_points_lie_at_the_centres_as_often_as_they_weigh(tmp_path: Path) -> None:
    density = open_dataset(written(tmp_path, weights=[1, 0, 3]))
    assert isinstance(density, Density)
    batch = density.stream(1).batch(0, 8_000)
    assert np.array_equal(density.modes, [[-0.5, 0.5], [0.0, -0.5]])  # what weighs nothing is no mode
    points = batch.images.reshape(-1, 2)
    shares = [np.mean(np.linalg.norm(points - centre, axis=1) < 0.1) for centre in density.modes]
    assert shares == pytest.approx([0.25, 0.75], abs=0.02)
    assert np.std(points[batch.labels == 0] - density.modes[0]) == pytest.approx(0.02, rel=0.05)


def test_without_weights_all_are_equal_and_the_points_are_those_of_such_a_density(tmp_path: Path) -> None:
    known = ring()
    density = open_dataset(written(tmp_path, modes=known.modes.tolist(), std=known.std))
    assert density.fingerprint == known.fingerprint
    assert np.array_equal(density.stream(5).batch(7, 300).images, known.stream(5).batch(7, 300).images)


def test_a_weight_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    prints = [open_dataset(written(tmp_path, weights=weights)).fingerprint for weights in ([1, 1, 1], [1, 1, 2])]
    assert prints[0] != prints[1]


def test_modes_of_unequal_weight_are_counted_as_samples_pass_but_judge_nobody(tmp_path: Path) -> None:
    density = open_dataset(written(tmp_path, weights=[1, 2, 3]))
    assert isinstance(density, Density)
    counter = MixtureCounter(density, ())
    counter.add(np.array([[0.5, 0.5], [0.0, -0.51], [0.9, 0.9]]))
    assert [one.value for one in counter.found()] == [2, pytest.approx(2 / 3)]
    assert _mixture(select(density)) is None  # a quarter of an equal due would be too much of a light one
    assert _mixture(select(open_dataset(written(tmp_path)))) is not None


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"modes": []}, "modes"),
        ({"modes": [[0, 2]]}, "less than or equal to 1"),
        ({"modes": [[0, 0, 0]]}, "modes"),
        ({"modes": [[0.0, 0.0]] * 5000}, "at most 4096"),
        ({"std": 0}, "std: "),
        ({"weights": [1]}, "there are 1 for 3 modes"),
        ({"weights": [0, 0, 0]}, "one at least must be above 0"),
        ({"weights": [1, 1, -1]}, "weights.2"),
        ({"weights": [1e308, 1e308, 1e308]}, "weights"),
        ({"modes": [[0.0, float("nan")]]}, "modes"),
        ({"code": "print()"}, "code"),
    ],
)
def test_a_file_of_another_form_is_refused_in_one_line(fields: Any, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^data: .*holds no density: ") as refused:
        open_dataset(written(tmp_path, **fields))
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text('{"modes": [[0')
    with pytest.raises(UserError, match=r"^data: .*cannot be read"):
        open_dataset(path)


@pytest.mark.parametrize("how", [Conversion(size=(64, 64)), Conversion(channels=3), Conversion(value_range=(0, 5))])
def test_what_is_for_pictures_is_refused(how: Conversion, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"size and channels do not apply|range: it is for folders"):
        open_dataset(written(tmp_path), how)


def test_there_is_nothing_to_pack(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="endless"):
        pack(written(tmp_path), tmp_path / "store")
