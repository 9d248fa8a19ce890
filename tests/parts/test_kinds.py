"""Every kind of part that there is: the same through JSON, and fixed."""

import json

import pytest
from pydantic import ValidationError

from ganache import recipes
from ganache.games import BiGAN, Game, Growing, Optimizers
from ganache.games.marking import MarkOptimizers
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
    ResidualTranslator,
    StyleGAN2Discriminator,
    StyleGAN2Generator,
    SuperResolver,
    Translator,
    UNet,
)
from ganache.networks.feature_networks import (
    ClassifyingDiscriminator,
    Encoder,
    FeatureEncoder,
    FeaturePairDiscriminator,
    PairDiscriminator,
)
from ganache.networks.reconstruction import Reconstruction
from ganache.parts.adaptive import Adaptive
from ganache.parts.augmentations import Augmentation, InputNoise, Unchanged
from ganache.parts.auxiliary_terms import ClassCrossEntropy, CodeRecovery
from ganache.parts.constraints import Constraint, Unconstrained, WeightClipping
from ganache.parts.diff_augment import DiffAugment
from ganache.parts.distances import Absolute, Distance, Structural
from ganache.parts.drift import Drift
from ganache.parts.gammas import Gamma, R3GANGamma, StyleGAN2Gamma
from ganache.parts.latents import Coded, Keyed, Latent, Normal, Uniform
from ganache.parts.objectives import (
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Objective,
    RelativisticAverage,
    RelativisticAverageLeastSquares,
    RelativisticPairing,
    Wasserstein,
)
from ganache.parts.optimizers import Adam, Optimizer
from ganache.parts.orthogonality import OrthogonalRegularisation
from ganache.parts.part import Part, kinds, parse
from ganache.parts.path_length import PathLength
from ganache.parts.penalties import DRAGAN, R1, R2, GradientPenalty
from ganache.parts.schedules import Cosine, Curve, Geometric, Linear
from ganache.parts.terms import FeatureMatching, GeneratorTerm, Penalty, Term
from ganache.parts.wear import Wear
from tests.tiny import tiny_inversion, tiny_marking, tiny_recipe

ADAM = Adam(learning_rate=Linear(start=1e-3, end=0.0, until=500.0), betas=(0.0, 0.99), epsilon=1e-6)

