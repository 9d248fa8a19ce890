"""Evaluations as a whole: known answers, values that depend on nothing they should not, refusals, the commands."""

import json
import sys
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits

import ganache
from benchmarks import inception_score
from ganache.cli import app
from ganache.data import open_dataset
from ganache.data.npy import StoredArray
from ganache.data.sources.densities import ring
from ganache.data.store.packed import PackedDataset
from ganache.evaluation import mode_counters as counting
from ganache.evaluation import reference as references
from ganache.evaluation import samples as sampling
from ganache.evaluation.features import Features, PixelExtractor, RandomExtractor
from ganache.evaluation.features import trained_classifier as classifiers
from ganache.evaluation.features.trained_classifier import Classifier, train_classifier
from ganache.evaluation.metrics.frechet import frechet_distance, moments_of
from ganache.evaluation.records import Evaluation, evaluation_from
from ganache.support.errors import UserError
from tests.data.data_files import save, write_idx


def digits() -> NDArray[np.uint8]:
    images = np.floor(load_digits().data * (255 / 16) + 0.5)
    return np.asarray(images.astype(np.uint8).reshape(-1, 8, 8, 1))


@pytest.fixture(scope="module")
def real_digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits themselves as an array."""
    path = tmp_path_factory.mktemp("digits") / "digits.npy"
    np.save(path, digits())
    return path


@pytest.fixture
def quick_classifier(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Train classifiers for a moment only, and keep them to this test."""

    def quick(dataset: PackedDataset) -> Classifier:
        return train_classifier(dataset, passes=1, least_steps=40)

    monkeypatch.setattr(classifiers, "train_classifier", quick)
    monkeypatch.setattr(classifiers, "cache_folder", lambda: tmp_path / "cache")


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
    assert found.warnings == ()


