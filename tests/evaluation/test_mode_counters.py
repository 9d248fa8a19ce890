"""Modes that are known in advance are counted while samples pass."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import ganache
from ganache.data import open_dataset
from ganache.data.sources.densities import ring
from ganache.data.sources.stacked_mnist import StackedDigits
from ganache.evaluation.catalogue import METRICS
from ganache.evaluation.evidence import Requests, Setting
from ganache.evaluation.features.by_name import find
from ganache.evaluation.features.extractor import Extracted
from ganache.evaluation.features.random_network import RandomExtractor
from ganache.evaluation.features.trained_classifier import keep_classifier, train_classifier
from ganache.evaluation.mode_counters import StackedCounter, published_samples
from ganache.evaluation.records import Evaluation
from ganache.evaluation.reference import Reference
from tests.data.data_files import write_idx
from tests.elsewhere import ELSEWHERE, Elsewhere


def values(evaluation: Evaluation) -> dict[str, float | None]:
    return {score.name: score.value for score in evaluation.scores}


def test_points_have_modes_and_a_distance(tmp_path: Path) -> None:
    points = ring().stream(seed=99).batch(0, 3_000).images.reshape(-1, 2)
    np.save(tmp_path / "points.npy", points)
    np.save(tmp_path / "one.npy", points * 0 + ring().modes[3].astype(np.float32))
    good, bad = (ganache.evaluate(tmp_path / name, data="ring") for name in ("points.npy", "one.npy"))
    assert list(values(good)) == ["modes-found@2.5k", "high-quality@2.5k", "sliced-wasserstein/pixels@2.5k-vs-train"]
    assert (good["modes-found"].value, bad["modes-found"].value) == (8, 1)
    assert good["high-quality"].value == pytest.approx(0.989, abs=0.01)
    assert bad["high-quality"].value == 1.0
    ours, theirs = good["sliced-wasserstein/pixels"], bad["sliced-wasserstein/pixels"]
    assert ours.value is not None
    assert ours.uncertainty is not None
    assert theirs.value is not None
    assert ours.value < 0.1 < 0.5 < theirs.value
    assert bad["modes-found"].details["counts"] == [0, 0, 0, 2500, 0, 0, 0, 0]


class FirstPixel:
    """A judge of digits that reads the first pixel, which is ten times the digit."""

    name, version, size, device = "classifier", 1, 36, torch.device("cpu")

    def describe(self) -> dict[str, Any]:
        return {"name": "classifier", "checksum": "c" * 64}

    def at_once(self, images: NDArray[np.uint8]) -> int:
        return 1

    def __call__(self, images: NDArray[np.uint8]) -> Extracted:
        assert images.shape[1:] == (6, 6, 1)
        features = images.reshape(len(images), -1).astype(np.float32)
        return Extracted(features, np.eye(10, dtype=np.float32)[images[:, 0, 0, 0] // 10])


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StackedDigits:
    """Stacked digits each of which has its number, times ten, in every pixel."""
    for split, labels in (("train", [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]), ("t10k", [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])):
        images = np.repeat(10 * np.array([*labels, *range(10)], np.uint8), 36).reshape(20, 6, 6)
        write_idx(tmp_path / "mnist", split, images, [*labels, *range(10)])
    monkeypatch.setenv("GANACHE_DATA", str(tmp_path))
    stack = open_dataset("stacked-mnist")
    assert isinstance(stack, StackedDigits)
    return stack


def test_stacked_digits_have_modes_and_a_divergence(stack: StackedDigits) -> None:
    drawn, counter = stack.stream(5).batch(0, 300), StackedCounter(FirstPixel())
    for part in np.split(drawn.images.transpose(0, 2, 3, 1), [7, 207]):
        counter.add(part)
    found, divergence = counter.found()
    shares = np.unique(drawn.labels, return_counts=True)[1] / 300
    assert (found.metric, found.value) == ("modes-found", len(shares))
    assert divergence.metric == "modes-divergence"
    assert divergence.value == pytest.approx(float((shares * np.log(1000 * shares)).sum()))
    assert counter.features == {"name": "classifier", "checksum": "c" * 64}
    assert published_samples(stack) == 25_600


def test_the_classifier_of_single_digits_counts_the_modes_of_an_evaluation(
    stack: StackedDigits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANACHE_CACHE", str(tmp_path / "cache"))
    judge = train_classifier(stack.digits, passes=1, least_steps=1)
    keep_classifier(judge, stack.digits, tmp_path / "cache")
    images = np.ascontiguousarray(stack.stream(5).batch(0, 50).images.transpose(0, 2, 3, 1))
    np.save(tmp_path / "x.npy", images)
    seen = [judge.judge(np.ascontiguousarray(images[..., [channel]]))[1].argmax(axis=1) for channel in range(3)]
    found = ganache.evaluate(tmp_path / "x.npy", data="stacked-mnist", metrics=["modes"])
    assert found["modes-found/classifier@50"].value == len(np.unique(np.stack(seen, axis=1), axis=0))


def test_the_classifier_of_single_digits_is_on_the_device(stack: StackedDigits, tmp_path: Path) -> None:
    keep_classifier(train_classifier(stack.digits, passes=1, least_steps=1), stack.digits, tmp_path)
    images = np.ascontiguousarray(stack.stream(5).batch(0, 50).images.transpose(0, 2, 3, 1))
    with Elsewhere() as device:
        reference = Reference(stack, RandomExtractor(ELSEWHERE), cache=tmp_path)
        counter = METRICS["modes"].counter
        assert counter is not None
        modes = counter(Setting(reference, 50, 0, Requests(), has_classes=False), lambda line: None)
        made = device.made
        modes.add(images, None)
        assert device.made > made


def test_stacked_digits_are_not_judged(stack: StackedDigits, digits_run: Path) -> None:
    with pytest.raises(ganache.UserError, match="'stacked-mnist' has images of 6x6x3, but those of"):
        ganache.judge(digits_run / "generator.safetensors", data="stacked-mnist")
    with pytest.raises(ganache.UserError, match="'classifier' needs a set of labelled pictures, and 'stacked-mnist'"):
        find("classifier", stack)
