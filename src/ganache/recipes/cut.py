"""CUT (Park et al. 2020, "Contrastive Learning for Unpaired Image-to-Image Translation"), for a processor.

discriminator: ½ (½ E[(D(b) - 1)²] + ½ E[D(G(a))²])
translator:    ½ E[(D(G(a)) - 1)²] + E[contrast of G(a) with a] + E[contrast of G(b) with b]

ganache train cut --data photos --data-b paintings --size 64

One way only, and no way back: one translator learns where CycleGAN has two. What tells a place of a picture from its
other places, in five layers of the translator, must be found at the same place of its translation.

The rate falls to 0 in the second half of the training. Ours, for a processor: a quarter of the features and of the
vectors, which takes a third of the time away, three blocks instead of nine, of which the last is looked at in the place
of the fifth, and `cyclegan`'s doublings. At 256×256 on a GPU it is the paper's with `--set translator.width=64 --set
translator.blocks=9 --set translator.doubling=transposed --set layers=[0,2,3,4,8] --set vectors=256 --set
discriminator.width=64 --batch 1`. The authors' program halves both contrasts; the paper does not. Their FastCUT is
`--set contrast=10 --set identity=0`.
"""

from ganache.games import Contrastive, Optimizers
from ganache.networks import PatchDiscriminator, ResidualTranslator
from ganache.parts.objectives import LeastSquares
from ganache.parts.optimizers import Adam
from ganache.parts.schedules import Linear


def recipe() -> Contrastive:
    """Return the recipe: loss, weights, places and τ are the paper's (section 3, appendix C.1)."""
    rate = Linear(start=2e-4, end=0.0, since=0.5, until=1.0, of="budget")
    adam = Adam(learning_rate=rate, betas=(0.5, 0.999))
    return Contrastive(
        name="cut",
        translator=ResidualTranslator(width=16, blocks=3, doubling="repeated"),
        discriminator=PatchDiscriminator(width=32, norm="instance"),
        objective=LeastSquares(),
        optimizers=Optimizers(generator=adam, discriminator=adam),
        contrast=1.0,
        identity=1.0,
        layers=(0, 2, 3, 4, 6),
        places=256,
        vectors=64,
        temperature=0.07,
        batch_size=4,
        ema_half_life=Linear(start=0.0, end=2_000.0, until=40_000),
        images=100_000,
    )
