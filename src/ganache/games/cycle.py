"""Translation learnt without pairs: Zhu et al. 2017, "Unpaired Image-to-Image Translation using … Networks".

G leads from A to B, F from B to A; D_A and D_B tell real pictures of their domain from made ones.

translators:    the objective's answers on G(a), F(b) + λ (E|F(G(a)) - a| + E|G(F(b)) - b|)
                + ι (E|G(b) - b| + E|F(a) - a|)
discriminators: the mean of both objectives, on pictures from a pool of old translations

With `noise` a translation is disturbed before it goes back, so that nothing can be hidden in what is not seen
(Bashkirova et al. 2019, "Adversarial Self-Defense for Cycle-Consistent GANs").
"""

import torch
from pydantic import Field
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.games.cast import Cast, Player
from ganache.games.game import Product, Records, joined, recorded
from ganache.games.translation import Met, Shown, Sides, Translation, apart
from ganache.parts.history import Pool
from ganache.parts.moment import Moment
from ganache.parts.schedules import NonNegative
from ganache.support.errors import UserError
from ganache.support.world import own_rows


class Cycle(Translation):
    """Two translators that undo each other, moved as one, and two discriminators, moved as one."""

    cycle: NonNegative = 10.0  # λ
    identity: NonNegative = 5.0  # ι; 0: not asked, as must be where the domains have different channels
    noise: NonNegative = 0.0  # deviation of what disturbs a translation on its way back
    # Old translations of each domain that are shown again; 0 where classes are told, for they were of others.
    pool: int = Field(default=50, ge=0, le=10_000)

    def build(self, shape: ImageShape, conditions: int) -> Cast:
        """Return both translators, both discriminators with their pools; raises UserError for data that are alone."""
        self.refuse_alone(shape)
        if conditions and self.pool:
            raise UserError("pool: old translations are of other classes than those that are told; --set pool=0")
        a, b = shape.inputs, shape.targets
        if self.identity:
            self.refuse_identity(shape)
        judge_a, of_a = self.judges("_a", a, conditions)
        judge_b, of_b = self.judges("_b", b, conditions)
        networks = {"a_to_b": self.translator.build(a, b), "b_to_a": self.translator.build(b, a), **judge_a, **judge_b}
        memories = {"sides": Sides(shape), "pool_a": Pool(a, self.pool), "pool_b": Pool(b, self.pool), **of_a, **of_b}
        players = {
            "generator": Player(self.optimizers.generator, ("a_to_b", "b_to_a")),
            "discriminator": Player(self.optimizers.discriminator, (*judge_a, *judge_b)),
        }
        return Cast(networks, memories, players)

    def moves(self, cast: Cast, met: Met, now: Moment) -> Records:
        """Move the translators there and back, and then the discriminators on what was made, or was made long ago."""
        a, b, conditions = met
        cast.train_only("generator")
        made_b, same_b = self._translated(cast, "a_to_b", a, b)
        made_a, same_a = self._translated(cast, "b_to_a", b, a)
        fooled = self.convinced(cast, "discriminator_a", Shown(a, made_a, conditions), now)
        fooled = fooled + self.convinced(cast, "discriminator_b", Shown(b, made_b, conditions), now)
        cycle = apart(cast("b_to_a", self._disturbed(made_b, now)), a)
        cycle = cycle + apart(cast("a_to_b", self._disturbed(made_a, now)), b)
        terms = {"loss/generator": fooled, "distance/cycle": cycle}
        loss = fooled + now.at(self.cycle) * cycle
        if same_a is not None and same_b is not None:
            terms["distance/identity"] = apart(same_b, b) + apart(same_a, a)
            loss = loss + now.at(self.identity) * terms["distance/identity"]
        cast.update("generator", loss, now)
        judged = self._move_discriminators(cast, met, (made_a, made_b), now)
        return joined([*judged, recorded(terms)])

    def _translated(self, cast: Cast, way: str, given: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return a translation and, where it is asked for, what is made of a picture that is of the target's domain."""
        if not self.identity:
            return cast(way, given), None
        made, same = cast(way, torch.cat([given, wanted])).chunk(2)  # one pass is faster than two
        return made, same

    def _disturbed(self, made: Tensor, now: Moment) -> Tensor:
        return made + now.at(self.noise) * own_rows(made, torch.randn_like) if self.noise else made

    def _move_discriminators(self, cast: Cast, met: Met, made: tuple[Tensor, Tensor], now: Moment) -> list[Records]:
        cast.train_only("discriminator")
        found = []
        for side, reals, fakes in zip("ab", met[:2], made, strict=True):
            shown = Shown(reals, cast.memories[f"pool_{side}"](fakes.detach()), met.conditions)
            found.append(self.judged(cast, f"discriminator_{side}", shown, now))
        cast.update("discriminator", (found[0].loss + found[1].loss) / 2.0, now)
        for side in "ab":
            self.constraint.apply(cast.networks[f"discriminator_{side}"])
        return [recorded(one.seen) for one in found]

    def products(self) -> tuple[Product, ...]:
        """Return both translators."""
        return (Product("a_to_b", self.translator), Product("b_to_a", self.translator, is_reverse=True))
