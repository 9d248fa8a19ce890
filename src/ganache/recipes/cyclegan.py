"""CycleGAN (Zhu et al. 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent …"), for a processor.

discriminators: ½ (½ E[(D_A(a) - 1)² + D_A(F(b))²] + ½ E[(D_B(b) - 1)² + D_B(G(a))²])
translators:    ½ E[(D_B(G(a)) - 1)²] + ½ E[(D_A(F(b)) - 1)²] + 10 (E|F(G(a)) - a| + E|G(F(b)) - b|)
                + 5 (E|G(b) - b| + E|F(a) - a|)

ganache train cyclegan --data photos --data-b paintings --size 64

The rate falls to 0 in the second half of the training. Ours, for a processor: a quarter of the features, three
blocks, and doublings that repeat places, where transposed convolutions draw a lattice for tens of thousands of images.
Of a thousand pictures `--set augment=DiffAugment` draws better: without it the discriminators know them by heart.
Where both domains have the same classes, `--set conditional=true --set pool=0 --set identity=0 --set cycle=1` keeps
them. At 256×256 on a GPU it is the paper's with `--set translator.width=64 --set translator.blocks=9 --set
translator.doubling=transposed --set discriminator.width=64 --batch 1`.
"""

from ganache.games import Cycle, Optimizers
from ganache.networks import PatchDiscriminator, ResidualTranslator
from ganache.parts.objectives import LeastSquares
from ganache.parts.optimizers import Adam
from ganache.parts.schedules import Linear


def recipe() -> Cycle:
    """Return the recipe: loss, weights, pool and the rate's course are the paper's (section 4, appendix 7)."""
    rate = Linear(start=2e-4, end=0.0, since=0.5, until=1.0, of="budget")
    adam = Adam(learning_rate=rate, betas=(0.5, 0.999))
    return Cycle(
        name="cyclegan",
        translator=ResidualTranslator(width=16, blocks=3, doubling="repeated"),
        discriminator=PatchDiscriminator(width=32, norm="instance"),
        objective=LeastSquares(),
        optimizers=Optimizers(generator=adam, discriminator=adam),
        cycle=10.0,
        identity=5.0,
        pool=50,
        batch_size=4,
        ema_half_life=Linear(start=0.0, end=2_000.0, until=40_000),
        images=100_000,
    )
