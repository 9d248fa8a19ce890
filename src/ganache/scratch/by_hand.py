"""The games of this engine: what the library trains, saves, draws and continues, with gradients written by hand.

The only module of this package that knows torch. A cast's arrays are torch's buffers here, so that they are part of the
state like any others; NumPy computes in their memory. Everything is float64 but the generator that is handed on.
"""

import abc
import zlib
from collections.abc import Callable
from typing import Any, ClassVar, Literal, NamedTuple, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from ganache import networks
from ganache.data import Selection
from ganache.data.selection import held_out_split
from ganache.data.shape import ImageShape
from ganache.games.cast import Cast
from ganache.games.game import Draws, Game, Product, Records
from ganache.parts.latents import Normal
from ganache.parts.moment import Moment
from ganache.scratch import mlp_and_dcgan
from ganache.scratch.array_module import Array, from_outside, xp
from ganache.scratch.classification import PixelClassifier
from ganache.scratch.descent import SGD, AdamDescent, Descent
from ganache.scratch.gan import Gan, Learner
from ganache.scratch.randomness import RandomNumbers
from ganache.scratch.sequence import Sequence
from ganache.support.errors import UserError, did_you_mean

_NO_LIMIT = 2**20  # a DCGAN of Ganache stops doubling its features somewhere; this engine's does not
_MEMORY = "by_hand"


class HandPlayed(Game, abc.ABC):
    """A game of this engine; fields with a description are flags of its command line."""

    can_be_shared: ClassVar[bool] = False  # its learners move by themselves

    width: int = Field(500, ge=1, le=65536, description="of both hidden layers")
    optimizer: Literal["sgd", "adam"] = Field("adam", description="sgd or adam: how weights move")
    learning_rate: float = Field(1e-3, ge=0.0, le=1e6, description="how far they move in a step")
    beta1: float = Field(0.9, ge=0.0, lt=1.0, description="Adam's memory of gradients")
    beta2: float = Field(0.999, ge=0.0, lt=1.0, description="Adam's memory of their squares")
    dropout: float = Field(0.0, ge=0.0, le=0.99, description="after the hidden layers")
    epochs: int = Field(5, ge=1, le=10**9, description="passes over the images")
    not_captured: ClassVar[str] = "the game is computed by arrays that are not torch's"
    batch_size: int = Field(64, ge=1, le=65536, description="images in a step")

    def learner(self, network: Sequence) -> Learner:
        """Return a network with what moves it."""
        return Learner(network, _DESCENTS[self.optimizer](self, network))

    def fitted(self, data: Selection) -> Self:
        """Return the game as it is played on these data."""
        return self

    def check(self, cast: Cast, shape: ImageShape, conditions: int) -> None:
        """Accept what could be built: arrays of NumPy have no rehearsal."""


class GanByHand(HandPlayed):
    """Algorithm 1 with the non-saturating generator: `gan.py` is the step."""

    name: str = "gan-by-hand"
    network: Literal["mlp", "dcgan"] = Field("mlp", description="mlp or dcgan: both players' networks")
    latent: int = Field(100, ge=1, le=65536, description="standard normal values that an image is made of")
    width: int = Field(500, ge=1, le=65536, description="of both hidden layers; of a dcgan, features at half the size")
    # At 2e-4, the rate of Radford et al. 2016, D is certain long before these generators have learned anything.
    beta1: float = Field(0.5, ge=0.0, lt=1.0, description="Adam's memory of gradients")
    dropout: float = Field(0.3, ge=0.0, le=0.99, description="after the hidden layers of the mlp's discriminator")
    real_target: float = Field(
        0.9, ge=0.51, le=1.0, description="what the discriminator is to say of reals; below 1 it is smoothed"
    )
    epochs: int = Field(60, ge=1, le=10**9, description="passes over the images")

    @model_validator(mode="after")
    def _refuse_dropout(self) -> "GanByHand":
        if self.network == "dcgan" and self.dropout:
            raise ValueError("the dcgan's discriminator has no dropout; leave it out or say 0")
        return self

    def build(self, shape: ImageShape, conditions: int) -> Cast:
        """Return both networks as NumPy has them, and the ordinary generator that follows the one of them.

        Raises UserError for a shape whose sides a DCGAN cannot halve, and for conditions.
        """
        if conditions:
            raise UserError("conditional: the networks of this engine take no labels")
        ordinary, random = self.sampler.build(shape, 0), _random()
        make = _NETWORKS[self.network]
        players = {"generator": make.generator(self, shape, random)}
        players["discriminator"] = make.discriminator(self, shape, random)
        memory = Memory({role: self.learner(network) for role, network in players.items()}, random)
        follow(ordinary, players["generator"])
        return Cast({"generator": ordinary}, {_MEMORY: memory}, {})

    def play(self, cast: Cast, draw: Draws, now: Moment) -> Records:
        """Move the discriminator once and the generator once; return their losses."""
        learners, latent = Memory.of(cast).learners, Normal(size=self.latent)
        gan = Gan(learners["generator"], learners["discriminator"], self.real_target)
        reals = rows(draw.batch().reals)
        losses = gan.step(reals, from_outside(draw.latents(latent)), from_outside(draw.latents(latent)))
        follow(cast.networks["generator"], gan.generator.network)
        return _records(losses)

    def products(self) -> tuple[Product, ...]:
        """Return the ordinary generator."""
        return (Product("generator", _NETWORKS[self.network].ordinary(self)),)