def test_a_folder_of_the_reals_is_at_no_distance_too(tmp_path: Path) -> None:
    for number, image in enumerate(digits()[:60]):
        save(tmp_path / "photos" / f"{number}.png", image[..., 0])
    found = ganache.evaluate(tmp_path / "photos", data=tmp_path / "photos", features="random", metrics=["fd"])
    assert found["fd/random"].value == pytest.approx(0.0, abs=1e-9)
    assert (
        found.warnings[1]
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


def test_no_value_depends_on_how_the_samples_are_cut(
    digits_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = ganache.load(digits_run).sample(300, seed=0)
    np.save(tmp_path / "x.npy", images)
    np.savez_compressed(tmp_path / "x.npz", images)
    for number, image in enumerate(images):
        save(tmp_path / "x" / f"{number}.png", image[..., 0])
    data, metrics = "digits", ("fd", "kd", "prdc", "support", "fd-infinity")
    wanted: dict[str, Any] = {"data": data, "features": "random", "metrics": metrics, "count": 300}
    plain = values(ganache.evaluate(tmp_path / "x.npy", **wanted))
    assert values(ganache.evaluate(tmp_path / "x.npz", **wanted)) == plain
    assert values(ganache.evaluate(tmp_path / "x", **wanted)) == plain

    whole = StoredArray.pieces

    def cut_anew(self: StoredArray, rows: int) -> Iterator[NDArray[Any]]:
        return whole(self, 7)

    seen: list[int] = []
    extract = RandomExtractor.__call__

    def counted(self: RandomExtractor, images: NDArray[Any]) -> Any:
        seen.append(len(images))
        return extract(self, images)

    monkeypatch.setattr(StoredArray, "pieces", cut_anew)
    monkeypatch.setattr(RandomExtractor, "__call__", counted)
    monkeypatch.setattr(sampling, "PIECE", 128)
    assert values(ganache.evaluate(tmp_path / "x.npy", **wanted)) == plain
    assert seen == [128, 128, 44]  # however they came


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


def test_the_reference_is_computed_once_and_by_its_fingerprint(
    real_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANACHE_CACHE", str(tmp_path))
    seen: list[int] = []
    extract = PixelExtractor.__call__

    def counted(self: PixelExtractor, images: NDArray[Any]) -> Any:
        seen.append(len(images))
        return extract(self, images)

    monkeypatch.setattr(PixelExtractor, "__call__", counted)
    said: list[str] = []
    wanted: dict[str, Any] = {"data": "digits", "features": "pixels", "metrics": ["fd", "kd"], "count": 50}
    first = ganache.evaluate(real_digits, **wanted, say=said.append)
    assert sum(seen) == 50 + 1797 + 50
    assert len(said) == 2
    seen.clear()
    again = ganache.evaluate(real_digits, **wanted, say=said.append)
    assert again == first
    assert (sum(seen), len(said)) == (50, 2)
    for path in (tmp_path / "references").iterdir():
        path.write_bytes(path.read_bytes()[:-3])
    assert ganache.evaluate(real_digits, **wanted) == first
    assert not list((tmp_path / "references").glob("*partial*"))
    seen.clear()
    for label in ("1", "5"):  # of both there are 182
        ganache.evaluate(real_digits, **{**wanted, "labels": [label], "count": 60})
    assert sum(seen) == 2 * (60 + 182 + 60)


@pytest.mark.parametrize("held", [1, 10**9])
def test_moments_are_the_same_from_kept_features_and_from_the_stream(
    held: int, real_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANACHE_CACHE", str(tmp_path))
    dataset = ganache.evaluate(real_digits, data="digits", features="pixels", metrics=["fd"], count=20)
    monkeypatch.setenv("GANACHE_CACHE", str(tmp_path / "other"))
    monkeypatch.setattr(sampling, "PIECE", 100)
    assert ganache.evaluate(real_digits, data="digits", features="pixels", metrics=["fd"], count=20) == dataset


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
def test_classes_are_those_of_the_subfolders(tmp_path: Path) -> None:
    labels = load_digits().target[:200]
    for number, (image, label) in enumerate(zip(digits()[:200], labels, strict=True)):
        save(tmp_path / "right" / str(label) / f"{number}.png", image[..., 0])
        save(tmp_path / "next" / str((label + 1) % 10) / f"{number}.png", image[..., 0])
    wanted: dict[str, Any] = {"data": "digits", "metrics": ["label-accuracy", "fd-by-class"], "features": "classifier"}
    right, wrong = (ganache.evaluate(tmp_path / name, **wanted) for name in ("right", "next"))
    dataset = open_dataset("digits")
    assert isinstance(dataset, PackedDataset)
    seen = classifiers.classifier_for(dataset).judge(digits()[:200])[1].argmax(axis=1)
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
    reals, few = found.warnings
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


def test_copies_are_found_and_shown_beside_what_they_copy(
    memorisable: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, array = memorisable
    words = ["evaluate", str(array), "--data", str(data), "--features", "pixels", "--metrics", "memorisation"]
    out = ["--json", str(tmp_path / "a.json"), "--pairs", str(tmp_path / "pairs.png")]
    assert run_command([*words, *out], monkeypatch) == 0
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

    def __init__(self, dataset: PackedDataset, cache: Path | None = None) -> None:
        assert dataset.shape.channels == 1

    def describe(self) -> dict[str, Any]:
        return {"name": "classifier", "checksum": "c" * 64}

    def __call__(self, images: NDArray[np.uint8]) -> Features:
        assert images.shape[1:] == (6, 6, 1)
        return Features(
            images.reshape(len(images), -1).astype(np.float32), np.eye(10, dtype=np.float32)[images[:, 0, 0, 0] // 10]
        )


def test_stacked_digits_have_modes_and_a_divergence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for split, labels in (("train", [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]), ("t10k", [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])):
        images = np.repeat(10 * np.array([*labels, *range(10)], np.uint8), 36).reshape(20, 6, 6)
        write_idx(tmp_path / "mnist", split, images, [*labels, *range(10)])
    monkeypatch.setenv("GANACHE_DATA", str(tmp_path))
    monkeypatch.setattr(counting, "ClassifierExtractor", FirstPixel)
    monkeypatch.setattr(counting, "classifier_for", lambda *rest: None)
    stack = open_dataset("stacked-mnist")
    drawn = stack.stream(5).batch(0, 300)
    np.save(tmp_path / "x.npy", drawn.images.transpose(0, 2, 3, 1))
    found = ganache.evaluate(tmp_path / "x.npy", data="stacked-mnist", metrics=["modes"])
    shares = np.unique(drawn.labels, return_counts=True)[1] / 300
    assert found["modes-found/classifier@300"].value == len(shares)
    divergence = float((shares * np.log(1000 * shares)).sum())
    assert found["modes-divergence/classifier@300"].value == pytest.approx(divergence)
    assert counting.published_samples(stack) == 25_600


def test_stacked_digits_are_not_judged_and_the_way_to_count_them_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, digits_run: Path
) -> None:
    for split in ("train", "t10k"):
        write_idx(tmp_path / "mnist", split, np.zeros((10, 6, 6), np.uint8), list(range(10)))
    monkeypatch.setenv("GANACHE_DATA", str(tmp_path))
    with pytest.raises(ganache.UserError, match=r"'stacked-mnist' has no end.*ganache evaluate counts its modes"):
        ganache.judge(digits_run / "generator.safetensors", data="stacked-mnist")


def test_a_subset_of_reals_and_of_samples_is_stated(real_digits: Path) -> None:
    found = ganache.evaluate(real_digits, data="digits", features="pixels", count="1k", labels=["3"], metrics=["kd"])
    assert found.reference.labels == ("3",)
    assert (found.reference.count, found.scores[0].protocol.samples, found.scores[0].protocol.reals) == (183, 183, 183)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("RUN --metrics fid", "'fid' is made of 'inception' features alone"),
        ("RUN --metrics fdd --features random", "metrics: 'fdd' is not one of fd, fd-infinity, kd"),
        ("RUN --metrics is --features random", "'is' cannot be had: 'random' features know no classes"),
        ("RUN --metrics modes --features random", "the modes of 'digits' are not known"),
        ("RUN --metrics memorisation --features random", "'digits' has no split beside the training images"),
        ("RUN --features vgg", "features: 'vgg' is not one of inception"),
        ("RUN --features random --weights w.pth", "weights: only 'inception'"),
        ("RUN --features random --count 1", "count: 1 sample has no spread"),
        ("RUN --features random --count none", "count: 'none' is not a positive number"),
        ("RUN --features random --split test", "split: 'test' is not in this data, which has train"),
        ("RUN --features random --label seven", "'seven' is not known"),
        ("RUN --features random --data ring", "data: 'ring' has images of 1x1x2, but those of"),
        ("RUN --features random --size 9x9", "has images of 9x9x1, but those of"),
        ("RUN --features random --device tpu", "auto, cpu, cuda, mps"),
        (
            "RUN --features random --metrics fd --count 50 --pairs x.png",
            "pairs: they come with the metric",
        ),
        ("DIGITS --features random", "data: what are the samples to be compared with? Name it with --data"),
        ("DIGITS --data digits --features random --count 5k", "count: 5,000 samples are more than the 1,797 of"),
        ("DIGITS --data digits --metrics label-accuracy --features pixels", "the samples' classes are not known"),
        ("nowhere --data digits", "samples: there is no 'nowhere'"),
    ],
)
def test_a_mistake_costs_one_line_and_status_two(
    words: str,
    line: str,
    digits_run: Path,
    real_digits: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def never(dataset: PackedDataset) -> Classifier:
        raise AssertionError("a classifier was trained for a command that is refused")

    monkeypatch.setattr(classifiers, "train_classifier", never)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "generator.safetensors").write_bytes((digits_run / "generator.safetensors").read_bytes())
    places = {"RUN": str(tmp_path / "generator.safetensors"), "DIGITS": str(real_digits)}
    given = [places.get(word, word) for word in words.split()]
    if given[0] == places["RUN"] and "--data" not in given:
        given += ["--data", "digits"]
    if "fid" in given:
        given += ["--features", "random"]
    assert run_command(["evaluate", *given], monkeypatch) == 2
    printed, complaint = capsys.readouterr()
    assert line in complaint
    assert complaint.count("\n") == 1
    assert printed == ""
    assert [path.name for path in tmp_path.iterdir()] == ["generator.safetensors"]


def run_command(words: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sys, "argv", ["ganache", *words])
    with pytest.raises(SystemExit) as ended:
        app.main()
    return ended.value.code


def test_the_command_prints_names_counts_and_protocol_and_keeps_the_records(
    digits_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for name in ("run.json", "recipe.json", "generator.safetensors"):
        (run / name).write_bytes((digits_run / name).read_bytes())
    words = ["evaluate", str(run), "--features", "random", "--metrics", "fd,prdc,support", "--count", "120"]
    assert run_command([*words, "--json", str(tmp_path / "a.json")], monkeypatch) == 0
    printed = capsys.readouterr().out
    for part in (
        f"judged         120 samples of {run} (generator, 640 images seen), as drawn",
        "against        digits, train: 1,797 images, fingerprint ",
        "features       random, version 2, 512 values, checksum ",
        "fd/random@120-vs-train",
        "precision/random@120-vs-train",
        "warning        ",
        "protocol       seed 0, ganache ",
        f"written        {run}/evaluation.json",
    ):
        assert part in printed, part
    assert (run / "evaluation.json").read_text() == (tmp_path / "a.json").read_text()
    found = evaluation_from(json.loads((tmp_path / "a.json").read_text()), "")
    assert found == ganache.evaluate(run, features="random", metrics=["fd", "prdc", "support"], count=120)


@pytest.mark.usefixtures("quick_classifier")
def test_one_picture_of_each_class_has_a_better_inception_score_than_a_generator(
    digits_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["inception_score.py", str(digits_run), "--out", str(tmp_path), "--count", "200"])
    inception_score.main()
    written = json.loads((tmp_path / "inception-score.json").read_text())
    collapsed, trained = (evaluation_from(written[name], name) for name in ("collapsed", "trained"))
    ours, theirs = collapsed["is/classifier"].value, trained["is/classifier"].value
    assert ours is not None
    assert theirs is not None
    assert ours > theirs
    assert collapsed["recall/classifier"].value == pytest.approx(0.0, abs=0.05)
    assert collapsed["support/classifier"].value == pytest.approx(10, abs=1)
    lines = (tmp_path / "inception-score.md").read_text().splitlines()
    assert len(lines) == 2 + len(trained.scores)
    with Image.open(tmp_path / "inception-score.png") as drawn:
        assert drawn.mode == "L"


def test_other_data_than_the_run_was_trained_on_is_a_warning(digits_run: Path, tmp_path: Path) -> None:
    for number, image in enumerate(digits()[:40]):
        save(tmp_path / "few" / f"{number}.png", image[..., 0])
    found = ganache.evaluate(digits_run, data=tmp_path / "few", features="random", metrics=["fd"], count=20)
    assert found.warnings[0].endswith(f"is not the data that {digits_run} was trained on")


def test_features_that_would_not_fit_are_refused(real_digits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "MOST_BYTES", 1000)
    with pytest.raises(UserError, match="need more than"):
        ganache.evaluate(real_digits, data="digits", features="pixels", metrics=["kd"])
    found = ganache.evaluate(real_digits, data="digits", features="pixels", count=60)
    assert any(warning.startswith("kd is left out: data: 60 reals") for warning in found.warnings)
