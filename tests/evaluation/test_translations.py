"""Translators judged: beside what was wanted, beside what does nothing, and by the classes that they keep."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits

import ganache
from ganache.data import open_dataset
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.catalogue import OF_TRANSLATORS
from ganache.evaluation.compare import compare, evaluation_at, picture
from ganache.evaluation.features.by_name import find
from ganache.evaluation.features.trained_classifier import keep_classifier, train_classifier
from ganache.evaluation.metrics.frechet import frechet_distance
from ganache.evaluation.metrics.moments import moments_of
from ganache.evaluation.records import Evaluation, differences, evaluation_from
from ganache.evaluation.translated import enlarged
from ganache.networks.efficientnet_weights import installed
from ganache.runs.trained_translators import load_translator
from ganache.support.errors import UserError
from ganache.web.report.comparison import comparison_facts
from ganache.web.report.found import find_run
from ganache.web.report.score_facts import evaluations_of
from tests.commands import run_command
from tests.evaluation.digits import digits
from tests.training import company
from tests.training.company import Stopping

TRAIN, TEST, SIDE = 8, 6, 16
SMALL = ["translator.width=2", "discriminator.width=4"]
TOLD = ["translator.blocks=1", "conditional=true", "pool=0"]


def save(path: Path, image: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


def pictures(split: str, side: str) -> NDArray[np.uint8]:
    """Return what lies in the data's folders: B is the negative of A."""
    count = TRAIN if split == "train" else TEST
    ones = np.random.default_rng(len(split)).integers(0, 200, (count, SIDE, SIDE, 1), dtype=np.uint8)
    return ones if side == "A" else 255 - ones


@pytest.fixture(scope="module", name="data")
def negatives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("negatives")
    for split in ("train", "test"):
        for side in ("A", "B"):
            for number, image in enumerate(pictures(split, side)):
                save(folder / split / side / f"{number}.png", image[..., 0])
    return folder


@pytest.fixture(scope="module")
def paired_run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained("pix2pix", tmp_path_factory.mktemp("runs") / "pix2pix", data=data)


@pytest.fixture(scope="module")
def cycle_run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained("cyclegan", tmp_path_factory.mktemp("runs") / "cyclegan", "translator.blocks=1", data=data)


def trained(recipe: str, out: Path, *settings: str, **more: Any) -> Path:
    ganache.train(recipe, out=out, images=4, settings=[*SMALL, *settings], **more)
    return out


def values(evaluation: Evaluation, baseline: str | None = None) -> dict[str, float | None]:
    named = {one.name: one.scores for one in evaluation.baselines}
    scores = evaluation.scores if baseline is None else named[baseline]
    return {score.family: score.value for score in scores}


def apart(ones: NDArray[Any], others: NDArray[Any]) -> float:
    return float(np.abs(ones.astype(int) - others).mean() / 255)


def test_pairs_are_measured_on_the_held_out_split_beside_what_does_nothing(paired_run: Path) -> None:
    found = ganache.evaluate(paired_run, features="pixels", metrics=["l1", "ssim", "psnr", "fd"])
    given, wanted = pictures("test", "A"), pictures("test", "B")
    made = load_translator(paired_run).translate(given)
    mean = np.rint(pictures("train", "B").mean(axis=0))
    assert values(found)["l1"] == pytest.approx(apart(made, wanted))
    assert values(found, "identity")["l1"] == pytest.approx(apart(given, wanted))
    assert values(found, "mean picture")["l1"] == pytest.approx(apart(np.broadcast_to(mean, wanted.shape), wanted))
    seen = [moments_of(some.reshape(TEST, -1) / np.float32(255)) for some in (given, wanted)]
    assert values(found, "identity")["fd/pixels"] == pytest.approx(frechet_distance(*seen))
    each = np.abs(made.astype(int) - wanted).reshape(TEST, -1).mean(axis=1) / 255
    assert found["l1"].uncertainty == pytest.approx(each.std(ddof=1) / TEST**0.5)
    assert (found["l1"].name, found["fd/pixels"].name) == (f"l1@{TEST}", f"fd/pixels@{TEST}-vs-test")
    assert found.reference.labels == ("B",)
    assert any(line.startswith("no better than 'mean picture', which does nothing: ") for line in found.warnings)
    assert evaluation_from(json.loads(json.dumps(found.to_json())), "x") == found


