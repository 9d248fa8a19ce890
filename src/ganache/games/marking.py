"""A fingerprint in a generator: bits that a small network reads from whatever it draws.

First a reader R learns to find messages b that are laid over originals x = G(z) as patterns p, which learn with it:

reader:     E BCE(R(T(x + s · unit(Σ ±pᵢ))), b),  each b drawn anew, s falling

Then R stands still, and a copy G' of the generator learns to draw what R reads as the one message m, near its
originals:

generator:  E BCE(R(T(G'(z))), m) + λ E|G'(z) - G(z)|²

T is wear: JPEG, other sizes, crops, noise. R has never met m, which was drawn for itself: of pictures that are not
marked it agrees with m in as many bits as fair coins would, over the choice of m.
Ideas: Yu et al. 2022, "Responsible Disclosure of Generative Models Using Scalable Fingerprinting"; Fernandez et al.
2023, "The Stable Signature". Additive patterns are in the place of their encoders.
"""

from collections.abc import Hashable

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from ganache.data.shape import ImageShape
from ganache.games.cast import Cast, Player
from ganache.games.game import Draws, Game, Product, Records, recorded
from ganache.networks.base import Generator
from ganache.networks.feature_networks import Encoder
from ganache.parts.augmentations import Augmentation, Augmenter, refuse_points
from ganache.parts.moment import Moment, Value
from ganache.parts.optimizers import Optimizer
from ganache.parts.part import Part
from ganache.parts.schedules import NonNegative
from ganache.parts.wear import LEVELS, Wear
from ganache.support.world import own_rows


class MarkOptimizers(Part):
    """One optimiser for each player."""

    generator: Optimizer
    reader: Optimizer


class Marking(Game):
    """Two players that move one after the other: a reader with its patterns, and then the generator."""

    generator: Generator
    reader: Encoder
    message: str = Field(pattern=r"^([0-9a-f]{2}){1,32}$")  # in hexadecimal digits
    optimizers: MarkOptimizers
    wear: Augmentation = Wear()
    learning: int = Field(default=32_000, ge=0)  # images after which the reader stands and the generator moves
    grain: int = Field(default=4, ge=1, le=64)  # pixels of a side of what is laid over: finer is what JPEG takes first
    strength: NonNegative = 10.0  # s: root mean square of what is laid over originals, in levels of 255
    closeness: NonNegative = 1e-3  # λ, of squared levels

    @property
    def bits(self) -> int:
        """How many bits the message has."""
        return 4 * len(self.message)

    def build(self, shape: ImageShape, conditions: int) -> Cast:
        """Return generator, original and reader, wear and patterns; raises UserError for points."""
        refuse_points(self.wear, shape)
        networks = {
            "generator": self.generator.build(shape, conditions),
            "original": self.generator.build(shape, conditions),
            "reader": self.reader.build(shape, self.bits),
        }
        players = {
            "generator": Player(self.optimizers.generator, ("generator",)),
            "reader": Player(self.optimizers.reader, ("reader", "patterns")),
        }
        memories = {"patterns": Patterns(shape, self.message, self.grain), "wear": self.wear.build(shape)}
        return Cast(networks, memories, players)

    def play(self, cast: Cast, draw: Draws, now: Moment) -> Records:
        """Move the reader, or once it stands the generator."""
        for name in ("generator", "original"):
            cast.networks[name].eval()  # as they draw: statistics of batches are not theirs to move
        conditions = (draw.batch() if self.conditional else draw.nothing()).conditions
        inputs = draw.latents(self.generator.latent), conditions
        with torch.no_grad():
            originals = cast("original", *inputs)
        if self._reader_learns(now.iteration):
            return self._move_reader(cast, originals, now)
        return self._move_generator(cast, inputs, originals, now)

    def phase(self, iteration: int) -> Hashable:
        """Return who moves."""
        return self._reader_learns(iteration)

    def _reader_learns(self, iteration: int) -> bool:
        return iteration * self.batch_size < self.learning

    def _move_reader(self, cast: Cast, originals: Tensor, now: Moment) -> Records:
        cast.train_only("reader")
        cast.rest("generator")
        patterns = cast.memories["patterns"]
        assert isinstance(patterns, Patterns)
        messages = (own_rows(originals.new_empty(len(originals), self.bits)) < 0.5).float()
        laid = patterns(originals, messages, now.at(self.strength))
        said = self._read(cast, laid, now)
        loss = _misread(said, messages)
        cast.update("reader", loss, now)
        return recorded({"loss/reader": loss, "bits/laid over": _agreeing(said, messages)})

    def _move_generator(self, cast: Cast, inputs: tuple[Tensor, Tensor], originals: Tensor, now: Moment) -> Records:
        cast.train_only("generator")
        cast.rest("reader")
        made = cast("generator", *inputs)
        message = cast.memories["patterns"].get_buffer("message").expand(len(made), -1)
        said = self._read(cast, made, now)
        misread, apart = _misread(said, message), squared_levels(made, originals)
        cast.update("generator", misread + now.at(self.closeness) * apart, now)
        seen = {"loss/generator": misread, "distance/original": apart.sqrt(), "bits/drawn": _agreeing(said, message)}
        return recorded(seen)

    def _read(self, cast: Cast, images: Tensor, now: Moment) -> Tensor:
        wear = cast.memories["wear"]
        assert isinstance(wear, Augmenter)
        said: Tensor = cast("reader", wear(images, now))
        return said

    def products(self) -> tuple[Product, ...]:
        """Return the marked generator and its reader."""
        return (Product("generator", self.generator), Product("reader", self.reader))


class Patterns(nn.Module):
    """What is laid over an image for each bit, in cells of some pixels; and the generator's own message."""

    def __init__(self, shape: ImageShape, message: str, grain: int) -> None:
        super().__init__()
        bits = bits_of(message)
        self.sides, self.grain = (shape.height, shape.width), grain
        cells = [-(-side // grain) for side in self.sides]
        self.patterns = nn.Parameter(torch.randn(bits.shape[1], shape.channels, *cells))
        self.register_buffer("message", bits, persistent=False)

    def forward(self, images: Tensor, messages: Tensor, strength: Value) -> Tensor:
        """Return images (N, C, H, W) with messages (N, bits) laid over them, `strength` levels strong."""
        height, width = self.sides
        signs = 2.0 * messages - 1.0
        laid = (signs @ self.patterns.flatten(1)).view(len(images), *self.patterns.shape[1:])
        laid = laid.repeat_interleave(self.grain, dim=-2).repeat_interleave(self.grain, dim=-1)[..., :height, :width]
        size = laid.square().mean(dim=(1, 2, 3), keepdim=True).add(1e-12).sqrt()
        return (images + laid * (strength / LEVELS) / size).clamp(-1.0, 1.0)


def bits_of(message: str) -> Tensor:
    """Return the bits (1, n) of hexadecimal digits, the highest first, as floats."""
    digits = bytes.fromhex(message)
    return torch.tensor([[float(byte >> place & 1) for byte in digits for place in range(7, -1, -1)]])


def squared_levels(one: Tensor, other: Tensor) -> Tensor:
    """Return the mean squared difference (N,) of images in [-1, 1], in levels of 255."""
    return ((one - other) * LEVELS).square().flatten(1).mean(dim=1)


def _misread(said: Tensor, messages: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(said, messages, reduction="none").mean(dim=1)


def _agreeing(said: Tensor, messages: Tensor) -> Tensor:
    return ((said > 0.0).float() == messages).float()