# Every kind with every field away from its default, and the family in whose place it stands.
EXAMPLES: list[tuple[type[Part], Part]] = [
    (Latent, Normal(size=3)),
    (Latent, Uniform(size=4)),
    (Latent, Coded(size=9, categories=(2, 3), continuous=1)),
    (Latent, Keyed(size=7)),
    (Generator, MLPGenerator(latent=Uniform(size=5), widths=(7, 9), slope=0.125)),
    (Generator, DCGANGenerator(latent=Uniform(size=5), width=6, max_width=24, bias=False, conditional_norm=True)),
    (Generator, LSGANGenerator(latent=Normal(size=8))),
    (
        Discriminator,
        MLPDiscriminator(widths=(7,), slope=0.25, dropout=0.5, projection=True, spectral_norm=True, spectral_bound=2.0),
    ),
    (
        Discriminator,
        DCGANDiscriminator(
            width=6,
            max_width=24,
            batch_norm=False,
            bias=False,
            projection=True,
            spectral_norm=True,
            spectral_bound=0.5,
        ),
    ),
    (
        Generator,
        R3GANGenerator(latent=Uniform(size=5), width=6, max_width=24, blocks=2, expansion=3, group_size=2),
    ),
    (Discriminator, R3GANDiscriminator(width=6, max_width=24, blocks=2, expansion=3, group_size=2)),
    (
        Generator,
        StyleGAN2Generator(
            latent=Keyed(size=7), style_width=6, mapping_layers=3, channel_base=24, channel_max=5, mixing=0.5, clamp=9.0
        ),
    ),
    (
        Discriminator,
        StyleGAN2Discriminator(
            channel_base=24, channel_max=5, residual=False, deviation_group=2, mapping_layers=1, clamp=9.0
        ),
    ),
    (Discriminator, LSGANDiscriminator()),
    (Generator, BigGANGenerator(latent=Uniform(size=5), width=6, max_width=24, embedding=3, attention=8)),
    (Discriminator, BigGANDiscriminator(width=6, max_width=24, attention=8)),
    (Generator, ProGANGenerator(latent=Uniform(size=5), width=6, max_width=24)),
    (Discriminator, ProGANDiscriminator(width=6, max_width=24, deviation_group=2)),
    (Generator, FastGANGenerator(latent=Keyed(size=5), width=6, max_width=24)),
    (Discriminator, FastGANDiscriminator(width=6, max_width=24)),
    (Discriminator, ProjectedDiscriminator(side=32, width=6)),
    (Generator, MNISTDCGANGenerator(latent=Uniform(size=5))),
    (Discriminator, MNISTDCGANDiscriminator()),
    (Discriminator, ClassifyingDiscriminator(body=MLPDiscriminator(widths=(7,)))),
    (Encoder, FeatureEncoder(body=MLPDiscriminator(widths=(7,)))),
    (
        PairDiscriminator,
        FeaturePairDiscriminator(body=MLPDiscriminator(widths=(7,)), latent_width=5, width=6, dropout=0.5),
    ),
    (Objective, NonSaturating(real_target=0.9)),
    (Objective, Minimax(real_target=0.9)),
    (Objective, LeastSquares(real_target=0.9, fake_target=-1.0, generator_target=0.0)),
    (Objective, Wasserstein()),
    (Objective, Hinge()),
    (Objective, RelativisticAverage()),
    (Objective, RelativisticAverageLeastSquares()),
    (Objective, RelativisticPairing()),
    (Penalty, R1()),
    (Penalty, R2()),
    (Penalty, GradientPenalty()),
    (Penalty, DRAGAN()),
    (Term, R1(weight=Cosine(start=1.0, end=0.5, since=1.0, until=2.0), every=16)),
    (GeneratorTerm, FeatureMatching(weight=0.5, every=2)),
    (Term, ClassCrossEntropy(weight=0.5, every=2)),
    (Term, PathLength(weight=0.5, every=2, decay=0.5, shrink=3)),
    (GeneratorTerm, OrthogonalRegularisation(weight=0.5, every=2)),
    (Penalty, Drift(weight=0.5, every=2)),
    (Term, Reconstruction(weight=0.5, every=2, distance=Absolute(), width=6, max_width=24)),
    (Distance, Absolute()),
    (Distance, Structural(share=0.5, window=5)),
    (Term, CodeRecovery(weight=0.5, every=2, width=9, continuous_weight=0.25)),
    (Constraint, Unconstrained()),
    (Constraint, WeightClipping(limit=0.5)),
    (Augmentation, Unchanged()),
    (Augmentation, InputNoise(deviation=Linear(start=0.5, end=0.0, until=1e5))),
    (
        Augmentation,
        Adaptive(
            blit=0.5,
            geometry=0.25,
            colour=0.0,
            cutout=1.0,
            probability=Cosine(start=0.0, end=0.5, until=1e6),
            target=0.5,
            ramp=1000,
            every=3,
            most=0.7,
        ),
    ),
    (Augmentation, Wear(lowest_quality=30, smallest_size=0.25, smallest_crop=0.5, noise=3.0)),
    (Augmentation, DiffAugment(colour=False, translation=0.25, cutout=0.25)),
    (Curve, Linear(start=1.0, end=0.0, since=5.0, until=1e6)),
    (Curve, Cosine(start=1.0, end=-1.0, since=5.0, until=1e6)),
    (Gamma, R3GANGamma(course=0.5)),
    (Gamma, StyleGAN2Gamma(course=Linear(start=1.0, end=0.1, until=9.0))),
    (Curve, Geometric(start=1.0, end=0.001, since=5.0, until=1e6)),
    (Optimizer, ADAM),
    (Optimizers, Optimizers(generator=ADAM, discriminator=Adam())),
    (
        Game,
        tiny_recipe(
            penalties={"r1": R1(weight=5.0, every=4)},
            augment=InputNoise(deviation=0.25),
            adversarial=0.5,
            generator_terms={"features": FeatureMatching(weight=2.0)},
            generator_steps=3,
            critic_steps=2,
            first="generator",
            label_flips=0.125,
            frozen_stages=1,
            joint_batch=True,
            batch_size=8,
            ema_half_life=Geometric(start=10.0, end=1e4, until=1e5),
            conditional=True,
            held_out=5,
            images=777,
        ),
    ),
    (
        Game,
        Growing(
            name="growing",
            generator=ProGANGenerator(),
            discriminator=ProGANDiscriminator(),
            objective=Hinge(),
            optimizers=Optimizers(generator=ADAM, discriminator=Adam()),
            steady=5,
            fade=7,
        ),
    ),
    (
        Game,
        BiGAN(
            name="pairs",
            generator=MLPGenerator(widths=(7,)),
            encoder=FeatureEncoder(body=MLPDiscriminator(widths=(7,))),
            discriminator=FeaturePairDiscriminator(body=MLPDiscriminator(widths=(7,))),
            objective=LeastSquares(),
            optimizers=Optimizers(generator=ADAM, discriminator=Adam()),
            batch_size=8,
            ema_half_life=5.0,
            conditional=True,
            held_out=5,
            images=777,
        ),
    ),
    (
        Game,
        tiny_marking(
            grain=1, closeness=0.5, learning=7, strength=3.0, wear=Wear(noise=1.0), conditional=True, images=777
        ),
    ),
    (Game, tiny_inversion(features=0.5, ema_half_life=5.0, held_out=5, images=777)),
    (MarkOptimizers, MarkOptimizers(generator=ADAM, reader=Adam())),
    (Translator, UNet(width=6, max_width=24, depth=3, dropout=0.25, without_dropout=1)),
    (Translator, ResidualTranslator(width=6, blocks=2)),
    (Translator, SuperResolver(scale=3, width=6, blocks=2, residual=0.5)),
    (Discriminator, PatchDiscriminator(width=6, layers=2, norm="instance", spectral_norm=True)),
    (Game, recipes.find("pix2pix").changed(distance=7.0, judges_pairs=False)),
    (
        Game,
        recipes.find("cut").changed(contrast=7.0, identity=0.0, layers=(1, 3), places=9, vectors=8, temperature=0.5),
    ),
    (Game, recipes.find("cyclegan").changed(cycle=7.0, identity=0.0, noise=0.5, pool=3)),
]


