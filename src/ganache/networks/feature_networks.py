"""Networks made of a discriminator's features: one with a class head, an encoder, a judge of pairs.

Each holds another discriminator as its body, whatever its family, and takes the features that it makes its logit from.
"""

import abc
from collections.abc import Sequence

import torch
from pydantic import Field
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.networks.base import Discriminator, FeatureDiscriminator, feature_count, stages_of
from ganache.networks.layers import Dropout
from ganache.parts.part import Part
from ganache.parts.verdict import Verdict
from ganache.support.errors import UserError


class ClassifyingDiscriminator(Discriminator):
    """A discriminator that is told no class and tells it: a linear head ``class`` beside the logit.

    Source: Odena et al. 2017, "Conditional Image Synthesis with Auxiliary Classifier GANs", section 3.
    """

    body: Discriminator

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module; conditions are the classes to be told.

        Raises UserError for a body without features, and where there are no classes.
        """
        if not conditions:
            raise UserError("discriminator: a class head needs classes; --set conditional=true tells those of the data")
        return _Classifying(self.body, shape, conditions)


class Encoder(Part, abc.ABC):
    """An encoder's configuration."""

    @abc.abstractmethod
    def build(self, shape: ImageShape, latents: int) -> nn.Module:
        """Return a module images (N, C, H, W) → latents (N, Z), Z being `latents`."""


class FeatureEncoder(Encoder):
    """A linear map of a discriminator's features."""

    body: Discriminator

    def build(self, shape: ImageShape, latents: int) -> nn.Module:
        """Return the module. Raises UserError for a body without features."""
        return _Encoder(self.body, shape, latents)


class PairDiscriminator(Part, abc.ABC):
    """A configuration of a discriminator that judges an image together with a latent."""

    @abc.abstractmethod
    def build(self, shape: ImageShape, latents: int) -> nn.Module:
        """Return a module (images (N, C, H, W), latents (N, Z)) → Verdict."""


class FeaturePairDiscriminator(PairDiscriminator):
    """Features of the image and of the latent, side by side through one hidden layer (Donahue et al. 2017, app. C)."""

    body: Discriminator
    latent_width: int = Field(default=512, ge=1)  # of the two layers through which the latent goes alone
    width: int = Field(default=1024, ge=1)  # of the layer on both
    dropout: float = Field(default=0.0, ge=0, lt=1)

    def build(self, shape: ImageShape, latents: int) -> nn.Module:
        """Return the module. Raises UserError for a body without features."""
        return _Pairs(self, shape, latents)


class _Classifying(nn.Module):
    def __init__(self, body: Discriminator, shape: ImageShape, conditions: int) -> None:
        super().__init__()
        self.body = _with_features(body, shape)
        self.head = nn.Linear(feature_count(body, shape, 0), conditions)

    def stages(self) -> Sequence[nn.Module]:
        """Return those of the body."""
        return stages_of(self.body)

    def forward(self, images: Tensor, conditions: Tensor) -> Verdict:
        none = conditions[:, :0]
        features = self.body.features(images, none)
        return Verdict(self.body.logits(features, none), features, {"class": self.head(features)})


class _Encoder(nn.Module):
    def __init__(self, body: Discriminator, shape: ImageShape, latents: int) -> None:
        super().__init__()
        self.body, features = _for_features_alone(body, shape)
        self.last = nn.Linear(features, latents)

    def forward(self, images: Tensor) -> Tensor:
        encoded: Tensor = self.last(self.body.features(images, images.new_zeros(len(images), 0)))
        return encoded


class _Pairs(nn.Module):
    def __init__(self, config: FeaturePairDiscriminator, shape: ImageShape, latents: int) -> None:
        super().__init__()
        self.body, features = _for_features_alone(config.body, shape)
        inner = config.latent_width
        self.read = nn.Sequential(*_layer(latents, inner, config.dropout), *_layer(inner, inner, config.dropout))
        self.joint = nn.Sequential(*_layer(features + inner, config.width, config.dropout))
        self.logit = nn.Linear(config.width, 1)

    def stages(self) -> Sequence[nn.Module]:
        """Return those of the image's way in."""
        return stages_of(self.body)

    def forward(self, images: Tensor, latents: Tensor) -> Verdict:
        seen = self.body.features(images, images.new_zeros(len(images), 0))
        features = self.joint(torch.cat([seen, self.read(latents)], dim=1))
        return Verdict(self.logit(features), features)


def _layer(inputs: int, outputs: int, dropout: float) -> list[nn.Module]:
    return [nn.Linear(inputs, outputs), nn.LeakyReLU(0.2), *([Dropout(dropout)] if dropout else [])]


def _with_features(body: Discriminator, shape: ImageShape) -> FeatureDiscriminator:
    built = body.build(shape, 0)
    if not isinstance(built, FeatureDiscriminator):
        raise UserError(f"discriminator: {type(body).__name__} has no features to give, which are needed of it here")
    return built


def _for_features_alone(body: Discriminator, shape: ImageShape) -> tuple[FeatureDiscriminator, int]:
    """Build a discriminator without the weights that its features do not depend on, which would never learn.

    Return it with how many features it has.
    """
    with torch.device("meta"), torch.enable_grad():
        probe = _with_features(body, shape)
        features = probe.features(torch.zeros(2, shape.channels, shape.height, shape.width), torch.zeros(2, 0))
        names, weights = zip(*probe.named_parameters(), strict=True)
        slopes: Sequence[Tensor | None] = [None] * len(weights)
        if features.requires_grad:
            slopes = torch.autograd.grad(features.sum(), weights, allow_unused=True)
    built = _with_features(body, shape)
    for name, slope in zip(names, slopes, strict=True):
        if slope is None:
            owner, _, last = name.rpartition(".")
            built.get_submodule(owner).register_parameter(last, None)
    return built, features.shape[1]
