"""What each code controls: one row for each start, in which one code alone changes."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.drawing import codes, grids
from ganache.networks import MLPGenerator
from ganache.parts.latents import Coded, Normal
from ganache.runs import products
from ganache.runs.products import TrainedGenerator
from ganache.support.errors import UserError
from tests.tiny import tiny_recipe

CODED = Coded(size=5, categories=(3,), continuous=1)  # one value of noise


def drawer(latent: Any = CODED, names: tuple[str, ...] = ()) -> TrainedGenerator:
    """Return a generator that draws nothing: latents are what counts."""
    return TrainedGenerator(nn.Identity(), MLPGenerator(latent=latent), ImageShape(1, 1, 5), names, {})


def in_rows(generator: TrainedGenerator, seed: int = 0) -> Tensor:
    """Return latents (rows, columns, Z)."""
    latents, columns = codes.varied(generator, seed)
    return latents.reshape(-1, columns, latents.shape[1])


def test_in_each_row_one_code_changes_and_all_else_is_its_start() -> None:
    generator = drawer()
    rows = in_rows(generator, seed=4)
    assert rows.shape == (10, 3, 5)
    starts = generator.inputs(4, 0)[0][:5]
    for number, row in enumerate(rows):
        start = starts[number % 5]
        if number < 5:  # the category takes its values in turn
            assert torch.equal(row[:, 1:4], torch.eye(3))
            rest = [0, 4]
        else:  # the continuous code goes twice as far as it is drawn
            assert row[:, 4].tolist() == [-2.0, 0.0, 2.0]
            rest = [0, 1, 2, 3]
        assert torch.equal(row[:, rest], start[rest].expand(3, -1))
    assert len({float(row[0, 0]) for row in rows}) == 5


def test_the_longest_category_decides_the_columns_and_shorter_ones_begin_again() -> None:
    rows = in_rows(drawer(Coded(size=8, categories=(2, 5), continuous=0)))
    assert rows.shape == (10, 5, 8)
    assert rows[0, :, 1:3].argmax(dim=1).tolist() == [0, 1, 0, 1, 0]
    assert torch.equal(rows[5, :, 3:], torch.eye(5))


def test_without_categories_a_sweep_has_ten_steps() -> None:
    rows = in_rows(drawer(Coded(size=3, categories=(), continuous=2)))
    assert rows.shape == (10, 10, 3)
    torch.testing.assert_close(rows[0, :, 1], torch.tensor([-2 + 4 * step / 9 for step in range(10)]))
    torch.testing.assert_close(rows[5, :, 2], rows[0, :, 1])
    assert len(set(rows[5, :, 1].tolist())) == 1


def test_other_seeds_have_other_starts() -> None:
    assert torch.equal(in_rows(drawer(), 1), in_rows(drawer(), 1))
    assert not torch.equal(in_rows(drawer(), 1)[:, :, 0], in_rows(drawer(), 2)[:, :, 0])


def test_latents_without_codes_are_refused() -> None:
    with pytest.raises(UserError, match=r"^run: the generator's latents hold no codes[^\n]*$"):
        codes.varied(drawer(Normal(size=3)), 0)


def of_latents(path: Path, latent: Coded) -> Path:
    """Write a generator whose pixels are the hyperbolic tangents of its latents."""
    config, shape = MLPGenerator(latent=latent, widths=()), ImageShape(1, 1, latent.size)
    network = config.build(shape, 0)
    with torch.no_grad():
        network.get_parameter("layers.0.weight").copy_(torch.eye(latent.size))
        network.get_parameter("layers.0.bias").zero_()
    products.save(path, network, tiny_recipe(generator=config), shape, {"label_names": []})
    return path


def cells(path: Path, count: int, columns: int, width: int) -> list[list[int]]:
    """Return the pixels of every cell of a grid of cells of 1 × width pixels."""
    layout = grids.layout(count, 1, width, columns, codes.SIDE)
    pixels = np.asarray(Image.open(path))
    found = []
    for number in range(count):
        top = number // columns * (layout.factor + grids.GAP)
        left = number % columns * (width * layout.factor + grids.GAP)
        found.append(pixels[top, left : left + width * layout.factor : layout.factor].tolist())
    return found


def level(value: float) -> int:
    """Return the grey of a value of the network's last layer."""
    return round((math.tanh(value) + 1) * 127.5)


def test_the_picture_has_a_cell_for_each_latent(tmp_path: Path) -> None:
    run, out = of_latents(tmp_path / "generator.safetensors", CODED), tmp_path / "new" / "codes.png"
    codes.codes_to(run, out, seed=3, device="cpu")
    found = cells(out, 30, 3, 5)
    none, one, far = level(0.0), level(1.0), level(2.0)
    for row in range(5):
        greys = [cell[1:4] for cell in found[3 * row : 3 * row + 3]]
        assert greys == [[one, none, none], [none, one, none], [none, none, one]]
        assert [cell[4] for cell in found[15 + 3 * row : 18 + 3 * row]] == [255 - far, none, far]
    starts = products.load(run).inputs(3, 0)[0][:5, 0]
    assert [found[3 * row][0] for row in range(10)] == [level(float(value)) for value in starts] * 2


def test_more_cells_than_are_drawn_at_once_are_those_that_were_asked_for(tmp_path: Path) -> None:
    run, out = (
        of_latents(tmp_path / "g.safetensors", Coded(size=12, categories=(10,), continuous=2)),
        tmp_path / "c.png",
    )
    codes.codes_to(run, out, device="cpu")  # 150 cells, 64 at once
    found = cells(out, 150, 10, 12)
    assert [cell.index(level(1.0)) for cell in found[:50]] == list(range(10)) * 5
    assert [cell[10] for cell in found[50:60]] == [level(-2 + 4 * step / 9) for step in range(10)]
    assert [cell[11] for cell in found[140:]] == [level(-2 + 4 * step / 9) for step in range(10)]


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_that_is_none_is_refused(tmp_path: Path, seed: int) -> None:
    run = of_latents(tmp_path / "generator.safetensors", CODED)
    with pytest.raises(UserError, match=r"^seed: [^\n]*$"):
        codes.codes_to(run, tmp_path / "codes.png", seed=seed)
    assert not (tmp_path / "codes.png").exists()
