import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.engine.pixel_values import pixels_of
from ganache.games import TwoPlayers
from ganache.networks import DCGANGenerator, Generator, MLPGenerator, R3GANGenerator, StyleGAN2Generator
from ganache.parts.latents import Keyed, Normal, Uniform
from ganache.runs import products
from ganache.runs.folder import Run
from ganache.runs.products import GROUP, WALKERS, TrainedGenerator
from ganache.support.errors import UserError
from tests.tiny import SHAPE, tiny_recipe

COUNTS = [0, 1, 63, 64, 65, 200]
NAMES = ("cat", "dog", "eel")
POINT = ImageShape(2, 1, 1)


class Painted(nn.Module):
    """Gives the latents as pixels; with labels, their number as every pixel."""

    def __init__(self, shape: ImageShape) -> None:
        super().__init__()
        self.none = nn.Parameter(torch.zeros(1))
        self.shape = shape

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        numbers = labels.argmax(1).float() / 127.5 - 1 if labels.shape[1] else None
        pixels = latents if numbers is None else numbers[:, None].expand(-1, self.shape.pixels)
        return pixels.reshape(-1, self.shape.channels, self.shape.height, self.shape.width)


def painter(shape: ImageShape = SHAPE, names: tuple[str, ...] = (), latent: Any = None) -> TrainedGenerator:
    config = MLPGenerator(latent=latent or Normal(size=shape.pixels))
    return TrainedGenerator(Painted(shape), config, shape, names, {})


def trained(config: Generator, shape: ImageShape, names: tuple[str, ...] = ()) -> TrainedGenerator:
    torch.manual_seed(0)
    return TrainedGenerator(config.build(shape, len(names)).eval(), config, shape, names, {})


LOADING = """
import sys
from ganache.runs import products
for file in sys.argv[1:]:
    products.load(file)
assert "torch._dynamo" not in sys.modules
"""


def test_loading_does_not_import_torchs_compiler(tmp_path: Path) -> None:
    shape, files = ImageShape(1, 8, 8), []
    for number, config in enumerate([DCGANGenerator(width=4), R3GANGenerator()]):
        files.append(tmp_path / f"{number}.safetensors")
        network = config.build(shape, 0)
        products.save(files[-1], network, tiny_recipe(generator=config), shape, {"label_names": []})
    subprocess.run([sys.executable, "-c", LOADING, *map(str, files)], check=True)


CONFIGS = [
    (MLPGenerator(latent=Uniform(size=3), widths=(8,)), ImageShape(3, 4, 5), ()),
    (DCGANGenerator(latent=Normal(size=3), width=4), ImageShape(1, 9, 8), NAMES),
    (MLPGenerator(latent=Normal(size=2), widths=(8,)), POINT, ()),
]


@pytest.mark.parametrize(("config", "shape", "names"), CONFIGS, ids=["MLP", "DCGAN with labels", "points"])
def test_image_i_does_not_depend_on_how_many_are_drawn(
    config: Generator, shape: ImageShape, names: tuple[str, ...]
) -> None:
    generator = trained(config, shape, names)
    all_of_them = generator.sample(200, seed=5)
    assert all_of_them.shape == (200, shape.height, shape.width, shape.channels)
    assert all_of_them.dtype == (np.float32 if shape.is_point else np.uint8)
    for count in COUNTS:
        some = generator.sample(count, seed=5)
        assert some.dtype == all_of_them.dtype
        assert np.array_equal(some, all_of_them[:count])
        for start in (0, 1, 63, 64, 130):
            pieces = [piece for piece in generator.stream(count, seed=5, start=start) if len(piece)]
            later = np.concatenate(pieces) if pieces else some[:0]
            assert np.array_equal(later[: 200 - start], all_of_them[start : start + count])
            assert len(later) == count
    assert not np.array_equal(generator.sample(64, seed=6), all_of_them[:64])
    assert not np.array_equal(all_of_them[:64], all_of_them[64:128])


def test_images_come_in_pieces_of_constant_size() -> None:
    assert [len(piece) for piece in painter().stream(200)] == [64, 64, 64, 8]
    assert [len(piece) for piece in painter().stream(100, start=60)] == [4, 64, 32]


def test_a_value_is_rounded_to_the_nearest_level_and_halves_to_even() -> None:
    class Fixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.values = nn.Parameter(torch.tensor([[-1.0, 1.0], [0.0, -0.99], [1.5, -7.0], [0.99, 1 / 255]]))

        def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
            return self.values.reshape(1, 4, 1, 2).expand(len(latents), -1, -1, -1)

    shape = ImageShape(4, 1, 2)
    images = TrainedGenerator(Fixed(), MLPGenerator(), shape, (), {}).sample(2)
    # 127.5 → 128; 0.01 · 127.5 = 1.275 → 1; 253.725 → 254; 127.5 + 0.5 = 128
    assert images[1].tolist() == [[[0, 128, 255, 254], [255, 1, 0, 128]]]


