"""The pool of old fakes: what is shown, what is kept, and that nothing gets lost."""

import torch
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.parts.history import Pool

SHAPE = ImageShape(1, 1, 1)


def fakes(*values: float) -> Tensor:
    return torch.tensor(values).view(-1, 1, 1, 1)


def test_while_it_fills_fakes_are_shown_as_they_are_and_kept() -> None:
    pool = Pool(SHAPE, 4)
    assert torch.equal(pool(fakes(1, 2, 3)), fakes(1, 2, 3))
    assert torch.equal(pool(fakes(4, 5, 6)), fakes(4, 5, 6))  # more than there is room for: the oldest give way
    assert sorted(pool.images.flatten().tolist()) == [3, 4, 5, 6]


def test_once_full_half_are_old_ones_whose_place_is_taken() -> None:
    torch.manual_seed(0)
    pool = Pool(SHAPE, 8)
    pool(fakes(*range(8)))
    shown_old = 0
    for number in range(8, 808, 4):
        kept = set(pool.images.flatten().tolist())
        new = [float(number + index) for index in range(4)]
        shown = pool(fakes(*new)).flatten().tolist()
        after = set(pool.images.flatten().tolist())
        assert len(after) == 8
        for own, one in zip(new, shown, strict=True):
            assert one == own or one in kept
            assert (own in after) == (one != own)  # who is not shown is kept in the place of what was
            assert one not in after
            shown_old += one != own
    assert 360 < shown_old < 440  # of 800: four deviations


def test_no_pool_shows_what_is_made_and_more_than_it_holds_passes() -> None:
    assert torch.equal(Pool(SHAPE, 0)(fakes(1, 2)), fakes(1, 2))
    pool = Pool(SHAPE, 2)
    pool(fakes(1, 2))
    assert pool(fakes(3, 4, 5)).flatten().tolist()[2] == 5
