"""Detectors of generated pictures as a user fits and uses them, of pictures that are told apart at once, or never."""

import dataclasses
import json
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from safetensors.torch import load_file, save_file

import ganache
from ganache.data.conversion import Conversion
from ganache.data.shape import ImageShape
from ganache.runs import sealed
from ganache.uses.detection import detecting, learnt_tellers, pools
from ganache.uses.detection.apart import taught
from ganache.uses.detection.detecting import DetectorRequest
from ganache.uses.detection.detection_record import Area, DetectionRecord
from ganache.uses.detection.fake_detector import RECORD, TENSORS, FakeDetector, read_record
from ganache.uses.detection.measured_areas import halves
from ganache.uses.detection.pools import fake_pool, most_held_out, names_of, opened_pictures, real_pool
from ganache.uses.detection.teller import Teller
from tests.commands import Ended, run_command, table

Pixels = NDArray[np.uint8]
QUICK = ("--steps", "60", "--device", "cpu")


def clouds(count: int, seed: int, side: int = 12) -> Pixels:
    """Soft pictures in grey (N, H, W, 1): nobody generated them."""
    random = np.random.default_rng(seed)
    rough = random.normal(0, 40, (count, side, side))
    soft = np.sum([np.roll(rough, shift, axis) for axis in (1, 2) for shift in (-1, 0, 1)], axis=0)
    return np.asarray((128 + soft).clip(0, 255), np.uint8)[..., None]


def dotted(images: Pixels, step: int) -> Pixels:
    """The same with what a bad upsampling leaves: every so many pixels are lighter."""
    made = images.astype(np.int16)
    made[:, ::step, ::step] += 120
    return np.asarray(made.clip(0, 255), np.uint8)


def saved(images: Pixels, folder: Path, suffix: str = ".png", **options: int) -> Path:
    folder.mkdir(parents=True)
    for number, image in enumerate(images):
        Image.fromarray(image[..., 0]).save(folder / f"{number:03d}{suffix}", **options)  # type: ignore[arg-type]
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with real.npz and two generators' pictures."""
    folder = tmp_path_factory.mktemp("detect")
    np.savez(folder / "real.npz", train_images=clouds(400, 0), test_images=clouds(100, 1))
    np.savez(folder / "twos.npz", dotted(clouds(250, 2), 2))
    np.savez(folder / "threes.npz", dotted(clouds(250, 3), 3))
    return folder


@pytest.fixture(scope="module")
def fitted(place: Path) -> tuple[Path, Ended]:
    """A detector of both, and what its command said."""
    fakes = ("--fake", place / "twos.npz", "--fake", place / "threes.npz")
    return place / "detector", run_command(
        "detect", "fit", "--real", place / "real.npz", *fakes, "--out", place / "detector", *QUICK
    )


def areas(record: DetectionRecord, **wanted: object) -> list[Area]:
    return [one for one in record.areas if all(getattr(one, name) == value for name, value in wanted.items())]


def test_what_is_trivially_told_apart_has_an_area_of_one(fitted: tuple[Path, Ended]) -> None:
    out, ended = fitted
    assert ended.status == 0, ended.complaints
    assert "promise        50 held-out ones are too few to promise 1.0%: up to 2.0% of further ones" in ended.output
    record = read_record(out)
    for way in ("network", "spectrum"):
        for one in areas(record, never_seen=False, treatment="as they are", way=way):
            assert one.area > 0.9, one
            assert one.low < one.area <= one.high
    assert areas(record, way="network", generator="all", treatment="as they are")[0].area > 0.99
    assert {one.treatment for one in record.areas} == {
        "as they are", "JPEG 95", "JPEG 75", "JPEG 50", "size × 2", "size × 1/2"
    }  # fmt: skip
    assert {one.generator for one in areas(record, never_seen=True)} == {"twos", "threes"}
    assert (record.real.learnt, record.real.held_out) == (400, 100)
    assert [(fake.name, fake.learnt, fake.held_out) for fake in record.fakes] == [
        ("twos", 200, 50),
        ("threes", 200, 50),
    ]
    decision = record.decisions["network"]
    assert decision.threshold.held_out == 50
    assert decision.found[0] > 0.9
    assert decision.false_positives[1] <= 0.01 <= decision.false_positives[2]
    for said in ("twos, never seen", "known generators: ", "one never seen: ", "learnt         400 real pictures"):
        assert said in ended.output


