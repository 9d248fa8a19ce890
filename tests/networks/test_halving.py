import pytest
import torch

from ganache.networks.halving import averaged, repeated


def test_means_by_hand_where_an_odd_sides_last_place_stands_alone() -> None:
    images = torch.arange(9.0).view(1, 1, 3, 3)
    assert averaged(images, (2, 2)).tolist() == [[[[2.0, 3.5], [6.5, 8.0]]]]
    assert averaged(images, (2, 3)).tolist() == [[[[1.5, 2.5, 3.5], [6.0, 7.0, 8.0]]]]
    assert averaged(images, (3, 3)) is images


def test_repeated_by_hand() -> None:
    images = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert repeated(images, (3, 2)).tolist() == [[[[1.0, 2.0], [1.0, 2.0], [3.0, 4.0]]]]
    assert repeated(images, (2, 4)).tolist() == [[[[1.0, 1.0, 2.0, 2.0], [3.0, 3.0, 4.0, 4.0]]]]
    assert repeated(images, (2, 2)) is images


@pytest.mark.parametrize("large", [(8, 10), (7, 9), (7, 5), (8, 5)])
def test_what_was_repeated_is_the_same_when_averaged(large: tuple[int, int]) -> None:
    torch.manual_seed(0)
    small = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    grown = repeated(small, large)
    assert grown.shape == (2, 3, *large)
    torch.testing.assert_close(averaged(grown, (4, 5)), small)
