"""The pool of old fakes: what is shown, what is kept, and that nothing gets lost."""

import threading
from collections.abc import Callable

import torch
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.parts.history import Pool
from tests.engine.crowd import Crowd

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


class Seeded(Pool):
    """One of several pools in threads, whose generator is one: each begins it alike, while the others wait."""

    lock = threading.Lock()

    def exchanged(self, fakes: Tensor) -> Tensor:
        with self.lock:
            torch.manual_seed(int(fakes[0]))
            return super().exchanged(fakes)


def test_each_process_is_shown_its_rows_of_what_one_alone_is_shown() -> None:
    """Rows 0 and 1 of four are the first's."""
    crowd, pools, alone = Crowd(2), [Seeded(SHAPE, 6) for _ in range(2)], Seeded(SHAPE, 6)

    def own_rows(rows: int, draw: Callable[[int], Tensor]) -> Tensor:
        return draw(2 * rows)[crowd.rank * rows :][:rows]

    crowd.own_rows = own_rows  # type: ignore[method-assign]
    for number in range(0, 40, 4):
        batch = fakes(*range(number, number + 4))

        def shown(batch: Tensor = batch) -> Tensor:
            return pools[crowd.rank](batch.chunk(2)[crowd.rank])  # type: ignore[no-any-return]

        assert torch.equal(torch.cat(crowd.each(shown)), alone(batch))
        assert torch.equal(pools[0].images, alone.images)
        assert torch.equal(pools[1].images, alone.images)
