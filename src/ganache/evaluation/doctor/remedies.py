"""What to change: for each finding a list of remedies, of which the first that fits the recipe is advised.

A remedy looks at the recipe and returns a sentence with settings, or None where it would change nothing. Settings are
advised only if the recipe stays valid with them, on the run's own kind of data.
"""

import json
from collections.abc import Iterable
from typing import Any

from ganache.data.shape import ImageShape
from ganache.evaluation.doctor.chart import Chart
from ganache.evaluation.doctor.movement import Prescription, Remedy, written
from ganache.games import Game, TwoPlayers
from ganache.networks import DCGANGenerator, Discriminator
from ganache.parts.augmentations import Unchanged
from ganache.parts.constraints import Unconstrained
from ganache.parts.gammas import Gamma
from ganache.parts.objectives import Minimax, NonSaturating, RelativisticPairing, Wasserstein
from ganache.parts.penalties import R1, R2, GradientPenalty
from ganache.parts.schedules import at, times
from ganache.parts.terms import Penalty
from ganache.recipes.rehearsal import rehearse
from ganache.recipes.settings import with_settings
from ganache.support.errors import UserError

POINT_WEIGHT, PICTURE_WEIGHT = 0.01, 0.1  # of R1 and R2
FEW_LATENTS, LATENTS = 8, 64
BLUR = 0.5  # pixels span [-1, 1]
LIPSCHITZ_WEIGHT = 10.0  # Gulrajani et al. 2017, section 4


def prescribe(chart: Chart, remedies: Iterable[Remedy], of: type[Game] = TwoPlayers) -> Prescription:
    """Return the first remedy that changes the recipe into another valid one; without any, no settings.

    `of` is the kind of game whose recipes these remedies read.
    """
    if not isinstance(chart.game, of):
        return "no setting of this kind of game is known to help", ()
    for remedy in remedies:
        prescription = remedy(chart)
        if prescription is not None and _is_valid(chart, prescription[1]):
            return prescription
    return f"no setting of this recipe is known to help; try another{' recipe, such as r3gan' * (of is TwoPlayers)}", ()


def fit(chart: Chart, remedies: Iterable[Remedy]) -> bool:
    """Whether the recipe shows one of the faults that these would mend; none are known of other games than this."""
    return isinstance(chart.game, TwoPlayers) and any(remedy(chart) for remedy in remedies)


def _is_valid(chart: Chart, settings: tuple[str, ...]) -> bool:
    data = chart.record.get("data", {})
    classes = chart.record.get("selection", {}).get("classes", data.get("label_names", ()))
    labels = len(classes) if chart.game.conditional else 0
    try:
        changed = with_settings(chart.game, list(settings))
        if data.get("shape"):
            rehearse(changed, ImageShape.recorded(data), labels)
    except UserError:
        return False
    return changed != chart.game


def non_saturating(chart: Chart) -> Prescription | None:
    """Replace the loss that vanishes where the generator loses (Goodfellow et al. 2014, section 3)."""
    objective = chart.recipe.objective
    if not isinstance(objective, Minimax):
        return None
    other = NonSaturating(real_target=objective.real_target)
    text = "NonSaturating" if other == NonSaturating() else other.model_dump_json()
    return "use the non-saturating loss, whose gradient is large where the generator loses", (f"objective={text}",)


def is_held(chart: Chart) -> bool:
    """Whether anything known keeps the discriminator from being as steep as it likes."""
    recipe = chart.game
    if not isinstance(recipe, TwoPlayers):
        return True
    return bool(recipe.penalties or recipe.constraint != Unconstrained() or _field(recipe, "spectral_norm"))


def bounded_critic(chart: Chart) -> Prescription | None:
    """Hold a Wasserstein critic to a slope of 1: without it its loss has no lower bound."""
    recipe = chart.recipe
    if not isinstance(recipe.objective, Wasserstein) or is_held(chart):
        return None
    penalty = _penalty("gradient_penalty", GradientPenalty(), LIPSCHITZ_WEIGHT)
    return "bound the critic's slope, without which its loss has no end", (*_without_batch_norm(recipe), penalty)


def one_critic_step(chart: Chart) -> Prescription | None:
    """Let the discriminator move as often as the generator; a Wasserstein critic should be ahead."""
    if chart.recipe.critic_steps == 1 or isinstance(chart.recipe.objective, Wasserstein):
        return None
    return "let the discriminator move as often as the generator", ("critic_steps=1",)


def one_generator_step(chart: Chart) -> Prescription | None:
    """Let the generator move as often as the discriminator: one that runs ahead falls onto a single image."""
    if chart.recipe.generator_steps <= 1:
        return None
    return "let the generator move as often as the discriminator", ("generator_steps=1",)


def more_latents(chart: Chart) -> Prescription | None:
    """Give the generator more to draw from: images of a few numbers lie on a thread and repeat each other."""
    size = chart.recipe.generator.latent.size
    if chart.is_of_points or size >= FEW_LATENTS:
        return None
    return f"give the generator more than {size} latent numbers to draw from", (f"generator.latent.size={LATENTS}",)


