"""StyleGAN2 with ADA (Karras et al. 2020) as its authors' `auto` trains it below 512 pixels, for GPUs.

discriminator: E[softplus(-D(x))] + E[softplus(D(G(z)))] + γ/2 E|∇D(x)|², the last term on every 16th step 16-fold
generator:     E[softplus(-D(G(z)))] + 2 E(‖J_wᵀy‖ - a)², the last on every 4th step 4-fold,   w the styles of z

Up to 512 features, latents and styles of 512: at 256×256 23.2 million weights in G, 24.0 in D, and what both compute is
what the authors' networks compute. γ follows from size and batch, ADA's chance from the logits of the reals. Labels,
where they are told (`--set conditional=true`), enter G beside the latent and D by an inner product.

ganache train stylegan2-auto --data FOLDER --mirror

It was not trained here. The authors see 25 million images. Theirs halve the batch with each doubling of the size above
128 (`--batch 16` at 256×256); for CIFAR-10 they take `--batch 64`, `--set penalties.r1.weight=0.01`, `--set
generator_terms={}`, `--set generator.mixing=0`, `--set discriminator.residual=false`, `--set
discriminator.deviation_group=32`, `--set generator.channel_base=32768`, the discriminator's alike, and `--set
ema_half_life=500000`. From 512 pixels on `channel_base` is 32768 too. On a processor there is `stylegan2`.
"""

from ganache.games import Optimizers, TwoPlayers
from ganache.networks import StyleGAN2Discriminator, StyleGAN2Generator
from ganache.parts.adaptive import Adaptive
from ganache.parts.gammas import StyleGAN2Gamma
from ganache.parts.latents import Keyed
from ganache.parts.objectives import NonSaturating
from ganache.parts.optimizers import Adam
from ganache.parts.path_length import PathLength
from ganache.parts.penalties import R1
from ganache.parts.schedules import Linear

BATCH = 32
BASE, MOST, WIDTH, CLAMP = 16_384, 512, 512, 256.0
PATH_EVERY, R1_EVERY = 4, 16
HALF_LIFE = BATCH * 10 / 32 * 1_000  # images
RAMP = 0.05  # the half-life is at most this share of the images seen


def recipe() -> TwoPlayers:
    """Return the recipe; every number is the authors' (github.com/NVlabs/stylegan2-ada-pytorch, d72cc7d, train.py)."""
    latent = Keyed(size=WIDTH + Keyed.KEYS)
    return TwoPlayers(
        name="stylegan2-auto",
        generator=StyleGAN2Generator(
            latent=latent, style_width=WIDTH, channel_base=BASE, channel_max=MOST, clamp=CLAMP
        ),
        discriminator=StyleGAN2Discriminator(channel_base=BASE, channel_max=MOST, clamp=CLAMP),
        objective=NonSaturating(),
        penalties={"r1": R1(weight=StyleGAN2Gamma(), every=R1_EVERY)},
        generator_terms={"path": PathLength(weight=2.0, every=PATH_EVERY)},
        optimizers=Optimizers(generator=_adam(PATH_EVERY), discriminator=_adam(R1_EVERY)),
        augment=Adaptive(),
        batch_size=BATCH,
        ema_half_life=Linear(start=0.0, end=HALF_LIFE, until=HALF_LIFE / RAMP),
        images=25_000_000,
    )


def _adam(every: int) -> Adam:
    """Return Adam for a player with a term on every so many steps (Karras et al. 2020, "Analyzing …", appendix B)."""
    share = every / (every + 1)
    return Adam(learning_rate=0.0025 * share, betas=(0.0, 0.99**share))