def test_every_score_says_what_was_translated_whither(paired_run: Path) -> None:
    found = ganache.evaluate(paired_run, features="pixels", metrics=["l1", "fd"], split="train", count=5)
    for score in (*found.scores, *found.baselines[0].scores):
        settings = score.protocol.settings
        assert (settings["direction"], settings["inputs"]["split"]) == ("a-to-b", "train")
        assert settings["inputs"]["size"] == f"{SIDE}x{SIDE}x1+1"
        assert (score.protocol.samples, score.seed) == (5, 0)
    other = ganache.evaluate(paired_run, features="pixels", metrics=["l1"], count=5)
    assert any("inputs.split" in line for line in differences(found["l1"].protocol, other["l1"].protocol))
    assert not differences(other["l1"].protocol, other.baselines[1].scores[0].protocol)


def test_what_learnt_on_crops_is_judged_on_whole_pictures(data: Path, tmp_path: Path) -> None:
    run = trained("pix2pix", tmp_path / "crops", data=data, domains="A,B", crop="8")
    found = ganache.evaluate(run, features="pixels", metrics=["l1"])
    made = load_translator(run).translate(pictures("test", "A"))
    assert values(found)["l1"] == pytest.approx(apart(made, pictures("test", "B")))
    assert found["l1"].protocol.settings["inputs"]["size"] == f"{SIDE}x{SIDE}x1+1"
    assert not any("is not the data" in line for line in found.warnings)


def test_unpaired_runs_have_the_way_back_and_partners_if_they_are_asked_for(cycle_run: Path) -> None:
    alone = ganache.evaluate(cycle_run, features="pixels", direction="b-to-a")
    assert set(values(alone)) == {"fd/pixels", "kd/pixels", "cycle"}
    given = pictures("test", "B")
    back, there = load_translator(cycle_run, "b-to-a"), load_translator(cycle_run)
    assert values(alone)["cycle"] == pytest.approx(apart(there.translate(back.translate(given)), given))
    assert "cycle" not in values(alone, "identity")
    assert alone.reference.labels == ("A",)
    paired = ganache.evaluate(cycle_run, features="pixels", metrics=["l1"], direction="b-to-a", paired=True)
    assert values(paired)["l1"] == pytest.approx(apart(back.translate(given), pictures("test", "A")))


def test_pairs_and_domains_compare_where_both_know_their_partners(paired_run: Path, cycle_run: Path) -> None:
    ours = ganache.evaluate(paired_run, features="pixels", metrics=["l1", "fd"])
    theirs = ganache.evaluate(cycle_run, features="pixels", metrics=["l1", "fd"], paired=True)
    assert [differences(ours[name].protocol, theirs[name].protocol) for name in ("l1", "fd/pixels")] == [[], []]
    assert values(ours, "identity") == values(theirs, "identity")


def test_larger_pictures_stand_beside_a_filter(data: Path, tmp_path: Path) -> None:
    run = trained("pix2pix", tmp_path / "larger", data=data, task="super-resolution:4")
    found = ganache.evaluate(run, features="pixels", metrics=["l1"], split="train")
    assert [one.name for one in found.baselines] == ["identity", "mean picture", "bicubic"]
    assert values(found, "bicubic")["l1"] != values(found, "identity")["l1"]
    small = np.arange(16, dtype=np.uint8).reshape(1, 4, 4, 1) * 16
    wanted = np.asarray(Image.fromarray(small[0, ..., 0]).resize((8, 8), Image.Resampling.BICUBIC))
    assert np.array_equal(enlarged(small.repeat(2, 1).repeat(2, 2), 2)[0, ..., 0], wanted)


