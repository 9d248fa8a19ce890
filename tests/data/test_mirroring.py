"""Every picture mirrored too: which rows a training takes then, in which order, and what stays as it is."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import ganache
from ganache.data import select
from ganache.data.dataset import RowStream
from ganache.data.mirroring import MirroredRows
from ganache.data.origin import Source
from ganache.data.sources.densities import ring
from ganache.data.store.packed import ShuffledStream
from ganache.engine.feeding import Direct, Feed, Prefetched, Resident
from ganache.engine.transfers import CPU
from ganache.evaluation.alike import FEWEST, mirrored_alike
from ganache.runs.folder import Run
from ganache.support.errors import UserError
from tests.commands import run_command
from tests.conftest import SMALL
from tests.data.data_files import save
from tests.labelled import labelled
from tests.training.test_training import last_checkpoint

ROWS = 7


def images(count: int = ROWS) -> NDArray[np.uint8]:
    """Return pictures of 1×2 pixels, row i of which is (2 i, 2 i + 1): mirrored it is told by its first, odd pixel."""
    return np.arange(2 * count, dtype=np.uint8).reshape(count, 1, 1, 2)


def stream(seed: int = 3) -> MirroredRows:
    return MirroredRows(ShuffledStream(images(), np.arange(ROWS, dtype=np.int32) % 3, np.arange(ROWS), seed), seed)


def test_row_i_and_n_is_row_i_mirrored_with_its_label() -> None:
    batch = stream().at(np.array([0, 7, 6, 13, 8]))
    assert batch.images.reshape(-1, 2).tolist() == [[0, 1], [1, 0], [12, 13], [13, 12], [3, 2]]
    assert batch.labels.tolist() == [0, 0, 0, 0, 1]


def test_every_epoch_has_each_picture_once_and_once_mirrored_in_an_order_of_its_own() -> None:
    mirrored = stream()
    assert mirrored.count == 14
    epochs = [mirrored.batch(14 * epoch, 14).images for epoch in range(3)]
    assert all(Counter(epoch[:, 0, 0, 0].tolist()) == Counter(range(14)) for epoch in epochs)
    assert len({tuple(epoch[:, 0, 0, 0].tolist()) for epoch in epochs}) == 3
    across = mirrored.batch(10, 20).images
    assert np.array_equal(across, np.concatenate(epochs)[10:30])
    assert np.array_equal(stream().batch(28, 14).images, epochs[2])
    assert not np.array_equal(stream(4).batch(0, 14).images, epochs[0])


def test_batches_are_fresh() -> None:
    mirrored = stream()
    mirrored.batch(0, 14).images[:] = 99
    assert 99 not in mirrored.batch(0, 14).images


def prefetched(rows: RowStream) -> Feed:
    return Prefetched(rows, CPU, 5, ahead=3)


def resident(rows: RowStream) -> Feed:
    return Resident(rows, prefetched(rows), CPU)


@pytest.mark.parametrize("feed", [prefetched, resident])
def test_whatever_feeds_a_training_gives_the_same_rows(feed: Callable[[RowStream], Feed]) -> None:
    fed, direct = feed(stream()), Direct(stream(), CPU)
    for position in (*range(0, 60, 5), 20, 25, 3):
        found, expected = fed.batch(position, 5), direct.batch(position, 5)
        assert found.images.tolist() == expected.images.tolist()
        assert found.labels.tolist() == expected.labels.tolist()


def test_a_selection_mirrors_what_is_trained_on_and_nothing_else() -> None:
    data = labelled(images(), [0, 1, -1, 1, 0, 1, 0], train=5, test=2)
    taken = select(data, conditional=True, mirror=True)
    batch = taken.stream(0).batch(0, 8)
    found = {
        (first, second): label
        for (first, second), label in zip(batch.images.reshape(-1, 2).tolist(), batch.labels.tolist(), strict=True)
    }
    expected = {0: 0, 1: 1, 3: 1, 4: 0}
    assert found == {
        pair: label for row, label in expected.items() for pair in ((2 * row, 2 * row + 1), (2 * row + 1, 2 * row))
    }
    assert taken.rows() == 4
    assert sorted(taken.stream(0, "test").batch(0, 2).images[:, 0, 0, 0].tolist()) == [10, 12]
    assert taken.stream(0, "test").count == 2
    assert taken.notes()[0] == ("mirrored: each of 4 training images comes as its mirror picture too; scores take none")
    assert select(data, conditional=True).stream(0).count == 4


def test_what_has_no_pictures_is_not_mirrored() -> None:
    with pytest.raises(UserError, match=r"^mirror: 'ring' has no pictures that could be mirrored$"):
        select(ring(), mirror=True)


def test_a_run_keeps_that_it_is_mirrored_and_is_resumed_to_the_same_bits(tmp_path: Path) -> None:
    options = {"data": "digits", "settings": SMALL, "mirror": True}
    whole = ganache.train("dcgan", out=tmp_path / "whole", images=64, **options).run  # type: ignore[arg-type]
    parts = ganache.train("dcgan", out=tmp_path / "parts", images=32, **options).run  # type: ignore[arg-type]
    Run.open(parts).update_record(cadence=Run.open(whole).record()["cadence"])
    ganache.resume(parts, images=64)
    assert last_checkpoint(parts) == last_checkpoint(whole)
    record = Run.open(whole).record()
    assert record["source"]["mirror"] is True
    old = {name: value for name, value in record["source"].items() if name != "mirror"}
    assert (Source.of(record["source"]).mirror, Source.of(old).mirror) == (True, False)


def symmetric(count: int) -> NDArray[np.uint8]:
    """Return pictures of a bright disc anywhere, each as likely as its mirror picture."""
    random = np.random.default_rng(5)
    rows, columns = np.mgrid[:12, :12]
    centres, sizes = random.uniform(2, 9, (count, 2)), random.uniform(1, 4, count)
    apart = (rows - centres[:, 0, None, None]) ** 2 + (columns - centres[:, 1, None, None]) ** 2
    discs: NDArray[np.uint8] = (255 * (apart < sizes[:, None, None] ** 2)).astype(np.uint8)[:, None]
    return discs


def test_pictures_that_look_alike_mirrored_are_told_from_those_that_do_not() -> None:
    discs = symmetric(200)
    alike = mirrored_alike(discs)
    assert alike is not None
    assert alike.is_alike
    leaning = np.where(np.arange(12) < 6, 0, discs)  # dark on the left
    for other in (leaning, select(Source("digits").open()).stream(0).batch(0, 200).images):
        found = mirrored_alike(other.astype(np.uint8))
        assert found is not None
        assert not found.is_alike
    assert mirrored_alike(discs[: FEWEST - 1]) is None
    assert mirrored_alike(np.zeros((FEWEST, 3, 5, 4), np.uint8)) is not None


def test_the_dry_run_suggests_it_where_it_would_help_and_the_command_takes_it(tmp_path: Path) -> None:
    (tmp_path / "discs").mkdir()
    for number, disc in enumerate(symmetric(120)):
        save(tmp_path / "discs" / f"{number}.png", disc[0])
    settings = [word for setting in SMALL for word in ("--set", setting)]
    said = {}
    for name, data, more in (
        ("discs", tmp_path / "discs", ()),
        ("digits", "digits", ()),
        ("mirrored", tmp_path / "discs", ("--mirror",)),
    ):
        status, said[name], _ = run_command("train", "dcgan", "--data", data, "--dry-run", *settings, *more)
        assert status == 0
    assert "advice         mirrored, the pictures look alike (0.0" in said["discs"]
    assert "--mirror" not in said["digits"]
    assert "advice" not in said["mirrored"]
    assert "note           mirrored: each of 120 training images" in said["mirrored"]
