"""Batch norm over the whole batch, wherever its rows are (Ioffe & Szegedy 2015, algorithm 1)."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.modules.batchnorm import _BatchNorm

from ganache.support.world import World, here


def normalise_together(network: nn.Module) -> None:
    """Have every batch norm of a network take its statistics over all processes that play an iteration."""
    for module in network.modules():
        if isinstance(module, _BatchNorm) and not isinstance(module, _Together):
            kind = type(module)
            # Its class alone: names, weights and everybody who knows it as a batch norm stay.
            module.__class__ = type(f"Together{kind.__name__}", (_Together, kind), {})


class _Together(_BatchNorm):
    def forward(self, values: Tensor) -> Tensor:
        world = here()
        if not self.training or world.size == 1:
            return super().forward(values)
        self._check_input_dim(values)  # type: ignore[no-untyped-call]
        mean, variance = _statistics(values, world)
        self._remember(mean, variance, world.size * values.numel() // values.shape[1])
        weight = self.weight if self.affine else torch.ones_like(mean)
        bias = self.bias if self.affine else torch.zeros_like(mean)
        normal: Tensor = _Normal.apply(values, weight, bias, mean, variance, self.eps, world)  # type: ignore[no-untyped-call]
        return normal

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        if not self.track_running_stats or self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        weight = self.momentum if self.momentum is not None else 1.0 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), weight)
        self.running_var.lerp_((variance * (count / (count - 1))).to(self.running_var.dtype), weight)


@torch.no_grad()
def _statistics(values: Tensor, world: World) -> tuple[Tensor, Tensor]:
    """Return mean and variance (C,) of each channel over all processes, by torch's own kernel and one exchange."""
    exact = torch.promote_types(values.dtype, torch.float32)
    remembered = values.new_zeros(
        2, values.shape[1], dtype=exact
    )  # of no use, but their precision is that of the answer
    own = torch.stack(torch.batch_norm_update_stats(values, remembered[0], remembered[1], 0.0))
    # Every process puts its own two rows where the others have zeros.
    rows = own.new_zeros(world.size, *own.shape)
    rows[world.rank] = own
    means, variances = world.sum(rows).unbind(1)
    mean = means.mean(0)
    return mean, (variances + (means - mean).square()).mean(0)


class _Normal(Function):
    """Values (N, C, …) normalised by statistics that are functions of them; its slopes know that, in any order."""

    @staticmethod
    def forward(
        ctx: Any, values: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, eps: float, world: World
    ) -> Tensor:
        ctx.save_for_backward(values, weight, mean, variance)
        ctx.eps, ctx.world = eps, world
        return _normalised(values, weight, bias, mean, variance, eps)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        values, weight, mean, variance = ctx.saved_tensors
        if torch.is_grad_enabled():  # slopes of these slopes are wanted
            slopes = _differentiable_slopes(slope, values, weight, ctx.eps, ctx.world)
        else:
            slopes = _slopes(slope, values, weight, mean, variance, ctx.eps, ctx.world)
        return *slopes, None, None, None, None


def _normalised(values: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, eps: float) -> Tensor:
    return torch.native_batch_norm(values, weight, bias, mean, variance, False, 0.0, eps)[0]


def _slopes(
    slope: Tensor, values: Tensor, weight: Tensor, mean: Tensor, variance: Tensor, eps: float, world: World
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the slopes by values, weight and bias, by torch's own kernels and one exchange.

    With n the normalised values, s the slope and E the mean over all processes, that by the values is
    weight / √(variance + ε) · (s − E[s] − n E[s n]): the kernel of fixed statistics gives the first term and both sums,
    and what is subtracted is an affine function of n, which is again what the kernel of the forward pass does.
    """
    by_values, by_weight, by_bias = torch.ops.aten.native_batch_norm_backward(
        slope, values, weight, mean, variance, None, None, False, eps, [True, True, True]
    )
    together = world.sum(torch.stack([by_weight, by_bias]))
    factor = -weight * (variance + eps).rsqrt() * (values.shape[1] / (world.size * values.numel()))
    by_values += _normalised(values, factor * together[0], factor * together[1], mean, variance, eps)
    return by_values, by_weight, by_bias


def _differentiable_slopes(
    slope: Tensor, values: Tensor, weight: Tensor, eps: float, world: World
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the same in plain operations, through which slopes flow."""
    dims, form = [0, *range(2, values.dim())], [1, -1, *[1] * (values.dim() - 2)]
    count = world.size * values.numel() // values.shape[1]
    exact, slope = values.to(weight.dtype), slope.to(weight.dtype)
    centred = exact - (world.sum(exact.sum(dims)) / count).view(form)
    scale = (world.sum(centred.square().sum(dims)) / count + eps).rsqrt().view(form)
    normal = centred * scale
    by_bias, by_weight = slope.sum(dims), (slope * normal).sum(dims)
    bias_mean, weight_mean = (world.sum(torch.stack([by_bias, by_weight])) / count).unbind()
    by_values = weight.view(form) * scale * (slope - bias_mean.view(form) - normal * weight_mean.view(form))
    return by_values.to(values.dtype), by_weight, by_bias