@pytest.mark.skipif(installed() is None, reason="the weights of EfficientNet-Lite0 are not installed")
def test_maps_are_no_further_apart_than_pictures_are(paired_run: Path) -> None:
    found = ganache.evaluate(paired_run, features="pixels", metrics=["map-distance"], count=2)
    assert found["map-distance/efficientnet-lite0"].value is not None
    assert 0 < found["map-distance/efficientnet-lite0"].value < 4


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The first digits in folders of their classes, and inverted and turned ones."""
    folder = tmp_path_factory.mktemp("turned")
    for place, (image, kind) in enumerate(zip(digits()[:200, ..., 0], load_digits().target, strict=False)):
        split = "test" if place % 10 == 0 else "train"
        save(folder / "a" / split / str(kind) / f"{place}.png", image)
        save(folder / "b" / split / str(kind) / f"{place}.png", np.ascontiguousarray(255 - np.rot90(image)))
    return folder / "a", folder / "b"


def test_kept_classes_are_those_that_the_targets_classifier_sees(
    turned: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANACHE_CACHE", str(tmp_path / "cache"))
    run = trained("cyclegan", tmp_path / "run", "translator.blocks=1", data=turned[0], second=turned[1])
    targets = open_dataset(str(turned[1]))
    assert isinstance(targets, PackedDataset)
    keep_classifier(train_classifier(targets, passes=1, least_steps=10), targets, tmp_path / "cache")
    found = ganache.evaluate(run, features="classifier", metrics=["label-accuracy", "fd"])
    inputs = open_dataset(str(turned[0]))
    assert isinstance(inputs, PackedDataset)
    own = inputs.pick("test", np.arange(20))
    given = np.ascontiguousarray(own.images.transpose(0, 2, 3, 1))
    judge = find("classifier", targets)

    def kept(made: NDArray[np.uint8]) -> float:
        logits = judge(made).logits
        assert logits is not None
        return float((logits.argmax(axis=1) == own.labels).mean())

    assert values(found)["label-accuracy/classifier"] == pytest.approx(kept(load_translator(run).translate(given)))
    assert values(found, "identity")["label-accuracy/classifier"] == pytest.approx(kept(given))
    assert found["label-accuracy/classifier"].protocol.settings["requests"] == "the inputs' classes"
    judged = ganache.judge(run, data=turned[0], count=20)
    assert judged.label_accuracy == values(found)["label-accuracy/classifier"]
    assert judged.frechet_distance == pytest.approx(values(found)["fd/classifier"])


def test_a_translator_whose_discriminators_are_told_classes_is_used_and_resumed_as_any(
    turned: tuple[Path, Path], tmp_path: Path
) -> None:
    asked: dict[str, Any] = {"second": str(turned[1]), "images": 16, "batch": 4, "settings": (*SMALL, *TOLD)}
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    company.train(whole, "cyclegan", turned[0], **asked)
    company.train(cut, "cyclegan", turned[0], display=Stopping(8), **asked)
    company.resume(cut)
    for name in ("a_to_b", "b_to_a"):
        assert (whole / f"{name}.safetensors").read_bytes() == (cut / f"{name}.safetensors").read_bytes()
    image = digits()[:1]
    assert load_translator(whole).translate(image).shape == image.shape
    found = ganache.evaluate(whole, features="pixels", metrics=["fd", "cycle"], count=10)
    assert found.baselines[0].name == "identity"
    with pytest.raises(UserError, match="conditional: both domains need pictures of the same classes"):
        company.train(tmp_path / "other", "cyclegan", turned[0] / "train" / "1", **asked)


def test_the_command_shows_what_does_nothing_beside_each_score(paired_run: Path, tmp_path: Path) -> None:
    status, said, _ = run_command("evaluate", str(paired_run), "--features", "pixels", "--metrics", "l1,psnr",
                                  "--json", str(tmp_path / "x.json"))  # fmt: skip
    assert status == 0
    assert "translator, a-to-b, 4 images seen" in said
    titles, first = said.splitlines()[3:5]
    assert titles.split() == ["translated", "identity", "mean", "picture"]
    kept = evaluation_from(json.loads((paired_run / "evaluation.json").read_text()), "x")
    assert first.split()[:5] == [f"l1@{TEST}", kept["l1"].text, "↓", *kept.beside(kept["l1"])]


def test_what_cannot_be_had_is_one_line(paired_run: Path, cycle_run: Path, digits_run: Path) -> None:
    refused: dict[str, tuple[Path, dict[str, Any]]] = {
        r"^metrics: 'cycle' cannot be had: there is no translator that leads b": (paired_run, {"metrics": ["cycle"]}),
        r"^metrics: 'l1' cannot be had: what was wanted of each picture is not": (cycle_run, {"metrics": ["l1"]}),
        r"^metrics: 'l1' cannot be had: what was": (digits_run, {"metrics": ["l1"]}),
        r"^run: .* translates a-to-b alone": (paired_run, {"direction": "b-to-a"}),
        r"^direction: 'back' is not one of": (paired_run, {"direction": "back"}),
        r"^count: 7 samples are more than the 6 of": (paired_run, {"count": 7}),
        r"^split: 'val' is not in this data, which has train, test": (paired_run, {"split": "val"}),
        r"^samples: of a translator all pictures of a split": (paired_run, {"labels": ["A"]}),
        r"^samples: '.*' is no translator's run": (digits_run, {"paired": True}),
        r"^pairs: no training picture of": (cycle_run, {"paired": True, "data": strangers(cycle_run)}),
    }
    for why, (run, more) in refused.items():
        with pytest.raises(UserError, match=why):
            ganache.evaluate(run, features="random", **more)


def strangers(run: Path) -> Path:
    """Return data whose two classes share no name."""
    folder = run.parent / "others"
    for side, number in (("A", 1), ("B", 2)):
        save(folder / f"train/{side}/{number}.png", np.zeros((SIDE, SIDE), np.uint8))
    return folder


def test_what_a_translator_is_scored_by_is_in_the_catalogue(cycle_run: Path) -> None:
    found = ganache.evaluate(cycle_run, features="pixels", paired=True)
    metrics = [score.protocol.metric for score in found.scores]
    assert metrics == [name for name in OF_TRANSLATORS if name in metrics]
    assert {"l1", "psnr", "ssim", "fd", "kd", "cycle"} <= set(metrics)


def test_each_direction_is_kept_and_compared_with_its_own(cycle_run: Path, tmp_path: Path) -> None:
    for direction in ("b-to-a", "a-to-b"):
        assert run_command("evaluate", str(cycle_run), "--features", "pixels", "--metrics", "fd",
                           "--direction", direction).status == 0  # fmt: skip
    found = {way: evaluation_at(cycle_run, way) for way in ("a-to-b", "b-to-a")}
    assert [(one.direction, one.reference.labels) for one in found.values()] == [("a-to-b", ("B",)), ("b-to-a", ("A",))]
    assert (cycle_run / "evaluation-b-to-a.json").is_file()
    told = evaluations_of(find_run(cycle_run))
    assert [one["title"] for one in told] == ["Evaluated afterwards, a-to-b", "Evaluated afterwards, b-to-a"]
    rows = comparison_facts([cycle_run, _copy(cycle_run, tmp_path / "copy")])["scores"]
    assert [(row["family"], row["verdict"]) for row in rows] == [(f"fd/pixels, {way}", "equal") for way in found]
    out = tmp_path / "x.png"
    done = run_command("compare", cycle_run, tmp_path / "copy", "--direction", "b-to-a", "--out", out)
    assert done.output.splitlines()[1].split()[:4] == ["fd/pixels", *[found["b-to-a"]["fd/pixels"].text] * 2, "equal"]
    with Image.open(out) as drawn:
        cells = np.asarray(drawn)
    made = load_translator(cycle_run, "b-to-a").translate(pictures("test", "B"))
    width = (cells.shape[1] - 8) // 3  # of what is given and of two translations, each six pictures in rows of three
    factor = (width - 8 - 2 * 2) // (3 * SIDE)
    ours = cells[24 : 24 + SIDE * factor : factor, 8 + width : 8 + width + SIDE * factor : factor, 0]
    assert np.array_equal(ours, made[0, ..., 0])


def _copy(run: Path, place: Path) -> Path:
    return Path(shutil.copytree(run, place))


def test_what_has_no_such_direction_is_not_compared(paired_run: Path, cycle_run: Path, digits_run: Path) -> None:
    with pytest.raises(UserError, match=r"was never evaluated; do so with: ganache evaluate .* --direction b-to-a$"):
        compare([paired_run, cycle_run], "b-to-a")
    with pytest.raises(UserError, match=r"^direction: 'up' is not one of"):
        compare([paired_run, cycle_run], "up")
    with pytest.raises(UserError, match=r"^out: some of these runs translate pictures, and others"):
        picture([digits_run, cycle_run])
    with pytest.raises(UserError, match=r"^run: .* translates a-to-b alone"):
        picture([paired_run], direction="b-to-a")
