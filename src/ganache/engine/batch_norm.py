"""Batch norm over the whole batch, wherever its rows are (Ioffe & Szegedy 2015, algorithm 1)."""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ganache.support.world import here


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
        exact = values if values.dtype == torch.float64 else values.float()
        dims = [0, *range(2, values.dim())]
        means, variances = exact.mean(dims), exact.var(dims, correction=0)
        # One exchange: every process puts its own two rows where the others have zeros.
        rows = torch.zeros(world.size, 2, values.shape[1], dtype=exact.dtype, device=exact.device)
        rows = torch.cat([rows[: world.rank], torch.stack([means, variances])[None], rows[world.rank + 1 :]])
        means, variances = world.sum(rows).unbind(1)
        mean = means.mean(0)
        variance = (variances + (means - mean).square()).mean(0)
        self._remember(mean.detach(), variance.detach(), world.size * exact.numel() // exact.shape[1])
        shape = [1, -1, *[1] * (values.dim() - 2)]
        normal = (exact - mean.view(shape)) * (variance.view(shape) + self.eps).rsqrt()
        if self.affine:
            normal = normal * self.weight.view(shape) + self.bias.view(shape)
        return normal.to(values.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        if not self.track_running_stats or self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        weight = self.momentum if self.momentum is not None else 1.0 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), weight)
        self.running_var.lerp_((variance * (count / (count - 1))).to(self.running_var.dtype), weight)
