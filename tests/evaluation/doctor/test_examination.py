"""A run examined after the fact, by the command and by the library."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import ganache
from ganache.data import open_dataset, select
from ganache.data.shape import ImageShape
from ganache.evaluation.doctor.examination import examine, held_rows, vectors
from ganache.games import TwoPlayers
from ganache.runs import products
from ganache.runs.folder import Run
from tests.commands import run_command
from tests.evaluation.doctor.charts import OF_PICTURES, Lines, log, picture_recipe
from tests.tiny import tiny_recipe

SOURCE: dict[str, Any] = {"data": "digits", "size": None, "channels": None, "labels": [], "max_skipped": 0.01}


def written(path: Path, lines: Lines, recipe: TwoPlayers, **record: Any) -> Path:
    """Write a run by hand."""
    data = {"shape": [1, 8, 8], "label_names": []}
    facts = {"source": SOURCE, "data": data, "outcome": "finished", "budget": {"images": 20_000}, "seed": 3, **record}
    run = Run.create(path, recipe, facts)
    run.log_file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_a_sick_run_is_no_error(tmp_path: Path) -> None:
    lines = log(OF_PICTURES, accuracy__real=0.5, accuracy__fake=0.5, diversity__raw=0.4, diversity__average=0.4)
    run = written(tmp_path / "run", lines, picture_recipe(label_flips=0.5))
    status, text, _ = run_command("doctor", run, "--json", tmp_path / "found.json")
    assert status == 0
    assert "20k images: 1 found, the most likely cause first\n" in text
    assert "1. discriminator too weak (certain)\n" in text
    assert "right in 50% of all cases" in text
    assert "   change      --set label_flips=0.0\n" in text
    assert "ganache train RECIPE.py --data digits --images 20000 --seed 3 --set label_flips=0.0\n" in text
    assert "no sign of  divergence" in text
    found = json.loads((tmp_path / "found.json").read_text())
    assert [one["name"] for one in found["findings"]] == ["discriminator too weak"]
    assert found["findings"][0]["settings"] == ["label_flips=0.0"]
    assert found["looked_for"]["mode collapse"] is True
    assert found["looked_for"]["memorisation"] is False


def test_a_run_that_calls_its_recipe_like_a_file_runs_none(tmp_path: Path) -> None:
    """`ganache doctor RUN` of somebody's RUN ran the Python file by whose path its recipe.json called the recipe."""
    ran, file = tmp_path / "ran", tmp_path / "evil.py"
    file.write_text(f"open({str(ran)!r}, 'w')\n")
    lines = log(OF_PICTURES, accuracy__real=0.5, accuracy__fake=0.5, diversity__raw=0.4, diversity__average=0.4)
    found = examine(written(tmp_path / "run", lines, picture_recipe(label_flips=0.5, name=str(file))))
    assert "ganache train RECIPE.py" in found.commands[0]
    assert not ran.exists()


def test_of_a_healthy_run_it_is_said_what_was_looked_at(tmp_path: Path) -> None:
    ended = run_command("doctor", written(tmp_path / "run", log(OF_PICTURES), picture_recipe()))
    text = " ".join(ended.output.split())
    assert "nothing found" in text
    assert "no sign of divergence, generator learning rate too high" in text
    assert "not judged discriminator overfitting, unsteady discriminator, memorisation" in text


def test_a_failed_run_without_a_log_is_diagnosed(tmp_path: Path) -> None:
    run = written(tmp_path / "run", [], picture_recipe(), outcome="failed: loss/generator became non-finite 4 times")
    found = ganache.diagnose(run)
    assert [one.name for one in found.findings] == ["divergence"]
    assert found.images_seen == 0


@pytest.mark.parametrize("words", [["nowhere"], ["."], ["RUN", "--data", "digits"], ["EMPTY"]])
def test_a_mistake_costs_one_line_and_status_two(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = {"shape": [1, 8, 8], "label_names": [], "fingerprint": "of something else", "source": "pictures"}
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "RUN", log(OF_PICTURES), picture_recipe(), data=data)
    written(tmp_path / "EMPTY", [], picture_recipe())
    ended = run_command("doctor", *words)
    assert (ended.status, ended.complaints.count("\n")) == (2, 1)


