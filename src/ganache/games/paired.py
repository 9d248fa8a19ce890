"""Translation learnt from pairs: Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks".

discriminator: its objective on (x, y) against (x, G(x))
translator:    the objective's answer + λ E|y - G(x)|
"""

from collections.abc import Hashable

import torch

from ganache.data.shape import ImageShape
from ganache.data.twofold.sides import Meeting
from ganache.games.cast import Cast, Player
from ganache.games.game import Product, Records, recorded
from ganache.games.translation import Met, Shown, Sides, Translation, apart
from ganache.parts.moment import Moment
from ganache.parts.schedules import NonNegative, at


class Paired(Translation):
    """One translator, and a discriminator that sees what was given beside what was made of it, if `judges_pairs`.

    While `adversarial` is 0 nobody asks the discriminator, and it stands still: the distance is learnt alone.
    """

    distance: NonNegative = 100.0  # λ: the weight of E|y - G(x)|
    judges_pairs: bool = True

    @property
    def meeting(self) -> Meeting:
        """Each input with its target."""
        return "pairs"

    def build(self, shape: ImageShape, conditions: int) -> Cast:
        """Return translator and discriminator; raises UserError for data that are no pairs."""
        self.refuse_alone(shape)
        networks, memories = self.judges("", shape if self.judges_pairs else shape.targets, conditions)
        networks = {"a_to_b": self.translator.build(shape.inputs, shape.targets), **networks}
        players = {
            "generator": Player(self.optimizers.generator, ("a_to_b",)),
            "discriminator": Player(self.optimizers.discriminator, ("discriminator",)),
        }
        return Cast(networks, {**memories, "sides": Sides(shape)}, players)

    def moves(self, cast: Cast, met: Met, now: Moment) -> Records:
        """Translate a batch; move the discriminator on it, and then the translator through what it says now."""
        given, wanted, conditions = met
        cast.train_only("generator")
        made = cast("a_to_b", given)
        if not self._is_judged(now.iteration):
            distance = apart(made, wanted)
            cast.update("generator", now.at(self.distance) * distance, now)
            return recorded({"distance/target": distance})
        made.retain_grad()
        fakes = torch.cat([given, made], dim=1) if self.judges_pairs else made
        reals = torch.cat([given, wanted], dim=1) if self.judges_pairs else wanted
        shown = Shown(reals, fakes, conditions)
        judged = self.moved(cast, shown, now)
        cast.train_only("generator")
        fooled, distance = self.convinced(cast, "discriminator", shown, now), apart(made, wanted)
        cast.update("generator", fooled + now.at(self.distance) * distance, now)
        slopes = len(made) * made.grad.flatten(1).norm(dim=1)
        own = {"loss/generator": fooled, "distance/target": distance, "gradient/fakes": slopes}
        return recorded(judged.seen | own)

    def phase(self, iteration: int) -> Hashable:
        """Return whether the discriminator plays, and which of its penalties are due."""
        return super().phase(iteration) if self._is_judged(iteration) else "distance alone"

    def check(self, cast: Cast, shape: ImageShape, conditions: int) -> None:
        """Raise UserError as every game does, of an iteration in which the discriminator plays, whenever that is."""
        Translation.check(self.changed(adversarial=1.0), cast, shape, conditions)

    def _is_judged(self, iteration: int) -> bool:
        return at(self.adversarial, iteration * self.batch_size) > 0.0

    def products(self) -> tuple[Product, ...]:
        """Return the translator."""
        return (Product("a_to_b", self.translator),)
