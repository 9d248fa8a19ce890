"""Translation learnt without pairs and without a way back: Park et al. 2020, "Contrastive Learning for Unpaired …".

The layers on G's own way in say what is at a place of a picture, and H makes unit vectors of what they say:

translator:    the objective's answer on G(a) + λ_A E[contrast of G(a) with a] + λ_B E[contrast of G(b) with b]
discriminator: its objective on b against G(a)

where the contrast (equations 2 to 4) is low where each place resembles that place of its original more than the others.
H learns with G.
"""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.games.cast import Cast, Player
from ganache.games.game import Product, Records, recorded
from ganache.games.translation import Met, Shown, Sides, Translation
from ganache.networks.translators import Encoding
from ganache.parts.moment import Moment
from ganache.parts.patch_contrast import PatchContrast
from ganache.parts.schedules import NonNegative
from ganache.support.errors import UserError

Layer = Annotated[int, Field(ge=0)]


class Contrastive(Translation):
    """One translator whose pictures keep, place by place, what was given; a discriminator of the domain it leads to."""

    contrast: NonNegative = 1.0  # λ_A
    identity: NonNegative = 1.0  # λ_B; 0: not asked, as must be where the domains have different channels
    layers: tuple[Layer, ...] = Field(default=(0, 2, 3, 4, 8), min_length=1)  # the paper's five, 0 being the pixels
    places: int = Field(default=256, ge=2)  # of a picture that are told apart, in each layer
    vectors: int = Field(default=256, ge=1)  # numbers of what H makes of a place
    temperature: float = Field(default=0.07, gt=0)  # τ

    def build(self, shape: ImageShape, conditions: int) -> Cast:
        """Return translator, discriminator, and H; raises UserError for a translator that cannot be looked into."""
        self.refuse_alone(shape)
        if self.identity:
            self.refuse_identity(shape)
        networks, memories = self.judges("", shape.targets, conditions)
        translator = self.translator.build(shape.inputs, shape.targets)
        if not isinstance(translator, Encoding):
            name = type(self.translator).__name__
            raise UserError(f"translator: {name} has no layers to look at; --set translator=ResidualTranslator")
        contrast = PatchContrast(translator.widths(self.layers), self.vectors, self.places, self.temperature)
        memories |= {"sides": Sides(shape), "contrast": contrast}
        players = {
            "generator": Player(self.optimizers.generator, ("a_to_b", "contrast")),
            "discriminator": Player(self.optimizers.discriminator, ("discriminator",)),
        }
        return Cast({"a_to_b": translator, **networks}, memories, players)

    def moves(self, cast: Cast, met: Met, now: Moment) -> Records:
        """Translate a batch; move the discriminator on it, and then translator and H through what it says now."""
        given, wanted, conditions = met
        size = len(given)
        originals = torch.cat([given, wanted]) if self.identity else given  # one pass is faster than two
        cast.train_only("generator")
        with cast.autocast():
            translated, theirs = _encoder(cast).looked(originals, self.layers)
        all_made = translated.float()
        shown = Shown(wanted, all_made[:size], conditions)
        judged = self.moved(cast, shown, now)
        cast.train_only("generator")
        fooled = self.convinced(cast, "discriminator", shown, now)
        apart, *identity = torch.split(self._contrasted(cast, all_made, theirs), size)
        terms, loss = {"loss/generator": fooled, "contrast/input": apart}, fooled + now.at(self.contrast) * apart
        for same in identity:
            terms["contrast/identity"], loss = same, loss + now.at(self.identity) * same
        cast.update("generator", loss, now)
        return recorded(judged.seen | terms)

    def _contrasted(self, cast: Cast, made: Tensor, theirs: list[Tensor]) -> Tensor:
        """Return the contrast (N,) of translations with what was seen of the originals."""
        with cast.autocast():
            ours = _encoder(cast).features(made, self.layers)
        losses: Tensor = cast.memories["contrast"](ours, theirs)
        return losses

    def products(self) -> tuple[Product, ...]:
        """Return the translator."""
        return (Product("a_to_b", self.translator),)


def _encoder(cast: Cast) -> Encoding:
    translator = cast.networks["a_to_b"]
    assert isinstance(translator, Encoding)
    return translator