def even_kernels(chart: Chart) -> Prescription | None:
    """Use transposed convolutions whose kernels are multiples of their strides (Odena et al. 2016)."""
    if isinstance(chart.recipe.generator, DCGANGenerator):
        return None
    return "use a generator whose kernels are multiples of their strides", ("generator=DCGANGenerator",)


def truthful_labels(chart: Chart) -> Prescription | None:
    """Stop exchanging labels."""
    if at(chart.recipe.label_flips, chart.images_seen) < 0.2:
        return None
    return "exchange fewer labels: the discriminator cannot learn from them", ("label_flips=0.0",)


def less_noise(chart: Chart) -> Prescription | None:
    """Take away noise that drowns the images."""
    deviation = getattr(chart.recipe.augment, "deviation", 0.0)
    if at(deviation, chart.images_seen) <= 0.5:
        return None
    return "take away the noise on the discriminator's inputs, in which the images drown", ("augment=Unchanged",)


def noisy_inputs(chart: Chart) -> Prescription | None:
    """Blur what the discriminator could know by heart (Arjovsky & Bottou 2017, section 4)."""
    if not isinstance(chart.recipe.augment, Unchanged):
        return None
    return "find more images; until then add noise, so that no image can be known by heart", (
        f'augment={{"kind": "InputNoise", "deviation": {BLUR}}}',
    )


def lighter_penalties(chart: Chart) -> Prescription | None:
    """Take away weight from penalties that leave the discriminator no slope."""
    heavy = [name for name, penalty in chart.recipe.penalties.items() if at(penalty.weight, chart.images_seen) > 20]
    settings = tuple(f"penalties.{name}.weight={PICTURE_WEIGHT}" for name in heavy)
    return ("weigh the discriminator's penalties less", settings) if settings else None


def larger_discriminator(chart: Chart) -> Prescription | None:
    """Give the discriminator at least the generator's size."""
    recipe, settings = chart.recipe, []
    for field in ("width", "max_width"):
        ours, theirs = _field(recipe, field), getattr(recipe.generator, field, None)
        if isinstance(ours, int) and isinstance(theirs, int) and ours < theirs:
            settings.append(f"discriminator.{field}={theirs}")
    ours, theirs = _field(recipe, "widths"), getattr(recipe.generator, "widths", None)
    if ours and theirs and sum(ours) < sum(theirs) / 2:
        settings.append(f"discriminator.widths={list(reversed(theirs))}")
    return ("make the discriminator as large as the generator", tuple(settings)) if settings else None


def more_critic_steps(chart: Chart) -> Prescription:
    """Let the discriminator move more often."""
    steps = chart.recipe.critic_steps
    return "let the discriminator move more often", (f"critic_steps={2 * steps}",)


def smooth_discriminator(chart: Chart) -> Prescription:
    """Penalise slopes at the reals (Mescheder et al. 2018), or penalise those ten times more that are."""
    recipe = chart.recipe
    known = {name: one.weight for name, one in recipe.penalties.items() if isinstance(one, R1 | R2)}
    if known:
        heavier = {name: times(weight, 10.0) for name, weight in known.items() if not isinstance(weight, Gamma)}
        settings = tuple(f"penalties.{name}.weight={written(weight)}" for name, weight in heavier.items())
        return "penalise the discriminator's slopes ten times more", settings
    penalty = _penalty("r1", R1(), _weight(chart))
    return "penalise the discriminator's slopes at the reals", (*_without_batch_norm(recipe), penalty)


def pairing(chart: Chart) -> Prescription | None:
    """Compare each fake with a real, and penalise slopes at both (Huang et al. 2024, sections 2 and 3)."""
    recipe = chart.recipe
    kinds = {type(penalty) for penalty in recipe.penalties.values()}
    if isinstance(recipe.objective, RelativisticPairing) and {R1, R2} <= kinds:
        return None
    others = tuple(f"penalties.{name}=null" for name in recipe.penalties if name not in ("r1", "r2"))
    settings = (
        "objective=RelativisticPairing",
        *_without_batch_norm(recipe),
        *others,
        _penalty("r1", R1(), _weight(chart)),
        _penalty("r2", R2(), _weight(chart)),
    )
    return "compare each fake with a real one, which leaves no mode out, and penalise slopes at both", settings


def _weight(chart: Chart) -> float:
    return POINT_WEIGHT if chart.is_of_points else PICTURE_WEIGHT


def _penalty(name: str, penalty: Penalty, weight: float) -> str:
    return f"penalties.{name}={json.dumps({'kind': type(penalty).__name__, 'weight': weight})}"


def _without_batch_norm(recipe: TwoPlayers) -> tuple[str, ...]:
    return ("discriminator.batch_norm=false",) if _field(recipe, "batch_norm") else ()


def _field(recipe: TwoPlayers, name: str) -> Any:
    discriminator: Discriminator = recipe.discriminator
    return getattr(discriminator, name, None)
