"""Evaluations as a whole: known answers, values that depend on nothing they should not, refusals, the commands."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import ganache
from ganache.evaluation import evaluate as evaluating
from ganache.evaluation import samples as sampling
from ganache.evaluation.features.trained_classifier import TrainedClassifier
from ganache.evaluation.metrics.frechet import frechet_distance
from ganache.evaluation.metrics.moments import moments_of
from ganache.evaluation.records import Evaluation, evaluation_from
from ganache.support.errors import UserError
from tests.commands import run_command
from tests.data.data_files import save, write_idx
from tests.evaluation.digits import digits


def values(evaluation: Evaluation) -> dict[str, float | None]:
    return {score.name: score.value for score in evaluation.scores}


def test_the_reals_themselves_are_at_no_distance_from_the_same_reals(real_digits: Path) -> None:
    metrics = ("fd", "kd", "prdc", "sliced-wasserstein")
    found = ganache.evaluate(real_digits, data="digits", features="pixels", metrics=metrics)
    assert found["fd/pixels@1.797k-vs-train"].value == pytest.approx(0.0, abs=1e-9)
    assert found["sliced-wasserstein/pixels"].value == pytest.approx(0.0, abs=1e-6)
    assert [found[f"{name}/pixels"].value for name in ("precision", "recall", "coverage")] == [1.0, 1.0, 1.0]
    kernel = found["kd/pixels"]
    assert kernel.value is not None
    assert -1e-2 < kernel.value < 0.0  # the unbiased estimate of two equal sets lies below zero
    assert found.samples.count == found["fd/pixels"].protocol.reals == 1797
    [blind] = found.warnings
    assert blind.startswith("'pixels' features rank blur and noise wrongly")


@pytest.mark.parametrize(
    ("metrics", "features", "line"),
    [
        (("fd", "nosuch"), None, "metrics: 'nosuch' is not one of fd, "),
        (("kid",), "classifier", "metrics: 'kid' is made of 'inception' features alone"),
    ],
)
def test_a_metric_that_is_none_is_refused_before_a_classifier_is_trained(
    metrics: tuple[str, ...], features: str | None, line: str, digits_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluating, "find", lambda *given, **named: pytest.fail("a classifier is looked for"))
    with pytest.raises(UserError, match=f"^{line}"):
        ganache.evaluate(digits_run, metrics=metrics, features=features)


def test_a_folder_of_the_reals_is_at_no_distance_too(tmp_path: Path) -> None:
    for number, image in enumerate(digits()[:60]):
        save(tmp_path / "photos" / f"{number}.png", image[..., 0])
    found = ganache.evaluate(tmp_path / "photos", data=tmp_path / "photos", features="random", metrics=["fd"])
    assert found["fd/random"].value == pytest.approx(0.0, abs=1e-9)
    assert (
        found.warnings[2]
        == "60 samples are few for 512 features: all of their distance may be its bias (fd-infinity is 0)"
    )
    assert found.samples.read.startswith("8x8x1, their own size; other sizes are scaled to cover the shape")


def test_a_distance_is_that_of_the_features_of_both_sets(real_digits: Path, tmp_path: Path) -> None:
    dark = digits()[:500] // 2
    np.save(tmp_path / "dark.npy", dark)
    found = ganache.evaluate(tmp_path / "dark.npy", data="digits", features="pixels", metrics=["fd"], count=400)
    chosen = dark[sampling.chosen(500, 400, 0)].reshape(400, -1) / np.float32(255)
    expected = frechet_distance(moments_of(chosen), moments_of(digits().reshape(1797, -1) / np.float32(255)))
    assert found["fd/pixels@400-vs-train"].value == pytest.approx(expected, rel=1e-9)


def test_no_value_depends_on_how_the_samples_are_kept(digits_run: Path, tmp_path: Path) -> None:
    images = ganache.load(digits_run).sample(300, seed=0)
    np.save(tmp_path / "x.npy", images)
    np.savez_compressed(tmp_path / "x.npz", images)
    for number, image in enumerate(images):
        save(tmp_path / "x" / f"{number}.png", image[..., 0])
    metrics = ("fd", "kd", "prdc", "support", "fd-infinity")
    wanted: dict[str, Any] = {"data": "digits", "features": "random", "metrics": metrics, "count": 300}
    plain = values(ganache.evaluate(tmp_path / "x.npy", **wanted))
    assert values(ganache.evaluate(tmp_path / "x.npz", **wanted)) == plain
    assert values(ganache.evaluate(tmp_path / "x", **wanted)) == plain


def test_memory_does_not_grow_with_the_number_of_samples(tmp_path: Path) -> None:
    save(tmp_path / "photos" / "0.png", digits()[0, ..., 0].repeat(2, 0).repeat(2, 1))
    save(tmp_path / "photos" / "1.png", digits()[1, ..., 0].repeat(2, 0).repeat(2, 1))
    random = np.random.default_rng(0)
    for count in (4_000, 24_000):
        np.save(tmp_path / f"{count}.npy", random.integers(0, 256, (count, 16, 16, 1), dtype=np.uint8))
    peaks = {}
    wanted: dict[str, Any] = {"data": tmp_path / "photos", "features": "pixels", "metrics": ["fd"]}
    for count in (4_000, 4_000, 24_000):  # the first time also fills caches
        tracemalloc.start()
        ganache.evaluate(tmp_path / f"{count}.npy", **wanted, count=count)
        peaks[count] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    # The features of 20,000 more samples would be 20 MB.
    assert peaks[24_000] < peaks[4_000] + 1_000_000


@pytest.mark.usefixtures("quick_classifier")
def test_labelled_data_has_all_scores_by_default(digits_run: Path) -> None:
    found = ganache.evaluate(digits_run, count=600)
    assert [score.family for score in found.scores] == [
        *("fd/classifier", "fd-infinity/classifier", "kd/classifier", "is/classifier", "precision/classifier"),
        *("recall/classifier", "density/classifier", "coverage/classifier", "support/classifier"),
        *("class-divergence/classifier", "fd-by-class/classifier", "label-accuracy/classifier"),
    ]
    assert found.samples.images_seen == 640
    distance, limit = found["fd/classifier"], found["fd-infinity/classifier"]
    assert distance.value is not None
    assert distance.value == pytest.approx(limit.details["distances"][-1])
    assert distance.uncertainty == limit.uncertainty
    accuracy = found["label-accuracy/classifier"]
    assert accuracy.protocol.samples == 600
    assert set(accuracy.details["by_class"]) == set("0123456789")
    by_class = found["fd-by-class/classifier"]
    assert by_class.value == pytest.approx(np.mean(list(by_class.details["distances"].values())))
    # Classes are asked for as often as they occur, 174 to 183 times in 1,797.
    assert all(40 <= count <= 80 for count in by_class.details["samples"].values())
    assert distance.protocol.features is not None
    assert len(distance.protocol.features["checksum"]) == 64
    assert any("600 samples are few for 128 features" in warning for warning in found.warnings)
    assert evaluation_from(json.loads(json.dumps(found.to_json(), allow_nan=False)), "") == found


@pytest.mark.usefixtures("quick_classifier")
def test_classes_are_those_of_the_subfolders(tmp_path: Path, digits_judge: TrainedClassifier) -> None:
    labels = load_digits().target[:200]
    for number, (image, label) in enumerate(zip(digits()[:200], labels, strict=True)):
        save(tmp_path / "right" / str(label) / f"{number}.png", image[..., 0])
        save(tmp_path / "next" / str((label + 1) % 10) / f"{number}.png", image[..., 0])
    wanted: dict[str, Any] = {"data": "digits", "metrics": ["label-accuracy", "fd-by-class"], "features": "classifier"}
    right, wrong = (ganache.evaluate(tmp_path / name, **wanted) for name in ("right", "next"))
    seen = digits_judge.judge(digits()[:200])[1].argmax(axis=1)
    accuracy = right["label-accuracy/classifier"]
    assert accuracy.value == pytest.approx((seen == labels).mean())
    assert accuracy.details["by_class"]["3"] == pytest.approx((seen[labels == 3] == 3).mean())
    assert wrong["label-accuracy/classifier"].value == pytest.approx((seen == (labels + 1) % 10).mean())
    near, far = right["fd-by-class/classifier"], wrong["fd-by-class/classifier"]
    assert near.details["samples"]["3"] == int((labels == 3).sum())
    assert near.value is not None
    assert far.value is not None
    assert near.value < far.value / 2


def test_too_few_samples_are_a_warning_with_the_bias(digits_run: Path) -> None:
    found = ganache.evaluate(digits_run, features="random", count=100, metrics=["fd"])
    reals, prefer, few, _ = found.warnings
    assert prefer == "below 1,024 samples prefer kd/random, which has no bias, to this distance"
    assert few.startswith("100 samples are few for 512 features: their distance is too high by ")
    assert "fd-infinity" in few
    assert reals.startswith("1,797 reals are few for 512 features")
    value, limit = found["fd/random"].value, ganache.evaluate(
        digits_run, features="random", count=100, metrics=["fd-infinity"]
    )["fd-infinity/random"].value  # fmt: skip
    assert value is not None
    assert limit is not None
    assert limit < value
    assert f"of infinitely many it would be roughly {limit:.3g}" in few


@pytest.fixture
def memorisable(tmp_path: Path) -> tuple[Path, Path]:
    """Data with a test split, as IDX files, and an array of which 60 of 80 pictures are training images."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (200, 6, 6), dtype=np.uint8)
    write_idx(tmp_path / "data", "train", images[:120], [0] * 120)
    write_idx(tmp_path / "data", "t10k", images[120:], [0] * 80)
    np.save(tmp_path / "x.npy", np.concatenate([images[:60], random.integers(0, 256, (20, 6, 6), dtype=np.uint8)]))
    return tmp_path / "data", tmp_path / "x.npy"


