"""The transformations of an adaptive augmentation against the paper's, composed matrix by matrix, and their chances."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganache.parts.transformations import blitted, deformed, recoloured, with_holes

N = 20_000
LUMA = np.array([1.0, 1.0, 1.0, 0.0]) / math.sqrt(3.0)


def images(channels: int = 3, height: int = 8, width: int = 8, count: int = 6) -> Tensor:
    torch.manual_seed(1)
    return torch.rand(count, channels, height, width, dtype=torch.float64) * 2.0 - 1.0


def drawn(function: Callable[[Tensor, float], Tensor], given: Tensor, chance: float) -> Tensor:
    torch.manual_seed(8)
    return function(given, chance)


def numbers(count: int, uniform: int, normal: int) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Return the columns of what is drawn: uniform ones, each value followed by whether it is taken; normal ones."""
    torch.manual_seed(8)
    first = torch.rand(count, uniform, dtype=torch.float64).numpy()
    return list(first.T), list(torch.randn(count, normal, dtype=torch.float64).numpy().T)


def recoloured_alone(given: Tensor, chance: float) -> Tensor:
    return recoloured(given, chance, given.shape[1:2])


def shares(found: Tensor, expected: dict[float, float]) -> None:
    """Check that values occur as often as they should."""
    assert set(found.tolist()) == set(expected)
    for value, share in expected.items():
        assert abs(float((found == value).double().mean()) - share) < 0.012, (value, share)


def moved(*entries: float) -> NDArray[np.float64]:
    return np.array([*entries, 0.0, 0.0, 1.0]).reshape(3, 3)


def turned(angle: float) -> NDArray[np.float64]:
    return moved(math.cos(angle), -math.sin(angle), 0.0, math.sin(angle), math.cos(angle), 0.0)


def test_nothing_is_moved_or_recoloured_without_a_chance() -> None:
    given = images(4)
    for function in (blitted, deformed):
        torch.testing.assert_close(drawn(function, given, 0.0), torch.eye(3, dtype=given.dtype).expand(6, 3, 3))
    torch.testing.assert_close(drawn(recoloured_alone, given, 0.0), given)
    assert torch.equal(drawn(with_holes, given, 0.0), given)


