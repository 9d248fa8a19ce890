"""Any objective with any network, any penalty, any conditioning: one iteration of each pair of choices."""

import itertools

import pytest
import torch

from ganache.data.shape import ImageShape
from ganache.engine.iteration import iterate
from ganache.games import TwoPlayers
from ganache.networks import (
    BigGANDiscriminator,
    BigGANGenerator,
    DCGANDiscriminator,
    DCGANGenerator,
    Discriminator,
    FastGANDiscriminator,
    FastGANGenerator,
    Generator,
    LSGANDiscriminator,
    LSGANGenerator,
    MLPDiscriminator,
    MLPGenerator,
    MNISTDCGANDiscriminator,
    MNISTDCGANGenerator,
    PatchDiscriminator,
    ProGANDiscriminator,
    ProGANGenerator,
    ProjectedDiscriminator,
    R3GANDiscriminator,
    R3GANGenerator,
    StyleGAN2Discriminator,
    StyleGAN2Generator,
)
from ganache.networks.feature_networks import ClassifyingDiscriminator
from ganache.parts.constraints import Constraint, Unconstrained
from ganache.parts.latents import Keyed, Normal, Uniform
from ganache.parts.objectives import NonSaturating, Objective
from ganache.parts.part import kinds
from ganache.parts.penalties import R1
from ganache.parts.terms import Penalty
from ganache.support.errors import UserError
from tests.tiny import draws_of, tiny_recipe, tiny_state

SHAPE = ImageShape(1, 16, 16)
LATENT = Normal(size=3)
GENERATORS: dict[str, Generator] = {
    "mlp": MLPGenerator(latent=LATENT, widths=(8,)),
    "dcgan": DCGANGenerator(latent=LATENT, width=4, max_width=8),
    "dcgan with conditional norm": DCGANGenerator(latent=LATENT, width=4, max_width=8, conditional_norm=True),
    "lsgan": LSGANGenerator(latent=Uniform(size=3)),
    "dcgan-mnist": MNISTDCGANGenerator(latent=LATENT),
    "r3gan": R3GANGenerator(latent=LATENT, width=4, max_width=8),
    "progan": ProGANGenerator(latent=LATENT, width=4, max_width=8),
    "biggan": BigGANGenerator(latent=LATENT, width=4, max_width=8, embedding=2),
    "stylegan2": StyleGAN2Generator(latent=Keyed(size=3), style_width=8, channel_base=32, channel_max=8),
    "fastgan": FastGANGenerator(latent=Keyed(size=3), width=4, max_width=8),
    "fastgan without noise": FastGANGenerator(latent=LATENT, width=4, max_width=8),
}
DISCRIMINATORS: dict[str, Discriminator] = {
    "mlp": MLPDiscriminator(widths=(8,), slope=0.2, dropout=0.3),
    "mlp, projection, spectral": MLPDiscriminator(widths=(8,), slope=0.2, projection=True, spectral_norm=True),
    "dcgan": DCGANDiscriminator(width=4, max_width=8),
    "dcgan, projection": DCGANDiscriminator(width=4, max_width=8, projection=True, bias=False),
    "dcgan, spectral": DCGANDiscriminator(width=4, max_width=8, batch_norm=False, spectral_norm=True),
    "lsgan": LSGANDiscriminator(),
    "dcgan-mnist": MNISTDCGANDiscriminator(),
    "r3gan": R3GANDiscriminator(width=4, max_width=8),
    "progan": ProGANDiscriminator(width=4, max_width=8),
    "biggan": BigGANDiscriminator(width=4, max_width=8),
    "stylegan2": StyleGAN2Discriminator(channel_base=32, channel_max=8),
    "fastgan": FastGANDiscriminator(width=4, max_width=8),
    "projected": ProjectedDiscriminator(side=32, width=4),
    "patch": PatchDiscriminator(width=4, norm="instance"),
    "patch, spectral": PatchDiscriminator(width=4, norm="none", spectral_norm=True),
}
OBJECTIVES = [kind() for kind in kinds(Objective) if kind.__module__.startswith("ganache.")]
PENALTIES = [kind() for kind in kinds(Penalty) if kind.__module__.startswith("ganache.")]
CONSTRAINTS = [kind() for kind in kinds(Constraint) if kind.__module__.startswith("ganache.")]


