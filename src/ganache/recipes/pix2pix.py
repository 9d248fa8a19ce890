"""pix2pix (Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks"), for a processor.

discriminator: -E[log D(x, y)] - E[log(1 - D(x, G(x)))], a logit for every place
translator:    -E[log D(x, G(x))] + 100 E|y - G(x)|

ganache train pix2pix --data emoji.zip --domains A,B --size 64

Ours, for a processor: half of the paper's features and 128 at most, which is a ninth of the weights and on 1,293 pairs
no worse; doublings that repeat places, which draw no lattice; batches of 4. At 256×256 on a GPU it is the paper's with
`--set translator.width=64 --set translator.max_width=512 --set translator.doubling=transposed --set
discriminator.width=64 --batch 1`. Pairs come from two classes or two sources whose pictures have the same names, from
pictures side by side, or from a task: docs/translation.md.
"""

from ganache.games import Optimizers, Paired
from ganache.networks import PatchDiscriminator, UNet
from ganache.parts.objectives import NonSaturating
from ganache.parts.optimizers import Adam
from ganache.parts.schedules import Linear


def recipe() -> Paired:
    """Return the recipe: loss, λ, networks' shape and Adam are the paper's (section 3.3, appendix 6)."""
    adam = Adam(learning_rate=2e-4, betas=(0.5, 0.999))
    return Paired(
        name="pix2pix",
        translator=UNet(width=32, max_width=128, doubling="repeated"),
        discriminator=PatchDiscriminator(width=32),
        objective=NonSaturating(),
        optimizers=Optimizers(generator=adam, discriminator=adam),
        distance=100.0,
        batch_size=4,
        ema_half_life=Linear(start=0.0, end=2_000.0, until=40_000),
        images=100_000,
    )
