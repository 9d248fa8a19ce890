"""Judging: known answers from a generator and a classifier that a test can count on its fingers, and the command."""

import dataclasses
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import ganache
from benchmarks import recipes
from ganache.cli import app
from ganache.data.shape import ImageShape
from ganache.data.store.packed import PackedDataset
from ganache.evaluation import judgement as judging
from ganache.evaluation.features import trained_classifier as classifiers
from ganache.evaluation.features.trained_classifier import Classifier, train_classifier
from ganache.evaluation.judgement import Judgement, check, judge
from ganache.runs.products import TrainedGenerator
from tests.data.data_files import classes
from tests.labelled import labelled

NAMES = ("dark", "grey", "light")
SHAPE = ImageShape(1, 1, 2)


class Threshold(Classifier):
    """Reads the first pixel: below 100 dark, above 155 light, between them grey and without conviction."""

    def judge(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        values = images[:, 0, 0, 0]
        classes = np.where(values < 100, 0, np.where(values > 155, 2, 1))
        sure = np.array([[0.8, 0.1, 0.1], [0.3, 0.4, 0.3], [0.0, 0.0, 1.0]], np.float32)
        features = np.zeros((len(images), 128), np.float32)
        features[:, 0] = values / 10.0
        return features, sure[classes]

    checksum = "c" * 64


class Written(TrainedGenerator):
    """Draws the values of its description, over and over; for a label, that label's."""

    def stream(self, count: int, seed: int = 0, labels: Sequence[str] = (), start: int = 0) -> Iterator[NDArray[Any]]:
        self.description["asked"] = (count, seed, tuple(labels))
        values = self.description["values"]
        rows = [values[labels[i % len(labels)]] if labels else values[i % len(values)] for i in range(count)]
        drawn = np.array(rows, np.uint8).reshape(count, 1, 2, 1)
        yield from (drawn[first : first + 5] for first in range(0, count, 5))


THRESHOLD = Threshold(None, NAMES, 0.5, 4, "test")  # type: ignore[arg-type]


def writing(values: Any, label_names: tuple[str, ...] = (), shape: ImageShape = SHAPE) -> Written:
    return Written(None, None, shape, label_names, {"values": values})  # type: ignore[arg-type]


def three_shades(repeats: int = 2) -> PackedDataset:
    """Rows (0, 0), (120, 120), (250, 250), one of each class, `repeats` times, and one without a label."""
    values = np.array([0, 120, 250] * repeats + [250], np.uint8)
    images = np.repeat(values, 2).reshape(-1, 1, 1, 2)
    return labelled(images, [0, 1, 2] * repeats + [-1], NAMES)


def test_shares_confidence_and_spread_are_those_of_the_samples() -> None:
    found = judge(writing([(10, 0), (10, 255), (200, 0), (110, 255)]), three_shades(), THRESHOLD, 8, seed=3).samples
    assert found.count == 8
    assert found.shares == {"dark": 0.5, "grey": 0.25, "light": 0.25}
    assert found.confidence == pytest.approx((0.8 + 0.8 + 1.0 + 0.4) / 4)
    assert found.unsure == 0.25
    # The first pixel is 10, 10, 200, 110 with mean 82.5 and variance (2·72.5² + 117.5² + 27.5²) / 4 = 6268.75.
    assert found.pixel_deviation == pytest.approx((6268.75**0.5 + 127.5) / 2 / 255, rel=1e-12)


def test_the_reals_are_judged_alike_with_those_that_have_no_label() -> None:
    judgement = judge(writing([(0, 0)]), three_shades(), THRESHOLD, 6, seed=0)
    assert judgement.reals.count == 7
    assert judgement.reals.shares == pytest.approx({"dark": 2 / 7, "grey": 2 / 7, "light": 3 / 7})
    assert judgement.samples.pixel_deviation == 0.0


def test_the_distance_is_the_one_of_a_single_feature_by_hand() -> None:
    dataset = labelled(np.array([0, 40], np.uint8).repeat(2).reshape(2, 1, 1, 2), [0, 0], NAMES)
    judgement = judge(writing([(20, 0), (100, 0)]), dataset, THRESHOLD, 2, seed=0)
    # Features 0, 4 and 2, 10: means 2 and 6; unbiased deviations √8 and √32. d² = 4² + (√32 - √8)² = 16 + 8.
    assert judgement.frechet_distance == pytest.approx(24.0, rel=1e-9)
    assert judgement.name == "fd/classifier@2-vs-train"


def test_a_conditional_generator_is_asked_evenly_and_its_hits_are_counted_by_class() -> None:
    generator = writing({"dark": (0, 0), "grey": (120, 0), "light": (0, 0)}, label_names=("light", "dark", "grey"))
    judgement = judge(generator, three_shades(), THRESHOLD, 12, seed=9)
    assert generator.description["asked"] == (12, 9, NAMES)
    assert judgement.label_accuracy == pytest.approx(2 / 3)
    assert judgement.label_accuracies == {"dark": 1.0, "grey": 1.0, "light": 0.0}
    assert judgement.extremes == ("light", "dark")


def test_labels_restrict_the_requests_and_the_reals() -> None:
    generator = writing({"grey": (120, 0), "light": (130, 0)}, label_names=NAMES)
    judgement = judge(generator, three_shades(), THRESHOLD, 7, seed=0, labels=("light", "grey"))
    assert judgement.label_accuracies == {"grey": 1.0, "light": 0.0}
    assert judgement.label_accuracy == pytest.approx(3 / 7)  # light, grey, light, grey, light, grey, light
    assert judgement.reals.shares == {"dark": 0.0, "grey": 0.5, "light": 0.5}
    assert judgement.reals.count == 4
    assert judgement.extremes == ("light", "grey")


def test_a_generator_of_some_classes_is_judged_by_their_names() -> None:
    """A generator of 3 and 7 among ten digits was asked for all ten: 22.5% right. It has two classes."""
    generator = writing({"dark": (0, 0), "light": (250, 0)}, label_names=("light", "dark"))
    judgement = judge(generator, three_shades(), THRESHOLD, 8, seed=1)
    assert generator.description["asked"] == (8, 1, ("dark", "light"))
    assert judgement.label_accuracy == 1.0
    assert judgement.label_accuracies == {"dark": 1.0, "light": 1.0}
    assert judgement.reals.shares == {"dark": 0.5, "grey": 0.0, "light": 0.5}
    assert judgement.labels == ("dark", "light")
    assert judgement.extremes == ("dark", "dark")
    with pytest.raises(ganache.UserError, match="label: 'grey' is not known; it has: light, dark"):
        check(generator, three_shades(), 8, ("grey",))


def test_a_conditional_generator_is_compared_with_reals_that_have_a_class() -> None:
    generator = writing({"dark": (0, 0), "grey": (120, 0), "light": (250, 0)}, label_names=NAMES)
    assert judge(generator, three_shades(), THRESHOLD, 6, seed=0).reals.count == 6


def test_a_class_without_training_images_is_not_the_smallest() -> None:
    dataset = labelled(np.array([0, 0, 250, 250], np.uint8).reshape(-1, 1, 1, 2), [0, 2], NAMES)
    judgement = judge(writing([(0, 0), (0, 0), (250, 0)]), dataset, THRESHOLD, 3, seed=0)
    assert judgement.extremes == ("light", "dark")


def test_an_unconditional_generator_has_no_label_accuracy() -> None:
    judgement = judge(writing([(0, 0)]), three_shades(), THRESHOLD, 2, seed=0, labels=("dark",))
    assert judgement.label_accuracy is None
    assert judgement.label_accuracies is None
    assert judgement.reals.count == 2
    assert "label_accuracy" not in judgement.to_json()["scores"]


def test_many_reals_pass_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = judge(writing([(0, 0), (250, 9)]), three_shades(), THRESHOLD, 4, seed=0)
    monkeypatch.setattr(judging, "PIECE", 2)
    assert judge(writing([(0, 0), (250, 9)]), three_shades(), THRESHOLD, 4, seed=0) == whole


def test_the_json_holds_scores_reals_and_protocol() -> None:
    judgement = judge(writing([(0, 0), (250, 0)]), three_shades(), THRESHOLD, 4, seed=5)
    written = json.loads(json.dumps(judgement.to_json()))
    assert written["scores"]["fd/classifier@4-vs-train"] == judgement.frechet_distance
    assert written["scores"]["shares"] == {"dark": 0.5, "grey": 0.0, "light": 0.5}
    assert written["of_the_reals"]["pixel_deviation"] == judgement.reals.pixel_deviation
    protocol = written["protocol"]
    assert {name: protocol[name] for name in ("samples", "reals", "seed", "split", "data", "fingerprint")} == {
        "samples": 4, "reals": 7, "seed": 5, "split": "train", "data": "shades", "fingerprint": "f" * 64,
    }  # fmt: skip
    assert protocol["classifier"] == {
        "version": classifiers.VERSION, "accuracy": 0.5, "tested": 4, "split": "test", "checksum": "c" * 64,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("generator", "count", "labels", "line"),
    [
        (writing([(0, 0)]), 1, (), "count: 1 sample has no spread"),
        (writing([(0, 0)], shape=ImageShape(3, 1, 2)), 8, (), "images of 1x2x1, but the generator draws 1x2x3"),
        (writing({}, label_names=("dark", "pink", "light")), 8, (), "lacks classes that the generator draws: pink"),
        (writing([(0, 0)]), 8, ("gray",), r"labels: 'gray' is not a class of this data \(did you mean 'grey'\?\)"),
    ],
)
def test_what_cannot_be_compared_is_refused(generator: Written, count: int, labels: tuple[str, ...], line: str) -> None:
    with pytest.raises(ganache.UserError, match=line):
        check(generator, three_shades(), count, labels)
    with pytest.raises(ganache.UserError, match=line):
        judge(generator, three_shades(), THRESHOLD, count, 0, labels)


def test_data_of_one_class_and_a_single_real_are_refused() -> None:
    images = np.zeros((3, 1, 1, 2), np.uint8)
    with pytest.raises(ganache.UserError, match="'shades' has no two classes"):
        judge(writing([(0, 0)]), labelled(images, [0, 0, 0], ["dark"]), THRESHOLD, 8, seed=0)
    with pytest.raises(ganache.UserError, match="'shades' has 1 training images"):
        judge(writing([(0, 0)]), labelled(images, [0, 0, 1], NAMES), THRESHOLD, 8, seed=0, labels=("grey",))


def test_points_are_refused(digits_run: Path) -> None:
    with pytest.raises(ganache.UserError, match="data: 'ring' is a density of points"):
        ganache.judge(digits_run / "generator.safetensors", data="ring")


@pytest.fixture
def quick_classifier(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Train classifiers for a moment only, and keep them to this test."""

    def quick(dataset: PackedDataset) -> Classifier:
        return train_classifier(dataset, passes=1, least_steps=40)

    monkeypatch.setattr(classifiers, "train_classifier", quick)
    monkeypatch.setattr(classifiers, "cache_folder", lambda: tmp_path / "cache")


def run_command(arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sys, "argv", ["ganache", *arguments])
    with pytest.raises(SystemExit) as ended:
        app.main()
    return ended.value.code


@pytest.mark.usefixtures("quick_classifier")
def test_the_command_judges_a_run(
    digits_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "scores.json"
    words = ["judge", str(digits_run), "--data", "digits", "--count", "200", "--seed", "4", "--json", str(out)]
    assert run_command(words, monkeypatch) == 0
    printed, said = capsys.readouterr()
    assert said.startswith("training a classifier on digits, once")
    written = json.loads(out.read_text(encoding="utf-8"))
    scores = written["scores"]
    assert sum(scores["shares"].values()) == pytest.approx(1.0)
    assert list(scores["label_accuracies"]) == [str(digit) for digit in range(10)]
    assert written["of_the_reals"]["pixel_deviation"] == pytest.approx(real_deviation(), rel=1e-6)
    assert f"fd/classifier@200-vs-train  {scores['fd/classifier@200-vs-train']:.2f}" in printed
    again = ganache.judge(digits_run, data="digits", count=200, seed=4, device="cpu")
    assert again.to_json() == written
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def real_deviation() -> float:
    from sklearn.datasets import load_digits

    pixels = np.floor(load_digits().data * (255 / 16) + 0.5) / 255
    return float(pixels.std(axis=0).mean())


@pytest.mark.usefixtures("quick_classifier")
def test_a_run_of_the_engine_without_autograd_is_judged_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ganache.data.source import Source
    from ganache.scratch.sessions import begin
    from ganache.scratch.settings import GanSettings

    settings = dataclasses.replace(GanSettings(), epochs=1, width=16)
    begin(settings, Source("digits", labels=("7",)), tmp_path / "sevens", say=lambda line: None)
    assert run_command(["judge", str(tmp_path / "sevens"), "--data", "digits", "--count", "50"], monkeypatch) == 0
    printed = capsys.readouterr().out
    assert "against        1,797 training images of digits\n" in printed
    assert "labels  " not in printed
    assert "pixel std" in printed


@pytest.mark.usefixtures("quick_classifier")
def test_the_data_is_read_in_the_size_of_the_run(tmp_path: Path) -> None:
    photos = classes(tmp_path / "photos", each=16, side=12)
    settings = ("generator.width=4", "discriminator.width=4", "batch_size=8")
    outcome = ganache.train(
        "dcgan", data=photos, out=tmp_path / "run", images=16, size="8x8", channels=1, settings=settings
    )
    assert ganache.judge(outcome.run, data=photos, count=4).reals.count == 32
    with pytest.raises(ganache.UserError, match="images of 12x12x3, but the generator draws 8x8x1"):
        ganache.judge(outcome.run / "generator.safetensors", data=photos, count=4)


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
        (["--data", "grid"], "data: 'grid' is a density"),
        (["--data", "digits", "--count", "0"], "count: 0 samples"),
        (["--data", "digits", "--label", "seven"], "labels: 'seven' is not a class"),
    ],
)
def test_the_command_refuses_in_one_line(
    digits_run: Path,
    words: list[str],
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def never(dataset: PackedDataset) -> Classifier:
        raise AssertionError("a classifier was trained for a command that is refused")

    monkeypatch.setattr(classifiers, "train_classifier", never)
    assert run_command(["judge", str(digits_run), *words], monkeypatch) == 2
    printed, said = capsys.readouterr()
    assert printed == ""
    assert said.startswith(f"ganache: {line}")
    assert len(said.splitlines()) == 1


def test_a_file_that_cannot_be_written_is_a_failure_in_one_line(
    digits_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    judgement: Judgement = judge(writing([(0, 0), (250, 0)]), three_shades(), THRESHOLD, 4, seed=5)
    monkeypatch.setattr(judging, "judge_run", lambda *rest: judgement)
    (tmp_path / "file").write_text("")
    words = ["judge", str(digits_run), "--data", "digits", "--json", str(tmp_path / "file" / "scores.json")]
    assert run_command(words, monkeypatch) == 1
    assert "could not write" in capsys.readouterr().err
