"""From a table to a table: training, drawing, scores, and what rows are refused."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ganache
from ganache import UserError
from ganache.drawing import sampling
from ganache.drawing.sampling import interpolate_to, sample_to
from ganache.recipes import find
from ganache.runs.folder import Run
from ganache.runs.products import load
from ganache.training.observers.sample_sheet import POINTS, SampleSheet
from ganache.training.plan import Request, make_plan
from tests.commands import run_command

SMALL = ("generator.widths=[8]", "discriminator.widths=[8]", "batch_size=32", "conditional=true")
READING: dict[str, Any] = {"label_column": "kind", "hold_out": 0.25}
HEADER = ["age", "kind", "city", "height"]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "people.csv"
    random = np.random.default_rng(0)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for _ in range(400):
            age = int(random.integers(18, 90))
            city = ["Bern", "Zürich", "Genf"][random.integers(3)]
            writer.writerow([age, "old" if age > 50 else "young", city, round(float(random.normal(1.7, 0.1)), 2)])
    return path


@pytest.fixture(scope="module")
def run(table: Path) -> Path:
    out = table.parent / "run"
    ganache.train(data=table, out=out, images=640, settings=SMALL, **READING, evaluate_every=320)
    return out


def rows_in(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_a_run_of_rows_has_all_that_a_run_has(run: Path) -> None:
    assert json.loads((run / "recipe.json").read_text())["name"] == "mlp-rows"
    record = json.loads((run / "run.json").read_text())
    assert record["outcome"] == "finished"
    assert record["source"]["rows"] == {"label_column": "kind", "hold_out": 0.25}
    assert [column["name"] for column in record["data"]["columns"]] == ["age", "city", "height"]
    assert all((run / name).is_file() for name in ("report.html", "progress.webp", "curves.png", "best.safetensors"))
    (*_, last) = (run / "evaluations.jsonl").read_text().splitlines()
    names = [score["name"] for score in json.loads(last)["evaluation"]["scores"]]
    assert names[0].startswith("fd/values@")


def test_its_rows_are_a_table_with_the_columns_and_types_of_the_first(run: Path, tmp_path: Path) -> None:
    sample_to(run, str(tmp_path / "rows.csv"), count=100, seed=3)
    header, *rows = rows_in(tmp_path / "rows.csv")
    assert (header, len(rows)) == (HEADER, 100)
    assert {city for _, _, city, _ in rows} <= {"Bern", "Zürich", "Genf"}
    assert {kind for _, kind, _, _ in rows} == {"old", "young"}
    assert all(18 <= int(age) <= 89 for age, _, _, _ in rows)
    assert all(len(height.partition(".")[2]) <= 2 and 1 < float(height) < 2.5 for _, _, _, height in rows)


def test_a_row_is_a_function_of_seed_and_number(run: Path, tmp_path: Path) -> None:
    sample_to(run, str(tmp_path / "many.csv"), count=100, seed=3)
    sample_to(run, str(tmp_path / "few.csv"), count=70, seed=3)
    assert rows_in(tmp_path / "few.csv") == rows_in(tmp_path / "many.csv")[:71]
    sample_to(run, str(tmp_path / "old.csv"), count=3, labels=("old",))
    assert [kind for _, kind, _, _ in rows_in(tmp_path / "old.csv")[1:]] == ["old"] * 3


def test_no_data_is_needed_to_draw(run: Path, tmp_path: Path) -> None:
    (tmp_path / "g.safetensors").write_bytes((run / "generator.safetensors").read_bytes())
    generator = load(tmp_path / "g.safetensors")
    assert generator.shape.table is not None
    drawn = generator.sample(5)
    assert (drawn.shape, str(drawn.dtype)) == ((5, 1, 1, 5), "float32")
    assert set(np.unique(drawn[..., 1:4])) == {-1.0, 1.0}  # cities, one-hot
    np.testing.assert_array_equal(generator.shape.settled(drawn), drawn)


def test_sheets_show_classes_as_often_as_the_table_has_them(table: Path, tmp_path: Path) -> None:
    few = table.parent / "few.csv"
    few.write_text("x,kind\n" + "1,often\n" * 9 + "2,rarely\n")
    plan = make_plan(Request(data=str(few), settings=SMALL, label_column="kind"))
    sheet = SampleSheet(Run(tmp_path), plan.data, plan.build())
    assert len(sheet._asked) == POINTS
    assert sheet._asked.count("rarely") == POINTS / 10


def test_another_run_begins_with_its_weights_where_the_columns_are_the_same(
    run: Path, table: Path, tmp_path: Path
) -> None:
    ganache.train(data=table, out=tmp_path / "next", images=32, start=run, **READING)
    assert json.loads((tmp_path / "next" / "run.json").read_text())["start"]["images_seen"] == 640
    with pytest.raises(UserError, match="know other values than these data have: columns, their categories"):
        ganache.train(data=table, out=tmp_path / "other", images=32, start=run, numbers="standard", **READING)
    with pytest.raises(UserError, match="know other values"):
        ganache.train(data="ring", out=tmp_path / "ring", images=32, start=run, settings=("conditional=false",))


def test_scores_of_rows(run: Path) -> None:
    found = ganache.evaluate(run)
    scores = {score.family: score for score in found.scores}
    assert {"fd/values", "column-means", "column-deviations", "category-shares", "memorisation/values"} <= set(scores)
    assert "column-correlations/values" in scores
    assert set(scores["column-means"].details["worst"]) == {"age", "height"}
    assert set(scores["category-shares"].details["worst"]) == {"city"}
    assert found.samples.count == found.reference.count


def test_a_table_of_samples_is_judged_as_the_generator_is(run: Path, table: Path, tmp_path: Path) -> None:
    sample_to(run, str(tmp_path / "rows.csv"), count=200, seed=1, labels=("old", "young"))
    asked: dict[str, Any] = {"metrics": ("columns",), "count": 200, "data": table}
    judged = ganache.evaluate(tmp_path / "rows.csv", **asked)
    assert judged.samples.kind == "table"
    assert {score.family for score in judged.scores} >= {"column-means", "category-shares"}
    same = ganache.evaluate(table, metrics=("columns", "fd"), data=table, count=400)
    assert all(score.value == pytest.approx(0, abs=1e-9) for score in same.scores)


def test_a_resumed_run_ends_in_the_same_bits(run: Path, table: Path) -> None:
    out = table.parent / "resumed"
    whole = '{"kind": "Cosine", "start": 1e-3, "end": 2e-5, "until": 640}'  # of the longer one, whose rates it has
    rates = [f"optimizers.{player}.learning_rate={whole}" for player in ("generator", "discriminator")]
    ganache.train(data=table, out=out, images=320, settings=[*SMALL, *rates], **READING, evaluate_every=320)
    ganache.resume(out, images=640)
    first, second = (load(folder).network.state_dict() for folder in (run, out))
    assert all((first[name] == second[name]).all() for name in first)


@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_numbers_alone_are_an_array_again(tmp_path: Path, suffix: str) -> None:
    rows = np.arange(120, dtype=np.int16).reshape(40, 3)
    np.savez(tmp_path / "t.npz", X=rows, y=np.arange(40) % 2)
    ganache.train(data=tmp_path / "t.npz", out=tmp_path / "run", images=32, settings=SMALL)
    out = tmp_path / f"rows.{suffix}"
    sample_to(tmp_path / "run", str(out), count=70)
    found = np.load(out)
    drawn = found["X"] if suffix == "npz" else found
    assert (drawn.shape, str(drawn.dtype)) == ((70, 3), "float64")
    np.testing.assert_array_equal(drawn, drawn.round())
    if suffix == "npz":
        assert set(found["y"]) == {0, 1}


@pytest.mark.parametrize("name", ["dcgan", "lsgan", "r3gan", "sngan", "stylegan2", "progan", "fastgan"])
def test_what_convolves_pictures_refuses_rows_in_a_line(table: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=f"recipe: '{name}' convolves pictures, and the columns of a row") as raised:
        ganache.train(find(name), data=table, out=tmp_path / "run", images=64)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"mirror": True}, "mirror: .* has no pictures"),
        ({"settings": ["augment=DiffAugment"]}, "DiffAugment is for pictures, and these data are rows"),
        ({"size": 8}, "size: it is for pictures"),
        ({"recipe": "pix2pix"}, "has no pictures that could be translated"),
        ({"settings": ["conditional=true"]}, "conditional: "),
    ],
)
def test_what_rows_have_not(table: Path, tmp_path: Path, asked: dict[str, Any], complaint: str) -> None:
    size = {"size": (8, 8)} if "size" in asked else {}
    with pytest.raises(UserError, match=complaint):
        ganache.train(data=table, out=tmp_path / "run", images=64, **{**asked, **size})


def test_rows_are_no_pictures(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="rows cannot be a folder of pictures"):
        sample_to(run, str(tmp_path / "folder"), count=3)
    with pytest.raises(UserError, match="the column 'city' holds categories, which no array has"):
        sample_to(run, str(tmp_path / "rows.npy"), count=3)
    monkeypatch.setattr(sampling, "MOST_SHOWN", 100 * 5 * 4)
    with pytest.raises(UserError, match="101 rows are too many for one picture"):
        sample_to(run, str(tmp_path / "rows.png"), count=101)
    with pytest.raises(UserError, match="count: 10,000,000,000,000,000 of them need"):
        sample_to(run, str(tmp_path / "rows.csv"), count=10**16)
    with pytest.raises(UserError, match="there is no walk to be seen"):
        interpolate_to(run, str(tmp_path / "walk.webp"), frames=3)
    sample_to(run, str(tmp_path / "rows.png"), count=30)
    assert (tmp_path / "rows.png").is_file()


def test_pictures_are_no_rows(digits_run: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a table .* is of rows, and this generator draws none"):
        sample_to(digits_run, str(tmp_path / "rows.csv"), count=3)


def test_the_command_says_what_the_columns_hold(table: Path) -> None:
    words = ("--label-column", "kind", "--hold-out", 0.25, "--dry-run")
    status, text, _ = run_command("train", "--data", table, *words)
    assert status == 0
    assert "400 rows of 3 columns, 5 values" in text
    assert "column         city: 3 categories: " in text
    assert "chosen for     rows: the columns of a row are no neighbours" in text