def test_there_is_an_example_of_every_kind() -> None:
    known = {kind for kind in kinds(Part) if kind.__module__.startswith("ganache.") and kind is not Part}
    # Those of the engine without autograd are known where another test of this process has imported it.
    known = {kind for kind in known if not kind.__module__.startswith("ganache.scratch.")}
    assert known == {type(part) for _, part in EXAMPLES}


@pytest.mark.parametrize(("family", "part"), EXAMPLES, ids=[type(part).__name__ for _, part in EXAMPLES])
def test_json_gives_back_the_same_part(family: type[Part], part: Part) -> None:
    tree = json.loads(part.to_json())
    assert tree["kind"] == type(part).__name__
    unsaid = {"of"} if isinstance(part, Curve) else set()  # of images, which goes without saying
    assert set(tree) == {"kind", *type(part).model_fields} - unsaid
    again = parse(family, tree)
    assert type(again) is type(part)
    assert again == part
    assert again.to_json() == part.to_json()


@pytest.mark.parametrize(("family", "part"), EXAMPLES, ids=[type(part).__name__ for _, part in EXAMPLES])
def test_no_field_can_be_set_or_added(family: type[Part], part: Part) -> None:
    before = part.to_json()
    for name in (*type(part).model_fields, "other"):
        with pytest.raises((ValidationError, ValueError)):
            setattr(part, name, 1)
    assert part.to_json() == before
