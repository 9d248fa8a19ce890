"""Which rows a training takes and which classes its product knows: labels -1, classes never trained, part of them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import ganache
from ganache.data import Selection, open_dataset, select
from ganache.data.selection import compared_classes, held_out_split, occurring
from ganache.data.sources.densities import ring
from ganache.data.store.packed import PackedDataset
from ganache.engine.random_draws import StateDraws
from ganache.evaluation.records import Evaluation
from ganache.runs import sealed
from ganache.runs.folder import Run
from ganache.support.errors import UserError
from ganache.training.observers.held_out import HeldOut, unexamined
from ganache.training.plan import Request
from tests.commands import run_command
from tests.conftest import SMALL
from tests.data.data_files import pixels, save
from tests.labelled import labelled
from tests.tiny import tiny_recipe, tiny_state

CONDITIONAL = (*SMALL, "conditional=true")


def numbered(labels: list[int], names: tuple[str, ...] = ("a", "b", "c"), **splits: int) -> PackedDataset:
    """Return 1×2 pictures whose pixels are their row's number, with these labels."""
    images = np.arange(len(labels), dtype=np.uint8).repeat(2).reshape(-1, 1, 1, 2)
    return labelled(images, labels, names, **splits)


def rows(data: Selection, split: str = "train") -> dict[int, int]:
    """Return row → label of all that is taken of a split."""
    stream = data.stream(0, split)
    assert stream.count is not None
    batch = stream.batch(0, stream.count)
    return dict(zip(batch.images[:, 0, 0, 0].tolist(), batch.labels.tolist(), strict=True))


# Rows 0 … 4 train: b never occurs, row 1 has no label; rows 5 … 8 test: a, b, none, c.
MIXED = numbered([2, -1, 0, 2, 0, 0, 1, -1, 2], train=5, test=4)


def test_the_classes_that_occur_keep_the_data_s_order() -> None:
    assert occurring(MIXED) == ("a", "c")
    assert occurring(MIXED, "test") == ("a", "b", "c")
    assert occurring(ring()) == ring().label_names  # without end, nobody counts


def test_a_conditional_training_takes_the_labelled_rows_and_numbers_the_classes_that_occur() -> None:
    data = select(MIXED, conditional=True)
    assert data.label_names == ("a", "c")
    assert rows(data) == {0: 1, 2: 0, 3: 1, 4: 0}
    assert rows(data, "test") == {5: 0, 8: 1}  # b was never trained, and row 7 has no label
    assert data.describe() == {"classes": ["a", "c"], "rows": 4, "left_out": 1, "by_class": {"a": 2, "c": 2}}
    assert data.notes() == [
        "without a label, and left out: 1 of 5 training images",
        "without a training image, and unknown to the generator: b",
    ]


def test_an_unconditional_training_takes_every_row() -> None:
    data = select(MIXED)
    assert rows(data) == {0: 1, 1: -1, 2: 0, 3: 1, 4: 0}
    assert (data.left_out, data.notes()) == (0, [])
    assert rows(data, "test").keys() == {5, 6, 7, 8}  # a training row without a class may have been a b


@pytest.mark.parametrize("conditional", [False, True])
def test_labels_restrict_both_splits_and_the_classes(conditional: bool) -> None:
    data = select(MIXED, ("c", "b"), conditional)
    assert data.label_names == ("c",)
    assert rows(data) == {0: 0, 3: 0}
    assert rows(data, "test") == {8: 0}
    assert data.notes() == ["without a training image, and unknown to the generator: b"]
    assert data.left_out == 0


def test_held_out_rows_of_a_class_that_is_never_trained_are_not_examined() -> None:
    dataset = numbered([0, 1, 1, 0, 2, 2], train=3, test=3)
    for conditional in (False, True):
        data = select(dataset, conditional=conditional)
        assert data.label_names == ("a", "b")
        assert rows(data, "test") == {3: 0}
        state = tiny_state(tiny_recipe(conditional=conditional), dataset.shape, labels=2)
        assert HeldOut(data, state).count == 1


def test_a_split_without_rows_of_trained_classes_is_passed_over() -> None:
    dataset = numbered([0, 1, -1, -1, 1], train=2, test=2, val=1)
    assert held_out_split(select(dataset, conditional=True)) == "val"
    assert held_out_split(select(dataset)) == "test"
    only_a = select(dataset, ("a",))
    assert held_out_split(only_a) is None
    assert unexamined(only_a) == ["not examined on test, val: no image there has a label that is trained"]
    assert HeldOut(only_a, tiny_state(tiny_recipe(), dataset.shape)).count == 0


