"""Judging: known answers from a generator and a classifier that a test can count on its fingers, and the command."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

import ganache
from benchmarks import recipes
from ganache.data import open_dataset
from ganache.data.conversion import Conversion
from ganache.data.shape import ImageShape
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.asked import JUDGE, Asked
from ganache.evaluation.evaluate import classes_of_reals, evaluate_against
from ganache.evaluation.features.classifier_features import ClassifierExtractor
from ganache.evaluation.features.trained_classifier import VERSION, TrainedClassifier, keep_classifier, train_classifier
from ganache.evaluation.judgement import Judgement
from ganache.evaluation.reference import Reference
from ganache.evaluation.samples import GeneratorSamples
from ganache.runs.products import TrainedGenerator
from tests.commands import run_command
from tests.data.data_files import classes
from tests.labelled import labelled

NAMES = ("dark", "grey", "light")
SHAPE = ImageShape(1, 1, 2)


class Threshold(TrainedClassifier):
    """Reads the first pixel: below 100 dark, above 155 light, between them grey and without conviction."""

    def judge(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        values = images[:, 0, 0, 0]
        classes = np.where(values < 100, 0, np.where(values > 155, 2, 1))
        sure = np.array([[0.8, 0.1, 0.1], [0.3, 0.4, 0.3], [0.0, 0.0, 1.0]], np.float32)
        features = np.zeros((len(images), 128), np.float32)
        features[:, 0] = values / 10.0
        return features, sure[classes]

    checksum, device = "c" * 64, torch.device("cpu")


class Written(TrainedGenerator):
    """Draws the values of its description, over and over; for a label, that label's."""

    def stream(self, count: int, seed: int = 0, labels: Sequence[str] = (), start: int = 0) -> Iterator[NDArray[Any]]:
        self.description["asked"] = (count, seed, tuple(labels))
        values = self.description["values"]
        rows = [values[labels[i % len(labels)]] if labels else values[i % len(values)] for i in range(count)]
        drawn = np.array(rows, np.uint8).reshape(count, 1, 2, 1)
        yield from (drawn[first : first + 5] for first in range(0, count, 5))


THRESHOLD = Threshold(None, NAMES, 0.5, 4, "test")  # type: ignore[arg-type]


