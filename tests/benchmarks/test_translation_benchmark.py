"""What translators are compared on is cut as it says, and the tables say what the scores do."""

import argparse
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import translation
from benchmarks.translation import Measured, Trial, emoji, rows, told, trials, turned_digits, verdicts
from ganache import recipes
from ganache.evaluation.records import Baseline, Evaluation, Protocol, ReferenceSet, SampleSet, Score
from ganache.recipes.settings import with_settings
from tests.data.data_files import write_idx


def a_score(name: str, value: float) -> Score:
    metric = name.partition("/")[0]
    better = "higher" if metric == "label-accuracy" else "lower"
    protocol = Protocol(metric=metric, samples=5)
    return Score(name=f"{name}@5", value=value, better=better, protocol=protocol, seed=0, versions={})


def found(trial: str, direction: str = "a-to-b", **values: float) -> Measured:
    samples = SampleSet(source="run", kind="translator", count=5, seed=0, size="8x8x1")
    reference = ReferenceSet(source="data", split="test", fingerprint="f")
    beside = (
        Baseline(name="identity", scores=(a_score("l1", 0.4), a_score("fd/random", 9.0))),
        Baseline(name="mean picture", scores=(a_score("l1", 0.2), a_score("fd/random", 30.0))),
    )
    scores = tuple(a_score(name.replace("__", "/").replace("_", "-"), value) for name, value in values.items())
    evaluation = Evaluation(samples=samples, reference=reference, scores=scores, baselines=beside)
    return Measured(trial, direction, 1_000, 60.0, evaluation)


def test_a_pair_is_of_one_split_and_flags_are_in_none(tmp_path: Path) -> None:
    content = io.BytesIO()
    Image.new("RGB", (4, 4)).save(content, format="PNG")
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        for name in [*(f"B/{number}.png" for number in (6, 5, 4, 3, 2, 1)), "B/1f1e9.png", "B/9.png"]:
            archive.writestr(name, content.getvalue())
        for name in [*(f"A/{number}.png" for number in range(1, 7)), "A/1f1e9.png", "A/8.png"]:
            archive.writestr(name, content.getvalue())
    with zipfile.ZipFile(emoji(tmp_path, tmp_path / "pictures.zip")) as archive:
        names = sorted(archive.namelist())
    split = {str(number): "test" if number in (1, 6) else "train" for number in range(1, 7)}
    assert names == sorted(f"{split[number]}/{side}/{number}.png" for side in "AB" for number in split)


def test_turned_digits_are_others_in_training_and_the_same_in_the_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    for split, count in (("train", 8), ("t10k", 3)):
        images = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        write_idx(tmp_path / "mnist", split, images, [number % 10 for number in range(count)])
    monkeypatch.setenv("GANACHE_DATA", str(tmp_path))
    first, second = (np.load(path) for path in turned_digits(tmp_path / "work"))
    assert (first["x_train"].shape, second["x_train"].shape) == ((4, 28, 28), (4, 28, 28))
    assert (first["y_train"].tolist(), second["y_train"].tolist()) == ([0, 1, 2, 3], [4, 5, 6, 7])
    assert np.array_equal(255 - np.rot90(first["x_test"][1]), second["x_test"][1])
    assert np.array_equal(first["y_test"], second["y_test"])


def test_the_trials_are_recipes_with_settings_that_they_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translation, "emoji", lambda work, pictures: work / "emoji.zip")
    monkeypatch.setattr(translation, "turned_digits", lambda work, most: (work / "a.npz", work / "b.npz"))
    options = argparse.Namespace(quick=True, pictures=None, larger=None, unpaired=["cyclegan", "cut"])
    made = [trial for task in translation.TASKS for trial in trials(task, tmp_path, options)]
    digits = ["cyclegan", "cut", "cyclegan told"]
    assert [trial.name for trial in made] == ["pix2pix", "cyclegan", "cut", *digits, "esrgan", "L1 alone"]
    for trial in made:
        with_settings(recipes.find(trial.recipe), [*trial.settings])
    assert Trial("x", "cyclegan", {}).ways == ("a-to-b", "b-to-a")
    assert Trial("x", "cut", {}).ways == ("a-to-b",)


def test_the_tables_have_a_column_for_each_translator_and_for_doing_nothing() -> None:
    one, other = found("pix2pix", l1=0.1, fd__random=18.0), found("cyclegan", l1=0.3)
    head, *lines = rows([one, other, found("cyclegan", "b-to-a", l1=0.5)], "a-to-b")
    assert head == ("score", "pix2pix", "cyclegan", "identity", "mean picture", "better")
    assert lines == [("l1@5", "0.1", "0.3", "0.4", "0.2", "lower"), ("fd/random@5", "18", "", "9", "30", "lower")]


def test_the_sentences_are_about_the_better_baseline_the_classes_and_the_signal() -> None:
    said = list(verdicts("emoji", [found("pix2pix", l1=0.1, fd__random=18.0)]))
    assert said[0] == "pix2pix, a-to-b: l1 is 0.50 times that of the best that does nothing"
    assert said[1] == "pix2pix, a-to-b: fd/random is 2.00 times that of the best that does nothing"
    [kept] = verdicts("digits", [found("cyclegan", label_accuracy__classifier=0.912)])
    assert kept == "cyclegan, a-to-b: 91.2% of the translations keep their class"
    [louder] = verdicts("larger", [found("esrgan", psnr=20.0), found("L1 alone", psnr=20.75)])
    assert louder == "esrgan: -0.75 dB beside L1 alone"
    assert "pix2pix: 1,000 images, 1m" in told("emoji", [found("pix2pix", l1=0.1)])