@pytest.mark.parametrize(
    ("labels", "line"),
    [(("b",), "no image of the split 'train' is labelled b"), (("d",), "labels: 'd' is not a class of this data")],
)
def test_classes_of_which_there_is_nothing_are_refused(labels: tuple[str, ...], line: str) -> None:
    for conditional in (False, True):
        with pytest.raises(UserError, match=line):
            select(MIXED, labels, conditional)


def test_a_conditional_training_without_any_label_is_refused() -> None:
    with pytest.raises(UserError, match="conditional: the training images of 'shades' have no labels"):
        select(numbered([-1, -1, 0], train=2, test=1), conditional=True)


def test_where_every_class_is_taken_the_streams_are_those_of_the_data() -> None:
    """A conditional run on all classes resumes as before: the same rows in the same order, the same numbers."""
    for dataset in (open_dataset("digits"), ring()):
        found, known = select(dataset, conditional=True).stream(7).batch(5, 300), dataset.stream(7).batch(5, 300)
        assert np.array_equal(found.images, known.images)
        assert np.array_equal(found.labels, known.labels)


def test_modes_of_a_density_are_numbered_anew() -> None:
    data = select(ring(), ("mode 6", "mode 1"), conditional=True)
    assert data.label_names == ("mode 1", "mode 6")
    known, found = ring().stream(3, ("mode 1", "mode 6")).batch(0, 64), data.stream(3).batch(0, 64)
    assert np.array_equal(found.images, known.images)
    assert found.labels.tolist() == [[1, 6].index(label) for label in known.labels.tolist()]
    batch = StateDraws(data, tiny_state(tiny_recipe(conditional=True), ring().shape, labels=2)).batch()
    assert batch.conditions.shape == (4, 2)
    assert data.describe() == {"classes": ["mode 1", "mode 6"], "rows": None, "left_out": 0}


def test_what_a_generator_is_compared_with() -> None:
    assert compared_classes(MIXED, ()) == ()
    assert compared_classes(MIXED, ("a", "c")) == ("a", "c")  # one training image has no label
    labelled_well = numbered([0, 2, 0, 1, -1], train=3, test=2)
    assert compared_classes(labelled_well, ("a", "c")) == ()
    assert compared_classes(labelled_well, ("c",)) == ("c",)
    assert compared_classes(labelled_well, ("a", "b"), split="test") == ("a", "b")
    assert compared_classes(labelled_well, ("c",), split="test") == ()
    assert compared_classes(ring(), ring().label_names) == ()
    assert compared_classes(ring(), ("mode 1",)) == ("mode 1",)
    assert compared_classes(labelled_well, ("a", "c"), labels=("c",)) == ("c",)
    with pytest.raises(UserError, match="lacks classes that the generator draws: d"):
        compared_classes(MIXED, ("a", "d"))


