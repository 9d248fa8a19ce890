"""`ganache evaluate` as a user meets it: one table, or one line that says why not."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from PIL import Image

import ganache
from benchmarks import inception_score
from ganache.evaluation.records import evaluation_from
from tests.commands import run_command


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


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
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GANACHE_CACHE", str(cache))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "generator.safetensors").write_bytes((digits_run / "generator.safetensors").read_bytes())
    places = {"RUN": str(tmp_path / "generator.safetensors"), "DIGITS": str(real_digits)}
    given = [places.get(word, word) for word in words.split()]
    if given[0] == places["RUN"] and "--data" not in given:
        given += ["--data", "digits"]
    if "fid" in given:
        given += ["--features", "random"]
    ended = run_command("evaluate", *given)
    assert (ended.status, ended.output) == (2, "")
    assert line in ended.complaints
    assert ended.complaints.count("\n") == 1
    assert not (cache / "classifiers").exists()  # none was trained for a command that is refused
    assert [path.name for path in tmp_path.iterdir()] == ["generator.safetensors"]


def test_the_command_prints_names_counts_and_protocol_and_keeps_the_records(digits_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for name in ("run.json", "recipe.json", "generator.safetensors"):
        (run / name).write_bytes((digits_run / name).read_bytes())
    words = ["evaluate", str(run), "--features", "random", "--metrics", "fd,prdc,support", "--count", "120"]
    printed = run_command(*words, "--json", tmp_path / "a.json").output
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


def test_scores_are_kept_where_no_pairs_can_be_had(digits_run: Path, tmp_path: Path) -> None:
    """They were minutes of work, and lost."""
    run = shutil.copytree(digits_run, tmp_path / "run")  # where the scores are kept too
    words = ("evaluate", run, "--features", "random", "--count", "120", "--json", tmp_path / "a.json")
    ended = run_command(*words, "--pairs", tmp_path / "p.png")
    assert (ended.status, "pairs: they come with the metric" in ended.complaints) == (2, True)
    assert evaluation_from(json.loads((tmp_path / "a.json").read_text()), "")["fd/random"].value is not None
    assert not (tmp_path / "p.png").exists()


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