class Judging:
    """Judges what is written, as the command does what lies in files; with a cache of its own for each."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._number = folder, 0

    def __call__(
        self, generator: Written, dataset: PackedDataset, count: int, seed: int = 0, labels: tuple[str, ...] = ()
    ) -> Judgement:
        self._number += 1
        cache = self._folder / str(self._number)
        source, asked = GeneratorSamples(generator, "written"), Asked(samples="written", seed=seed, labels=labels)
        reals = classes_of_reals(source, dataset, labels)
        reference = Reference(dataset, ClassifierExtractor(dataset, THRESHOLD), labels=reals, cache=cache)
        return Judgement.of(evaluate_against(reference, source, asked, count, preset=JUDGE).evaluation)


@pytest.fixture
def judge(tmp_path: Path) -> Judging:
    return Judging(tmp_path / "caches")


def writing(values: Any, label_names: tuple[str, ...] = (), shape: ImageShape = SHAPE) -> Written:
    return Written(None, None, shape, label_names, {"values": values})  # type: ignore[arg-type]


def three_shades(repeats: int = 2) -> PackedDataset:
    """Rows (0, 0), (120, 120), (250, 250), one of each class, `repeats` times, and one without a label."""
    values = np.array([0, 120, 250] * repeats + [250], np.uint8)
    images = np.repeat(values, 2).reshape(-1, 1, 1, 2)
    return labelled(images, [0, 1, 2] * repeats + [-1], NAMES)


def test_shares_confidence_and_spread_are_those_of_the_samples(judge: Judging) -> None:
    found = judge(writing([(10, 0), (10, 255), (200, 0), (110, 255)]), three_shades(), 8, seed=3).samples
    assert found.count == 8
    assert found.shares == {"dark": 0.5, "grey": 0.25, "light": 0.25}
    assert found.confidence == pytest.approx((0.8 + 0.8 + 1.0 + 0.4) / 4)
    assert found.unsure == 0.25
    # The first pixel is 10, 10, 200, 110 with mean 82.5 and variance (2·72.5² + 117.5² + 27.5²) / 4 = 6268.75.
    assert found.pixel_deviation == pytest.approx((6268.75**0.5 + 127.5) / 2 / 255, rel=1e-12)


def test_the_reals_are_judged_alike_with_those_that_have_no_label(judge: Judging) -> None:
    judgement = judge(writing([(0, 0)]), three_shades(), 6, seed=0)
    assert judgement.reals.count == 7
    assert judgement.reals.shares == pytest.approx({"dark": 2 / 7, "grey": 2 / 7, "light": 3 / 7})
    assert judgement.samples.pixel_deviation == 0.0


def test_the_distance_is_the_one_of_a_single_feature_by_hand(judge: Judging) -> None:
    dataset = labelled(np.array([0, 40], np.uint8).repeat(2).reshape(2, 1, 1, 2), [0, 0], NAMES)
    judgement = judge(writing([(20, 0), (100, 0)]), dataset, 2, seed=0)
    # Features 0, 4 and 2, 10: means 2 and 6; unbiased deviations √8 and √32. d² = 4² + (√32 - √8)² = 16 + 8.
    assert judgement.frechet_distance == pytest.approx(24.0, rel=1e-9)
    assert judgement.name == "fd/classifier@2-vs-train"


def test_a_conditional_generator_is_asked_evenly_and_its_hits_are_counted_by_class(judge: Judging) -> None:
    generator = writing({"dark": (0, 0), "grey": (120, 0), "light": (0, 0)}, label_names=("light", "dark", "grey"))
    judgement = judge(generator, three_shades(), 12, seed=9)
    assert generator.description["asked"] == (12, 9, NAMES)
    assert judgement.label_accuracy == pytest.approx(2 / 3)
    assert judgement.label_accuracies == {"dark": 1.0, "grey": 1.0, "light": 0.0}
    assert judgement.extremes == ("light", "dark")


def test_labels_restrict_the_requests_and_the_reals(judge: Judging) -> None:
    generator = writing({"grey": (120, 0), "light": (130, 0)}, label_names=NAMES)
    judgement = judge(generator, three_shades(), 7, seed=0, labels=("light", "grey"))
    assert judgement.label_accuracies == {"grey": 1.0, "light": 0.0}
    assert judgement.label_accuracy == pytest.approx(3 / 7)  # light, grey, light, grey, light, grey, light
    assert judgement.reals.shares == {"dark": 0.0, "grey": 0.5, "light": 0.5}
    assert judgement.reals.count == 4
    assert judgement.extremes == ("light", "grey")


def test_a_generator_of_some_classes_is_judged_by_their_names(judge: Judging) -> None:
    """A generator of 3 and 7 among ten digits was asked for all ten: 22.5% right. It has two classes."""
    generator = writing({"dark": (0, 0), "light": (250, 0)}, label_names=("light", "dark"))
    judgement = judge(generator, three_shades(), 8, seed=1)
    assert generator.description["asked"] == (8, 1, ("dark", "light"))
    assert judgement.label_accuracy == 1.0
    assert judgement.label_accuracies == {"dark": 1.0, "light": 1.0}
    assert judgement.reals.shares == {"dark": 0.5, "grey": 0.0, "light": 0.5}
    assert judgement.labels == ("light", "dark")
    assert judgement.extremes == ("light", "light")
    with pytest.raises(ganache.UserError, match="label: 'grey' is not known; it has: light, dark"):
        judge(generator, three_shades(), 8, labels=("grey",))


def test_a_conditional_generator_is_compared_with_reals_that_have_a_class(judge: Judging) -> None:
    generator = writing({"dark": (0, 0), "grey": (120, 0), "light": (250, 0)}, label_names=NAMES)
    assert judge(generator, three_shades(), 6, seed=0).reals.count == 6


def test_a_class_without_training_images_is_not_the_smallest(judge: Judging) -> None:
    dataset = labelled(np.array([0, 0, 250, 250], np.uint8).reshape(-1, 1, 1, 2), [0, 2], NAMES)
    judgement = judge(writing([(0, 0), (0, 0), (250, 0)]), dataset, 3, seed=0)
    assert judgement.extremes == ("light", "dark")


def test_an_unconditional_generator_has_no_label_accuracy(judge: Judging) -> None:
    judgement = judge(writing([(0, 0)]), three_shades(), 2, seed=0, labels=("dark",))
    assert judgement.label_accuracy is None
    assert judgement.label_accuracies is None
    assert judgement.reals.count == 2
    assert "label_accuracy" not in judgement.to_json()["scores"]


def test_the_json_holds_scores_reals_and_protocol(judge: Judging) -> None:
    judgement = judge(writing([(0, 0), (250, 0)]), three_shades(), 4, seed=5)
    written = json.loads(json.dumps(judgement.to_json()))
    assert written["scores"]["fd/classifier@4-vs-train"] == judgement.frechet_distance
    assert written["scores"]["shares"] == {"dark": 0.5, "grey": 0.0, "light": 0.5}
    assert written["of_the_reals"]["pixel_deviation"] == judgement.reals.pixel_deviation
    protocol = written["protocol"]
    assert {name: protocol[name] for name in ("samples", "reals", "seed", "split", "data", "fingerprint")} == {
        "samples": 4, "reals": 7, "seed": 5, "split": "train", "data": "shades", "fingerprint": "f" * 64,
    }  # fmt: skip
    assert protocol["classifier"] == {
        "version": VERSION, "accuracy": 0.5, "tested": 4, "split": "test", "checksum": "c" * 64,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("generator", "labels", "line"),
    [
        (writing({}, label_names=("dark", "pink", "light")), (), "lacks classes that the generator draws: pink"),
        (writing([(0, 0)]), ("gray",), r"labels: 'gray' is not a class of this data \(did you mean 'grey'\?\)"),
        (writing({}, label_names=NAMES), ("gray",), "label: 'gray' is not known"),
    ],
)
def test_classes_that_one_of_them_lacks_are_refused(
    judge: Judging, generator: Written, labels: tuple[str, ...], line: str
) -> None:
    with pytest.raises(ganache.UserError, match=line):
        judge(generator, three_shades(), 8, 0, labels)


def test_a_single_real_is_refused(judge: Judging) -> None:
    dataset = labelled(np.zeros((3, 1, 1, 2), np.uint8), [0, 0, 1], NAMES)
    with pytest.raises(ganache.UserError, match="in train of 'shades' there is 1"):
        judge(writing([(0, 0)]), dataset, 8, seed=0, labels=("grey",))


def test_points_are_refused(digits_run: Path) -> None:
    with pytest.raises(ganache.UserError, match="data: 'ring' has images of 1x1x2, but those of"):
        ganache.judge(digits_run / "generator.safetensors", data="ring")


@pytest.mark.usefixtures("quick_classifier")
def test_the_command_judges_a_run(digits_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.json"
    ended = run_command("judge", digits_run, "--data", "digits", "--count", "200", "--seed", "4", "--json", out)
    assert ended.status == 0
    written = json.loads(out.read_text(encoding="utf-8"))
    scores = written["scores"]
    assert sum(scores["shares"].values()) == pytest.approx(1.0)
    assert list(scores["label_accuracies"]) == [str(digit) for digit in range(10)]
    assert written["of_the_reals"]["pixel_deviation"] == pytest.approx(real_deviation(), rel=1e-6)
    assert f"fd/classifier@200-vs-train  {scores['fd/classifier@200-vs-train']:.2f}" in ended.output
    again = ganache.judge(digits_run, data="digits", count="0.2k", seed=4, device="cpu")
    assert again.to_json() == written
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def real_deviation() -> float:
    from sklearn.datasets import load_digits

    pixels = np.floor(load_digits().data * (255 / 16) + 0.5) / 255
    return float(pixels.std(axis=0).mean())


@pytest.mark.usefixtures("quick_classifier")
def test_a_judgement_is_an_evaluation_with_its_protocol(digits_run: Path) -> None:
    judgement = ganache.judge(digits_run, data="digits", count=200, seed=4)
    metrics = ("fd", "confidence", "label-accuracy", "pixel-deviation")
    found = ganache.evaluate(digits_run, features="classifier", metrics=metrics, count=200, seed=4)
    same = ("confidence/classifier", "label-accuracy/classifier")
    asked = [one.evaluation["label-accuracy/classifier"].protocol.settings for one in (judgement, Judgement.of(found))]
    assert asked == [{"requests": "evenly, in turn"}, {"requests": "as often as among the reals"}]
    assert {score.name for score in judgement.evaluation.scores} == {score.name for score in found.scores}
    for name in same:
        assert judgement.evaluation[name].protocol.features == found[name].protocol.features
    assert judgement.reals == Judgement.of(found).reals


@pytest.mark.usefixtures("quick_classifier")
def test_a_run_of_the_engine_without_autograd_is_judged_too(tmp_path: Path) -> None:
    from ganache.scratch.by_hand import GanByHand

    ganache.train(GanByHand(width=16), data="digits", labels=["7"], images=128, out=tmp_path / "sevens")
    printed = run_command("judge", tmp_path / "sevens", "--data", "digits", "--count", "50").output
    assert "against        1,797 training images of digits\n" in printed
    assert "labels  " not in printed
    assert "pixel std" in printed


def test_the_data_is_read_in_the_size_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANACHE_CACHE", str(tmp_path / "cache"))
    photos = classes(tmp_path / "photos", each=16, side=12)
    settings = ("generator.width=4", "discriminator.width=4", "batch_size=8")
    outcome = ganache.train(
        "dcgan", data=photos, out=tmp_path / "run", images=16, size="8x8", channels=1, settings=settings
    )
    dataset = open_dataset(photos, Conversion(size=(8, 8), channels=1))
    assert isinstance(dataset, PackedDataset)
    keep_classifier(train_classifier(dataset, passes=1, least_steps=1), dataset, tmp_path / "cache")
    for samples in (outcome.run, outcome.run / "generator.safetensors"):
        assert ganache.judge(samples, data=photos, count=4).reals.count == 32


@pytest.mark.usefixtures("quick_classifier")
def test_the_table_of_recipes_has_a_line_and_a_picture_for_each_run(
    digits_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipes, "SECONDS", 0.01)
    words = [str(digits_run), "--out", str(tmp_path / "out"), "--data", "digits", "--count", "100", "--speed"]
    monkeypatch.setattr(sys, "argv", ["recipes.py", *words])
    recipes.main()
    (row,) = json.loads((tmp_path / "out" / "recipes.json").read_text(encoding="utf-8"))["rows"]
    scores = row["judgement"]["scores"]
    cells = (tmp_path / "out" / "recipes.md").read_text(encoding="utf-8").splitlines()[-1].split(" | ")
    assert cells[:2] == ["| `dcgan` (digits)", "640"]
    assert cells[3] == f"{row['speed']:.0f}"
    assert cells[4] == f"{scores['fd/classifier@100-vs-train']:.2f}"
    assert cells[5].startswith(f"{min(scores['shares'].values()):.1%} (")
    assert cells[6] == f"{scores['label_accuracy']:.1%} |"
    with Image.open(tmp_path / "out" / "digits.png") as picture:
        assert picture.height < picture.width  # eight rows of ten classes


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--data", "grid"], "data: 'grid' has images of 1x1x2"),
        (["--data", "digits", "--count", "0"], "count: '0' is not a positive number"),
        (["--data", "digits", "--count", "1"], "count: 1 sample has no spread"),
        (["--data", "digits", "--label", "seven"], "label: 'seven' is not known"),
    ],
)
def test_the_command_refuses_in_one_line_and_trains_no_classifier_before(
    digits_run: Path, words: list[str], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANACHE_CACHE", str(tmp_path))
    ended = run_command("judge", digits_run, *words)
    assert (ended.status, ended.output) == (2, "")
    assert ended.complaints.startswith(f"ganache: {line}")
    assert len(ended.complaints.splitlines()) == 1
    assert not (tmp_path / "classifiers").exists()


@pytest.mark.usefixtures("quick_classifier")
def test_a_file_that_cannot_be_written_is_a_failure_in_one_line(digits_run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "scores.json"
    ended = run_command("judge", digits_run, "--data", "digits", "--count", "20", "--json", out)
    assert ended.status == 1
    assert "could not write" in ended.complaints
