import contextlib

import pytest
import torch

from ganache.support.streams import derive, generator, untouched_global_stream
from tests.tiny import CPU


def test_derived_seeds_never_change() -> None:
    # Pinned: another value would give every recorded run other pictures.
    assert derive(0, "latents") == 1259596937768068718
    assert derive(12345, "sample", 7) == 5447277513488918301


def test_derived_seeds_are_63_bits_and_differ() -> None:
    seeds = [derive(seed, *names) for seed in range(20) for names in ((), ("a",), ("b",), ("a", 1), ("a", 2), (1, "a"))]
    assert len(set(seeds)) == len(seeds) == 120
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert max(seeds) > 2**62


def test_names_are_not_run_together() -> None:
    assert derive(0, "a", "b") != derive(0, "a/b")
    assert derive(11, "a") != derive(1, "1a")


def test_a_generator_begins_at_a_place_that_its_names_decide() -> None:
    first = torch.rand(3, generator=generator(CPU, 1, "latents", 5))
    torch.rand(7)
    assert torch.equal(torch.rand(3, generator=generator(CPU, 1, "latents", 5)), first)
    assert torch.equal(torch.rand(3, generator=torch.Generator().manual_seed(derive(1, "latents", 5))), first)
    for seed, name, position in ((2, "latents", 5), (1, "step", 5), (1, "latents", 6)):
        assert not torch.equal(torch.rand(3, generator=generator(CPU, seed, name, position)), first)


def test_making_a_generator_leaves_torchs_own() -> None:
    torch.manual_seed(8)
    expected = torch.rand(4)
    torch.manual_seed(8)
    torch.rand(2, generator=generator(CPU, 1, "latents"))
    assert torch.equal(torch.rand(4), expected)


def draw_and_perhaps_fail(fails: bool) -> None:
    with untouched_global_stream():
        torch.manual_seed(5)
        torch.rand(3)
        if fails:
            raise ZeroDivisionError


@pytest.mark.parametrize("fails", [False, True])
def test_the_callers_random_numbers_are_given_back(fails: bool) -> None:
    torch.manual_seed(8)
    expected = torch.rand(4)
    torch.manual_seed(8)
    with pytest.raises(ZeroDivisionError) if fails else contextlib.nullcontext():
        draw_and_perhaps_fail(fails)
    assert torch.equal(torch.rand(4), expected)
