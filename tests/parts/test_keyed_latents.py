import pytest
import torch
from pydantic import ValidationError

from ganache.parts.latents import Keyed, Latent, Normal
from ganache.parts.part import parse

KEYED = Keyed(size=5)


def drawn(seed: int) -> torch.Tensor:
    return KEYED.draw(4, torch.Generator().manual_seed(seed))


def test_it_is_normal_and_its_last_two_values_are_keys() -> None:
    latents = drawn(0)
    assert torch.equal(latents, Normal(size=5).draw(4, torch.Generator().manual_seed(0)))
    values, keys = KEYED.split(latents)
    assert torch.equal(values, latents[:, :3])
    assert torch.equal(keys, latents[:, 3:])
    assert parse(Latent, KEYED.model_dump(mode="json")) == KEYED
    with pytest.raises(ValidationError, match="greater than or equal to 3"):
        Keyed(size=2)


def test_between_two_latents_the_values_move_as_normal_ones_and_the_keys_stay() -> None:
    start, end = drawn(0), drawn(1)
    half = KEYED.interpolate(start, end, 0.5)
    torch.testing.assert_close(half[:, :3], Normal(size=3).interpolate(start[:, :3], end[:, :3], 0.5))
    assert torch.equal(half[:, 3:], start[:, 3:])


def test_a_way_has_the_keys_of_its_first_stop() -> None:
    stops = torch.stack([drawn(0), drawn(1), drawn(2)])
    way = KEYED.on_one_way(stops)
    assert torch.equal(way[..., :3], stops[..., :3])
    assert torch.equal(way[..., 3:], stops[:1, :, 3:].expand(3, -1, -1))
    assert Normal(size=5).on_one_way(stops) is stops
