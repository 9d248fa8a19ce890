"""The contrast of patches against loops that follow the paper's equation."""

import math

import pytest
import torch
from torch import Tensor

from ganache.parts.patch_contrast import PatchContrast, contrasted, projected


def maps(seed: int, count: int = 2, features: int = 3, side: int = 4) -> Tensor:
    return torch.randn(count, features, side, side, generator=torch.Generator().manual_seed(seed))


def awake(*features: int, places: int = 256) -> PatchContrast:
    torch.manual_seed(0)
    module = PatchContrast(features, width=5, places=places)
    with torch.no_grad():
        for weights in module.parameters():
            weights.normal_()
    return module


@pytest.mark.parametrize("count", [1, 3])
def test_the_loss_is_the_papers_for_every_place_of_every_layer(count: int) -> None:
    module = awake(3, 2)
    made, given = [maps(0, count), maps(1, count, 2, 3)], [maps(2, count), maps(3, count, 2, 3)]
    expected = []
    for sample in range(count):
        layers = []
        for projection, ours, theirs in zip(module.projections, made, given, strict=True):
            vectors = []
            for one in (ours, theirs):
                rows = [projection(one[sample, :, y, x]) for y in range(one.shape[2]) for x in range(one.shape[3])]
                vectors.append([(row / row.norm()).tolist() for row in rows])
            places = []
            for place, query in enumerate(vectors[0]):
                alike = [sum(a * b for a, b in zip(query, key, strict=True)) / 0.07 for key in vectors[1]]
                top = max(alike)
                places.append(top + math.log(sum(math.exp(value - top) for value in alike)) - alike[place])
            layers.append(sum(places) / len(places))
        expected.append(sum(layers) / len(layers))
    loss = module(made, given)
    assert loss.shape == (count,)
    torch.testing.assert_close(loss, torch.tensor(expected), rtol=1e-4, atol=1e-4)


def test_equal_features_lose_least_and_exchanged_places_most() -> None:
    module, one = awake(3), maps(0)
    same, turned = module([one], [one]), module([one], [one.flip(3)])
    assert bool((same < turned).all())
    # Queries that are orthogonal to all other keys: -log e^(1/τ) / (e^(1/τ) + P - 1).
    orthogonal = torch.eye(4)[None]
    expected = -math.log(math.exp(2.0) / (math.exp(2.0) + 3))
    assert float(contrasted(orthogonal, orthogonal, 0.5)) == pytest.approx(expected, rel=1e-6)


def test_the_same_places_of_both_are_drawn_none_twice_and_others_each_time() -> None:
    module, numbers = PatchContrast([1], places=7), torch.arange(100.0).view(1, 1, 10, 10)
    drawn = []
    for _ in range(2):
        seen: list[Tensor] = []
        handle = module.projections[0].register_forward_pre_hook(lambda _, given, kept=seen: kept.append(given[0]))
        module([numbers], [numbers])
        handle.remove()
        assert torch.equal(*seen)
        assert len(set(seen[0].flatten().tolist())) == 7
        drawn.append(seen[0])
    assert not torch.equal(*drawn)


def test_slopes_flow_through_the_translation_alone_and_the_projection_learns() -> None:
    module = awake(3)
    made, given = maps(0).requires_grad_(), maps(1).requires_grad_()
    module([made], [given]).sum().backward()
    assert made.grad is not None
    assert bool(made.grad.any())
    assert given.grad is None
    assert all(weights.grad is not None and bool(weights.grad.any()) for weights in module.parameters())


def test_vectors_have_length_one_and_bfloat16_is_left_outside() -> None:
    module = awake(3)
    places = torch.arange(16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = module([maps(0)], [maps(1)])
        assert mixed.dtype == torch.float32
    torch.manual_seed(1)
    alone = module([maps(0)], [maps(1)])
    torch.testing.assert_close(mixed, alone)  # the mean over all places does not depend on their order
    lengths = projected(module.projections[0], maps(0), places).norm(dim=2)
    torch.testing.assert_close(lengths, torch.ones_like(lengths))


def test_the_first_weights_are_the_papers() -> None:
    torch.manual_seed(0)
    module = PatchContrast([64])
    assert [tuple(weights.shape) for weights in module.parameters()] == [(256, 64), (256,), (256, 256), (256,)]
    for weights in module.parameters():
        assert float(weights.detach().std()) == pytest.approx(0.0 if weights.dim() == 1 else 0.02, rel=0.05)