def kaggle(folder: Path) -> Path:
    """Write train/cats, train/dogs and pictures straight in test/, as competitions do: dark cats, light dogs."""
    for number in range(12):
        for label, level in (("cats", 0), ("dogs", 150)):
            save(folder / "train" / label / f"{number}.png", level + pixels(8, 8, 1, number) // 4)
        save(folder / "test" / f"{number}.png", pixels(8, 8, 1, number))
    return folder


def states(run: Path) -> list[tuple[str, dict[str, torch.Tensor]]]:
    return [(path.name, sealed.load(path)[0]) for path in sorted((run / "checkpoints").glob("*.safetensors"))]


def test_kaggles_layout_trains_conditionally_to_the_end_and_resumes(tmp_path: Path) -> None:
    """`train --data kaggle --set conditional=true` died after its first pass, at label -1, and at every resume."""
    data = kaggle(tmp_path / "kaggle")
    whole = ganache.train("dcgan", data=data, out=tmp_path / "whole", images=160, settings=CONDITIONAL)
    assert whole.images_seen == 160
    parts = ganache.train("dcgan", data=data, out=tmp_path / "parts", images=96, settings=CONDITIONAL).run
    ganache.resume(parts, images=160)
    (name, state), (other, again) = states(whole.run)[-1], states(parts)[-1]
    assert name == other
    assert all(torch.equal(value, again[key]) for key, value in state.items() if not key.startswith("tally/"))
    assert not any(key.startswith("held_out/") for line in Run.open(parts).log_lines() for key in line)
    assert ganache.load(parts).label_names == ("cats", "dogs")


def test_a_training_says_once_that_nothing_can_be_examined(tmp_path: Path) -> None:
    data = kaggle(tmp_path / "kaggle")
    settings = [part for setting in CONDITIONAL for part in ("--set", setting)]
    command = ["train", "dcgan", "--data", str(data), "--images", "96", *settings]
    for options in (["--out", str(tmp_path / "run")], ["--dry-run"]):
        status, out, _ = run_command(*command, *options)
        assert status == 0
        assert out.count("not examined on test: no image there has a label that is trained") == 1


def test_pictures_beside_class_folders_are_left_out_and_counted(tmp_path: Path) -> None:
    """They were a class named `unlabelled`, which a conditional generator drew as often as any other."""
    data, out = kaggle(tmp_path) / "train", tmp_path / "run"
    for number in range(5):
        save(data / f"{number}.png", pixels(8, 8, 1, number))
    settings = [part for setting in CONDITIONAL for part in ("--set", setting)]
    status, printed, _ = run_command("train", "dcgan", "--data", data, "--out", out, "--images", 32, *settings)
    assert status == 0
    assert "without a label, and left out: 5 of 29 training images" in printed
    assert Run.open(out).record()["selection"] == {
        "classes": ["cats", "dogs"],
        "rows": 24,
        "left_out": 5,
        "by_class": {"cats": 12, "dogs": 12},
    }
    assert ganache.load(out).label_names == ("cats", "dogs")
    assert "without class  5" in run_command("data", "info", data)[1]


def test_an_unlabelled_training_split_is_refused_by_the_plan(tmp_path: Path) -> None:
    """Class folders in `test/` alone name no class of a training image: was a traceback, is one line and no folder."""
    data = tmp_path / "data"
    for number in range(4):
        save(data / "train" / f"{number}.png", pixels(8, 8, 1, number))
        for label in ("cats", "dogs"):
            save(data / "test" / label / f"{number}.png", pixels(8, 8, 1, number))
    for begin in (
        lambda: ganache.plan(Request(data=str(data), recipe="dcgan", settings=CONDITIONAL)),
        lambda: ganache.train("dcgan", data=data, out=tmp_path / "run", images=32, settings=CONDITIONAL),
    ):
        with pytest.raises(UserError, match=r"conditional: the training images of .* have no labels"):
            begin()
    assert not (tmp_path / "run").exists()


def test_two_digits_make_a_generator_of_two_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`train --data digits --label 3 --label 7 --set conditional=true` kept ten names, drew all ten, judged 22.5%."""
    monkeypatch.setattr("ganache.evaluation.features.by_name.LEAST_LABELLED", 10_000)  # no classifier need be trained
    out = tmp_path / "run"
    ganache.train(
        "dcgan", data="digits", out=out, images=64, labels=("7", "3"), settings=CONDITIONAL, evaluate_every=32
    )
    assert ganache.load(out).label_names == ("3", "7")
    record = Run.open(out).record()
    taken = {"classes": ["3", "7"], "rows": 183 + 179, "left_out": 0}
    assert record["selection"] == {**taken, "by_class": {"3": 183, "7": 179}}
    with Image.open(out / "samples" / "00000064.png") as sheet, Image.open(Run.open(out).sample_files()[0]) as first:
        assert sheet.size == first.size
        assert sheet.height > 3 * sheet.width  # two columns of eight
    assert ganache.load(Run.open(out).best_file).label_names == ("3", "7")
    line = Run.open(out).evaluation_lines()[0]["evaluation"]
    assert line["reference"]["labels"] == ["3", "7"]
    assert line["reference"]["count"] == 362


@pytest.mark.parametrize(("labels", "held_out"), [((), 24), (("a",), 24), (("b",), None)])
def test_copies_are_not_looked_for_among_classes_that_were_never_trained(
    labels: tuple[str, ...], held_out: int | None, tmp_path: Path
) -> None:
    """Held-out images of a class that occurs in `test/` alone are far from all training images, copies or not."""
    for number in range(24):
        for place in ("train/a", "train/b", "test/a", "test/new"):
            save(tmp_path / "data" / place / f"{number}.png", pixels(8, 8, 1, number))
    np.save(tmp_path / "samples.npy", np.stack([pixels(8, 8, 1, number) for number in range(24)])[..., None])

    def evaluate() -> Evaluation:
        samples, data = tmp_path / "samples.npy", tmp_path / "data"
        return ganache.evaluate(samples, data=data, metrics=["memorisation"], features="pixels", labels=labels)

    if held_out is None:
        with pytest.raises(UserError, match="memorisation: no held-out image has a label that was asked for"):
            evaluate()
    else:
        assert evaluate().scores[0].protocol.settings["held_out_count"] == held_out
