import colorsys
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ganache import recipes
from ganache.data.shape import ImageShape
from ganache.games import Game, Optimizers
from ganache.networks import (
    DCGANDiscriminator,
    DCGANGenerator,
    Discriminator,
    Generator,
    MLPDiscriminator,
    MLPGenerator,
    R3GANDiscriminator,
    R3GANGenerator,
    StyleGAN2Discriminator,
    StyleGAN2Generator,
)
from ganache.parts.adaptive import Adaptive
from ganache.parts.augmentations import Unchanged
from ganache.parts.constraints import Unconstrained, WeightClipping
from ganache.parts.gammas import R3GANGamma, StyleGAN2Gamma
from ganache.parts.latents import Keyed, Normal, Uniform
from ganache.parts.objectives import (
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Objective,
    RelativisticAverageLeastSquares,
    RelativisticPairing,
    Wasserstein,
)
from ganache.parts.optimizers import Adam
from ganache.parts.part import parse
from ganache.parts.path_length import PathLength
from ganache.parts.penalties import R1, R2, GradientPenalty
from ganache.parts.schedules import Cosine, at, over_budget
from ganache.support.errors import UserError
from ganache.training.briefing import recipe_line
from tests.tiny import two_players

NAMES = recipes.names()
OWN = """
from ganache.parts.objectives import LeastSquares
from ganache.recipes import find

def recipe():
    return find("mlp-2d").changed(name="mine", objective=LeastSquares())
"""