def test_of_its_own_kind_nothing_can_be_told(place: Path, tmp_path: Path) -> None:
    """A detector that finds something here measures itself."""
    np.savez(tmp_path / "others.npz", clouds(300, 4))
    words = ("--real", place / "real.npz", "--fake", tmp_path / "others.npz", "--out", tmp_path / "d")
    ended = run_command("detect", "fit", *words, *QUICK)
    assert ended.status == 0, ended.complaints
    assert "one generator is all it learns from: nothing tells how it does on others" in ended.complaints
    assert "never seen" not in ended.output
    record = read_record(tmp_path / "d")
    network, *others = areas(record, treatment="as they are", generator="all")
    assert network.low < 0.5 < network.high, network
    assert all(abs(one.area - 0.5) < 0.2 for one in others), others  # in one of twenty draws the bounds leave it out
    scored = run_command("detect", "score", tmp_path / "d", place / "twos.npz", "--out", tmp_path / "s.csv")
    assert "at fit: one generator" in scored.complaints


def test_each_picture_gets_a_line_and_the_strange_a_flag(fitted: tuple[Path, Ended], tmp_path: Path) -> None:
    out = fitted[0]
    pictures = saved(dotted(clouds(6, 5), 2), tmp_path / "pictures" / "made")
    saved(clouds(6, 6), tmp_path / "pictures" / "real")
    saved(np.full((1, 12, 12, 1), 200, np.uint8), tmp_path / "pictures" / "flat")
    saved(clouds(1, 7, side=30), tmp_path / "pictures" / "large")
    (pictures / "damaged.png").touch()
    words = ("detect", "score", out, tmp_path / "pictures")
    ended = run_command(*words, "--out", tmp_path / "s.csv", "--json", tmp_path / "s.json")
    assert ended.status == 0, ended.complaints
    rows = {row["name"]: row for row in table(tmp_path / "s.csv")}
    assert len(rows) == 14
    assert [*rows["made/000.png"]] == [
        "name", "score", "verdict", "unfamiliar", "why", "network", "spectrum", "co-occurrence"
    ]  # fmt: skip
    assert sum(rows[f"made/00{number}.png"]["verdict"] == "generated" for number in range(6)) >= 5
    assert sum(rows[f"real/00{number}.png"]["verdict"] == "real" for number in range(6)) >= 5
    assert (rows["flat/000.png"]["unfamiliar"], rows["flat/000.png"]["why"]) == ("1", "far from all that was learnt")
    assert rows["large/000.png"]["why"].startswith("30x30")
    told = json.loads((tmp_path / "s.json").read_text())
    assert told["unfamiliar"] == sum(row["unfamiliar"] == "1" for row in rows.values())
    assert f"{told['unfamiliar']} of 14 are unlike anything it learnt from" in ended.complaints
    assert "not read       made/damaged.png: " in ended.output
    assert "ganache verify PICTURE" in ended.output
    by = run_command(*words, "--by", "spectrum", "--out", tmp_path / "t.csv")
    assert by.status == 0
    assert all(row["score"] == row["spectrum"] for row in table(tmp_path / "t.csv"))


def test_a_score_is_of_pixels_alone_and_the_same_in_any_company(fitted: tuple[Path, Ended], tmp_path: Path) -> None:
    out, images = fitted[0], dotted(clouds(9, 8), 3)
    saved(images, tmp_path / "many")
    said = PngInfo()
    said.add_text("Software", "Ganache")
    (tmp_path / "one").mkdir()
    Image.fromarray(images[4, ..., 0]).save(tmp_path / "one" / "named.png", pnginfo=said)
    for name in ("many", "one"):
        run_command("detect", "score", out, tmp_path / name, "--out", tmp_path / f"{name}.csv")
    many, (one,) = table(tmp_path / "many.csv"), table(tmp_path / "one.csv")
    assert {**many[4], "name": ""} == {**one, "name": ""}
    detector = FakeDetector.load(out, "cpu")
    scores, _ = detector.teller.told(images[4:5].transpose(0, 3, 1, 2))
    assert f"{scores['network'][0]:.6g}" == one["network"]


