"""Latents that are found for given pictures, what is written of them, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganache.data.shape import ImageShape
from ganache.drawing.projecting import project_to
from ganache.drawing.projection import Projector, distance
from ganache.engine.pixel_values import values_of
from ganache.games import Product
from ganache.networks import DCGANDiscriminator, DCGANGenerator
from ganache.parts.latents import Normal
from ganache.runs import products
from ganache.runs.folder import Run
from ganache.runs.products import load
from ganache.support.errors import UserError
from tests.drawing.test_picture_latents import a_run as a_run_with_an_encoder
from tests.tiny import tiny_recipe

SHAPE = ImageShape(1, 8, 8)
NAMES = ("round", "square")


def a_run(path: Path, latents: int = 4) -> Path:
    """Make a run with a generator that was never trained, but whose pictures differ."""
    recipe = tiny_recipe(
        generator=DCGANGenerator(latent=Normal(size=latents), width=8),
        discriminator=DCGANDiscriminator(width=8),
        conditional=True,
    )
    torch.manual_seed(0)
    network = recipe.generator.build(SHAPE, len(NAMES))
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(8.0 if weight.dim() > 1 else 1.0)
    run = Run.create(path, recipe, {})
    product = Product("generator", recipe.generator)
    products.save(run.product_file("generator"), network, recipe, SHAPE, {"label_names": list(NAMES)}, product)
    return path


def drawn(run: Path, folder: Path, count: int = 2) -> list[str]:
    """Write samples of another seed as picture files."""
    folder.mkdir()
    paths = []
    for number, image in enumerate(load(run).sample(count, seed=5)):
        paths.append(str(folder / f"{number}.png"))
        Image.fromarray(image[..., 0]).save(paths[-1])
    return paths


def test_the_distance_is_the_mean_square_at_every_size() -> None:
    picture = torch.zeros(1, 8, 8)
    images = torch.stack([torch.ones(1, 8, 8), torch.tensor([1.0, -1.0]).repeat(4).expand(1, 8, 8)])
    # Ones stay ones as they are halved to 4×4; columns of 1 and -1 cancel there.
    assert distance(images, picture).tolist() == [1.0, 0.5]


def test_pictures_of_a_generator_are_found_again(tmp_path: Path) -> None:
    """From the nearest of 512 samples the search goes on: its distance falls many times."""
    run = a_run(tmp_path / "run")
    generator = load(run)
    picture = values_of(torch.from_numpy(generator.sample(1, seed=5).transpose(0, 3, 1, 2)[0]))
    before = Projector(generator, 0, steps=1).find(picture)
    after = Projector(generator, 0, steps=60).find(picture)
    assert after.distance < before.distance / 5
    image = generator.draw(after.place.points, after.place.conditions)[0]
    torch.testing.assert_close(image, after.image, rtol=0, atol=1e-4)
    assert distance(image[None], picture).item() == pytest.approx(after.distance, rel=1e-2, abs=1e-5)


def test_what_is_found_for_a_picture_does_not_depend_on_the_others(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    paths = drawn(run, tmp_path / "pictures")
    distances: list[tuple[str, float]] = []
    project_to(run, paths, tmp_path / "both", steps=3, found=lambda *told: distances.append(told))
    project_to(run, paths[1:], tmp_path / "one", steps=3)
    with np.load(tmp_path / "both" / "latents.npz") as both, np.load(tmp_path / "one" / "latents.npz") as one:
        np.testing.assert_array_equal(both["latents"][1:], one["latents"])
        assert both["latents"].shape == (2, 4)
        assert both["conditions"].sum(1).tolist() == [1.0, 1.0]
    record = json.loads((tmp_path / "both" / "projections.json").read_text())
    assert [(one["picture"], one["distance"]) for one in record["pictures"]] == distances
    assert (record["seed"], record["steps"]) == (0, 3)


def test_the_picture_has_the_originals_above_what_is_made_of_them(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    paths = drawn(run, tmp_path / "pictures")
    project_to(run, paths, tmp_path / "out", steps=1)
    sheet = np.asarray(Image.open(tmp_path / "out" / "projections.png"))
    factor = (sheet.shape[1] - 2) // 2 // 8  # two columns
    for column, path in enumerate(paths):
        left = column * (8 * factor + 2)
        np.testing.assert_array_equal(
            sheet[: 8 * factor : factor, left : left + 8 * factor : factor], np.asarray(Image.open(path))
        )


def test_only_the_labels_asked_for_are_tried(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    paths = drawn(run, tmp_path / "pictures")
    project_to(run, paths, tmp_path / "out", labels=["square"], steps=1)
    with np.load(tmp_path / "out" / "latents.npz") as found:
        assert found["conditions"].tolist() == [[0.0, 1.0]] * 2


def test_a_source_gives_the_first_pictures_of_a_split(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    for split in ("train", "test"):
        (tmp_path / "set").mkdir(exist_ok=True)
        drawn(run, tmp_path / "set" / split, 3)
    told: list[str] = []
    source = [str(tmp_path / "set")]
    count = project_to(
        run, source, tmp_path / "out", split="test", count=2, steps=1, found=lambda name, _: told.append(name)
    )
    assert (count, told) == (2, ["test 0", "test 1"])
    assert project_to(run, source, tmp_path / "all", steps=1) == 6


def test_an_encoder_says_where_to_begin(tmp_path: Path) -> None:
    run = a_run_with_an_encoder(tmp_path / "run")
    Image.fromarray(np.full((2, 2), 200, np.uint8)).save(tmp_path / "a.png")
    project_to(run, [str(tmp_path / "a.png")], tmp_path / "out", steps=1)
    guess = 200 / 127.5 - 1  # the encoder's, from which a step of 0.1 leads at most so far
    generator = load(run)
    value = values_of(torch.tensor([[[200, 200], [200, 200]]], dtype=torch.uint8))
    first = torch.tensor([guess, -guess])
    found = Projector(generator, 0, steps=1).find(value, first)
    with np.load(tmp_path / "out" / "latents.npz") as kept:
        np.testing.assert_array_equal(kept["latents"][0], found.place.points[0].numpy())


@pytest.mark.parametrize(
    ("pictures", "fields", "complaint"),
    [
        (["absent.png"], {}, "data: 'absent.png' is neither"),
        (["a.png", "other"], {}, "pictures: 'other' is no picture file"),
        (["broken.png"], {}, "pictures: 'broken.png' cannot be read"),
        (["ring"], {}, "data: 'ring' is a density"),
        (["stacked-mnist"], {}, "channels: 1 is not 3"),
        (["set"], {"split": "test"}, "split: 'set' has no 'test'; it has: train"),
        (["a.png"], {"count": 0}, "count: 0 pictures are not 1 to 1,000"),
        (["a.png"], {"steps": 0}, "steps: 0 is not"),
        (["a.png"], {"labels": ["oval"]}, "label: 'oval' is not known"),
        (["a.png"], {"out": Path("set")}, "--out: the folder 'set' is not empty"),
    ],
)
def test_what_cannot_be_projected_is_refused(
    pictures: list[str],
    fields: dict[str, object],
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    run = a_run(tmp_path / "run")
    drawn(run, tmp_path / "set")
    drawn(run, tmp_path / "more", 1)
    (tmp_path / "more" / "0.png").rename(tmp_path / "a.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(UserError) as refused:
        project_to(run, pictures, **{"out": Path("out"), "steps": 1, **fields})  # type: ignore[arg-type]
    assert str(refused.value).startswith(complaint)
    assert not (tmp_path / "out").exists()
