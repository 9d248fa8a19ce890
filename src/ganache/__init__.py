"""GANs without the ache: train, judge, explain and use generative adversarial networks.

    import ganache

    outcome = ganache.train(data="digits", out="runs/digits", images="200k")
    images = ganache.load(outcome.run).sample(64, seed=1)  # uint8 (64, H, W, C)

Everything here is imported when it is first used, so that ``import ganache`` costs nothing.
"""

from typing import TYPE_CHECKING

from ganache.support.lazy_names import importer
from ganache.support.version import __version__ as __version__

if TYPE_CHECKING:  # the public names, each written here alone: `importer` reads these indented lines
    from ganache.api import compare as compare
    from ganache.api import diagnose as diagnose
    from ganache.api import evaluate as evaluate
    from ganache.api import export as export
    from ganache.api import judge as judge
    from ganache.api import load as load
    from ganache.api import plan as plan
    from ganache.api import plot as plot
    from ganache.api import report as report
    from ganache.api import resume as resume
    from ganache.api import train as train
    from ganache.api import tune as tune
    from ganache.data.rows.reading import TableReading as TableReading
    from ganache.data.shape import ImageShape as ImageShape
    from ganache.games import BiGAN as BiGAN
    from ganache.games import Cast as Cast
    from ganache.games import Draws as Draws
    from ganache.games import Game as Game
    from ganache.games import Growing as Growing
    from ganache.games import Moment as Moment
    from ganache.games import Optimizers as Optimizers
    from ganache.games import Player as Player
    from ganache.games import Product as Product
    from ganache.games import Recipe as Recipe
    from ganache.games import TwoPlayers as TwoPlayers
    from ganache.games.marking import Marking as Marking
    from ganache.networks import BigGANDiscriminator as BigGANDiscriminator
    from ganache.networks import BigGANGenerator as BigGANGenerator
    from ganache.networks import ClassifyingDiscriminator as ClassifyingDiscriminator
    from ganache.networks import DCGANDiscriminator as DCGANDiscriminator
    from ganache.networks import DCGANGenerator as DCGANGenerator
    from ganache.networks import Discriminator as Discriminator
    from ganache.networks import FastGANDiscriminator as FastGANDiscriminator
    from ganache.networks import FastGANGenerator as FastGANGenerator
    from ganache.networks import FeatureEncoder as FeatureEncoder
    from ganache.networks import FeaturePairDiscriminator as FeaturePairDiscriminator
    from ganache.networks import Generator as Generator
    from ganache.networks import LSGANDiscriminator as LSGANDiscriminator
    from ganache.networks import LSGANGenerator as LSGANGenerator
    from ganache.networks import MLPDiscriminator as MLPDiscriminator
    from ganache.networks import MLPGenerator as MLPGenerator
    from ganache.networks import MNISTDCGANDiscriminator as MNISTDCGANDiscriminator
    from ganache.networks import MNISTDCGANGenerator as MNISTDCGANGenerator
    from ganache.networks import ProGANDiscriminator as ProGANDiscriminator
    from ganache.networks import ProGANGenerator as ProGANGenerator
    from ganache.networks import R3GANDiscriminator as R3GANDiscriminator
    from ganache.networks import R3GANGenerator as R3GANGenerator
    from ganache.networks import Reconstruction as Reconstruction
    from ganache.networks import StyleGAN2Discriminator as StyleGAN2Discriminator
    from ganache.networks import StyleGAN2Generator as StyleGAN2Generator
    from ganache.parts.adaptive import Adaptive as Adaptive
    from ganache.parts.augmentations import InputNoise as InputNoise
    from ganache.parts.augmentations import Unchanged as Unchanged
    from ganache.parts.auxiliary_terms import ClassCrossEntropy as ClassCrossEntropy
    from ganache.parts.auxiliary_terms import CodeRecovery as CodeRecovery
    from ganache.parts.constraints import Constraint as Constraint
    from ganache.parts.constraints import Unconstrained as Unconstrained
    from ganache.parts.constraints import WeightClipping as WeightClipping
    from ganache.parts.diff_augment import DiffAugment as DiffAugment
    from ganache.parts.distances import Absolute as Absolute
    from ganache.parts.distances import Structural as Structural
    from ganache.parts.gammas import R3GANGamma as R3GANGamma
    from ganache.parts.gammas import StyleGAN2Gamma as StyleGAN2Gamma
    from ganache.parts.latents import Coded as Coded
    from ganache.parts.latents import Keyed as Keyed
    from ganache.parts.latents import Latent as Latent
    from ganache.parts.latents import Normal as Normal
    from ganache.parts.latents import Uniform as Uniform
    from ganache.parts.objectives import Hinge as Hinge
    from ganache.parts.objectives import LeastSquares as LeastSquares
    from ganache.parts.objectives import Minimax as Minimax
    from ganache.parts.objectives import NonSaturating as NonSaturating
    from ganache.parts.objectives import Objective as Objective
    from ganache.parts.objectives import RelativisticAverage as RelativisticAverage
    from ganache.parts.objectives import RelativisticAverageLeastSquares as RelativisticAverageLeastSquares
    from ganache.parts.objectives import RelativisticPairing as RelativisticPairing
    from ganache.parts.objectives import Wasserstein as Wasserstein
    from ganache.parts.optimizers import Adam as Adam
    from ganache.parts.optimizers import Optimizer as Optimizer
    from ganache.parts.part import Part as Part
    from ganache.parts.path_length import PathLength as PathLength
    from ganache.parts.penalties import DRAGAN as DRAGAN
    from ganache.parts.penalties import R1 as R1
    from ganache.parts.penalties import R2 as R2
    from ganache.parts.penalties import GradientPenalty as GradientPenalty
    from ganache.parts.schedules import Cosine as Cosine
    from ganache.parts.schedules import Geometric as Geometric
    from ganache.parts.schedules import Linear as Linear
    from ganache.parts.terms import FeatureMatching as FeatureMatching
    from ganache.parts.terms import GeneratorTerm as GeneratorTerm
    from ganache.parts.terms import Move as Move
    from ganache.parts.terms import Penalty as Penalty
    from ganache.parts.terms import PureTerm as PureTerm
    from ganache.parts.terms import Scene as Scene
    from ganache.parts.terms import Term as Term
    from ganache.parts.terms import Weighted as Weighted
    from ganache.parts.verdict import Verdict as Verdict
    from ganache.parts.wear import Wear as Wear
    from ganache.runs.products import TrainedGenerator as TrainedGenerator
    from ganache.support.errors import RunError as RunError
    from ganache.support.errors import UserError as UserError
    from ganache.training.plan import Request as Request
    from ganache.training.sessions import Outcome as Outcome
    from ganache.uses.detection.fake_detector import FakeDetector as FakeDetector
    from ganache.uses.fairness.auditing import fairness as fairness
    from ganache.uses.marks.fingerprints import Fingerprint as Fingerprint
    from ganache.uses.marks.teaching import mark as mark
    from ganache.uses.marks.verification import verify as verify
    from ganache.uses.study.augmentation_study import AugmentStudy as AugmentStudy
    from ganache.uses.study.augmentation_study import augment_study as augment_study
    from ganache.uses.tuning.study import Tuning as Tuning
else:  # hidden from type checkers, which would take any name for one of these
    __getattr__, __dir__ = importer(__spec__)
