"""A generator whose filters point in different directions."""

from torch import Tensor, nn

from ganache.parts.schedules import NonNegative
from ganache.parts.terms import GeneratorTerm, Move


class OrthogonalRegularisation(GeneratorTerm):
    """Σ ‖W Wᵀ ⊙ (1 - I)‖², over the generator's weights: the squared inner products of every two of a layer's filters.

    W is a layer's weight as a matrix (outputs, all else), before any normalisation. The lengths of filters are left
    alone, and so is what says ``is_embedding``. The authors' code moves weights by half of this term's gradient.
    Source: Brock et al. 2019, "Large Scale GAN Training", equation 3 (β is the weight).
    """

    weight: NonNegative = 1e-4

    def __call__(self, move: Move) -> Tensor:
        """Return the sum, the same for every sample."""
        found = [
            _between(weight.flatten(1))
            for layer in move.networks["generator"].modules()
            if not getattr(layer, "is_embedding", False) and (weight := _weight(layer)) is not None
        ]
        total = sum(found[1:], found[0]) if found else move.fakes.new_zeros(())
        return total.expand(len(move.fakes))


def _weight(layer: nn.Module) -> Tensor | None:
    """Return the weight of a linear or convolutional layer as it is learnt; of others None."""
    if isinstance(layer, nn.ConvTranspose2d):
        return _learnt(layer).transpose(0, 1)
    return _learnt(layer) if isinstance(layer, nn.Linear | nn.Conv2d) else None


def _learnt(layer: nn.Module) -> Tensor:
    parametrizations = getattr(layer, "parametrizations", None)
    weight = layer.weight if parametrizations is None else parametrizations.weight.original
    assert isinstance(weight, Tensor)
    return weight


def _between(filters: Tensor) -> Tensor:
    """Return the sum of ⟨wᵢ, wⱼ⟩² over i ≠ j of filters (N, P).

    ‖W Wᵀ‖ = ‖WᵀW‖: the smaller product will do.
    """
    products = filters @ filters.T if len(filters) <= filters.shape[1] else filters.T @ filters
    return products.square().sum() - filters.square().sum(dim=1).square().sum()