def test_the_recipes_are_known_and_sorted() -> None:
    assert set(NAMES) >= PUBLISHED.keys()
    assert sorted(NAMES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_bears_its_name_says_what_it_is_and_is_its_json(name: str) -> None:
    recipe = recipes.find(name)
    assert recipe.name == name
    assert recipe == recipes.find(name.upper().replace("-", "_"))
    assert parse(Game, recipe.model_dump(mode="json")) == recipe
    assert parse(Game, json.loads(recipe.to_json())) == recipe
    text = recipes.describe(name)
    assert any(maker in text for maker in ("generator:", "translator:", "translators:"))
    assert any(judge in text for judge in ("discriminator:", "discriminators:", "critic:"))
    assert "\nganache train" in text


# What the sources say: learning rate, first beta, batch, latent size, reals and fakes together, images in the budget;
# the average is ours, and so are the budgets of dcgan, mlp-2d, sngan and the relativistic, noise-classifier's
# rate, r3gan's rate and batch, and all but the betas of mlp-rows.
PUBLISHED = {
    "dcgan": (2e-4, 0.5, 64, 100, False, 1_000_000),
    "dcgan-mnist": (1e-4, 0.9, 512, 100, False, 20 * 60_000),
    "lsgan": (1e-3, 0.5, 128, 96, False, 10 * 50_000),
    "lsgan-conditional": (1e-3, 0.5, 128, 96, False, 10 * 50_000),
    "minimax": (5e-5, 0.9, 64, 100, False, 5 * 60_000),
    "mlp-2d": (1e-3, 0.5, 256, 2, False, 2_000_000),
    "mlp-rows": (1e-3, 0.0, 256, 32, False, 1_000_000),
    "noise-classifier": (1e-3, 0.9, 32, 1, True, 3 * 60_000),
    "nonsaturating": (5e-5, 0.9, 64, 100, False, 5 * 60_000),
    "r3gan": (2e-3, 0.0, 32, 64, False, 140_000),
    "r3gan-cifar10": (2e-4, 0.0, 512, 64, False, 250_000_000),
    "ralsgan": (1e-4, 0.5, 32, 128, False, 1_000_000),
    "ralsgan-conditional": (1e-4, 0.5, 32, 128, False, 1_000_000),
    "sngan": (2e-4, 0.5, 64, 128, False, 1_000_000),
    "vanilla": (1e-4, 0.9, 32, 100, True, 50 * 60_000),
    "wgan": (5e-5, 0.9, 64, 100, False, 5 * 5 * 60_000),
    "wgan-gp": (5e-5, 0.9, 64, 100, False, 5 * 5 * 60_000),
}
# The numbers of the two r3gan are those at the beginning of half a cosine, through 100,000 images or 20 million.
SCHEDULED = {
    name: Adam(
        learning_rate=Cosine(start=rate, end=rate / 4, until=until),
        betas=(0.0, Cosine(start=0.9, end=0.99, until=until)),
    )
    for name, rate, until in (("r3gan", 2e-3, 1e5), ("r3gan-cifar10", 2e-4, 2e7))
} | {"mlp-rows": Adam(learning_rate=Cosine(start=1e-3, end=2e-5, until=1e6), betas=(0.0, 0.99))}
GAMMA = R3GANGamma(course=Cosine(start=1.0, end=0.1, until=1e5))
ZERO_CENTRED = {
    "r1": R1(weight=GAMMA, every=4),
    "r2": R2(weight=GAMMA, every=4),
}
GRADIENT_PENALTY = {"gradient_penalty": GradientPenalty(weight=10.0)}
# Every way in which a recipe differs from one discriminator step, moving first, without penalty and constraint.
APART: dict[str, dict[str, Any]] = {
    "dcgan": {"ema_half_life": 5_000.0},
    "dcgan-mnist": {"first": "generator"},
    "lsgan-conditional": {"conditional": True},
    "mlp-2d": {"ema_half_life": 20_000.0},
    "mlp-rows": {
        "penalties": {kind.__name__.lower(): kind(weight=0.01, every=4) for kind in (R1, R2)},
        "ema_half_life": 20_000.0,
    },
    "noise-classifier": {"generator_steps": 0, "held_out": 10_000},
    "r3gan": {"penalties": ZERO_CENTRED, "ema_half_life": Cosine(start=0.0, end=5_000.0, until=1e5)},
    "r3gan-cifar10": {
        **{"conditional": True, "ema_half_life": Cosine(start=0.0, end=5e6, until=2e7)},
        "augment": Adaptive(colour=0.5, cutout=1.0, probability=Cosine(start=0.0, end=0.55, until=2e7)),
        "penalties": {
            kind.__name__.lower(): kind(weight=Cosine(start=0.05, end=0.005, until=2e7)) for kind in (R1, R2)
        },
    },
    "ralsgan-conditional": {"conditional": True},
    "sngan": {"ema_half_life": 5_000.0},
    "wgan": {"critic_steps": 5, "constraint": WeightClipping(limit=0.01)},
    "wgan-gp": {"critic_steps": 5, "penalties": GRADIENT_PENALTY},
}
OBJECTIVES: dict[str, Objective] = {
    "lsgan": LeastSquares(),
    "lsgan-conditional": LeastSquares(),
    "minimax": Minimax(),
    "mlp-rows": RelativisticPairing(),
    "r3gan": RelativisticPairing(),
    "r3gan-cifar10": RelativisticPairing(),
    "ralsgan": RelativisticAverageLeastSquares(),
    "ralsgan-conditional": RelativisticAverageLeastSquares(),
    "sngan": Hinge(),
    "wgan": Wasserstein(),
    "wgan-gp": Wasserstein(),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_values(name: str) -> None:
    recipe = over_budget(two_players(name), two_players(name).images)
    rate, beta, batch, latent, joint, images = PUBLISHED[name]
    adam = SCHEDULED.get(name, Adam(learning_rate=rate, betas=(beta, 0.999), epsilon=1e-8))
    assert (at(adam.learning_rate, 0), at(adam.betas[0], 0)) == (rate, beta)
    assert recipe.optimizers == Optimizers(generator=adam, discriminator=adam)
    assert (recipe.batch_size, recipe.generator.latent.size) == (batch, latent)
    assert (recipe.joint_batch, recipe.images) == (joint, images)
    assert recipe.objective == OBJECTIVES.get(name, NonSaturating())
    plain: dict[str, Any] = {"critic_steps": 1, "penalties": {}, "constraint": Unconstrained(), "conditional": False}
    plain |= {"first": "discriminator", "ema_half_life": 0.0, "augment": Unchanged()}
    plain |= {"generator_steps": 1, "held_out": 1_000, "adversarial": 1.0, "generator_terms": {}}
    for field, value in (plain | APART.get(name, {})).items():
        assert getattr(recipe, field) == value, field


@pytest.mark.parametrize("name", ["minimax", "nonsaturating", "wgan", "wgan-gp"])
def test_the_fully_connected_four_share_the_published_networks(name: str) -> None:
    recipe = two_players(name)
    assert recipe.generator == MLPGenerator(latent=Normal(size=100), widths=(256, 512, 1024), slope=0.0)
    assert recipe.discriminator == MLPDiscriminator(widths=(512, 256), slope=0.01, dropout=0.0)


def test_the_relativistic_two_share_everything_but_the_labels() -> None:
    recipe, told = two_players("ralsgan"), two_players("ralsgan-conditional")
    assert told == recipe.changed(name="ralsgan-conditional", conditional=True)
    networks: dict[str, Any] = {"width": 128, "max_width": 1024, "bias": False, "normal_weights": False}
    assert recipe.generator == DCGANGenerator(latent=Uniform(size=128), **networks)
    assert recipe.discriminator == DCGANDiscriminator(**networks)


def test_the_two_newest_have_their_own_networks_and_no_batch_norm_in_the_discriminator() -> None:
    recipe = two_players("r3gan")
    assert recipe.generator == R3GANGenerator(latent=Normal(size=64), width=8, max_width=512, blocks=1)
    assert recipe.discriminator == R3GANDiscriminator(width=8, max_width=512, blocks=1)
    recipe = two_players("r3gan-cifar10")
    published: dict[str, Any] = {"width": 768, "max_width": 768, "blocks": 2, "expansion": 2, "group_size": 16}
    assert recipe.generator == R3GANGenerator(latent=Normal(size=64), **published, published=True)
    assert recipe.discriminator == R3GANDiscriminator(**published, published=True)
    recipe = two_players("sngan")
    assert recipe.generator == DCGANGenerator(latent=Normal(size=128), width=64, conditional_norm=True)
    assert recipe.discriminator == DCGANDiscriminator(width=64, batch_norm=False, projection=True, spectral_norm=True)


def test_stylegan2_auto_has_the_settings_that_its_authors_choose() -> None:
    recipe = two_players("stylegan2-auto")
    lazy = {"generator": (recipe.generator_terms["path"], 4), "discriminator": (recipe.penalties["r1"], 16)}
    for player, (term, every) in lazy.items():
        adam = getattr(recipe.optimizers, player)
        assert term.every == every
        assert adam.learning_rate == pytest.approx(0.0025 * every / (every + 1))
        assert [at(beta, 0) for beta in adam.betas] == pytest.approx([0.0, 0.99 ** (every / (every + 1))])
    assert recipe.generator_terms["path"] == PathLength(weight=2.0, every=4, decay=0.01, shrink=2)
    assert recipe.penalties["r1"] == R1(weight=StyleGAN2Gamma(), every=16)
    assert (recipe.objective, recipe.augment, recipe.batch_size) == (NonSaturating(), Adaptive(), 32)
    wide: dict[str, Any] = {"channel_base": 16_384, "channel_max": 512, "clamp": 256.0}
    assert recipe.generator == StyleGAN2Generator(latent=Keyed(size=514), style_width=512, mixing=0.9, **wide)
    assert recipe.discriminator == StyleGAN2Discriminator(residual=True, deviation_group=4, **wide)
    # Half of it is forgotten after 10,000 images, or a twentieth of what was seen.
    assert [at(recipe.ema_half_life, images) for images in (0, 20_000, 200_000, 10**7)] == [0.0, 1e3, 1e4, 1e4]


def test_the_narrow_stylegan2_has_a_fast_discriminator_and_the_steepness_that_a_small_image_allows() -> None:
    """With the published rates and γ it drew one figure, whatever the latent; so did the authors' code at its size."""
    recipe, shape = two_players("stylegan2"), ImageShape(1, 28, 28)
    assert recipe.optimizers.discriminator == Adam(learning_rate=0.01, betas=(0.0, 0.99))
    assert recipe.optimizers.generator == Adam(learning_rate=0.0025, betas=(0.0, 0.99))
    gamma = recipe.penalties["r1"].weight
    assert isinstance(gamma, R3GANGamma)
    assert gamma.chosen(shape, recipe.batch_size) == 0.5
    assert StyleGAN2Gamma().suited(shape, recipe.batch_size) == pytest.approx(0.0049)
    assert recipe.generator == StyleGAN2Generator(mixing=0.0)
    assert not recipe.generator_terms


def test_an_unknown_name_gets_the_closest_and_all() -> None:
    with pytest.raises(UserError) as refused:
        recipes.find("dcgam")
    listed = ", ".join(NAMES)
    assert str(refused.value) == f"recipe: there is no 'dcgam' (did you mean 'dcgan'?); there are: {listed}"


def test_what_a_file_calls_its_recipe_is_no_path(tmp_path: Path) -> None:
    ran, file = tmp_path / "ran", tmp_path / "evil.py"
    file.write_text(f"open({str(ran)!r}, 'w')\n")
    assert recipes.own_name("WGAN_gp") == "wgan-gp"
    with pytest.raises(UserError, match=r"there is no .*evil\.py"):
        recipes.own_name(str(file))
    assert recipe_line(recipes.find("lsgan").changed(name=str(file))) == str(file)
    assert not ran.exists()


def test_a_python_file_is_a_recipe(tmp_path: Path) -> None:
    file = tmp_path / "my_own_gan_for_a_test.py"
    file.write_text(OWN)
    recipe = recipes.find(str(file))
    assert recipe == recipes.find("mlp-2d").changed(name="mine", objective={"kind": "LeastSquares"})


def test_a_file_that_is_absent_or_no_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"code: there is no Python file .*absent\.py"):
        recipes.find(str(tmp_path / "absent.py"))
    for number, text in enumerate(["", "recipe = 3", "def recipe():\n    return 3\n"]):
        file = tmp_path / f"no_recipe_{number}.py"
        file.write_text(text)
        with pytest.raises(UserError, match=r"has no function recipe\(\) that returns a ganache.Recipe"):
            recipes.find(str(file))


def test_a_users_file_takes_no_modules_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "colorsys", colorsys)
    (tmp_path / "colorsys.py").write_text(OWN)
    assert recipes.find(str(tmp_path / "colorsys.py")).name == "mine"
    assert sys.modules["colorsys"] is colorsys


def test_a_users_file_is_described_by_its_own_docstring(tmp_path: Path) -> None:
    file = tmp_path / "my_described_gan.py"
    file.write_text('"""Mine."""\n' + OWN)
    assert recipes.describe(str(file)) == "Mine."


def test_recipes_share_nothing_that_can_be_changed() -> None:
    with pytest.raises(TypeError):
        two_players("dcgan").penalties["r1"] = R1()
    assert isinstance(two_players("dcgan").generator, Generator)
    assert isinstance(two_players("dcgan").discriminator, Discriminator)


def test_a_recipe_is_found_in_a_file_of_json(tmp_path: Path) -> None:
    known = recipes.find("lsgan")
    file = tmp_path / "recipe.json"
    file.write_text(known.to_json())
    assert recipes.find(str(file)) == known
    assert recipes.describe(str(file)) == ""
    file.write_text(known.to_json().replace("LeastSquares", "os.system"))
    with pytest.raises(UserError, match=r"^objective: no Objective is called 'os\.system'"):
        recipes.find(str(file))
    file.write_text("{")
    with pytest.raises(UserError, match=r"^recipe: .*recipe\.json cannot be read"):
        recipes.find(str(file))
