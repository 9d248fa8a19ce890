"""What the classifiers of a study see."""

from itertools import islice

import numpy as np
import pytest
import torch

from ganache.data.shape import ImageShape
from ganache.engine.transfers import CPU
from ganache.uses.study.learners import ARMS, BATCH, School, _drawn, _moved, learnt
from ganache.uses.study.subsets import LabelledPictures

SCHOOL = School(ImageShape(1, 4, 4), ("a", "b"), steps=3)


def pictures(count: int, value: int) -> LabelledPictures:
    labels = np.arange(count) % 2
    return LabelledPictures(np.full((count, 1, 4, 4), value, np.uint8), labels)


def test_half_of_what_is_seen_is_synthetic_however_many_there_are() -> None:
    few, synthetic = pictures(6, 10), pictures(500, 200)
    for images, labels in islice(_drawn([few, synthetic], CPU, 0), 3):
        assert (images == 10).flatten(1).all(dim=1).sum() == (images == 200).flatten(1).all(dim=1).sum() == BATCH // 2
        assert labels.shape == (BATCH,)
    alone = [images for images, _ in islice(_drawn([few], CPU, 0), 2)]
    assert [len(images) for images in alone] == [BATCH, BATCH]


def test_every_picture_comes_once_in_a_pass() -> None:
    few = LabelledPictures(np.arange(48, dtype=np.uint8).repeat(16).reshape(48, 1, 4, 4), np.zeros(48, np.int64))
    seen = torch.cat(
        [images[:, 0, 0, 0] for images, _ in islice(_drawn([few], CPU, 1), 3)]
    )  # four passes in three steps
    assert seen.bincount().tolist() == [4] * 48
    assert sorted(seen[:48].tolist()) == sorted(seen[48:96].tolist())
    assert seen[:48].tolist() != seen[48:96].tolist()


@pytest.mark.parametrize("flips", [True, False])
def test_moved_pictures_are_shifted_and_mirrored_only_where_that_is_wanted(flips: bool) -> None:
    ramp = torch.arange(16, dtype=torch.uint8).expand(256, 1, 16, 16)
    ((moved, labels),) = _moved(iter([(ramp, torch.zeros(256))]), flips)
    slopes = moved[:, 0, 8, 10].int() - moved[:, 0, 8, 6].int()
    assert set(slopes.tolist()) == ({4, -4} if flips else {4})
    places = moved[slopes == 4][:, 0, 8, 8]
    assert set(places.tolist()) == {6, 7, 8, 9, 10}  # by up to an eighth of 16
    assert len(labels) == 256


def test_arms_of_a_seed_begin_alike_and_are_the_same_every_time() -> None:
    few, none = pictures(8, 90), pictures(0, 0)
    plain, _, synthetic, _ = ARMS
    ours, again, theirs = (learnt(arm, few, none, SCHOOL, 5).network.state_dict() for arm in (plain, plain, synthetic))
    assert all(torch.equal(tensor, again[name]) for name, tensor in ours.items())
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())  # of no synthetic pictures
    other = learnt(plain, few, none, SCHOOL, 6).network.state_dict()
    assert not all(torch.equal(tensor, other[name]) for name, tensor in ours.items())
