import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from ganache.networks.placed_noise import PlacedNoise, _mixed

SIZES = [(4, 4), (5, 3), (32, 32), (32, 32)]


def mixed_by_hand(bits: int) -> int:
    """MurmurHash3's finaliser in whole numbers."""
    bits ^= bits >> 16
    bits = bits * 0x85EBCA6B % 2**32
    bits ^= bits >> 13
    bits = bits * 0xC2B2AE35 % 2**32
    return bits ^ bits >> 16


def signed(bits: int) -> int:
    return bits - 2**32 if bits >= 2**31 else bits


def noise_of(count: int = 300, seed: int = 0) -> list[Tensor]:
    keys = torch.randn(count, 2, generator=torch.Generator().manual_seed(seed))
    return [one.double() for one in PlacedNoise(SIZES)(keys)]


def correlation(one: Tensor, other: Tensor) -> float:
    return float((one.flatten() * other.flatten()).mean())


def test_bits_are_mixed_as_in_whole_numbers() -> None:
    # 1 → 0x514E28B7 is well known.
    assert mixed_by_hand(1) == 0x514E28B7
    given = [0, 1, 2, 12345, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xDEADBEEF]
    found = _mixed(torch.tensor([signed(one) for one in given], dtype=torch.int32))
    assert found.tolist() == [signed(mixed_by_hand(one)) for one in given]


def test_a_place_by_hand() -> None:
    """Two maps of four places in all: the first two numbers of each pair of hashes are a radius and an angle."""
    keys = torch.tensor([[1.0, -2.5]])
    seed = mixed_by_hand(mixed_by_hand(2**26) ^ (2**32 - 5 * 2**25))
    hashes = [mixed_by_hand(seed ^ mixed_by_hand(place)) for place in range(4)]
    radii = [math.sqrt(-2 * math.log(1 - (one >> 8) / 2**24)) for one in hashes[:2]]
    angles = [2 * math.pi * (one >> 8) / 2**24 for one in hashes[2:]]
    expected = [r * math.cos(a) for r, a in zip(radii, angles, strict=True)]
    expected += [r * math.sin(a) for r, a in zip(radii, angles, strict=True)]
    first, second = PlacedNoise([(1, 3), (1, 1)])(keys)
    assert first.shape == (1, 1, 1, 3)
    assert second.shape == (1, 1, 1, 1)
    assert [*first.flatten().tolist(), *second.flatten().tolist()] == pytest.approx(expected, abs=1e-6)


def test_it_is_standard_normal() -> None:
    for one in noise_of():
        count = one.numel()
        assert abs(float(one.mean())) < 5 / math.sqrt(count)
        assert abs(float(one.square().mean()) - 1) < 5 * math.sqrt(2 / count)
        assert abs(float(one.pow(3).mean())) < 5 * math.sqrt(15 / count)
        assert abs(float(one.pow(4).mean()) - 3) < 5 * math.sqrt(96 / count)
    large = noise_of()[2]
    for limit, beyond in ((1.0, 0.317311), (2.0, 0.045500), (3.0, 0.002700)):
        share = float((large.abs() > limit).double().mean())
        assert abs(share - beyond) < 5 * math.sqrt(beyond / large.numel()), limit


def test_places_layers_and_images_are_independent() -> None:
    _, _, one, other = noise_of()
    least = 5 / math.sqrt(one.numel() / 2)
    pairs = {
        "beside": (one[..., 1:], one[..., :-1]),
        "below": (one[..., 1:, :], one[..., :-1, :]),
        "the other of a pair": (one, other),  # together an even number: the halves of Box and Muller's pairs
        "the next image": (one[1:], one[:-1]),
        "squares": (one.square() - 1, other.square() - 1),
        "squares beside": (one[..., 1:].square() - 1, one[..., :-1].square() - 1),
    }
    for name, (left, right) in pairs.items():
        assert abs(correlation(left, right)) < least * (2 if "squares" in name else 1), name


def test_keys_that_differ_by_one_bit_have_nothing_in_common() -> None:
    key = torch.tensor(0.7)
    near = torch.nextafter(key, torch.tensor(1.0))
    keys = torch.stack(
        [torch.stack(pair) for pair in ((key, key), (near, key), (key, near), (near, near), (-key, key))]
    )
    maps = PlacedNoise([(64, 64)])(keys)[0].double().flatten(1)
    for left, right in pairwise([*maps, maps[0]]):
        assert abs(correlation(left, right)) < 5 / 64


def test_an_image_has_the_same_noise_in_any_batch_and_precision() -> None:
    keys = torch.randn(7, 2)
    noise = PlacedNoise(SIZES)
    together = noise(keys)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = noise(keys)
    for one, low, alone in zip(together, mixed, noise(keys[3:4]), strict=True):
        assert torch.equal(one[3:4], alone)
        assert torch.equal(one, low)
    exact = noise(keys.double())
    assert exact[0].dtype == torch.float64
    torch.testing.assert_close(exact[0].float(), together[0])
    assert noise(keys.bfloat16())[0].dtype == torch.float32


def test_nothing_of_it_is_a_weight_or_kept() -> None:
    noise = PlacedNoise(SIZES)
    assert not list(noise.parameters())
    assert not noise.state_dict()
    keys = torch.randn(2, 2, requires_grad=True)
    assert not noise(keys)[0].requires_grad
    with torch.device("meta"):
        shapes = [one.shape for one in PlacedNoise(SIZES)(torch.empty(2, 2))]
    assert shapes == [(2, 1, *size) for size in SIZES]