def test_a_file_format_must_not_give_the_answer_away(tmp_path: Path) -> None:
    """Pictures of one kind, half of them from JPEG files: as files are, JPEG alone is found, and nothing else."""
    real, fake = saved(clouds(300, 9, 16), tmp_path / "real", ".jpg", quality=50), tmp_path / "fake.npz"
    np.savez(fake, clouds(300, 10, 16))
    found = {}
    for recode in ("auto", "off"):
        words = ("--real", real, "--fake", fake, "--recode", recode, "--out", tmp_path / recode)
        worn = "--worn" if recode == "auto" else "--clean"
        ended = run_command("detect", "fit", *words, worn, "--steps", "1", "--device", "cpu")
        assert ended.status == 0, ended.complaints
        found[recode] = read_record(tmp_path / recode)
        (one,) = areas(found[recode], way="co-occurrence", treatment="as they are", generator="all")
        assert (one.low < 0.5 < one.high) == (recode == "auto"), one
        assert "the real pictures are of a lossy format" in ended.complaints
        said = "become JPEG 50 before" if recode == "auto" else "the files' format alone may give the answer away"
        assert said in ended.complaints
    assert (found["auto"].recode, found["off"].recode) == (50, None)
    # Nor may it after a second compression, or another size: what the first one left would still be seen there.
    for way in ("spectrum", "co-occurrence"):
        for one in areas(found["auto"], way=way, generator="all"):
            assert one.low < 0.5 < one.high, one
    # Saved as the real ones were, the others are no longer found by what knows nothing but the format.
    (saved_alike,) = areas(
        found["off"], way="co-occurrence", treatment="JPEG 50, generated ones alone", generator="all"
    )
    assert saved_alike.low < 0.5 < saved_alike.high, saved_alike
    assert "it learns from undisturbed pictures alone" in found["off"].warnings[-1]


def test_a_run_draws_what_the_record_says_and_equal_fits_are_equal_bytes(digits_run: Path, tmp_path: Path) -> None:
    words = (
        "--real",
        "digits",
        "--fake",
        digits_run,
        "--count",
        "64",
        "--seed",
        "5",
        "--steps",
        "5",
        "--device",
        "cpu",
    )
    for name in ("one", "two"):
        ended = run_command("detect", "fit", *words, "--out", tmp_path / name)
        assert ended.status == 0, ended.complaints
    (fake,) = read_record(tmp_path / "one").fakes
    generator = ganache.load(digits_run)
    assert (fake.kind, fake.seed, fake.weights, fake.learnt) == ("run", 5, generator.weights, 64)
    assert fake.source == str(digits_run)
    for name in (RECORD, TENSORS):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_what_cannot_be_is_one_line(fitted: tuple[Path, Ended], digits_run: Path, tmp_path: Path) -> None:
    out, place = fitted[0], fitted[0].parent
    fit = ("fit", "--real", place / "real.npz", "--fake", place / "twos.npz", *QUICK, "--out")
    np.savez(tmp_path / "few.npz", clouds(31, 0))
    cases = [
        ((*fit, out), "is not empty"),
        ((*fit, digits_run), "already holds a run"),
        ((*fit, tmp_path / "x", "--fake", place / "twos.npz"), "named twice"),
        ((*fit, tmp_path / "x", "--fake", digits_run, "--size", "12"), "draws pictures of 8x8x1"),
        ((*fit, tmp_path / "x", "--false-positives", "1"), "false_positives: 1 is not"),
        ((*fit, tmp_path / "x", "--recode", "soft"), "recode: 'soft' is none of"),
        ((*fit, tmp_path / "x", "--count", "no"), "'no' is not a positive number"),
        ((*fit, tmp_path / "x", "--size", "2000x2000"), "larger than a detector looks at"),
        (
            (*fit, tmp_path / "x", "--fake", tmp_path / "few.npz"),
            "too few pictures, 15 to learn from and 16 held out",
        ),
        ((*fit, tmp_path / "x", "--fake", tmp_path / "absent"), "absent"),
        (("fit", "--real", digits_run, "--fake", place / "twos.npz", "--out", tmp_path / "x"), "is a generator"),
        (("fit", "--real", "ring", "--fake", place / "twos.npz", "--out", tmp_path / "x"), "no pictures"),
        (("score", digits_run, place / "twos.npz", "--out", tmp_path / "s.csv"), "holds no detector"),
        (("score", out, place / "twos.npz", "--out", tmp_path / "s.png"), "ends in .csv"),
        (("score", out, "absent", "--out", tmp_path / "s.csv"), "absent"),
        (("score", out, "ring", "--out", tmp_path / "s.csv"), "ring"),
        (
            ("score", out, place / "twos.npz", "--by", "spectra", "--out", tmp_path / "s.csv"),
            "did you mean 'spectrum'?",
        ),
    ]
    for words, complaint in cases:
        ended = run_command("detect", *words)
        assert (ended.status, ended.complaints.count("\n")) == (2, 1), (words, ended)
        assert complaint in ended.complaints, (words, ended.complaints)
    assert not (tmp_path / "x").exists()


