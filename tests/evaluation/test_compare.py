"""Comparisons: values where protocols match, the fields that differ where they do not, pictures side by side."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganache
from ganache.drawing.grids import for_display
from ganache.evaluation.compare import Comparison, compare, evaluation_at, picture, short_names
from ganache.evaluation.records import Score
from ganache.evaluation.side_by_side import panels
from ganache.support.errors import UserError
from ganache.support.json_files import write_json
from tests.commands import run_command
from tests.evaluation.test_records import evaluation, protocol, score


def written(folder: Path, name: str, *scores: Score) -> Path:
    write_json(folder / name, evaluation(*scores).to_json())
    return folder / name


def compared(folder: Path, *scores: Score) -> Comparison:
    return compare([written(folder, f"{number}.json", one) for number, one in enumerate(scores)])


def test_equal_protocols_are_compared_whatever_seed_and_versions(tmp_path: Path) -> None:
    first = score(value=10.0, uncertainty=0.3, uncertainty_kind="standard error")
    second = score(value=12.0, uncertainty=0.4, uncertainty_kind="standard error", seed=9, versions={"torch": "9"})
    (row,) = compared(tmp_path, first, second).rows
    assert (row.family, row.differs) == ("fd/random", ())
    assert row.verdict == "0.json (lower is better)"
    assert compared(tmp_path, second, first).rows[0].verdict == "1.json (lower is better)"


def test_a_difference_within_two_standard_errors_is_none(tmp_path: Path) -> None:
    first = score(value=10.0, uncertainty=0.3, uncertainty_kind="standard error")
    within, beyond = (first.model_copy(update={"value": value, "uncertainty": 0.4}) for value in (10.99, 11.01))
    assert compared(tmp_path, first, within).rows[0].verdict == "no clear difference"
    assert compared(tmp_path, first, beyond).rows[0].verdict == "0.json (lower is better)"
    assert compared(tmp_path, first, first).rows[0].verdict == "equal"


def test_without_standard_errors_the_order_is_given_with_a_doubt(tmp_path: Path) -> None:
    first, second = score(value=0.5, better="higher"), score(value=0.7, better="higher")
    assert compared(tmp_path, first, second).rows[0].verdict == "1.json (higher is better; how sure, is not known)"
    spread = {"uncertainty": 0.1, "uncertainty_kind": "standard deviation over 10 splits"}
    spreads = [one.model_copy(update=spread) for one in (first, second)]
    assert "how sure, is not known" in compared(tmp_path, *spreads).rows[0].verdict


def test_different_protocols_are_refused_with_the_fields_named(tmp_path: Path) -> None:
    other = score(name="fd/random@2k-vs-train", value=1.0, protocol=protocol(samples=2_000, settings={"k": 3}))
    (row,) = compared(tmp_path, score(), other).rows
    assert row.verdict == "not comparable"
    assert row.differs == (
        "samples: 10000 → 2000 (0.json → 1.json)",
        "settings.k: nothing → 3 (0.json → 1.json)",
    )
    (row,) = compared(tmp_path, score(value=2.0), other, score(value=1.0)).rows
    assert row.verdict == "2.json (lower is better; how sure, is not known); not comparable: 1.json"
    assert row.differs[0] == "samples: 10000 → 2000 (0.json → 1.json)"


def test_what_only_one_has_is_shown_and_not_compared(tmp_path: Path) -> None:
    precision = score(name="precision/random@10k-vs-train", value=0.5)
    paths = [written(tmp_path, "a.json", score(), precision), written(tmp_path, "b.json", score())]
    rows = {row.family: row for row in compare(paths).rows}
    assert rows["precision/random"].scores == (precision, None)
    assert rows["precision/random"].verdict == "measured of a.json alone"


def test_three_are_ranked_and_their_names_are_told_apart(tmp_path: Path) -> None:
    found = compared(tmp_path, score(value=3.0), score(value=1.0), score(value=2.0))
    assert found.rows[0].verdict.startswith("1.json (lower is better")
    assert short_names(["runs/a/1.json", "runs/b/1.json", "c"]) == ("a/1.json", "b/1.json", "c")
    assert short_names(["a", "a"]) == ("a", "a")


def test_the_json_holds_everything(tmp_path: Path) -> None:
    found = compared(tmp_path, score(value=3.0), score(value=1.0))
    tree = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert tree["names"] == ["0.json", "1.json"]
    assert tree["rows"][0]["values"] == [3.0, 1.0]
    assert tree["rows"][0]["comparable"] is True
    assert tree["evaluations"][1]["scores"][0]["value"] == 1.0


def test_mistakes_are_named(tmp_path: Path, digits_run: Path) -> None:
    path = written(tmp_path, "a.json", score())
    with pytest.raises(UserError, match="name at least two"):
        compare([path])
    with pytest.raises(UserError, match="compare: there is no 'nowhere'"):
        compare([path, "nowhere"])
    with pytest.raises(UserError, match="was never evaluated; do so with: ganache evaluate"):
        compare([path, digits_run])
    with pytest.raises(UserError, match="is not a run"):
        compare([path, tmp_path])
    with pytest.raises(UserError, match="none was named"):
        picture([path, path])


@pytest.fixture
def two_runs(digits_run: Path, tmp_path: Path) -> list[Path]:
    """Two runs of the same generator: one evaluated during training, one afterwards as well."""
    runs = []
    for name in ("first", "second"):
        run = tmp_path / name
        run.mkdir()
        for file in ("run.json", "recipe.json", "generator.safetensors"):
            (run / file).write_bytes((digits_run / file).read_bytes())
        lines = [{"images_seen": 10 * n, "evaluation": evaluation(score(value=float(n))).to_json()} for n in (1, 2)]
        (run / "evaluations.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        runs.append(run)
    write_json(runs[1] / "evaluation.json", evaluation(score(value=7.0)).to_json())
    return runs


def test_a_run_stands_for_its_last_evaluation(two_runs: list[Path]) -> None:
    assert [evaluation_at(run)["fd/random"].value for run in two_runs] == [2.0, 7.0]


def test_the_command_prints_a_table_and_draws_the_runs_beside_reals(two_runs: list[Path], tmp_path: Path) -> None:
    other = written(tmp_path, "a.json", score(value=1.0, protocol=protocol(samples=2_000)))
    out, json_out = tmp_path / "compare.png", tmp_path / "compare.json"
    lines = run_command("compare", *two_runs, other, "--out", out, "--json", json_out).output.splitlines()
    assert lines[0].split() == ["score", "first", "second", "a.json", "better"]
    assert lines[1].split()[:4] == ["fd/random", "2", "7", "1"]
    assert lines[1].endswith("first (lower is better; how sure, is not known); not comparable: a.json")
    assert lines[2] == "differs        samples: 10000 → 2000 (first → a.json): fd/random"
    assert json.loads(json_out.read_text())["names"] == ["first", "second", "a.json"]
    with Image.open(out) as drawn:
        cells = np.asarray(drawn)
    # Three panels of 8×8 cells of 8×8 pixels, enlarged 8 times (496 + 7 gaps are below 512 with a factor of 7).
    side = 8 * 8 * 8 + 7 * 2
    assert cells.shape == (side + 16 + 2 * 8, 3 * (side + 8) + 8, 3)
    first, second = (cells[24 : 24 + side, left : left + side] for left in (8 + side + 8, 8 + 2 * (side + 8)))
    assert np.array_equal(first, second)
    names = tuple(str(digit) for digit in range(10))
    images = ganache.load(two_runs[0]).sample(64, 0, names)
    assert np.array_equal(first[:64, :64, 0], images[0, ..., 0].repeat(8, 0).repeat(8, 1))


def test_a_mistake_costs_one_line(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", score())
    (tmp_path / "b.json").write_text("{}")
    for words, line in (
        (("compare", path), "name at least two"),
        (("compare", path, tmp_path / "b.json"), "b.json holds no evaluation: samples"),
        (("compare", path, path, "--out", tmp_path / "x.png"), "none was named"),
    ):
        ended = run_command(*words)
        assert ended.status == 2
        assert line in ended.complaints
        assert ended.complaints.count("\n") == 1


def test_points_lie_over_the_reals_and_long_titles_lose_their_beginning() -> None:
    points = np.zeros((5, 1, 1, 2), np.float32)
    drawn = panels([("reals", for_display(points)), ("x" * 200, for_display(points))])
    assert drawn.size == (2 * (512 + 8) + 8, 512 + 16 + 2 * 8)
