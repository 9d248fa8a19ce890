"""Groups among samples: a thinned one is found with its interval, an even set raises no alarm, a table names others."""

import math
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_digits

import ganache
from ganache.data import open_dataset
from ganache.data.sources.group_files import grouped
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.asked import Asked
from ganache.evaluation.features.trained_classifier import keep_classifier, train_classifier
from ganache.evaluation.metrics.certainty import Certainty
from ganache.support.errors import UserError
from ganache.uses.fairness import auditing
from ganache.uses.fairness.auditing import audit, strange
from ganache.uses.fairness.fairness_record import Fairness, read_fairness
from tests.commands import run_command
from tests.evaluation.digits import digits

CLASSES = load_digits().target
THINNED = 3


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of this module with a classifier that reads nearly all digits rightly."""
    place = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GANACHE_CACHE", str(place))
        dataset = open_dataset("digits")
        assert isinstance(dataset, PackedDataset)
        keep_classifier(train_classifier(dataset, passes=1, least_steps=60), dataset, place)
        yield place


@pytest.fixture(scope="module")
def thinned(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits as samples, of the threes but a twentieth."""
    rows = np.concatenate([np.flatnonzero(CLASSES != THINNED), np.flatnonzero(CLASSES == THINNED)[:9]])
    return saved(tmp_path_factory.mktemp("samples") / "thinned.npy", digits()[rows])


@pytest.fixture(scope="module")
def found(thinned: Path) -> Fairness:
    return audit(Asked(samples=str(thinned), data="digits"))


def saved(path: Path, images: NDArray[np.uint8]) -> Path:
    np.save(path, images)
    return path


def test_from_python_the_record_is_the_same_of_arrays_too(found: Fairness, thinned: Path, cache: Path) -> None:
    assert ganache.fairness(str(thinned), data="digits") == found
    (draw,) = ganache.fairness(np.load(thinned), data="digits", seed=0, count=500).draws
    assert len(draw.rows) == 10
    with pytest.raises(UserError, match="groups"):
        ganache.fairness(thinned, data="digits", groups=thinned.with_name("none.csv"))
    with pytest.raises(UserError, match=r"^range: 'dark' is not LOW:HIGH"):
        ganache.fairness(thinned, data="digits", value_range="dark")


def test_a_thinned_group_is_found_with_its_interval(found: Fairness) -> None:
    (draw,) = found.draws
    assert [row.name for row in draw.of("lost", "thinned")] == [str(THINNED)]
    row = draw.rows[THINNED]
    assert row.low <= 9 / 1623 <= row.high < row.expected == pytest.approx(183 / 1797)
    assert found.sentences[0].startswith(f"“3” is {row.verdict}: ")
    assert "10.2% of the data" in found.sentences[0]
    assert found.statements == 10
    assert sum(found.held_out.values()) == 179


def test_its_reals_are_no_longer_reached_and_others_are(found: Fairness) -> None:
    rows = {row.name: row for row in found.draws[0].rows}
    assert min(rows, key=lambda name: rows[name].coverage or 0.0) == str(THINNED)
    assert rows["3"].reals >= 50
    assert (rows["3"].coverage or 0.0) < 0.5 < (rows["0"].coverage or 0.0)
    assert rows["3"].distance is None  # there are too few for it


def test_reals_themselves_raise_no_alarm(cache: Path, tmp_path: Path) -> None:
    found = audit(Asked(samples=str(saved(tmp_path / "digits.npy", digits())), data="digits", count=800, seed=5))
    assert not found.draws[0].of("lost", "thinned", "grown")
    assert found.sentences[0].startswith("No group is lost or thinned, as far as 800 samples tell: “")
    assert " would have been found below " in found.sentences[0]


def test_every_score_has_a_protocol_and_the_record_is_read_as_it_was_written(found: Fairness, tmp_path: Path) -> None:
    evaluation = found.draws[0].evaluation
    shares = evaluation["group-shares/classifier"]
    assert shares.details["group"] == str(THINNED)
    assert shares.protocol.settings["deviations"] == pytest.approx(3.2905, abs=1e-4)  # 1 - 0.005 / 10 of the normal
    assert evaluation["group-recall/classifier"].protocol.settings["compared"] == 898
    path = tmp_path / "fairness.json"
    path.write_text(found.model_dump_json())
    assert read_fairness(path) == found
    path.write_text(path.read_text().replace('"thinned"', '"fine"').replace('"lost"', '"fine"'))
    with pytest.raises(UserError, match="holds no record of fairness"):
        read_fairness(path)


