"""What generators leave in pictures, by hand; the regression beside scikit-learn's; which files were compressed."""

import io
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.engine.pixel_values import values_of
from ganache.parts.moment import Moment
from ganache.uses.detection import apart
from ganache.uses.detection.compression import Compression, compression_of
from ganache.uses.detection.logistic import RIDGE, fitted
from ganache.uses.detection.teller import Familiarity, Ready
from ganache.uses.detection.traces import LARGEST, STEPS, Cooccurrences, Spectrum


@pytest.mark.parametrize(("across", "down", "ring"), [(3, 0, 3), (0, 5, 5), (3, 4, 5), (8, 0, 8), (8, 8, 11)])
def test_a_wave_has_its_power_in_the_ring_of_its_frequency(across: int, down: int, ring: int) -> None:
    places = torch.arange(16.0) / 16
    wave = torch.cos(2 * torch.pi * (across * places[None] + down * places[:, None]))[None, None]
    found = Spectrum(ImageShape(1, 16, 16))(wave)
    assert found.shape == (1, 12)
    assert found.argmax() == ring
    assert found.mean().abs() < 1e-5
    assert (found.max() - found.median()).item() > 4  # powers of ten


def test_power_is_a_mean_over_all_directions_whatever_half_is_computed() -> None:
    random = torch.Generator().manual_seed(0)
    values = torch.rand(1, 1, 12, 10, generator=random)
    power = torch.fft.fft2(values[0, 0]).abs().square()
    places = torch.hypot(torch.fft.fftfreq(12)[:, None], torch.fft.fftfreq(10)[None])
    rings = (places * 10).round().long()
    power[0, 0] = torch.nan  # the mean is no wave
    expected = torch.stack([power[rings == ring].nanmean() for ring in range(8)]).nan_to_num()
    logs = torch.log10(expected + 1e-6)
    torch.testing.assert_close(Spectrum(ImageShape(1, 12, 10))(values)[0], logs - logs.mean(), rtol=1e-4, atol=1e-4)


def test_flat_pictures_have_one_pair_of_differences_and_stripes_two() -> None:
    pairs = Cooccurrences(ImageShape(1, 8, 8))
    middle = LARGEST * STEPS + LARGEST  # no difference beside no difference
    flat = pairs(torch.zeros(1, 1, 8, 8))
    assert flat.shape == (1, 2 * STEPS**2)
    assert flat[0, [middle, STEPS**2 + middle]].tolist() == [1.0, 1.0]
    stripes = torch.full((1, 1, 8, 8), -1.0)
    stripes[..., ::2] = 1.0
    found = pairs(stripes)[0]
    up_down, down_up = (STEPS - 1) * STEPS, STEPS - 1
    assert found[[up_down, down_up]].tolist() == pytest.approx([0.5**0.5] * 2)
    assert found[STEPS**2 + middle] == 1.0
    assert Cooccurrences(ImageShape(4, 8, 8))(torch.zeros(2, 4, 8, 8)).shape == (2, 4 * STEPS**2)
    assert Cooccurrences(ImageShape(1, 1, 1))(torch.zeros(2, 1, 1, 1)).shape == (2, 2 * STEPS**2)


def test_the_regression_is_scikit_learns() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model", reason="the independent reference")
    random = np.random.default_rng(0)
    is_odd = np.arange(200) < 100
    rows = random.normal(size=(200, 3)) * [1, 20, 1] + is_odd[:, None] * [1.0, 5.0, 0.0]
    rows = np.hstack([rows, np.full((200, 1), 7.0)])  # a feature that says nothing
    found = fitted(rows, is_odd)
    placed = (rows - found.centre) / found.spread
    other = linear_model.LogisticRegression(C=1 / (200 * RIDGE), tol=1e-10, max_iter=1_000).fit(placed, is_odd)
    np.testing.assert_allclose(found.weights, other.coef_[0], atol=1e-4)
    assert found.bias == pytest.approx(other.intercept_[0], abs=1e-4)
    apart = fitted(np.array([[0.0], [1.0]] * 5), np.array([False, True] * 5))  # no finite solution without the ridge
    assert np.isfinite(apart.weights).all()


def test_distances_are_in_units_of_the_spread_within_kinds() -> None:
    random = np.random.default_rng(0)
    groups = [random.normal(size=(4_000, 2)) * [1.0, 10.0] + [offset, 0.0] for offset in (0.0, 100.0)]
    familiarity = Familiarity(2, 2)
    familiarity.learn(groups)
    found = familiarity(torch.tensor([[0.0, 0.0], [100.0, 0.0], [100.0, 30.0], [50.0, 0.0]]))
    # The root of the mean square over two features: 3 deviations in one of them are 3 / √2, 50 in the other 50 / √2.
    assert found.tolist() == pytest.approx([0.0, 0.0, 3 / 2**0.5, 50 / 2**0.5], rel=0.05, abs=0.05)


def test_pictures_are_as_their_files_would_be_before_they_are_disturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else an uncompressed picture is known by what a second compression shows of the first."""
    seen: list[Tensor] = []

    class Recorder(torch.nn.Module):
        def forward(self, images: Tensor, now: Moment) -> Tensor:
            seen.append(images)
            return images

    monkeypatch.setattr(apart, "WEAR", SimpleNamespace(build=lambda shape: Recorder()))
    shape, random = ImageShape(3, 8, 8), np.random.default_rng(0)
    reals, fakes = (random.integers(0, 256, (20, 3, 8, 8), dtype=np.uint8) for _ in range(2))
    apart.taught(shape, reals, [fakes], recode=40, steps=1, device=torch.device("cpu"))
    ready = Ready(shape, 40)
    for number, images in enumerate((reals, fakes)):
        torch.testing.assert_close(seen[-2 + number][:20], ready(values_of(torch.from_numpy(images))))


def picture(random: np.random.Generator) -> Image.Image:
    return Image.fromarray(random.integers(0, 256, (16, 16, 3), dtype=np.uint8))


def test_files_say_what_they_lost(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for number, quality in enumerate((30, 75, 75, 92)):
        picture(random).save(tmp_path / f"{number}.jpg", quality=quality)
    assert compression_of(str(tmp_path)) == Compression(1.0, 75)
    for number in range(4):
        picture(random).save(tmp_path / f"{number}.png")
    (tmp_path / "damaged.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "notes.txt").touch()
    assert compression_of(str(tmp_path)) == Compression(5 / 9, 75)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        content = io.BytesIO()
        picture(random).save(content, "WEBP")
        archive.writestr("a.webp", content.getvalue())
    assert compression_of(str(tmp_path / "all.zip")) == Compression(1.0, 75)
    assert compression_of("digits") == compression_of(str(tmp_path / "0.png")) == Compression()


def test_what_was_jpeg_already_hardly_changes() -> None:
    random = np.random.default_rng(0)
    smooth = np.cumsum(np.cumsum(random.normal(0, 4, (32, 32, 3)), axis=0), axis=1)
    image = Image.fromarray((128 + smooth - smooth.mean()).clip(0, 255).astype(np.uint8))
    content = io.BytesIO()
    image.save(content, "JPEG", quality=60)
    once = np.asarray(Image.open(content))
    ready = Ready(ImageShape(3, 32, 32), 60)

    def moved(pixels: np.ndarray) -> float:
        values = torch.tensor(np.array(pixels)).permute(2, 0, 1)[None] / 127.5 - 1
        return float((ready(values) - values).abs().mean() * 127.5)

    assert moved(once) < 0.6 * moved(np.asarray(image))
