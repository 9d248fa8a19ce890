"""Batch norm over three processes is torch's own over the whole batch, with slopes of every order."""

import pytest
import torch
from torch import Tensor, nn

from ganache.engine.batch_norm import normalise_together
from tests.engine.crowd import Crowd

SIZE, ROWS, CHANNELS = 3, 4, 5


def norm(form: tuple[int, ...], affine: bool = True) -> nn.Module:
    kind = nn.BatchNorm2d if len(form) == 2 else nn.BatchNorm1d
    made = kind(CHANNELS, affine=affine, momentum=0.3).double()
    chance = torch.Generator().manual_seed(1)
    for weight in made.parameters():
        weight.data.uniform_(0.5, 2.0, generator=chance)
    return made


def everything(module: nn.Module, rows: Tensor, weights: Tensor, created: bool) -> dict[str, Tensor]:
    """Return what comes out of it, and the slopes of a loss: of the values, or of their slopes' squares."""
    rows = rows.clone().requires_grad_()
    made = module(rows)
    loss = (made.tanh() * weights).sum()
    if created:
        (slope,) = torch.autograd.grad(loss, rows, create_graph=True)
        loss = slope.square().sum() + loss
    loss.backward()
    assert rows.grad is not None
    slopes = {name: weight.grad for name, weight in module.named_parameters() if weight.grad is not None}
    return {"made": made.detach(), "rows": rows.grad, **slopes, **dict(module.named_buffers())}


@pytest.mark.parametrize("created", [False, True], ids=["slopes", "slopes of slopes"])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("form", [(), (6,), (3, 2)])
def test_three_processes_normalise_as_one(form: tuple[int, ...], affine: bool, created: bool) -> None:
    chance = torch.Generator().manual_seed(0)
    batch, weights = torch.randn(2, SIZE * ROWS, CHANNELS, *form, generator=chance, dtype=torch.float64).unbind()
    batch = batch * 3 + 7
    whole = everything(norm(form, affine), batch, weights, created)
    crowd = Crowd(SIZE)

    def of_one() -> dict[str, Tensor]:
        module = norm(form, affine)
        normalise_together(module)
        own = slice(crowd.rank * ROWS, (crowd.rank + 1) * ROWS)
        return everything(module, batch[own], weights[own], created)

    apart = crowd.each(of_one)
    for name, expected in whole.items():
        found = [one[name] for one in apart]
        if name in ("made", "rows"):
            torch.testing.assert_close(torch.cat(found), expected, rtol=1e-12, atol=1e-12)
        elif name in ("weight", "bias"):  # each process's loss is of its own rows
            torch.testing.assert_close(sum(found), expected, rtol=1e-12, atol=1e-12)
        else:
            for one in found:
                torch.testing.assert_close(one, expected, rtol=1e-12, atol=1e-12)


def test_bfloat16_is_normalised_by_exact_statistics() -> None:
    """Channels with a mean of 100 and a deviation of 1: their squares have no place in eight bits."""
    values = (100 + torch.randn(2 * ROWS, CHANNELS, 4, 4, generator=torch.Generator().manual_seed(0))).bfloat16()
    slope = torch.randn(values.shape, generator=torch.Generator().manual_seed(1)).bfloat16()
    exact = values.float().requires_grad_()
    expected = nn.BatchNorm2d(CHANNELS)(exact)
    expected.backward(slope.float())
    crowd = Crowd(2)

    def of_one() -> tuple[Tensor, Tensor]:
        module = nn.BatchNorm2d(CHANNELS)
        normalise_together(module)
        own = slice(crowd.rank * ROWS, (crowd.rank + 1) * ROWS)
        rows = values[own].contiguous(memory_format=torch.channels_last).requires_grad_()
        made = module(rows)
        made.backward(slope[own])
        assert made.dtype == torch.bfloat16
        assert rows.grad is not None
        return made.detach(), rows.grad

    made, slopes = (torch.cat(both).float() for both in zip(*crowd.each(of_one), strict=True))
    torch.testing.assert_close(made, expected.detach(), rtol=2**-8, atol=2**-8)
    assert exact.grad is not None
    torch.testing.assert_close(slopes, exact.grad, rtol=2**-7, atol=2**-8)
