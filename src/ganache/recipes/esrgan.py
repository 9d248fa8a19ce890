"""ESRGAN (Wang et al. 2018, "Enhanced Super-Resolution Generative Adversarial Networks"), for a processor.

discriminator: -E[log D(y, ŷ)] - E[log(1 - D(ŷ, y))], where ŷ = G(x) and D(y, ŷ) = sigmoid(C(y) - E[C(ŷ)])
translator:    E|y - ŷ| + λ (-E[log D(ŷ, y)] - E[log(1 - D(y, ŷ))]), λ being 0 at first

ganache train esrgan --data photos --task super-resolution:4 --size 64

With `--set adversarial=0` it is the network that the paper begins with, sharpened by no discriminator. Another scale is
set with the task: `--task super-resolution:2 --set translator.scale=2`. Ours, for a processor: eight residual blocks of
32 features without dense connections, a PatchGAN with spectral norm, and no distance of a trained network's features.
On a GPU, of photographs: `--size 256 --crop 128 --set translator.width=64 --set translator.blocks=16 --set
discriminator.width=64 --batch 16`.
"""

from ganache.games import Optimizers, Paired
from ganache.networks import PatchDiscriminator, SuperResolver
from ganache.parts.objectives import RelativisticAverage
from ganache.parts.optimizers import Adam
from ganache.parts.schedules import Linear

ALONE = 1 / 3  # of the training, in which the distance is learnt alone


def recipe() -> Paired:
    """Return the recipe: objective, order and Adam are the paper's (sections 3.2, 3.3 and 4.1)."""
    adam = Adam(learning_rate=2e-4, betas=(0.9, 0.999))
    return Paired(
        name="esrgan",
        translator=SuperResolver(scale=4, width=32, blocks=8),
        discriminator=PatchDiscriminator(width=32, norm="none", spectral_norm=True),
        objective=RelativisticAverage(),
        optimizers=Optimizers(generator=adam, discriminator=adam),
        distance=1.0,
        adversarial=Linear(start=0.0, end=5e-3, since=ALONE, until=ALONE + 1e-3, of="budget"),
        judges_pairs=False,
        batch_size=8,
        ema_half_life=Linear(start=0.0, end=2_000.0, until=ALONE, of="budget"),
        images=60_000,
    )
