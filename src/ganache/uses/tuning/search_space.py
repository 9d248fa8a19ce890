"""What is turned where nobody says: the fields of a recipe that matter for most GANs, by the kind of part they are in.

A new optimiser, term or network with such a field is turned without a word here.
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from pydantic import ValidationError

from ganache.games import Game
from ganache.networks.base import Discriminator, Generator
from ganache.parts.optimizers import Optimizer
from ganache.parts.part import Part, explain
from ganache.parts.schedules import Curve
from ganache.parts.terms import Term
from ganache.recipes.settings import with_settings
from ganache.support.errors import UserError
from ganache.uses.tuning.dials import AnyDial, Multiple, OneOf, Span

Maker: TypeAlias = Callable[[str, Any], AnyDial | None]  # from a field's path and its value

RATE_TIMES = 10.0  # a rate or a weight is tried from a tenth to ten times the recipe's
HALF_LIFE_TIMES = 8.0
BATCH_POWERS, WIDTH_POWERS = 2, 1  # halvings and doublings either way
# Adam's, as GANs have them: Karras 2018 and R3GAN; BigGAN; Gulrajani 2017; Radford 2016; Kingma & Ba 2015.
BETAS = ((0.0, 0.99), (0.0, 0.999), (0.0, 0.9), (0.5, 0.999), (0.9, 0.999))


def space_of(recipe: Game) -> tuple[AnyDial, ...]:
    """Return the dials of a recipe; raises UserError where it has none."""
    found = tuple(_dials(recipe, ""))
    if not found:
        raise UserError(
            f"tune: nothing of {recipe.name!r} is turned by itself; name a field with --tune field=low:high"
        )
    return found


def named(recipe: Game, texts: Sequence[str]) -> tuple[AnyDial, ...]:
    """Return the dials that a user named: ``field=low:high``, ``field=low:high:log`` or ``field=a,b,c``.

    Raises UserError for a text that is neither, for a field that the recipe has not or that is named twice, and for
    values that it does not take.
    """
    dials = tuple(_named(recipe, text) for text in texts)
    fields = [dial.field for dial in dials]
    if twice := next((field for field in fields if fields.count(field) > 1), None):
        raise UserError(f"--tune: {twice!r} is named twice")
    return dials


def _dials(part: Part, path: str) -> Iterator[AnyDial]:
    for name in type(part).model_fields:
        value, at = getattr(part, name), f"{path}{name}"
        maker = next(
            (make for (family, field), make in RULES.items() if field == name and isinstance(part, family)), None
        )
        made = maker(at, value) if maker else None
        if made is not None:
            yield made
        elif isinstance(value, Part):
            yield from _dials(value, f"{at}.")
        elif isinstance(value, dict):
            for key, inner in value.items():
                if isinstance(inner, Part):
                    yield from _dials(inner, f"{at}.{key}.")


def _scaled(factor: float) -> Maker:
    """Return what makes a dial of a positive number or schedule: by logarithms, `factor` either way."""

    def make(path: str, value: Any) -> AnyDial | None:
        if isinstance(value, Curve):
            is_one = max(value.start, value.end) > 0
            return (
                Multiple(field=path, low=1 / factor, high=factor, curve=value.model_dump(mode="json"))
                if is_one
                else None
            )
        if isinstance(value, float) and value > 0:
            low, high = (float(f"{end:.6g}") for end in (value / factor, value * factor))
            return Span(field=path, low=low, high=high, log=True, start=value)
        return None

    return make


def _powers(most: int, least: int = 1) -> Maker:
    """Return what makes a dial of a count, or of several together: halved and doubled so many times, none too small."""

    def make(path: str, value: Any) -> AnyDial | None:
        counts = value if isinstance(value, tuple) else (value,)
        if not counts or not all(isinstance(count, int) for count in counts):
            return None
        factors = [2.0**power for power in range(-most, most + 1)]
        tried = [[int(count * factor) for count in counts] for factor in factors]
        kept = [each if isinstance(value, tuple) else each[0] for each in tried if min(each) >= least]
        texts = tuple(dict.fromkeys(json.dumps(each) for each in kept))
        start = json.dumps(list(value) if isinstance(value, tuple) else value)
        return OneOf(field=path, texts=texts, start=start) if len(texts) > 1 else None

    return make


def _betas(path: str, value: Any) -> AnyDial | None:
    if not all(isinstance(beta, float) for beta in value):
        return None
    pairs = dict.fromkeys([tuple(value), *BETAS])
    return OneOf(field=path, texts=tuple(json.dumps(list(pair)) for pair in pairs), start=json.dumps(list(value)))


RULES: dict[tuple[type[Part], str], Maker] = {
    (Optimizer, "learning_rate"): _scaled(RATE_TIMES),
    (Optimizer, "betas"): _betas,
    (Term, "weight"): _scaled(RATE_TIMES),
    (Game, "ema_half_life"): _scaled(HALF_LIFE_TIMES),
    (Game, "batch_size"): _powers(BATCH_POWERS, least=2),  # batch norm sees no spread in one
    (Generator, "width"): _powers(WIDTH_POWERS),
    (Generator, "widths"): _powers(WIDTH_POWERS),
    (Discriminator, "width"): _powers(WIDTH_POWERS),
    (Discriminator, "widths"): _powers(WIDTH_POWERS),
}


def _named(recipe: Game, text: str) -> AnyDial:
    field, equals, right = (part.strip() for part in text.partition("="))
    if not (field and equals and right):
        raise UserError(f"--tune: {text!r} is neither field=low:high, field=low:high:log nor field=a,b,c")
    now = _at(recipe.model_dump(mode="json"), field)
    ends = right.split(":")
    try:
        dial = _span(field, ends, now) if 2 <= len(ends) <= 3 and "," not in right else _one_of(field, right, now)
    except ValidationError as error:
        raise UserError(f"--tune: {text!r}: {explain(error)}") from None
    for value in (dial.low, dial.high) if isinstance(dial, Span) else getattr(dial, "texts", ()):
        try:
            with_settings(recipe, [dial.setting(value)])
        except UserError as error:
            raise UserError(str(error).replace("--set", "--tune")) from None
    return dial


def _span(field: str, ends: Sequence[str], now: Any) -> Span:
    try:
        low, high = float(ends[0]), float(ends[1])
    except ValueError:
        raise UserError(
            f"--tune: {field}={':'.join(ends)} is no range: {ends[0]!r} and {ends[1]!r} are to be numbers"
        ) from None
    if not (math.isfinite(low) and math.isfinite(high)):
        raise UserError(f"--tune: {field}={':'.join(ends)} has no end")
    if ends[2:] not in ([], ["log"]):
        raise UserError(f"--tune: after a range there can be :log, not {ends[2]!r}")
    is_number = isinstance(now, int | float) and not isinstance(now, bool)
    whole = isinstance(now, int) and is_number and low == int(low) and high == int(high)
    return Span(field=field, low=low, high=high, log=len(ends) == 3, whole=whole, start=now if is_number else None)


def _one_of(field: str, right: str, now: Any) -> OneOf:
    try:
        texts = [json.dumps(value) for value in json.loads(f"[{right}]")]
    except ValueError:
        texts = [word.strip() for word in right.split(",")]
    texts = list(dict.fromkeys(texts))
    if len(texts) < 2:
        raise UserError(f"--tune: {field}={right} is one value, and no choice; --set sets it")
    own = json.dumps(now)
    word = now.get("kind") if isinstance(now, dict) else now
    return OneOf(field=field, texts=tuple(texts), start=next((text for text in texts if text in (own, word)), None))


def _at(tree: Any, path: str) -> Any:
    """Return what stands at a dotted path of a recipe's tree, None where there is nothing."""
    for name in path.split("."):
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree
