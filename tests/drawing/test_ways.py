"""Walks past given stops: where they lie, which way leads from one to the next, and what is no stop."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ganache.drawing.projecting import project_to
from ganache.drawing.spaces import Places, space_of
from ganache.drawing.ways import along, stops_of
from ganache.runs.products import load
from ganache.support.errors import UserError
from tests.drawing.test_projecting import NAMES, a_run, drawn


def test_a_seed_stands_for_its_first_image(tmp_path: Path) -> None:
    generator = load(a_run(tmp_path / "run"))
    space = space_of(generator)
    stops = stops_of(space, "3, 17", ["square"])
    firsts = [generator.sample(1, seed, ["square"])[0] for seed in (3, 17)]
    frames = list(along(space, stops, 4))
    np.testing.assert_array_equal(frames[0], firsts[0])
    np.testing.assert_array_equal(frames[2], firsts[1])


def test_the_way_is_closed_and_its_stops_are_equally_far(tmp_path: Path) -> None:
    """Between two stops lie latents on the great circle, and a condition in between."""
    generator = load(a_run(tmp_path / "run"))
    points = torch.eye(4)[:2] * 2
    stops = Places(points, points, torch.eye(2))
    half = torch.tensor([2**0.5, 2**0.5, 0.0, 0.0])
    (expected,) = generator.make(half[None], torch.tensor([[0.5, 0.5]]))
    frames = list(along(space_of(generator), stops, 4))
    assert len(frames) == 4
    assert np.abs(frames[1].astype(int) - expected.astype(int)).max() <= 1
    assert np.abs(frames[3].astype(int) - expected.astype(int)).max() <= 1  # on the way back


def test_what_was_projected_are_stops(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    project_to(run, drawn(run, tmp_path / "pictures"), tmp_path / "projected", steps=1)
    space = space_of(load(run))
    stops = stops_of(space, str(tmp_path / "projected"))
    with np.load(tmp_path / "projected" / "latents.npz") as kept:
        np.testing.assert_array_equal(stops.points.numpy(), kept["latents"])
        np.testing.assert_array_equal(stops.conditions.numpy(), kept["conditions"])
    again = stops_of(space, str(tmp_path / "projected" / "latents.npz"))
    assert torch.equal(again.points, stops.points)


LATENTS, CONDITIONS = np.zeros((3, 4), np.float32), np.zeros((3, len(NAMES)), np.float32)


@pytest.mark.parametrize(
    ("through", "arrays", "complaint"),
    [
        ("7", None, "through: 1 stops make no way"),
        ("absent", None, "through: 'absent' is neither seeds"),
        ("3,x", None, "through: '3,x' is neither seeds"),
        ("-1,2", None, "seed: -1"),
        ("3,--4", None, "through: '3,--4' is neither seeds"),
        ("a.npz", {"conditions": CONDITIONS}, "through: 'a.npz' holds no latents of 4 numbers"),
        ("a.npz", {"latents": LATENTS[:, :2], "conditions": CONDITIONS}, "through: 'a.npz' holds no latents of 4"),
        ("a.npz", {"latents": LATENTS, "conditions": CONDITIONS[:, :1]}, "through: 'a.npz' holds no conditions of 2"),
        ("a.npz", {"latents": LATENTS.astype(np.int32), "conditions": CONDITIONS}, "through: 'a.npz' holds no latents"),
        (
            "a.npz",
            {"latents": LATENTS, "conditions": CONDITIONS[:2]},
            "through: 'a.npz' holds other numbers",
        ),
        ("b.npz", None, "through: b.npz "),
    ],
)
def test_what_is_no_stop_is_refused(
    through: str, arrays: dict[str, np.ndarray] | None, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    space = space_of(load(a_run(tmp_path / "run")))
    if arrays is not None:
        np.savez(tmp_path / through, **arrays)  # type: ignore[arg-type]
    (tmp_path / "b.npz").write_bytes(b"PK no archive")
    with pytest.raises(UserError) as refused:
        stops_of(space, through)
    assert str(refused.value).startswith(complaint)
