"""How like its partner a picture is: by hand, and as torchmetrics has it."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from ganache.evaluation.metrics import likeness
from ganache.evaluation.metrics.likeness import absolute_difference, signal_to_noise, structural_similarity


@pytest.fixture(name="pair", params=[(11, 11, 1), (17, 30, 3)])
def noisy_pair(request: pytest.FixtureRequest) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    random = np.random.default_rng(0)
    ones = random.integers(0, 256, (3, *request.param), dtype=np.uint8)
    noise = random.integers(-40, 41, ones.shape)
    return ones, np.clip(ones + noise, 0, 255).astype(np.uint8)


def channels_first(images: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2).double() / 255.0


def test_differences_by_hand() -> None:
    black, grey = np.zeros((2, 2, 2, 1), np.uint8), np.zeros((2, 2, 2, 1), np.uint8)
    grey[1] = [[[51], [0]], [[0], [102]]]
    assert absolute_difference(black, grey).tolist() == pytest.approx([0.0, (0.2 + 0.4) / 4])
    assert absolute_difference(grey, black).tolist() == pytest.approx([0.0, 0.15])
    equal, other = signal_to_noise(black, grey)
    assert other == pytest.approx(10 * np.log10(1 / ((0.04 + 0.16) / 4)))
    assert equal == pytest.approx(10 * np.log10(255**2 * 4))  # as if one of four values differed by 1


def test_structure_and_noise_are_torchmetrics(
    pair: tuple[NDArray[np.uint8], NDArray[np.uint8]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ones, others = pair
    first, second = channels_first(ones), channels_first(others)
    _, everywhere = structural_similarity_index_measure(
        first, second, sigma=1.5, data_range=1.0, reduction="none", return_full_image=True
    )
    # Its windows reach beyond the edges by reflection; the paper's lie within.
    wanted = everywhere[:, :, 5:-5, 5:-5].mean(dim=(1, 2, 3))
    assert structural_similarity(ones, others) == pytest.approx(wanted.numpy(), abs=1e-7)
    monkeypatch.setattr(likeness, "_AT_ONCE", 1)  # one picture at a time
    assert structural_similarity(ones, others) == pytest.approx(wanted.numpy(), abs=1e-7)
    noise = [peak_signal_noise_ratio(x, y, data_range=1.0).item() for x, y in zip(first, second, strict=True)]
    assert signal_to_noise(ones, others).tolist() == pytest.approx(noise)


def test_a_picture_is_like_itself_and_unlike_its_negative(pair: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> None:
    ones, _ = pair
    assert structural_similarity(ones, ones) == pytest.approx(1.0)
    assert (structural_similarity(ones, 255 - ones) < -0.5).all()