def pictures(folder: Path) -> Path:
    """Write 40 training and 120 held-out images of random pixels."""
    random = np.random.default_rng(0)
    for split, count in (("train", 40), ("test", 120)):
        (folder / split).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(random.integers(0, 256, (8, 8), np.uint8)).save(folder / split / f"{number}.png")
    return folder


def drawing(run: Path, image: torch.Tensor) -> None:
    """Give the run a generator that draws one image (1, 1, 8, 8) from every latent."""
    recipe = tiny_recipe()
    network = recipe.generator.build(ImageShape(1, 8, 8), 0)
    last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
    nn.init.zeros_(last.weight)
    last.bias.data.copy_(torch.atanh(image.flatten().clamp(-0.9999, 0.9999)))
    products.save(run / "generator.safetensors", network, recipe, ImageShape(1, 8, 8), {"label_names": []})


def test_copies_of_training_images_are_found_with_the_data(tmp_path: Path) -> None:
    dataset = open_dataset(folder := pictures(tmp_path / "data"), cache=tmp_path / "cache")
    run = written(tmp_path / "run", log(OF_PICTURES), picture_recipe(), data=dataset.summary())
    train, unseen = (
        torch.from_numpy(dataset.rows(split, 0, 1).images / 127.5 - 1.0).float()  # type: ignore[union-attr]
        for split in ("train", "test")
    )
    drawing(run, train)
    found = ganache.diagnose(run, data=folder)
    assert [one.name for one in found.findings] == ["memorisation"]
    assert "100% of 1,000 samples" in found.findings[0].evidence
    assert found.looked_for["memorisation"]
    drawing(run, unseen)  # real, but not what it learnt from
    assert ganache.diagnose(run, data=folder).findings == ()
    assert ganache.diagnose(run).looked_for["memorisation"] is False


def test_copies_of_mirrored_images_are_found_where_they_were_learnt(tmp_path: Path) -> None:
    """Before, a generator that returned mirrored training pictures passed for one that copies nothing."""
    dataset = open_dataset(folder := pictures(tmp_path / "data"), cache=tmp_path / "cache")
    mirrored = dataset.rows("train", 0, 1).images[..., ::-1] / 127.5 - 1.0  # type: ignore[union-attr]
    for learnt in (True, False):
        run = written(tmp_path / f"{learnt}", log(OF_PICTURES), picture_recipe(), data=dataset.summary())
        record = run / "run.json"
        told = json.loads(record.read_text())
        record.write_text(json.dumps({**told, "source": {**told["source"], "mirror": learnt}}))
        drawing(run, torch.from_numpy(mirrored.copy()).float())
        assert [one.name for one in ganache.diagnose(run, data=folder).findings] == ["memorisation"] * learnt


def test_training_images_are_compared_in_blocks_and_not_held_at_once(tmp_path: Path) -> None:
    dataset = open_dataset(folder := pictures(tmp_path / "data"), cache=tmp_path / "cache")
    run = written(tmp_path / "run", log(OF_PICTURES), picture_recipe(), data=dataset.summary())
    drawing(run, torch.from_numpy(dataset.rows("train", 0, 1).images / 127.5 - 1.0).float())  # type: ignore[union-attr]
    whole = examine(run, str(folder))
    assert examine(run, str(folder), block_bytes=7 * 4 * 64).findings == whole.findings != ()
    known = select(dataset)
    assert [len(block) for block in vectors(known, "train", 7)] == [7, 7, 7, 7, 7, 5]
    assert {tuple(row) for block in vectors(known, "train", 7) for row in block} == {
        tuple(row) for row in next(vectors(known, "train", 40))
    }


def test_a_bounded_number_of_held_out_images_stands_for_all() -> None:
    assert held_rows(ImageShape(1, 8, 8)) == 10_000
    assert held_rows(ImageShape(3, 64, 64)) == 2**27 // (4 * 3 * 64 * 64)
    assert held_rows(ImageShape(3, 2048, 2048)) == 100


def test_copies_cannot_be_looked_for_without_held_out_images(tmp_path: Path) -> None:
    dataset = open_dataset("digits", cache=tmp_path / "cache")
    run = written(tmp_path / "run", log(OF_PICTURES), picture_recipe(), data=dataset.summary())
    found = ganache.diagnose(run, data="digits")
    assert found.findings == ()
    assert found.looked_for["memorisation"] is False