def name_of(value: object) -> str:
    return value if isinstance(value, str) else type(value).__name__


def assert_it_trains(recipe: TwoPlayers, labels: int) -> None:
    state = tiny_state(recipe, SHAPE, labels=labels)
    iterate(state, draws_of(state, labels))
    state.check_finite()
    state.tally.check_finite()
    assert set(state.tally.entries) >= {"loss/discriminator", "loss/generator"}
    for network in state.cast.networks.values():
        for key, weight in network.named_parameters():
            assert weight.grad is not None, key
            assert bool(torch.isfinite(weight.grad).all()), key


def test_every_kind_takes_part() -> None:
    assert len(OBJECTIVES) >= 8
    assert len(PENALTIES) >= 4
    made = {type(part) for part in GENERATORS.values()}
    assert made >= {kind for kind in kinds(Generator) if kind.__module__.startswith("ganache.networks.")}
    judged = {type(part) for part in DISCRIMINATORS.values()}
    known = {kind for kind in kinds(Discriminator) if kind.__module__.startswith("ganache.networks.")}
    # Another discriminator as its body, with a head that learns by a term of its own.
    assert judged >= known - {ClassifyingDiscriminator}


@pytest.mark.parametrize("labels", [0, 3])
@pytest.mark.parametrize(("generator", "discriminator"), list(itertools.product(GENERATORS, DISCRIMINATORS)))
def test_any_generator_with_any_discriminator(generator: str, discriminator: str, labels: int) -> None:
    pair = {"generator": GENERATORS[generator], "discriminator": DISCRIMINATORS[discriminator]}
    assert_it_trains(tiny_recipe(**pair, conditional=labels > 0), labels)


@pytest.mark.parametrize("discriminator", DISCRIMINATORS)
@pytest.mark.parametrize("objective", OBJECTIVES, ids=name_of)
def test_any_objective_with_any_discriminator(objective: Objective, discriminator: str) -> None:
    recipe = tiny_recipe(
        generator=GENERATORS["dcgan with conditional norm"],
        discriminator=DISCRIMINATORS[discriminator],
        objective=objective,
        conditional=True,
    )
    assert_it_trains(recipe, 3)


@pytest.mark.parametrize("discriminator", DISCRIMINATORS)
@pytest.mark.parametrize("penalty", PENALTIES, ids=name_of)
def test_any_penalty_with_any_discriminator(penalty: Penalty, discriminator: str) -> None:
    penalties = {"one": penalty.changed(weight=10.0)}
    recipe = tiny_recipe(discriminator=DISCRIMINATORS[discriminator], penalties=penalties, conditional=True)
    assert_it_trains(recipe, 3)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=name_of)
@pytest.mark.parametrize("penalty", PENALTIES, ids=name_of)
def test_any_objective_with_any_penalty_and_lazily(objective: Objective, penalty: Penalty) -> None:
    penalties = {"one": penalty.changed(weight=10.0, every=2), "two": R1()}
    assert_it_trains(tiny_recipe(objective=objective, penalties=penalties, critic_steps=3), 0)


@pytest.mark.parametrize("discriminator", DISCRIMINATORS)
@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=name_of)
def test_any_constraint_with_any_discriminator(constraint: Constraint, discriminator: str) -> None:
    recipe = tiny_recipe(discriminator=DISCRIMINATORS[discriminator], constraint=constraint, conditional=True)
    assert_it_trains(recipe, 3)


def test_a_part_in_the_wrong_place_is_refused() -> None:
    with pytest.raises(UserError, match=r"^objective: no Objective is called 'R1'"):
        tiny_recipe().changed(objective={"kind": "R1"})
    assert tiny_recipe().constraint == Unconstrained()
    assert tiny_recipe().objective == NonSaturating()
