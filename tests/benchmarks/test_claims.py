"""The machinery that measures the documents' claims: distances and verdicts by hand, honest reuse."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

import ganache
from benchmarks.claims import (
    architectures,
    batch_and_rate,
    collapse,
    conditioning,
    divergences,
    sevens,
)
from benchmarks.claims.__main__ import CLAIMS
from benchmarks.claims.clipping import quadratic_share
from benchmarks.claims.distances import jensen_shannon, wasserstein, wasserstein_on_line
from benchmarks.claims.workshop import Json, Trial, Workshop
from ganache.support.errors import RunError

TINY = ("generator.widths=[8]", "discriminator.widths=[8]", "batch_size=32")


def test_jensen_shannon_by_hand() -> None:
    apart = jensen_shannon(np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.0, 1.0]))
    assert apart == pytest.approx(math.log(2.0), abs=1e-15)
    same = np.array([0.2, 0.3, 0.5])
    assert jensen_shannon(same, same) == 0.0
    # P = (1/2, 1/2), Q = (1, 0), M = (3/4, 1/4): ½ (½ ln 2/3 + ½ ln 2) + ½ ln 4/3.
    by_hand = 0.25 * math.log(2 / 3) + 0.25 * math.log(2) + 0.5 * math.log(4 / 3)
    assert jensen_shannon(np.array([0.5, 0.5]), np.array([1.0, 0.0])) == pytest.approx(by_hand, abs=1e-15)


def test_wasserstein_on_a_line_keeps_the_order() -> None:
    # {0, 3} to {4, 1}: 0 → 1 and 3 → 4 cost 2 together; as the samples stand it would be 6.
    assert wasserstein_on_line(np.array([0.0, 3.0]), np.array([4.0, 1.0])) == 1.0


def test_wasserstein_takes_the_cheapest_assignment_and_not_the_nearest_first() -> None:
    # The nearest pair, 1 and 1.1, would leave 0 and 100: 0.1 + 100. But 0 → 1.1 and 1 → 100 cost 1.1 + 99.
    first, second = np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[1.1, 0.0], [100.0, 0.0]])
    assert wasserstein(first, second) == pytest.approx((1.1 + 99.0) / 2)
    # Two corners of a unit square to the other two, straight up.
    assert wasserstein(np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[1.0, 1.0], [0.0, 1.0]])) == 1.0


@pytest.mark.parametrize(("shift", "bits"), [(0.0, 0.0), (0.25, 0.25), (0.75, 0.75), (1.0, 1.0), (3.0, 1.0)])
def test_squares_are_as_far_apart_as_they_are_shifted_and_js_stops_at_one_bit(shift: float, bits: float) -> None:
    # Where only one of them lies it is twice the mixture: a share θ of each counts one bit, until none is shared.
    found = divergences.exact(shift)
    assert found["js"] == pytest.approx(bits * math.log(2.0), abs=1e-12)
    assert found["w1"] == pytest.approx(shift, abs=1e-12)


def test_a_quadratic_explains_a_bowl_and_not_a_checkerboard() -> None:
    points = np.random.default_rng(0).uniform(-1.0, 1.0, (2_000, 2))
    x, y = points.T
    assert quadratic_share(points, 3.0 * x * x - x * y + y + 2.0) == pytest.approx(1.0)
    assert quadratic_share(points, np.sin(9 * x) * np.sin(9 * y)) < 0.2


def test_what_is_measured_is_not_measured_again_unless_the_protocol_changed(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    calls: list[int] = []

    def measurement() -> Json:
        calls.append(1)
        return {"calls": len(calls)}

    for protocol in ({"seeds": (0, 1)}, {"seeds": (0, 1)}, {"seeds": (0, 2)}):
        workshop.measure("x", protocol, measurement)
    assert workshop.measured("x", {"seeds": (0, 2)}) == workshop.measured("x", None) == {"calls": 2}
    assert workshop.measured("x", {"seeds": (0, 1)}) is None, "what an old protocol found is not shown"
    assert Workshop(tmp_path, scale=0.5).measured("x", {"seeds": (0, 2)}) is None


def test_a_finished_run_is_used_again_and_a_stopped_one_continued(tmp_path: Path) -> None:
    workshop, trial = Workshop(tmp_path), Trial("ring", "mlp-2d", TINY, images=512)
    first = workshop.train(trial, seed=0)
    assert (first.images_seen, first.diverged) == (512, False)
    record = json.loads((first.path / "run.json").read_text())
    assert workshop.train(trial, seed=0) == first
    assert json.loads((first.path / "run.json").read_text()) == record, "neither trained again nor continued"
    (first.path / "run.json").write_text(json.dumps({**record, "outcome": "interrupted by SIGINT"}))
    assert workshop.train(trial, seed=0).path == first.path
    assert json.loads((first.path / "run.json").read_text())["outcome"] == "finished"
    others = (trial.name(seed=1), replace(trial, images=513).name(seed=0), replace(trial, settings=()).name(seed=0))
    assert len({trial.name(seed=0), *others}) == 4, "another seed, budget or setting is another run"


def test_a_run_that_the_disk_failed_is_no_result(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(RunError, match="could not create the run"):
        Workshop(tmp_path).train(Trial("ring", "mlp-2d", TINY, images=512), seed=0)


def _found(modes: int, quality: float, known: int) -> list[Json]:
    one = {"modes": known, "modes_found": modes, "modes_found_20": modes, "high_quality": quality}
    return [{**one, "images_seen": 2_560}] * 2


@pytest.mark.parametrize(
    ("clipped", "verdict", "word"),
    [(8, "holds", "is kept"), (5, "does not show", "is neither kept nor broken"), (2, "does not hold", "is not kept")],
)
def test_the_page_says_when_the_numbers_contradict_the_text(clipped: int, verdict: str, word: str) -> None:
    def of(name: str) -> int:
        return clipped if name.startswith(("Wasserstein", "Ra", "least")) else 5

    results = {
        data: {name: _found(of(name), 0.5, known=8) for name in collapse.OBJECTIVES} for data in collapse.DENSITIES
    }
    found = collapse.tell(results)
    assert found.verdict == verdict
    assert f"S1's promise of Wasserstein against mode collapse {word} at this budget" in found.told
    assert ("miss more than half: none" in found.told) == (clipped > 4)


def _digits_found(frechet: float, accuracy: float | None) -> list[Json]:
    one = {"frechet": frechet, "smallest_share": 0.05, "confidence": 0.9, "label_accuracy": accuracy}
    pictures = [[[level] * 8] * 8 for level in range(20)]
    return [{**one, "images_seen": 1_000, "training_seconds": 2.0, "diverged": False, "pictures": pictures}] * 2


@pytest.mark.parametrize(("accuracy", "verdict"), [(0.97, "holds"), (0.4, "does not hold")])
def test_labels_hold_when_what_was_asked_for_is_drawn(accuracy: float, verdict: str, tmp_path: Path) -> None:
    points = [{**each, "points": [[0.0, 0.5]]} for each in _found(20, 0.5, known=25)]
    results = {
        "unconditional": {
            "digits": _digits_found(9.0, None),
            "grid": [{**each, "label_accuracy": None} for each in points],
        },
        "conditional": {
            "digits": _digits_found(5.0, accuracy),
            "grid": [{**each, "label_accuracy": 0.3} for each in points],
        },
        "judge_accuracy": 0.98,
    }
    found = conditioning.tell(results)
    assert (found.verdict, "also better" in found.told) == (verdict, True)
    conditioning.draw(results, tmp_path / "plot.png")
    assert found.table is not None
    assert found.table.rows[0][1] == "—", "without labels none can be obeyed"


@pytest.mark.parametrize(
    ("frechet", "verdict"),
    [((5.0, 9.0, 8.0), "holds"), ((5.0, 9.0, 4.0), "holds in part"), ((5.0, 5.0, 4.0), "does not hold")],
)
def test_convolutions_must_win_both_at_equal_images_and_at_equal_time(
    frechet: tuple[float, ...], verdict: str, tmp_path: Path
) -> None:
    names = (architectures.CONVOLUTIONS, architectures.CONNECTED, architectures.LONGER)
    results: Json = {name: _digits_found(each, None) for name, each in zip(names, frechet, strict=True)}
    assert architectures.tell(results).verdict == verdict
    architectures.draw(results, tmp_path / "plot.png")


def test_learning_rates_hold_when_the_middle_one_is_best(tmp_path: Path) -> None:
    runs = [
        {**_found(8, quality, known=8)[0], "rate": rate, "batch": batch, "training_seconds": 3.0, "diverged": False}
        for rate, quality in zip(batch_and_rate.RATES, (0.1, 0.6, 0.2), strict=True)
        for batch in batch_and_rate.BATCHES
    ]
    found = batch_and_rate.tell({"runs": runs})
    assert found.verdict == "holds in part", "the rate is right, and all batches are alike"
    assert "none of the nine runs became non-finite" in found.told
    assert batch_and_rate.tell({"runs": [{**run, "high_quality": 0.5} for run in runs]}).verdict == "does not hold"
    batch_and_rate.draw({"runs": runs}, tmp_path / "plot.png")


def test_the_section_on_sevens_is_left_out_until_its_runs_are_given(tmp_path: Path) -> None:
    from ganache.scratch.by_hand import GanByHand

    assert sevens.protocol(Workshop(tmp_path)) is None
    runs = (tmp_path / "document", tmp_path / "working")
    for run in runs:
        ganache.train(GanByHand(width=8), data="digits", labels=["7"], images=128, out=run)
    workshop = Workshop(tmp_path, 1.0, *runs)
    assert sevens.protocol(workshop) is not None
    results = sevens.measure(workshop)
    # Of the 179 real sevens, whatever the engine: each pixel's deviation over them, averaged.
    images, labels = load_digits(return_X_y=True)
    by_hand = (images[labels == 7] / 16.0).std(axis=0).mean()
    assert results["reals"]["deviation"] == pytest.approx(by_hand, abs=0.01)
    assert f"{results['document']['deviation']:.3f} with the document's settings" in sevens.tell(results).number


def test_claims_have_names_of_their_own() -> None:
    assert len({claim.slug for claim in CLAIMS}) == len(CLAIMS) == 10
    assert all(claim.says.count("S") for claim in CLAIMS)