def test_every_level_survives_the_way_into_training_and_back() -> None:
    levels = torch.arange(256, dtype=torch.uint8)
    as_trained = levels.float().div(127.5).sub(1.0)
    images = pixels_of(as_trained.reshape(64, 1, 1, 4))
    assert images.reshape(-1).tolist() == list(range(256))


def test_points_are_given_as_they_are() -> None:
    generator = painter(POINT)
    latents, _ = generator.inputs(3, 0)
    assert torch.equal(torch.from_numpy(generator.sample(5, seed=3)[:, 0, 0]), latents[:5])


def numbers(images: Any) -> list[int]:
    return [int(value) for value in images[:, 0, 0, 0]]


def test_labels_are_asked_for_by_name_and_take_turns() -> None:
    generator = painter(names=NAMES)
    assert numbers(generator.sample(3, labels=["eel"])) == [2, 2, 2]
    assert numbers(generator.sample(130, labels=["eel", "cat", "eel"])) == ([2, 0, 2] * 44)[:130]
    later = np.concatenate(list(generator.stream(10, labels=["eel", "cat", "dog"], start=65)))
    assert numbers(later) == ([2, 0, 1] * 30)[65:75]


def test_without_a_wish_labels_are_drawn_evenly() -> None:
    drawn = numbers(painter(names=NAMES).sample(3000))
    assert sum(drawn.count(number) for number in range(3)) == 3000
    assert all(900 < drawn.count(number) < 1100 for number in range(3))


def test_unknown_labels_are_refused() -> None:
    with pytest.raises(UserError) as refused:
        painter(names=NAMES).sample(1, labels=["cat", "dogg"])
    assert str(refused.value) == "label: 'dogg' is not known (did you mean 'dog'?); it has: cat, dog, eel"
    with pytest.raises(UserError) as refused:
        painter().sample(1, labels=["cat"])
    assert str(refused.value) == "label: this generator takes no labels, so 'cat' cannot be asked for"


def test_a_walk_passes_its_stops_and_closes() -> None:
    generator = painter(POINT)
    frames = np.stack(list(generator.walk(seed=1, frames=50, stops=5)))[:, :, 0, 0]
    assert frames.shape == (50, WALKERS, 2)
    steps = np.linalg.norm(np.roll(frames, -1, axis=0) - frames, axis=2)
    lengths = steps.reshape(5, 10, WALKERS).sum(axis=1)
    assert float(steps.min()) > 0.0
    # Within a stage speed changes only with the length: no jump, and none from the last frame to the first.
    assert float((steps.reshape(5, 10, WALKERS).max(axis=1) / lengths).max()) < 0.6
    stops = np.stack(list(generator.walk(seed=1, frames=5, stops=5)))[:, :, 0, 0]
    np.testing.assert_allclose(frames[::10], stops, rtol=1e-5, atol=1e-6)
    again = np.stack(list(generator.walk(seed=1, frames=50, stops=5)))[:, :, 0, 0]
    assert np.array_equal(again, frames)
    assert not np.array_equal(np.stack(list(generator.walk(seed=2, frames=5)))[:, :, 0, 0], stops)


def test_truncation_of_normal_latents_leaves_each_image_its_own() -> None:
    generator = painter(POINT, latent=Normal(size=2))
    less = generator.truncated(0.25)
    drawn, few = generator.sample(130, seed=3), less.sample(130, seed=3)
    expected = Normal(size=2).truncated(torch.from_numpy(drawn[:, 0, 0]), 0.25).numpy()
    np.testing.assert_array_equal(few[:, 0, 0], expected)
    np.testing.assert_array_equal(less.sample(70, seed=3), few[:70])
    np.testing.assert_array_equal(less.truncated(1.0).sample(130, seed=3), drawn)
    frames = np.stack(list(less.walk(seed=1, frames=10)))
    assert float(np.abs(frames).max()) <= 0.5


def test_truncation_of_styles_goes_to_the_centre_of_the_class() -> None:
    part = StyleGAN2Generator(latent=Keyed(size=5), style_width=4, channel_base=16, channel_max=4)
    generator = trained(part, ImageShape(1, 4, 4), NAMES)
    network: Any = generator.network
    network.centre.normal_()
    latents, labels = generator.inputs(0, 0)
    with torch.no_grad():
        expected = network(latents, labels, 0.5)
        assert not torch.equal(expected, network(latents, labels))
    np.testing.assert_array_equal(generator.truncated(0.5).draw(latents, labels), expected)
    pixels = generator.truncated(0.5).sample(GROUP, seed=0)
    np.testing.assert_array_equal(pixels, pixels_of(expected.permute(0, 2, 3, 1)).numpy())