def test_copies_are_found_and_shown_beside_what_they_copy(memorisable: tuple[Path, Path], tmp_path: Path) -> None:
    data, array = memorisable
    words = ["evaluate", str(array), "--data", str(data), "--features", "pixels", "--metrics", "memorisation"]
    out = ["--json", str(tmp_path / "a.json"), "--pairs", str(tmp_path / "pairs.png")]
    assert run_command(*words, *out).status == 0
    score = evaluation_from(json.loads((tmp_path / "a.json").read_text()), "")["memorisation/pixels@80-vs-train"]
    assert score.details["share"] == pytest.approx(0.75, abs=0.1)
    assert score.value == pytest.approx(0.75, abs=0.1)
    assert score.protocol.settings["held_out"] == "test"
    with Image.open(tmp_path / "pairs.png") as picture:
        cells = np.asarray(picture)
    factor = (cells.shape[1] + 2) // 8 // 6
    step = 6 * factor + 2
    for left in range(0, 8, 2):  # the nearest pairs are exact copies
        sample, real = (cells[: 6 * factor, cell * step : cell * step + 6 * factor] for cell in (left, left + 1))
        assert np.array_equal(sample, real)


def test_a_subset_of_reals_and_of_samples_is_stated(real_digits: Path) -> None:
    found = ganache.evaluate(real_digits, data="digits", features="pixels", count="1k", labels=["3"], metrics=["kd"])
    assert found.reference.labels == ("3",)
    assert (found.reference.count, found.scores[0].protocol.samples, found.scores[0].protocol.reals) == (183, 183, 183)


def test_what_could_not_be_computed_is_left_out_with_its_reason(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=digits()[:40], labels=np.arange(40))
    found = ganache.evaluate(tmp_path / "x.npz", data=tmp_path / "x.npz", features="pixels")
    assert any(
        warning.startswith("fd-by-class is left out: fd-by-class: no class has two") for warning in found.warnings
    )
    with pytest.raises(UserError, match="no class has two samples"):
        ganache.evaluate(tmp_path / "x.npz", data=tmp_path / "x.npz", features="pixels", metrics=["fd-by-class"])


def test_other_data_than_the_run_was_trained_on_is_a_warning(digits_run: Path, tmp_path: Path) -> None:
    for number, image in enumerate(digits()[:40]):
        save(tmp_path / "few" / f"{number}.png", image[..., 0])
    found = ganache.evaluate(digits_run, data=tmp_path / "few", features="random", metrics=["fd"], count=20)
    assert found.warnings[0].endswith(f"is not the data that {digits_run} was trained on")
