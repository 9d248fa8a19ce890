"""The rules: every disease with its sign and what helps against it. Causes stand before what they cause."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ganache.evaluation.doctor import movement, remedies, signs, translation_remedies, translation_signs
from ganache.evaluation.doctor.chart import MOVEMENT, PAIR, Chart
from ganache.evaluation.doctor.movement import Remedy
from ganache.evaluation.doctor.signs import Sign
from ganache.games import Game, Translation, TwoPlayers


@dataclass(frozen=True)
class Rule:
    """A disease, what must have been measured to see it, how it is seen, and what helps against it."""

    name: str
    needs: tuple[str, ...]
    examine: Callable[[Chart], Sign | None]
    remedies: tuple[Remedy, ...]
    at_any_age: bool = False  # whether it can be told of a run that has hardly begun
    of: type[Game] = TwoPlayers  # whose recipes the remedies read


_PLAYING = ("accuracy/real", "accuracy/fake", "logits/real", "logits/fake")
_LOOKS = ("diversity/raw", "diversity/average", "duplicates/raw", "duplicates/average")
_PICTURES = ("dead/raw", "dead/average", "saturated/raw", "saturated/average", "saturated/real")
_WAVES = ("checkerboard/raw", "checkerboard/average", "checkerboard/real")

_DIVERGENCE = Rule(
    "divergence",
    (),
    signs.divergence,
    (
        remedies.bounded_critic,
        movement.moderate("discriminator"),
        remedies.smooth_discriminator,
        movement.slower("generator"),
    ),
    at_any_age=True,
)

_OTHERS = (
    Rule(
        "vanishing generator gradient",
        (*_PLAYING, *_LOOKS, "gradient/fakes"),
        signs.vanishing_gradient,
        (remedies.non_saturating, movement.equal_rates, remedies.one_critic_step, remedies.smooth_discriminator),
    ),
    Rule("slopes penalised too lightly", (*_PLAYING, *_LOOKS), signs.held_loosely, (remedies.smooth_discriminator,)),
    Rule(
        "discriminator too strong",
        (*_PLAYING, *_LOOKS),
        signs.too_strong,
        (movement.faster("generator"), movement.equal_rates, remedies.one_critic_step, remedies.smooth_discriminator),
    ),
    Rule("discriminator too weak", (*_PLAYING, *_LOOKS), signs.too_weak, (*signs.WEAKENED, remedies.more_critic_steps)),
    Rule(
        "discriminator overfitting",
        ("accuracy/real", "logits/trained", "held_out/logits_real", "held_out/logits_fake", "held_out/accuracy_real"),
        signs.overfitting,
        (remedies.noisy_inputs, remedies.smooth_discriminator),
    ),
    Rule(
        "unsteady discriminator",
        ("held_out/accuracy_real", "held_out/accuracy_fake"),
        signs.unsteady,
        (remedies.smooth_discriminator,),
    ),
    Rule(
        "mode collapse",
        _LOOKS,
        signs.collapse,
        (remedies.one_generator_step, remedies.more_latents, remedies.pairing, remedies.smooth_discriminator),
    ),
    Rule(
        "partial mode collapse",
        _LOOKS,
        signs.partial_collapse,
        (remedies.one_generator_step, remedies.more_latents, remedies.pairing, remedies.smooth_discriminator),
    ),
    Rule(
        "oscillation",
        ("centre/raw_1",),
        signs.oscillation,
        (movement.less_momentum, remedies.pairing, remedies.smooth_discriminator, movement.slower("generator", 3.0)),
    ),
    Rule("dead pixels", _PICTURES, signs.dead_pixels, (movement.slower("generator"),)),
    Rule("saturated pixels", _PICTURES, signs.saturated_pixels, (movement.slower("generator"),)),
    Rule("checkerboard artefacts", _WAVES, signs.artefacts, (remedies.even_kernels,)),
)

# Of games from picture to picture; what they need is measured of every way.
_OF_TRANSLATIONS = (
    Rule(
        "identity mapping",
        ("change",),
        translation_signs.identity,
        (
            translation_remedies.believable,
            movement.faster("discriminator"),
            movement.faster("generator"),
            translation_remedies.no_identity,
            translation_remedies.looser,
        ),
        of=Translation,
    ),
    Rule(
        "hidden signal",
        ("cycle", "disturbed"),
        translation_signs.hidden_signal,
        (translation_remedies.noisy_way_back, translation_remedies.looser),
        of=Translation,
    ),
    Rule(
        "colour inversion",
        ("alike",),
        translation_signs.inversion,
        (translation_remedies.own_colours, translation_remedies.tighter),
        of=Translation,
    ),
    Rule(
        "same translation for all",
        ("diversity",),
        translation_signs.same_for_all,
        (translation_remedies.penalised_slopes, translation_remedies.tighter, movement.slower("generator")),
        of=Translation,
    ),
)


def rules(players: Iterable[str] = PAIR, ways: Sequence[str] = ()) -> tuple[Rule, ...]:
    """Return all rules for a game of these players, and of translators on these ways, where it has any."""
    leaping = [_leaping(player) for player in players]
    if not ways:
        return (_DIVERGENCE, *leaping, *_OTHERS)
    helped = (movement.moderate("discriminator"), movement.slower("generator"))
    steps = [replace(rule, needs=rule.needs[:1], of=Translation) for rule in leaping]  # nobody looks at samples
    return (
        replace(_DIVERGENCE, remedies=helped, of=Translation),
        *steps,
        *(replace(rule, needs=_on_all(ways, rule.needs)) for rule in _OF_TRANSLATIONS),
    )


def _leaping(player: str) -> Rule:
    return Rule(
        f"{player} learning rate too high",
        (f"{MOVEMENT}{player}", *_LOOKS),
        signs.leaps(player),
        (movement.moderate(player), movement.slower(player)),
    )


def _on_all(ways: Sequence[str], needs: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{what}/{way}_{whose}" for what in needs for way in ways for whose in translation_signs.WHOSE)