def test_a_blit_is_the_papers_product() -> None:
    given, chance = images(3, 16, 24, 50), 0.6
    u, _ = numbers(50, 7, 0)
    for number, found in enumerate(drawn(blitted, given, chance).numpy()):
        flip, flips, angle, turns, across, down, shifts = (column[number] for column in u)
        expected = moved(-1.0 if flips < chance and flip >= 0.5 else 1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
        expected = expected @ turned(math.pi / 2 * (int(4 * angle) if turns < chance else 0))
        if shifts < chance:
            x, y = round((across / 4 - 1 / 8) * 24), round((down / 4 - 1 / 8) * 16)
            expected = expected @ moved(1.0, 0.0, -x, 0.0, 1.0, -y)
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_deformation_is_the_papers_product() -> None:
    given, chance = images(3, 16, 24, 50), 0.6
    u, z = numbers(50, 7, 4)
    half = 1.0 - math.sqrt(1.0 - chance)
    for number, found in enumerate(drawn(deformed, given, chance).numpy()):
        scales, first, turns, stretches, second, again, shifts = (column[number] for column in u)
        scale, stretch, across, down = (column[number] for column in z)
        s = 2.0 ** (0.2 * scale) if scales < chance else 1.0
        r = 2.0 ** (0.2 * stretch) if stretches < chance else 1.0
        expected = moved(1 / s, 0.0, 0.0, 0.0, 1 / s, 0.0)
        expected = expected @ turned(math.pi * (2 * first - 1) if turns < half else 0.0)
        expected = expected @ moved(1 / r, 0.0, 0.0, 0.0, r, 0.0)
        expected = expected @ turned(math.pi * (2 * second - 1) if again < half else 0.0)
        if shifts < chance:
            expected = expected @ moved(1.0, 0.0, -across * 24 / 8, 0.0, 1.0, -down * 16 / 8)
        np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_colours_are_those_of_the_papers_matrix_and_greys_of_its_projection(channels: int) -> None:
    """Alpha, the last of two or four channels, stays."""
    given, chance = images(channels, 3, 2, 50), 0.6
    u, z = numbers(50, 7, 3)
    grey, plane = np.outer(LUMA, LUMA), np.eye(4) - np.outer(LUMA, LUMA)
    v = LUMA[:3]
    cross = np.zeros((4, 4))
    cross[:3, :3] = [[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]]
    for number, found in enumerate(drawn(recoloured_alone, given, chance).numpy()):
        brightens, contrasts, flip, flips, hue, hues, saturates = (column[number] for column in u)
        brightness, contrast, saturation = (column[number] for column in z)
        matrix = np.eye(4)
        matrix[:3, 3] = 0.2 * brightness if brightens < chance else 0.0
        scale = 2.0 ** (0.5 * contrast) if contrasts < chance else 1.0
        matrix = np.diag([scale, scale, scale, 1.0]) @ matrix
        matrix = (np.eye(4) - 2.0 * grey * (flips < chance and flip >= 0.5)) @ matrix
        angle = math.pi * (2 * hue - 1) if hues < chance else 0.0
        rotation = np.outer(LUMA, LUMA) + math.cos(angle) * plane + math.sin(angle) * cross
        rotation[3, 3] = 1.0
        matrix = (grey + plane * (2.0**saturation if saturates < chance else 1.0)) @ rotation @ matrix
        image = given[number].numpy()
        if channels >= 3:
            expected = np.einsum("ij,jyx->iyx", matrix[:3, :3], image[:3]) + matrix[:3, 3, None, None]
        else:
            row = matrix[:3].mean(axis=0)
            expected = image[:1] * row[:3].sum() + row[3]
        np.testing.assert_allclose(found[: len(expected)], expected, atol=1e-12)
        assert np.array_equal(found[len(expected) :], image[len(expected) :])


@pytest.mark.parametrize("pictures", [(1, 3), (3, 3), (4, 3), (1, 1)])
def test_all_pictures_of_an_image_change_their_colours_alike(pictures: tuple[int, ...]) -> None:
    given = images(sum(pictures), 3, 2, 50)
    both = drawn(lambda all_of_it, chance: recoloured(all_of_it, chance, pictures), given, 0.6)
    alone = [drawn(recoloured_alone, one, 0.6) for one in torch.split(given, list(pictures), dim=1)]
    assert torch.equal(both, torch.cat(alone, dim=1))


def test_each_blit_has_its_chance() -> None:
    matrices = drawn(blitted, images(1, 8, 8, 1).expand(N, -1, -1, -1), 0.8)
    shares(torch.linalg.det(matrices[:, :2, :2]).round(), {1.0: 0.6, -1.0: 0.4})
    angles = torch.atan2(matrices[:, 1, 0], matrices[:, 1, 1]) / (math.pi / 2)
    shares(angles.round() % 4, {0.0: 0.4, 1.0: 0.2, 2.0: 0.2, 3.0: 0.2})
    shifts = (torch.linalg.inv(matrices[:, :2, :2]) @ matrices[:, :2, 2:])[:, 0, 0].round()
    shares(shifts + 0.0, {-1.0: 0.2, 0.0: 0.6, 1.0: 0.2})


def test_an_image_is_turned_at_all_with_the_chance_of_the_others_and_scales_have_their_deviations() -> None:
    matrices = drawn(deformed, images(1, 8, 8, 1).expand(N, -1, -1, -1), 0.5)
    linear = matrices[:, :2, :2]
    singular = torch.linalg.svdvals(linear).log2()
    scale, ratio = singular.mean(dim=1), (singular[:, 0] - singular[:, 1]) / 2
    is_scaled, is_stretched = scale.abs() > 1e-9, ratio.abs() > 1e-9
    assert abs(float(is_scaled.double().mean()) - 0.5) < 0.012
    assert abs(float(is_stretched.double().mean()) - 0.5) < 0.012
    assert abs(float(scale[is_scaled].std()) - 0.2) < 0.006
    assert abs(float(ratio[is_stretched].square().mean().sqrt()) - 0.2) < 0.006
    off_axis = (linear[:, 0, 1].abs() > 1e-12) | (linear[:, 1, 0].abs() > 1e-12)
    assert abs(float(off_axis.double().mean()) - 0.5) < 0.012


def test_half_of_the_chance_of_a_luma_flip_is_a_flip() -> None:
    changed = drawn(recoloured_alone, torch.ones(N, 1, 1, 1), 0.6).flatten()
    assert abs(float((changed < 0).double().mean()) - 0.3) < 0.012


def test_holes_are_half_the_sides_and_their_middles_anywhere() -> None:
    holes = drawn(with_holes, torch.ones(N, 1, 4, 8), 0.7)[:, 0] == 0
    is_holed = holes.any(dim=2).any(dim=1)
    assert abs(float(is_holed.double().mean()) - 0.7) < 0.012
    # A middle c covers the pixels whose own middles are within a quarter of the side: pixel i of 8 with the chance
    # that |(i + ½) / 8 - c| < ¼, which is ½ inside and 5 / 16 at the border.
    covered = holes.any(dim=1)[is_holed].double().mean(dim=0)
    for column, share in enumerate((5 / 16, 7 / 16, 0.5, 0.5, 0.5, 0.5, 7 / 16, 5 / 16)):
        assert abs(float(covered[column]) - share) < 0.016
    assert bool((holes == (holes.any(dim=2)[:, :, None] & holes.any(dim=1)[:, None, :])).all())