class ClassifierByHand(HandPlayed):
    """A classifier of two hidden layers, learnt from minibatches of labelled images: `classification.py` is the step.

    With `keeps_a_tenth` it never learns from a tenth of the images, to be tested on them.
    """

    name: str = "classifier-by-hand"
    conditional: bool = True
    keeps_a_tenth: bool = False

    def fitted(self, data: Selection) -> Self:
        """Return the game with a tenth kept where the data hold out no images to be tested on."""
        return self.changed(keeps_a_tenth=held_out_split(data) is None)

    def build(self, shape: ImageShape, conditions: int) -> Cast:
        """Return the network; raises UserError when there are no two classes to tell apart."""
        if conditions < 2:
            raise UserError("data: there are no two classes to tell apart")
        random = _random()
        network = mlp_and_dcgan.mlp_classifier((self.width, self.width), shape, conditions, random, self.dropout)
        return Cast({}, {_MEMORY: Memory({"classifier": self.learner(network)}, random)}, {})

    def play(self, cast: Cast, draw: Draws, now: Moment) -> Records:
        """Move once; return loss and accuracy on this minibatch, nothing where all of it is kept."""
        batch = draw.batch()
        learnt = ~is_kept(batch.reals) if self.keeps_a_tenth else slice(None)
        pixels, classes = rows(batch.reals[learnt]), from_outside(batch.conditions[learnt].argmax(dim=1))
        return _records(classifier_of(cast).step(pixels, classes)) if len(pixels) else {}

    def products(self) -> tuple[Product, ...]:
        """Return nothing: there are no images to draw."""
        return ()


class Memory(nn.Module):
    """All arrays of some learners as torch's buffers, and the random numbers of an iteration."""

    def __init__(self, learners: dict[str, Learner], random: RandomNumbers) -> None:
        super().__init__()
        self.learners, self._random = learners, random
        self._places = {
            f"{role}.{name}".replace(".", "/"): (held, key)
            for role, learner in learners.items()
            for name, held, key in learner.places()
        }
        for name, (held, key) in self._places.items():
            self.register_buffer(name, torch.as_tensor(held[key]))

    @classmethod
    def of(cls, cast: Cast) -> "Memory":
        """Return a cast's, ready for one iteration: learners compute in the buffers, wherever torch has moved them.

        Raises UserError when they lie on a device of which the array module knows nothing.
        """
        memory = cast.memories[_MEMORY]
        assert isinstance(memory, Memory)
        for name, (held, key) in memory._places.items():
            buffer = memory.get_buffer(name)
            if buffer.is_cuda != (xp.__name__ == "cupy"):
                raise UserError(f"arrays: {xp.__name__} cannot compute on {buffer.device.type}; choose with --arrays")
            held[key] = xp.asarray(buffer)
        memory._random.begin(_seed())
        return memory


def classifier_of(cast: Cast) -> PixelClassifier:
    """Return the classifier of a cast."""
    return PixelClassifier(Memory.of(cast).learners["classifier"])


