import numpy as np
import pytest
import torch

from ganache.networks.efficientnet import EfficientNetLite0
from ganache.networks.efficientnet_weights import EFFICIENTNET, installed
from ganache.networks.perceptual import PerceptualDistance, in_colour
from tests.networks.efficientnet_weights import drawn_weights


@pytest.fixture(scope="module")
def distance() -> PerceptualDistance:
    return PerceptualDistance(EfficientNetLite0(drawn_weights()), side=48)


def pictures(count: int = 2, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, 3, 48, 48, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_distances_are_those_of_unit_vectors_at_every_place(distance: PerceptualDistance) -> None:
    ours, theirs = pictures(), pictures(seed=1)
    expected = np.zeros(2)
    for one, other in zip(*(distance.network.maps((side * 127.5 + 0.5) / 128) for side in (ours, theirs)), strict=True):
        for number in range(2):
            a, b = (maps[number].numpy().reshape(maps.shape[1], -1) for maps in (one, other))
            cosines = (a * b).sum(0) / np.maximum(np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=0), 1e-12)
            seen = (np.linalg.norm(a, axis=0) > 0).astype(float) + (np.linalg.norm(b, axis=0) > 0)
            expected[number] += (seen - 2 * cosines).mean() / 5  # |u - v|² of unit vectors, or of none
    np.testing.assert_allclose(distance(ours, theirs).numpy(), expected, rtol=1e-4)
    assert torch.equal(distance(ours, ours), torch.zeros(2))
    torch.testing.assert_close(distance(theirs, ours), distance(ours, theirs))
    torch.testing.assert_close(distance(ours, theirs[:1])[:1], distance(ours[:1], theirs[:1]))


def test_the_slope_leads_nearer(distance: PerceptualDistance) -> None:
    goal, images = pictures(1), pictures(1, seed=2).requires_grad_()
    before = distance(images, goal)
    (slope,) = torch.autograd.grad(before.sum(), images)
    after = distance(images - 0.1 * slope / slope.abs().max(), goal)
    assert after.item() < before.item()


def test_any_channels_become_three() -> None:
    grey = torch.tensor([-1.0, 0.5]).reshape(1, 1, 1, 2)
    assert torch.equal(in_colour(grey), grey.repeat(1, 3, 1, 1))
    half = torch.zeros_like(grey)  # alpha ½: half of the grey, and half of white
    assert in_colour(torch.cat([grey, half], 1))[0, 0, 0].tolist() == [0.0, 0.75]
    assert torch.equal(in_colour(torch.cat([grey, grey, grey, half - 1], 1)), torch.ones(1, 3, 1, 2))
    assert in_colour(pictures()).equal(pictures())


@pytest.mark.skipif(installed() is None, reason="the package of the weights is not installed")
def test_a_moved_picture_looks_more_alike_than_a_blurred_one() -> None:
    """Where the mean squared difference of pixels says the contrary."""
    distance = PerceptualDistance(EfficientNetLite0(EFFICIENTNET.find()))
    y, x = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
    squares = ((x // 6 + y // 6) % 2 * 2 - 1).expand(1, 3, 96, 96)  # a chessboard
    moved = squares.roll(2, dims=3)
    blurred = torch.nn.functional.avg_pool2d(squares, 13, stride=1, padding=6, count_include_pad=False)
    assert (moved - squares).square().mean() > (blurred - squares).square().mean()
    assert distance(moved, squares).item() < distance(blurred, squares).item() / 2
