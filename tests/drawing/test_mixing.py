"""Styles of some images in some layers of others, and where else a generator with styles differs from one without."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from ganache.data.shape import ImageShape
from ganache.drawing.grids import GAP
from ganache.drawing.mixing import mix_to
from ganache.drawing.projecting import project_to
from ganache.drawing.spaces import StyleSpace, space_of
from ganache.drawing.ways import along, stops_of
from ganache.games import Product
from ganache.networks import StyleGAN2Discriminator, StyleGAN2Generator
from ganache.parts.latents import Keyed
from ganache.runs import products
from ganache.runs.folder import Run
from ganache.runs.products import TrainedGenerator, load
from ganache.support.errors import UserError
from tests.drawing.test_projecting import a_run as a_run_without_styles
from tests.drawing.test_projecting import drawn
from tests.tiny import tiny_recipe

SHAPE = ImageShape(1, 8, 8)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a generator that has styles, noise and a centre, and was never trained."""
    path = tmp_path_factory.mktemp("mixing") / "run"
    small = {"channel_base": 64, "channel_max": 8}
    recipe = tiny_recipe(
        generator=StyleGAN2Generator(latent=Keyed(size=6), **small), discriminator=StyleGAN2Discriminator(**small)
    )
    torch.manual_seed(0)
    network = recipe.generator.build(SHAPE, 0)
    with torch.no_grad():
        network.get_buffer("centre").normal_()
        for name, weight in network.named_parameters():
            weight.add_(0.5 * torch.randn_like(weight) * ("noise" in name))
    kept = Run.create(path, recipe, {})
    product = Product("generator", recipe.generator)
    products.save(kept.product_file("generator"), network, recipe, SHAPE, {"label_names": []}, product)
    return path


@pytest.fixture
def generator(run: Path) -> TrainedGenerator:
    return load(run)


def cells(picture: Path, columns: int, rows: int) -> NDArray[np.uint8]:
    """Return the cells of a grid, (rows, columns, 8, 8), without its enlargement."""
    sheet = np.asarray(Image.open(picture).convert("L"))
    factor = (sheet.shape[1] - GAP * (columns - 1)) // columns // 8
    step = 8 * factor + GAP
    return np.stack(
        [
            np.stack(
                [sheet[y * step : y * step + 8 * factor, x * step : x * step + 8 * factor] for x in range(columns)]
            )
            for y in range(rows)
        ]
    )[..., ::factor, ::factor]


def test_the_margins_are_the_seeds_images_and_cells_have_both_of_theirs(
    run: Path, generator: TrainedGenerator, tmp_path: Path
) -> None:
    space = space_of(generator)
    assert isinstance(space, StyleSpace)
    mix_to(run, tmp_path / "all.png", rows="1,2", columns="3,4,5", layers=f"0-{space.layers - 1}")
    mix_to(run, tmp_path / "half.png", rows="1,2", columns="3,4,5")
    whole, half = (cells(tmp_path / name, 4, 3) for name in ("all.png", "half.png"))
    firsts = {seed: generator.sample(1, seed)[0, ..., 0] for seed in range(1, 6)}
    assert (whole[0, 0] == 255).all()
    for column, seed in enumerate((3, 4, 5), 1):
        np.testing.assert_array_equal(whole[0, column], firsts[seed])
    for row, seed in enumerate((1, 2), 1):
        np.testing.assert_array_equal(whole[row, 0], firsts[seed])
    # By hand: the column's styles in all layers, or in the coarser half, with the noise of the row.
    for picture, taken in ((whole, space.layers), (half, space.layers // 2)):
        second, fourth = (generator.inputs(seed, 0)[0][:1] for seed in (2, 4))
        none = torch.zeros(1, 0)
        with torch.no_grad():
            styles = space.network.styles(second, none).clone()
            styles[:, :taken] = space.network.styles(fourth, none)[:, :taken]
            expected = generator.pixels(space.network.synthesis(styles, second))[0, ..., 0].numpy()
        assert np.abs(picture[2, 2].astype(int) - expected.astype(int)).max() <= 1
    assert (whole[2, 2] != half[2, 2]).any()


def test_a_walk_between_styles_passes_the_seeds_images_and_keeps_the_first_ones_noise(
    generator: TrainedGenerator,
) -> None:
    space = space_of(generator)
    stops = stops_of(space, "3,17")
    frames = list(along(space, stops, 2))
    np.testing.assert_array_equal(frames[0], generator.sample(1, 3)[0])
    with_its_noise = stops._replace(latents=stops.latents[:1].expand(2, -1))
    np.testing.assert_array_equal(frames[1], list(space.draw(with_its_noise))[1])
    assert (frames[1] != generator.sample(1, 17)[0]).any()


def test_what_is_projected_are_styles(run: Path, generator: TrainedGenerator, tmp_path: Path) -> None:
    project_to(run, drawn(run, tmp_path / "pictures"), tmp_path / "out", steps=2)
    space = space_of(generator)
    stops = stops_of(space, str(tmp_path / "out"))
    assert stops.points.shape == (2, space.size)
    with np.load(tmp_path / "out" / "latents.npz") as kept:
        assert set(kept.files) == {"latents", "styles", "conditions"}
        np.testing.assert_array_equal(kept["styles"], stops.points.numpy())


def test_truncated_to_nothing_every_image_has_the_style_of_the_centre(generator: TrainedGenerator) -> None:
    space = space_of(generator.truncated(0.0))
    assert isinstance(space, StyleSpace)
    stops = stops_of(space, "3,17")
    torch.testing.assert_close(stops.points, space.network.centre.expand(2, -1))


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"rows": "1,x"}, "rows: '1,x' are no seeds"),
        ({"columns": ""}, "columns: '' are no seeds"),
        ({"layers": "2-1"}, "layers: '2-1' is not FIRST-LAST within 0-"),
        ({"layers": "0-99"}, "layers: '0-99' is not"),
        ({"layers": "x"}, "layers: 'x' is not"),
        ({"truncation": 1.5}, "truncation: 1.5 is not between 0 and 1"),
        ({"out": Path("a.npz")}, "--out: 'a.npz' is no picture"),
    ],
)
def test_what_cannot_be_mixed_is_refused(
    fields: dict[str, object], complaint: str, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked: dict[str, object] = {"rows": "1", "columns": "2", "out": Path("a.png"), **fields}
    with pytest.raises(UserError) as refused:
        mix_to(run, **asked)  # type: ignore[arg-type]
    assert str(refused.value).startswith(complaint)
    assert not list(tmp_path.iterdir())


def test_a_generator_without_styles_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no styles to mix"):
        mix_to(a_run_without_styles(tmp_path / "run"), tmp_path / "a.png", rows="1", columns="2")