def test_the_command_prints_tables_and_sentences_and_keeps_the_record(
    cache: Path, digits_run: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for name in ("run.json", "recipe.json", "generator.safetensors"):
        (run / name).write_bytes((digits_run / name).read_bytes())
    ended = run_command("fairness", run, "--count", 200, "--truncation", "1,0.5")
    assert ended.status == 0, ended.complaints
    for part in (
        "truncation 1; expected is the share among the reals (train)",
        "truncation 0.5; expected is",
        "truncation 1, balanced; expected is equal shares",
        "At truncation 0.5 ",
        "Balanced, “",
        f"written        {run}/fairness.json",
        f"model card     {run}/MODEL_CARD.md",
    ):
        assert part in ended.output, part
    assert "Groups are the classes of the data. 200 samples in each of 3 ways" in (run / "MODEL_CARD.md").read_text()
    kept = read_fairness(run / "fairness.json")
    assert [draw.truncation for draw in kept.draws] == [1.0, 0.5, 1.0]
    assert kept.statements == 30
    assert kept.draws[1].evaluation.scores[0].protocol.settings["truncation"] == 0.5
    assert {row.expected for row in kept.draws[2].rows} == {0.1}


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--truncation", "1"), "truncation: it is for generators, and these samples were given"),
        (("--truncation", "half"), "truncation: 'half' is no list of numbers such as 1,0.7,0.5"),
        (("--groups", "GROUPS"), "tells of 1, and 'digits' needs two or more"),
        (("--groups", "none.csv"), "groups: 'none.csv' cannot be read: "),
        (("--data", "ring"), "data: 'ring' has images of 1x1x2"),
        (("--count", "9k"), "more than the 1,623"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_line(
    words: tuple[str, ...], line: str, thinned: Path, tmp_path: Path
) -> None:
    table = tmp_path / "groups.csv"
    table.write_text("name,group\ntrain/0,all\n")
    given = [str(table) if word == "GROUPS" else word for word in words]
    ended = run_command("fairness", thinned, *([] if "--data" in given else ["--data", "digits"]), *given)
    assert (ended.status, ended.output) == (2, "")
    assert line in ended.complaints
    assert ended.complaints.count("\n") == 1


@pytest.mark.parametrize(
    ("truncations", "line"),
    [
        ((1.0, 5.0), "truncation: 5 is not between 0 and 1; 1 draws all that it learnt"),
        ((-0.1,), "truncation: -0.1 is not between 0 and 1; 1 draws all that it learnt"),
        ((math.nan,), "truncation: nan is not between 0 and 1; 1 draws all that it learnt"),
        ((0.5,) * 9, "truncation: 9 of them are more than 8"),
    ],
)
def test_truncations_are_refused_before_a_classifier_is_trained(
    truncations: tuple[float, ...], line: str, digits_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "find", lambda *given, **named: pytest.fail("a classifier is looked for"))
    with pytest.raises(UserError, match=f"^{line}$"):
        audit(Asked(samples=str(digits_run)), truncations=truncations)


def test_samples_drawn_in_equal_numbers_are_the_classes_in_turn(digits_run: Path, tmp_path: Path) -> None:
    everyone = [word for name in range(10) for word in ("--label", name)]
    for name, words in (("a", ["--balance"]), ("b", everyone)):
        assert run_command("sample", digits_run, "--count", 20, "--out", tmp_path / f"{name}.npy", *words).status == 0
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()
    assert np.load(tmp_path / "a.npy").shape == (20, 8, 8, 1)


def test_groups_are_named_by_a_table_whatever_the_classes(cache: Path, thinned: Path, tmp_path: Path) -> None:
    """Odd and even digits: without most threes there are fewer odd ones."""
    table = tmp_path / "parity.csv"
    lines = [f"train/{row},{'odd' if digit % 2 else 'even'}" for row, digit in enumerate(CLASSES)]
    table.write_text("\n".join(["name,group", *lines]))
    dataset = open_dataset("digits")
    assert isinstance(dataset, PackedDataset)
    by_parity, _ = grouped(dataset, table)
    keep_classifier(train_classifier(by_parity, passes=1, least_steps=30), by_parity, cache)
    found = audit(Asked(samples=str(thinned), data="digits"), table)
    names = [row.name for row in found.draws[0].rows]
    assert names == ["even", "odd"]
    assert found.draws[0].rows[0].expected == pytest.approx(np.mean(CLASSES % 2 == 0))
    assert found.group_file is not None
    assert found.grouping.startswith("from parity.csv, by path")


def test_samples_of_which_nobody_knows_what_they_are_are_told() -> None:
    sure, unsure = np.log([[0.8, 0.1, 0.1]] * 9), np.log([[0.2, 0.35, 0.45]])
    samples, reals = Certainty(3), Certainty(3)
    samples.add(np.zeros(0), np.concatenate([sure, unsure]).astype(np.float32))
    reals.add(np.zeros(0), sure.astype(np.float32))
    assert list(strange(samples, reals, [0, 1])) == [
        "of 10.0% of the samples the classifier is not even half sure (reals 0.0%); of which group they are is a guess",
        "10.0% of the samples are read as groups that are not among the reals",
    ]
    assert list(strange(reals, reals, [0])) == []


def test_the_page_names_options_that_there_are() -> None:
    page = (Path(__file__).parents[3] / "docs" / "fairness.md").read_text(encoding="utf-8")
    known: set[str] = set()
    for name in ("fairness", "sample", "card"):
        known |= set(re.findall(r"--[\w-]+", run_command(name, "--help").output))
    assert set(re.findall(r"(?<=`)--[a-z-]+|(?<= )--[a-z-]+", page)) <= known
