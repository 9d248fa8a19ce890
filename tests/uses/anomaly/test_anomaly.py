"""Detectors with real networks, small ones, as a user fits and uses them."""

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganache.data import pack
from ganache.data.store.packed import PackedDataset
from ganache.runs.folder import Run
from ganache.training.plan import Request
from ganache.uses.anomaly.detector import DETECTOR, Detector
from ganache.uses.anomaly.normals import Normals, keep, opened
from tests.commands import Ended, run_command, table

pytest.importorskip("sklearn", reason="the baselines are scikit-learn's")

SMALL = ("--images", "640", "--set", "generator.width=8", "--set", "discriminator.width=8", "--precision", "fp32")
SMALL_ROWS = ("--images", "2048", "--set", "generator.widths=[16]", "--set", "discriminator.widths=[16]")


def bars(count: int, upright: bool, random: np.random.Generator) -> np.ndarray:
    """Pictures of one bar each, upright or lying, somewhere."""
    images = random.integers(0, 40, (count, 8, 8, 1), dtype=np.uint8)
    for image, place in zip(images, random.integers(1, 7, count), strict=True):
        image[:, place] = 230
    return images if upright else images.transpose(0, 2, 1, 3)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with bars.npz, in which some of the tested lie, and rows.csv, of which some lie far away."""
    folder, random = tmp_path_factory.mktemp("anomaly"), np.random.default_rng(0)
    tested = np.concatenate([bars(40, True, random), bars(20, False, random)])
    kinds = np.array(["upright"] * 40 + ["lying"] * 20)
    learnt = np.concatenate([bars(200, True, random), bars(10, False, random)])
    np.savez(
        folder / "bars.npz",
        train_images=learnt,
        train_labels=np.array(["upright"] * 200 + ["lying"] * 10),
        test_images=tested,
        test_labels=kinds,
    )
    for number, image in enumerate(tested[[0, 1, 50, 51]]):
        path = folder / "pictures" / ("upright" if number < 2 else "lying") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0]).save(path)
    with (folder / "rows.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["width", "colour", "sort", "split"])
        for split, count in (("train", 300), ("test", 60)):
            for number in range(count):
                is_odd = split == "test" and number % 3 == 0
                width, colour = (
                    random.normal(9.0 if is_odd else 2.0),
                    "blue" if is_odd else random.choice(["red", "grey"]),
                )
                writer.writerow([f"{width:.3f}", colour, "odd" if is_odd else "good", split])
    return folder


@pytest.fixture(scope="module")
def fitted(place: Path) -> tuple[Path, Ended]:
    """A detector of upright bars, and what its command said."""
    out = place / "detector"
    return out, run_command(
        "anomaly", "fit", "--data", place / "bars.npz", "--label", "upright", "--out", out, *SMALL, "--device", "cpu"
    )


def test_a_fit_says_what_was_learnt_and_at_what_rate_it_errs(fitted: tuple[Path, Ended]) -> None:
    out, ended = fitted
    assert ended.status == 0, ended.complaints
    assert "learnt         160 normals; 40 normals held out" in ended.output
    assert "of 20 held-out normals exceed it" in ended.output
    record = json.loads((out / DETECTOR).read_text())
    assert record["normal"] == ["upright"]
    assert {name: len(found) for name, found in record["ranks"].items()} == {
        "f-anogan": 20, "bigan": 20, "neighbours": 20
    }  # fmt: skip
    for run in ("gan", "encoder", "bigan"):
        assert Run.open(out / run).record()["outcome"] == "finished"
    assert Run.open(out / "encoder").record()["start"]["run"] == "gan"


def test_lying_bars_are_strange_and_every_judge_is_compared(fitted: tuple[Path, Ended], tmp_path: Path) -> None:
    out, scores = fitted[0], tmp_path / "scores.csv"
    words = ("anomaly", "score", out, out.parent / "bars.npz", "--out", scores, "--json", tmp_path / "all.json")
    ended = run_command(*words)
    assert ended.status == 0, ended.complaints
    rows = table(scores)
    assert len(rows) == 60
    assert rows[0]["name"] == "test/0"
    means = {
        kind: np.mean([float(row["ensemble"]) for row in rows if row["class"] == kind]) for kind in ("upright", "lying")
    }
    assert means["lying"] > means["upright"] + 1
    told = json.loads((tmp_path / "all.json").read_text())
    judges = {"f-anogan", "bigan", "neighbours", "ensemble", "isolation-forest", "plain-neighbours"}
    assert told["compared"]["auroc"].keys() == judges
    assert (told["compared"]["normals"], told["compared"]["strangers"]) == (40, 20)
    assert told["compared"]["auroc"]["ensemble"] > 0.9
    assert "verdict        " in ended.output
    again = tmp_path / "again.csv"
    run_command("anomaly", "score", out, out.parent / "bars.npz", "--out", again)
    assert again.read_bytes() == scores.read_bytes()


def test_pictures_are_known_by_their_names_and_score_as_in_any_company(
    fitted: tuple[Path, Ended], tmp_path: Path
) -> None:
    out, pictures = fitted[0], fitted[0].parent / "pictures"
    pictures = shutil.copytree(pictures, tmp_path / "pictures")
    (pictures / "lying" / "damaged.png").write_bytes(b"no picture")
    ended = run_command("anomaly", "score", out, pictures, "--out", tmp_path / "s.csv", "--maps", tmp_path / "maps")
    assert ended.status == 0, ended.complaints
    assert "not read       lying/damaged.png: " in ended.output
    rows = {row["name"]: row for row in table(tmp_path / "s.csv")}
    assert rows.keys() == {"lying/2.png", "lying/3.png", "upright/0.png", "upright/1.png"}
    run_command("anomaly", "score", out, pictures / "lying" / "2.png", "--out", tmp_path / "one.csv")
    (one,) = table(tmp_path / "one.csv")
    assert one["ensemble"] == rows["lying/2.png"]["ensemble"]
    maps = sorted(path.name for path in (tmp_path / "maps").iterdir())
    assert len(maps) == 4
    assert "lying" in maps[0]
    with Image.open(tmp_path / "maps" / maps[0]) as map_:
        assert map_.size == (16 * (3 * 8 + 2), 16 * 8)
    verified = run_command("verify", tmp_path / "maps" / maps[0])
    assert "generated" in verified.output.lower()


def test_a_fit_that_was_stopped_goes_on_where_it_stood(fitted: tuple[Path, Ended], tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(fitted[0], copy)
    before = (copy / DETECTOR).read_bytes()
    (copy / DETECTOR).unlink()
    shutil.rmtree(copy / "bigan")
    words = ("anomaly", "fit", "--data", fitted[0].parent / "bars.npz", "--label", "upright", "--out", copy)
    ended = run_command(*words, *SMALL, "--device", "cpu")
    assert ended.status == 0, ended.complaints
    assert "gan learnt" not in ended.complaints.replace("bigan learnt", "")
    assert (copy / DETECTOR).read_bytes() == before
    assert not (copy / "fit.json").exists()


def test_a_fit_does_not_go_on_in_the_folder_of_another(place: Path, tmp_path: Path) -> None:
    """It would have kept the GAN of the one, and the encoder, ranks and threshold of the other."""
    half = tmp_path / "half"
    (half / "gan").mkdir(parents=True)
    (half / "gan" / "recipe.json").write_text("{}")
    request = Request(data=str(place / "bars.npz"), labels=("upright",), seed=3)
    said = {"data": opened(request).fingerprint, "normal": ["lying"], "seed": 3, "images": 640, "settings": []}
    (half / "fit.json").write_text(json.dumps(said))
    words = ("anomaly", "fit", "--data", place / "bars.npz", "--label", "upright", "--seed", 3, "--images", 640)
    ended = run_command(*words, "--out", half)
    assert (ended.status, ended.complaints.count("\n")) == (2, 1)
    assert (
        "holds another fit, which was stopped: normal: ['lying'] → ['upright']; choose another folder"
        in ended.complaints
    )
    assert sorted(path.name for path in half.iterdir()) == ["fit.json", "gan"]


def test_of_files_that_cannot_be_read_nothing_is_scored(fitted: tuple[Path, Ended], tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    ended = run_command("anomaly", "score", fitted[0], tmp_path / "broken.png", "--out", tmp_path / "s.csv")
    assert (ended.status, ended.complaints.count("\n")) == (2, 1)
    assert "input: nothing of" in ended.complaints


def test_maps_are_marked_as_asked(fitted: tuple[Path, Ended], tmp_path: Path) -> None:
    one, maps = fitted[0].parent / "pictures" / "lying" / "2.png", tmp_path / "maps"
    words = ("anomaly", "score", fitted[0], one, "--out", tmp_path / "s.csv", "--maps", maps)
    refused = run_command(*words, "--sign", tmp_path / "absent.pem")
    assert (refused.status, "sign" in refused.complaints) == (2, True)
    run_command(*words, "--no-metadata")
    (map_,) = maps.iterdir()
    assert b"recipe" not in map_.read_bytes()


def test_rows_are_scored_by_their_columns_and_classes(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "rows"
    words = ("--data", place / "rows.csv", "--label-column", "sort", "--label", "good", "--out", out)
    how = (*SMALL_ROWS, "--judge", "neighbours", "--false-positives", "0.03", "--device", "cpu")
    ended = run_command("anomaly", "fit", *words, *how)
    assert ended.status == 0, ended.complaints
    assert "promise        30 held-out ones are too few to promise 3.0%: up to 3.2% of further ones" in ended.output
    assert not (out / "bigan").exists()
    assert [column.name for column in Detector.load(out).shape.table.columns] == ["width", "colour"]  # type: ignore[union-attr]
    ended = run_command("anomaly", "score", out, place / "rows.csv", "--out", tmp_path / "s.csv")
    assert ended.status == 0, ended.complaints
    assert "classes        40 normal (good), 20 others" in ended.output
    assert "drift: 2" in ended.complaints
    mapped = run_command(
        "anomaly", "score", out, place / "rows.csv", "--out", tmp_path / "t.csv", "--maps", tmp_path / "m"
    )
    assert (mapped.status, "maps: rows are no pictures" in mapped.complaints) == (2, True)


def test_a_column_that_is_always_the_same_makes_nothing_strange(tmp_path: Path) -> None:
    """A constant of more digits than float32 has: kept with seven of them, every row that is scored was far from it."""
    random = np.random.default_rng(0)
    rows = np.concatenate([random.normal(size=(400, 2)), np.full((400, 1), -0.06140064449540183)], axis=1)
    np.savez(tmp_path / "learnt.npz", X=rows[:300])
    np.savez(tmp_path / "scored.npz", X=rows[300:])
    fit = ("--data", tmp_path / "learnt.npz", "--out", tmp_path / "rows", *SMALL_ROWS, "--judge", "neighbours")
    assert run_command("anomaly", "fit", *fit, "--device", "cpu").status == 0
    scores = tmp_path / "s.csv"
    ended = run_command("anomaly", "score", tmp_path / "rows", tmp_path / "scored.npz", "--out", scores)
    assert ended.status == 0, ended.complaints
    assert sum(row["strange"] == "1" for row in table(scores)) < 25


def test_what_cannot_be_is_one_line(fitted: tuple[Path, Ended], digits_run: Path, tmp_path: Path) -> None:
    out, data = fitted[0], fitted[0].parent / "bars.npz"
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / DETECTOR).write_text('{"format": 2}')
    cases = [
        (("fit", "--data", data, "--out", out), "already holds a detector"),
        (("fit", "--data", data, "--out", digits_run), "already holds a run"),
        (("fit", "--data", data, "--label", "odd", "--out", tmp_path / "x"), "labels: 'odd' is not a class"),
        (("fit", "--data", data, "--judge", "bygan", "--out", tmp_path / "x"), "did you mean 'bigan'?"),
        (("fit", "--data", data, "--false-positives", "1", "--out", tmp_path / "x"), "false_positives: 1 is not"),
        (("fit", "--data", "ring", "--out", tmp_path / "x"), "has no end"),
        (("score", digits_run, data, "--out", tmp_path / "s.csv"), "holds no detector"),
        (("score", bad, data, "--out", tmp_path / "s.csv"), "detector.json"),
        (("score", out, data, "--out", tmp_path / "s.png"), "ends in .csv"),
        (("score", out, data, "--normal", "odd", "--out", tmp_path / "s.csv"), "normal: nothing here is of the class"),
        (("score", out, "absent", "--out", tmp_path / "s.csv"), "absent"),
    ]
    for words, complaint in cases:
        ended = run_command("anomaly", *words)
        assert (ended.status, ended.complaints.count("\n")) == (2, 1), (words, ended)
        assert complaint in ended.complaints, (words, ended.complaints)
    assert not (tmp_path / "x").exists()


def test_the_page_names_options_that_there_are() -> None:
    page = (Path(__file__).parents[3] / "docs" / "anomaly.md").read_text(encoding="utf-8")
    known = {word for name in ("fit", "score") for word in options_of("anomaly", name)}
    assert set(re.findall(r"(?<=`)--[a-z-]+|(?<= )--[a-z-]+", page)) <= known | {"--data"}


def options_of(*command: str) -> set[str]:
    return set(re.findall(r"--[\w-]+", run_command(*command, "--help").output))


def of_strangers(folder: Path, header: str, normal: list[str], odd: list[str]) -> Path:
    """A table whose column `sort` says which rows are normal."""
    path = folder / "table.csv"
    rows = [*(f"{row},ok" for row in normal), *(f"{row},odd" for row in odd)]
    path.write_text("\n".join([f"{header},sort", *rows]) + "\n")
    return path


def kept(table_file: Path, folder: Path, **options: str) -> tuple[PackedDataset, PackedDataset]:
    """A table as a fit opens it, and what it keeps of the rows that are normal."""
    request = Request(data=str(table_file), label_column="sort", labels=("ok",), **options)  # type: ignore[arg-type]
    dataset = opened(request)
    return dataset, Normals.open(keep(dataset, ("ok",), 0, folder)).dataset


def test_what_stands_for_missing_numbers_is_the_normals_own_at_fit_and_later(tmp_path: Path) -> None:
    """Before, it was the mean of all rows at fit, strangers among them, and another one when rows were scored."""
    normal = [f"{number % 7}.5,{'' if number % 3 == 0 else number % 5}" for number in range(60)]
    table_file = of_strangers(tmp_path, "a,b", normal, ["1.5,1000"] * 30)
    numbers = [float(row.partition(",")[2]) for row in normal if not row.endswith(",")]
    dataset, normals = kept(table_file, tmp_path / "kept", missing="mean")
    assert dataset.shape.table is not None
    assert normals.shape.table is not None
    for schema in (dataset.shape.table, normals.shape.table):
        assert schema.columns[1].fill == pytest.approx(np.mean(numbers))
    assert normals.shape.table.columns == dataset.shape.table.columns


def test_what_was_complete_is_filled_with_the_normals_means_and_commonest_names(tmp_path: Path) -> None:
    normal = [f"{number},{'red' if number < 40 else 'blue'}" for number in range(60)]
    _, normals = kept(of_strangers(tmp_path, "a,b", normal, ["1000,green"] * 90), tmp_path / "kept")
    assert normals.shape.table is not None
    a, b = normals.shape.table.columns
    assert a.fill == pytest.approx(29.5, abs=1e-3)
    assert b.fill == "red"
    assert normals.shape.table.label is None


def test_names_of_normals_that_look_like_numbers_stay_names(tmp_path: Path) -> None:
    """Before, a table with a name among its strangers could not be scored by what was learnt from it."""
    normal = [f"{number},{number % 2}" for number in range(60)]
    _, normals = kept(of_strangers(tmp_path, "a,code", normal, ["3,x"] * 9), tmp_path / "kept")
    table_of = normals.shape.table
    assert table_of is not None
    assert table_of.columns[1].kind == "category"
    assert table_of.encoded([np.array([1.0]), ["x"]])[0, 1:].tolist() == [-1.0, -1.0]


def test_a_column_called_split_is_a_column_like_others(tmp_path: Path) -> None:
    """Before, a fit failed on it, for the file of the normals had two of them."""
    table_file = of_strangers(tmp_path, "a,split", [f"{n},{'left' if n % 2 else 'right'}" for n in range(60)], [])
    _, normals = kept(table_file, tmp_path / "kept")
    assert normals.shape.table is not None
    assert [column.name for column in normals.shape.table.columns] == ["a", "split"]
    assert sorted(normals.summary()["splits"]) == ["test", "train"]
    again = keep(opened(Request(data=str(table_file), label_column="sort")), (), 0, tmp_path / "kept")
    assert Normals.open(again).dataset.fingerprint == normals.fingerprint  # of a fit that goes on


def test_tables_of_normals_that_earlier_versions_wrote_are_read(tmp_path: Path) -> None:
    path = tmp_path / "normals.csv"
    path.write_text("\n".join(["a,split", *(f"{n},{'test' if n % 5 == 0 else 'train'}" for n in range(40))]) + "\n")
    assert Normals.open(path).count("test") == 8


def test_a_packed_table_keeps_what_its_store_says_of_the_columns(tmp_path: Path) -> None:
    """It was learnt when it was packed, and is no file from which anything could be learnt anew."""
    table_file = of_strangers(tmp_path, "a,b", [f"{number},{number % 3}" for number in range(40)], [])
    packed = pack(table_file, tmp_path / "packed", cache=tmp_path / "cache")
    request = Request(data=str(tmp_path / "packed"))
    normals = Normals.open(keep(opened(request), (), 0, tmp_path / "kept")).dataset
    assert packed.shape.table is not None
    assert normals.shape.table is not None
    ours, theirs = (
        [column.model_dump(exclude={"fill"}) for column in table_of.columns]
        for table_of in (normals.shape.table, packed.shape.table)
    )
    assert ours == theirs
