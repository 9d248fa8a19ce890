"""StyleGAN2 (Karras et al. 2020), with the settings of the authors' later `auto`, in a size for a processor.

discriminator: E[softplus(-D(x))] + E[softplus(D(G(z)))] + γ/2 E|∇D(x)|², the last term on every 16th step 16-fold
generator:     E[softplus(-D(G(z)))] + 2 E(‖J_wᵀy‖ - a)², the last on every 4th step 4-fold,   w the styles of z

ganache train stylegan2 --data FOLDER
"""

from ganache.games import Optimizers, TwoPlayers
from ganache.networks import StyleGAN2Discriminator, StyleGAN2Generator
from ganache.parts.gammas import StyleGAN2Gamma
from ganache.parts.objectives import NonSaturating
from ganache.parts.optimizers import Adam
from ganache.parts.path_length import PathLength
from ganache.parts.penalties import R1
from ganache.parts.schedules import Linear

BATCH = 32
PATH_EVERY, R1_EVERY = 4, 16
HALF_LIFE = BATCH * 10 / 32 * 1_000  # images
RAMP = 0.05  # of the images seen the half-life is at most this share


def recipe() -> TwoPlayers:
    """Return the recipe."""
    return TwoPlayers(
        name="stylegan2",
        generator=StyleGAN2Generator(),
        discriminator=StyleGAN2Discriminator(),
        objective=NonSaturating(),
        penalties={"r1": R1(weight=StyleGAN2Gamma(), every=R1_EVERY)},
        generator_terms={"path": PathLength(weight=2.0, every=PATH_EVERY)},
        optimizers=Optimizers(generator=_adam(PATH_EVERY), discriminator=_adam(R1_EVERY)),
        batch_size=BATCH,
        ema_half_life=Linear(start=0.0, end=HALF_LIFE, until=HALF_LIFE / RAMP),
        images=1_000_000,
    )


def _adam(every: int) -> Adam:
    """Return Adam for a player with a term on every so many steps (Karras et al. 2020, appendix B)."""
    share = every / (every + 1)
    return Adam(learning_rate=0.0025 * share, betas=(0.0, 0.99**share))