@pytest.mark.parametrize("truncation", [-0.1, 1.1, math.nan])
def test_truncation_is_a_share(truncation: float) -> None:
    with pytest.raises(UserError, match=r"^truncation: -?[0-9.nan]+ is not between 0 and 1; 1 draws all"):
        painter().truncated(truncation)


def test_latents_that_cannot_be_truncated_are_refused_before_anything_is_drawn() -> None:
    generator = painter(POINT, latent=Uniform(size=2))
    assert generator.truncated(1.0) == generator
    with pytest.raises(UserError, match=r"^truncation: latents of Uniform have no tails"):
        generator.truncated(0.7)


def test_a_walker_keeps_its_keys() -> None:
    shape = ImageShape(1, 1, 4)  # painted from two values and two keys
    frames = np.stack(list(painter(shape, latent=Keyed(size=4)).walk(seed=0, frames=10, stops=3)))[:, :, 0, :, 0]
    assert (frames[..., 2:] == frames[:1, :, 2:]).all()
    assert (frames[..., :2] != frames[:1, :, :2]).any()


def test_a_walker_keeps_its_label() -> None:
    frames = [numbers(images) for images in painter(names=NAMES).walk(seed=0, frames=4)]
    assert frames == [frames[0]] * 4
    assert set(frames[0]) == {0, 1, 2}
    assert {*numbers(next(iter(painter(names=NAMES).walk(seed=0, frames=1, labels=["dog"]))))} == {1}


def test_sampling_leaves_the_global_random_numbers() -> None:
    generator = trained(*CONFIGS[0])
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    generator.sample(70)
    list(generator.walk(0, 3))
    assert torch.equal(torch.rand(3), expected)


def written(path: Path, config: Generator, shape: ImageShape, names: tuple[str, ...]) -> TrainedGenerator:
    original = trained(config, shape, names)
    recipe: TwoPlayers = tiny_recipe(generator=config, conditional=bool(names))
    products.save(path, original.network, recipe, shape, {"label_names": list(names), "images_seen": 77})
    return original


@pytest.mark.parametrize(("config", "shape", "names"), CONFIGS, ids=["MLP", "DCGAN with labels", "points"])
def test_a_generator_from_its_file_draws_the_same(
    tmp_path: Path, config: Generator, shape: ImageShape, names: tuple[str, ...]
) -> None:
    path = tmp_path / "generator.safetensors"
    original = written(path, config, shape, names)
    loaded = products.load(path)
    assert (loaded.config, loaded.shape, loaded.label_names) == (config, shape, names)
    assert loaded.description["images_seen"] == 77
    assert loaded.description["recipe"] == "tiny"
    assert not loaded.network.training
    assert not any(weight.requires_grad for weight in loaded.network.parameters())
    assert np.array_equal(loaded.sample(70, seed=2), original.sample(70, seed=2))


def test_a_run_stands_for_its_generator(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", tiny_recipe(), {})
    with pytest.raises(UserError, match=r"^run: there is no generator at '.*run'$"):
        products.load(tmp_path / "run")
    original = written(run.generator_file, *CONFIGS[0])
    assert np.array_equal(products.load(str(run.path)).sample(3), original.sample(3))


def test_a_group_is_larger_than_the_walkers() -> None:
    assert math.prod([GROUP]) > WALKERS


def test_in_bfloat16_the_images_are_the_same_but_for_rounding(tmp_path: Path) -> None:
    recipe, shape, file = tiny_recipe(generator=CONFIGS[1][0]), CONFIGS[1][1], tmp_path / "generator.safetensors"
    products.save(file, recipe.generator.build(shape, 3), recipe, shape, {"label_names": list(NAMES)})
    exact, rounded = (products.load(file, precision=name).sample(64).astype(int) for name in ("fp32", "bf16"))
    assert 0 < np.abs(exact - rounded).max() <= 4, "levels of 255"
    assert np.array_equal(exact, products.load(file).sample(64)), "float32 unless another is named"
    with pytest.raises(UserError, match="precision: 'fp8' is not one of auto, fp32, bf16"):
        products.load(file, precision="fp8")


def test_a_loaded_generator_has_the_channels_last(tmp_path: Path) -> None:
    recipe, shape, file = tiny_recipe(generator=CONFIGS[1][0]), CONFIGS[1][1], tmp_path / "generator.safetensors"
    products.save(file, recipe.generator.build(shape, 3), recipe, shape, {"label_names": list(NAMES)})
    weights = [weight for weight in products.load(file).network.parameters() if weight.dim() == 4]
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in weights)
    assert not all(weight.is_contiguous() for weight in weights)