def test_a_hostile_folder_is_one_line(fitted: tuple[Path, Ended], tmp_path: Path) -> None:
    record = json.loads((fitted[0] / RECORD).read_text())
    tensors, description = sealed.load(fitted[0] / TENSORS)
    nan = {**tensors, "spectrum.bias": torch.tensor(float("nan"))}
    wide = {**tensors, "network.classes.1.weight": torch.zeros(2, 4096)}
    plain = load_file(fitted[0] / TENSORS)
    cases: list[dict[str, Any]] = [
        {"format": 2}, {"height": 16_384}, {"height": -1}, {"recode": 0}, {"channels": 3}, {"fakes": []},
        {"fakes": record["fakes"] * 40}, {"decisions": {}}, {"recode": "; import os"}, {"content": "a pickle"},
        {"familiar": {**record["familiar"], "value": "much"}},
    ]  # fmt: skip
    written: list[Callable[[Path], object]] = [
        lambda path: sealed.save(path, nan, description),
        lambda path: sealed.save(path, wide, description),
        lambda path: save_file(plain, path),
        lambda path: path.write_bytes(b"\x80\x04cos\nsystem\n"),
        lambda path: path.unlink(),
    ]
    unchanged: list[dict[str, Any]] = [{}] * len(written)
    pairs = zip([*cases, *unchanged], [*([None] * len(cases)), *written], strict=True)
    for number, (changed, write) in enumerate(pairs):
        folder = shutil.copytree(fitted[0], tmp_path / str(number))
        (folder / RECORD).write_text(json.dumps({**record, **changed}))
        if write is not None:
            write(folder / TENSORS)
        ended = run_command("detect", "score", folder, fitted[0].parent / "twos.npz", "--out", tmp_path / "s.csv")
        assert (ended.status, ended.complaints.count("\n")) == (2, 1), (changed, ended)
        assert "Traceback" not in ended.complaints
    for text in ("[" * 10_000, "[1]", "{"):
        (folder / RECORD).write_text(text)
        assert run_command("detect", "score", folder, "digits", "--out", tmp_path / "s.csv").status == 2


@pytest.mark.parametrize("seed", [0, 1])
def test_a_fit_that_was_stopped_goes_on_with_what_it_had_learnt_for_the_same_request(
    seed: int, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes = (str(place / "twos.npz"), str(place / "threes.npz"))
    wanted = DetectorRequest(str(place / "real.npz"), fakes, steps=2, device="cpu")
    learnt: list[int] = []

    def stopped(**options: Any) -> Teller:
        if len(learnt) == 2:
            raise KeyboardInterrupt
        learnt.append(options["seed"])
        return taught(**options)

    with monkeypatch.context() as patched:
        patched.setattr(learnt_tellers, "taught", stopped)
        with pytest.raises(KeyboardInterrupt):
            detecting.fit(wanted, tmp_path / "stopped")
    assert [path.name for path in (tmp_path / "stopped").iterdir()] == ["learning"]

    def counted(**options: Any) -> Teller:
        learnt.append(options["seed"])
        return taught(**options)

    again = dataclasses.replace(wanted, seed=seed)
    monkeypatch.setattr(learnt_tellers, "taught", counted)
    detecting.fit(again, tmp_path / "stopped")
    assert learnt == [0, 0, *([0] if seed == 0 else [1, 1, 1])]
    detecting.fit(again, tmp_path / "whole")
    for name in (RECORD, TENSORS):
        assert (tmp_path / "stopped" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "stopped").iterdir()) == [RECORD, TENSORS]


