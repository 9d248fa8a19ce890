"""GANs without the ache: train, judge, explain and use generative adversarial networks.

    import ganache

    outcome = ganache.train(data="digits", out="runs/digits", images="200k")
    images = ganache.load(outcome.run).sample(64, seed=1)  # uint8 (64, H, W, C)

Everything here is imported when it is first used, so that ``import ganache`` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganache.api import compare, diagnose, evaluate, judge, load, plan, plot, resume, train
    from ganache.data.shape import ImageShape
    from ganache.games.recipe import Optimizers, Recipe
    from ganache.networks import (
        DCGANDiscriminator,
        DCGANGenerator,
        Discriminator,
        Generator,
        LSGANDiscriminator,
        LSGANGenerator,
        MLPDiscriminator,
        MLPGenerator,
        MNISTDCGANDiscriminator,
        MNISTDCGANGenerator,
        Normal,
        R3GANDiscriminator,
        R3GANGenerator,
        Uniform,
    )
    from ganache.parts.augmentations import InputNoise, Unchanged
    from ganache.parts.generator_terms import FeatureMatching, GeneratorTerm
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
    from ganache.parts.part import Part
    from ganache.parts.penalties import (
        DRAGAN,
        R1,
        R2,
        Constraint,
        GradientPenalty,
        Penalty,
        Unconstrained,
        WeightClipping,
        Weighted,
    )
    from ganache.parts.schedules import Cosine, Geometric, Linear
    from ganache.runs.products import TrainedGenerator
    from ganache.support.errors import RunError, UserError
    from ganache.training.sessions import Outcome

_HOMES = {
    "api": ("compare", "diagnose", "evaluate", "judge", "load", "plan", "plot", "resume", "train"),
    "parts.augmentations": ("InputNoise", "Unchanged"),
    "support.errors": ("RunError", "UserError"),
    "parts.generator_terms": ("FeatureMatching", "GeneratorTerm"),
    "runs.products": ("TrainedGenerator",),
    "networks": (
        "DCGANDiscriminator",
        "DCGANGenerator",
        "MNISTDCGANDiscriminator",
        "MNISTDCGANGenerator",
        "Discriminator",
        "Generator",
        "LSGANDiscriminator",
        "LSGANGenerator",
        "MLPDiscriminator",
        "MLPGenerator",
        "Normal",
        "R3GANDiscriminator",
        "R3GANGenerator",
        "Uniform",
    ),
    "parts.objectives": (
        "Hinge",
        "LeastSquares",
        "Minimax",
        "NonSaturating",
        "Objective",
        "RelativisticAverage",
        "RelativisticAverageLeastSquares",
        "RelativisticPairing",
        "Wasserstein",
    ),
    "parts.optimizers": ("Adam", "Optimizer"),
    "parts.part": ("Part",),
    "parts.penalties": (
        "DRAGAN",
        "R1",
        "R2",
        "Constraint",
        "GradientPenalty",
        "Penalty",
        "Unconstrained",
        "Weighted",
        "WeightClipping",
    ),
    "games.recipe": ("Optimizers", "Recipe"),
    "training.sessions": ("Outcome",),
    "parts.schedules": ("Cosine", "Geometric", "Linear"),
    "data.shape": ("ImageShape",),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "DRAGAN",
    "R1",
    "R2",
    "Adam",
    "Constraint",
    "Cosine",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "Discriminator",
    "FeatureMatching",
    "Generator",
    "GeneratorTerm",
    "Geometric",
    "GradientPenalty",
    "Hinge",
    "ImageShape",
    "InputNoise",
    "LSGANDiscriminator",
    "LSGANGenerator",
    "LeastSquares",
    "Linear",
    "MLPDiscriminator",
    "MLPGenerator",
    "MNISTDCGANDiscriminator",
    "MNISTDCGANGenerator",
    "Minimax",
    "NonSaturating",
    "Normal",
    "Objective",
    "Optimizer",
    "Optimizers",
    "Outcome",
    "Part",
    "Penalty",
    "R3GANDiscriminator",
    "R3GANGenerator",
    "Recipe",
    "RelativisticAverage",
    "RelativisticAverageLeastSquares",
    "RelativisticPairing",
    "RunError",
    "TrainedGenerator",
    "Unchanged",
    "Unconstrained",
    "Uniform",
    "UserError",
    "Wasserstein",
    "WeightClipping",
    "Weighted",
    "compare",
    "diagnose",
    "evaluate",
    "judge",
    "load",
    "plan",
    "plot",
    "resume",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'ganache' has no attribute {name!r}")
    return getattr(importlib.import_module(f"ganache.{_MODULE_OF[name]}"), name)