def follow(module: nn.Module, network: Sequence) -> None:
    """Give an ordinary generator, whose last function is tanh and whose images lie in [-1, 1], a network's weights.

    sigmoid(x) = (tanh(x/2) + 1) / 2: with half the last layer's weights and bias, tanh makes 2 sigmoid(x) - 1.
    """
    # Both list their arrays layer by layer. Ours has no count of batches, which a fixed momentum does not use.
    tensors = [tensor for name, tensor in module.state_dict().items() if not name.endswith("num_batches_tracked")]
    arrays = list(network.state().values())
    scales = [1.0] * (len(arrays) - 2) + [0.5, 0.5]  # the last two are the last layer's weight and bias
    for tensor, array, scale in zip(tensors, arrays, scales, strict=True):
        assert tuple(tensor.shape) == array.shape, (tensor.shape, array.shape)
        tensor.copy_(torch.as_tensor(array, device=tensor.device) * scale)


def rows(images: Tensor) -> Array:
    """Return pixels (N, C·H·W) in [0, 1] of images (N, C, H, W) in [-1, 1]."""
    return (from_outside(images.flatten(1)) + 1.0) / 2.0


def is_kept(images: Tensor) -> Tensor:
    """Return which of the images (N, C, H, W) are of the tenth that is not learnt: by their pixels, bool (N,)."""
    return torch.tensor([zlib.crc32(image.cpu().numpy().tobytes()) % 10 == 0 for image in images])


class _Networks(NamedTuple):
    generator: Callable[[GanByHand, ImageShape, RandomNumbers], Sequence]
    discriminator: Callable[[GanByHand, ImageShape, RandomNumbers], Sequence]
    ordinary: Callable[[GanByHand], networks.Generator]


_NETWORKS = {
    "mlp": _Networks(
        lambda game, shape, random: mlp_and_dcgan.mlp_generator(game.latent, (game.width,) * 2, shape, random),
        lambda game, shape, random: mlp_and_dcgan.mlp_discriminator((game.width,) * 2, shape, game.dropout, random),
        lambda game: networks.MLPGenerator(latent=Normal(size=game.latent), widths=(game.width,) * 2),
    ),
    "dcgan": _Networks(
        lambda game, shape, random: mlp_and_dcgan.dcgan_generator(game.latent, game.width, shape, random),
        lambda game, shape, random: mlp_and_dcgan.dcgan_discriminator(game.width, shape, random),
        lambda game: networks.DCGANGenerator(latent=Normal(size=game.latent), width=game.width, max_width=_NO_LIMIT),
    ),
}
_DESCENTS: dict[str, Callable[[HandPlayed, Sequence], Descent]] = {
    "sgd": lambda game, network: SGD(game.learning_rate),
    "adam": lambda game, network: AdamDescent(network.parameters(), game.learning_rate, (game.beta1, game.beta2)),
}
PRESETS = {
    # S0's own numbers: plain gradient descent, one D step and one G step a batch, 30 passes.
    "document": GanByHand(optimizer="sgd", learning_rate=0.003, dropout=0.0, real_target=1.0, epochs=30),
    # The same networks, made to work: Adam as in Radford et al. 2016, and a discriminator kept from certainty.
    "working": GanByHand(),
}
DCGAN = GanByHand(network="dcgan", width=16, dropout=0.0, epochs=20)  # takes the preset's place for the network dcgan


def choose(preset: str | None, changes: dict[str, Any]) -> GanByHand:
    """Return a preset (working unless named) with some fields changed; raises UserError for an unknown one."""
    if preset is not None and preset not in PRESETS:
        raise UserError(f"preset: {preset!r} is not one of {', '.join(PRESETS)}{did_you_mean(preset, PRESETS)}")
    if changes.get("network") == "dcgan":
        if preset == "document":
            raise UserError("preset: the document's networks are fully connected; --network dcgan has its own settings")
        return DCGAN.changed(**changes)
    return PRESETS[preset or "working"].changed(**changes)


def _random() -> RandomNumbers:
    return RandomNumbers(_seed())


def _seed() -> int:
    """Return the next number of torch's generator, which the library sets by seed and position."""
    return int(torch.randint(2**63 - 1, (), device="cpu"))


def _records(values: dict[str, float]) -> Records:
    return {name: torch.tensor([value], dtype=torch.float64) for name, value in values.items()}