def test_what_is_measured_was_not_learnt_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every picture is of a brightness of its own: nothing held out, and nothing of what is never seen, is learnt."""
    for number, (name, count) in enumerate({"real": 120, "one": 40, "two": 60}.items()):
        levels = np.arange(120 * number, 120 * number + count)
        images = np.zeros((count, 8, 8, 3), np.uint8)
        images[..., 0], images[..., 1] = levels[:, None, None] % 256, levels[:, None, None] // 256
        np.savez(tmp_path / f"{name}.npz", images)
    asked: list[list[set[int]]] = []

    def known(images: Pixels) -> set[int]:
        return {int(image[0, 0, 0]) + 256 * int(image[1, 0, 0]) for image in images}

    def recorded(shape: ImageShape, reals: Pixels, fakes: Sequence[Pixels], **options: Any) -> Teller:
        assert len(reals) == sum(map(len, fakes))
        asked.append([known(reals), *map(known, fakes)])
        return taught(shape, reals, fakes, **options)

    monkeypatch.setattr(learnt_tellers, "taught", recorded)
    fakes = (str(tmp_path / "one.npz"), str(tmp_path / "two.npz"))
    wanted = DetectorRequest(str(tmp_path / "real.npz"), fakes, steps=1, device="cpu")
    record = detecting.fit(wanted, tmp_path / "out").record
    (real, one, two), without_one, without_two = asked
    assert (len(real), len(one), len(two)) == (68, 24, 44)
    assert (without_one[1:], without_two[1:]) == ([two], [one])
    assert without_one[0] < real
    assert (record.real.held_out, record.fakes[0].held_out, record.fakes[1].held_out) == (24, 16, 16)
    how = Conversion((8, 8), 3)
    taken = [real_pool(opened_pictures(wanted.real, how, "real", None), 6_000, 0)]
    taken += [fake_pool(source, "x", ImageShape(3, 8, 8), 48, 0, "cpu") for source in fakes]
    for pool, learnt, start in zip(taken, (real, one, two), (0, 120, 240), strict=True):
        assert not known(pool.held_out) & learnt
        assert len(known(pool.held_out)) == len(pool.held_out) == pool.record.held_out
        assert min(known(pool.held_out) | learnt) >= start
    for first, second in map(halves, taken):
        assert not known(first) & known(second)


def test_of_32_pictures_a_half_is_held_out(tmp_path: Path) -> None:
    np.savez(tmp_path / "few.npz", clouds(32, 0))
    pool = fake_pool(str(tmp_path / "few.npz"), "x", ImageShape(1, 12, 12), 100, 0, "cpu")
    assert (len(pool.learnt), len(pool.held_out)) == (16, 16)


def test_what_is_held_out_is_bounded_by_its_bytes(
    place: Path, digits_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for side, sources, expected in ((1024, 1, 85), (1024, 64, 16), (256, 1, 1_365), (8, 64, 2_000)):
        assert most_held_out("real", ImageShape(3, side, side), sources) == expected
    monkeypatch.setattr(pools, "MOST_BYTES", 40 * 144)
    np.savez(tmp_path / "together.npz", clouds(250, 4))
    for name in ("real", "together"):  # where the data hold some out, and where they do not
        source = place / "real.npz" if name == "real" else tmp_path / "together.npz"
        assert len(real_pool(opened_pictures(str(source), Conversion(), "real", None), 100, 0).held_out) == 40
    assert len(fake_pool(str(place / "twos.npz"), "x", ImageShape(1, 12, 12), 40, 0, "cpu", sources=2).held_out) == 20
    assert len(fake_pool(str(digits_run), "x", ImageShape(1, 8, 8), 300, 0, "cpu", sources=2).held_out) == 45


def test_sources_of_one_name_are_told_apart(tmp_path: Path) -> None:
    assert names_of(("a/made", "b/made", "made-2", "all", "c/made.npz")) == [
        "made", "made-2", "made-2-2", "all-2", "made.npz"
    ]  # fmt: skip


def test_the_page_names_options_that_there_are() -> None:
    page = (Path(__file__).parents[3] / "docs" / "detect.md").read_text(encoding="utf-8")
    known = {word for name in ("fit", "score") for word in options_of("detect", name)}
    assert set(re.findall(r"(?<=`)--[a-z-]+|(?<= )--[a-z-]+", page)) <= known | {"--data"}


def options_of(*command: str) -> set[str]:
    return set(re.findall(r"--[\w-]+", run_command(*command, "--help").output))
