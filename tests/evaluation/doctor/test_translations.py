"""Hand-made translators, measured as in a training and examined as afterwards: each is called what it is."""

import shlex
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from ganache import recipes
from ganache.data.shape import ImageShape
from ganache.evaluation.doctor.chart import Chart
from ganache.evaluation.doctor.diagnosis import diagnose, examined
from ganache.evaluation.doctor.examination import examine_chart
from ganache.evaluation.doctor.finding import Finding
from ganache.evaluation.doctor.prescription import command
from ganache.games import Game
from ganache.recipes.settings import with_settings
from ganache.training.observers.translation_vitals import Journey
from tests.evaluation.doctor.charts import Lines, Value, log

SHAPE = ImageShape(2, 16, 16, given=1)
RECORD: dict[str, Any] = {
    "data": {"shape": [2, 16, 16], "given": 1, "label_names": []},
    "source": {"data": "horses", "second": "zebras", "size": [16, 16]},
    "budget": {"images": 20_000},
}
PLAY: dict[str, Value] = {
    **{"accuracy/real": 0.7, "accuracy/fake": 0.65, "movement/generator": 0.008, "movement/discriminator": 0.008},
}
SURE: dict[str, Value] = {"accuracy__real": 0.97, "accuracy__fake": 0.96}
Make = Callable[[Tensor], Tensor]


class Made(nn.Module):
    """A translator that is a function."""

    def __init__(self, make: Make) -> None:
        super().__init__()
        self.make = make

    def forward(self, images: Tensor) -> Tensor:
        return self.make(images)


class Domains(NamedTuple):
    """Pictures that are given and wanted, which are pairs here but need not be."""

    given: Tensor
    wanted: Tensor


def squares(seed: int) -> Tensor:
    """Return pictures of a bright square each, anywhere on a dark ground, in steps of a quarter."""
    random = torch.Generator().manual_seed(seed)
    images = torch.full((64, 1, 16, 16), -0.75)
    for image in images:
        y, x, brightness = (int(torch.randint(0, most, (1,), generator=random)) for most in (10, 10, 4))
        image[:, y : y + 6, x : x + 6] = 0.25 * brightness
    return images


def fainter(images: Tensor) -> Tensor:
    """Make half of the contrast."""
    return images / 2.0


def stronger(images: Tensor) -> Tensor:
    """Undo it."""
    return images * 2.0


FAINTER = Domains(squares(0), fainter(squares(1)))
NEGATIVES = Domains(squares(0), -squares(1))
HIDDEN = 0.03  # size of what is hidden, beside steps of an eighth


def hiding(images: Tensor) -> Tensor:
    """Make fainter pictures that are mirrored, and hide in their last digits what was given."""
    return fainter(images.flip(3)) + HIDDEN * images


def finding(images: Tensor) -> Tensor:
    """Read what was hidden."""
    return (images - (images * 8.0).round() / 8.0) / HIDDEN


@cache
def marks_of(domains: Domains, there: Make, back: Make | None, two_ways: bool) -> dict[str, float]:
    """Return what is measured of translators, raw and average, that are these."""
    marks: dict[str, float] = {}
    ways = {"a_to_b": (domains, there, back), "b_to_a": (Domains(*domains[::-1]), back, there)}
    for way, ((given, wanted), make, undo) in ways.items() if two_ways else list(ways.items())[:1]:
        journey = Journey(given, wanted, torch.Generator().manual_seed(0))
        assert make is not None
        found = journey.compare(Made(make), Made(undo) if undo else None)
        marks |= {f"{what}/{way}_{whose}": value for what, value in found.items() for whose in ("raw", "average")}
        marks |= {f"{what}/{way}_{whose}": value for (what, whose), value in journey.traits.items()}
    return marks


def lines_of(
    domains: Domains,
    there: Make,
    back: Make | None,
    *,
    two_ways: bool = True,
    changed: dict[str, Value] | None = None,
) -> Lines:
    """Return the log of a run whose translators are these all the time."""
    return log({**PLAY, **marks_of(domains, there, back, two_ways)}, **(changed or {}))


def found_in(lines: Lines, game: Game | None = None) -> list[Finding]:
    return diagnose(Chart(lines, game or as_planned(recipes.find("cyclegan")), RECORD))


def as_planned(game: Game) -> Game:
    return game.settled(ImageShape.recorded(RECORD["data"]))[0]


def names(domains: Domains, there: Make, back: Make, **changed: Value) -> list[str]:
    return [one.name for one in found_in(lines_of(domains, there, back, changed=changed))]


def same(images: Tensor) -> Tensor:
    return images


def weaker(images: Tensor) -> Tensor:
    return 0.9 * images


def faint_negative(images: Tensor) -> Tensor:
    return -fainter(images)


def strong_negative(images: Tensor) -> Tensor:
    return -stronger(images)


def negative(images: Tensor) -> Tensor:
    return -images


def constant(images: Tensor) -> Tensor:
    return torch.zeros_like(images) + FAINTER.wanted[:1]


def test_what_translates_as_it_should_is_healthy() -> None:
    assert names(FAINTER, fainter, stronger) == []
    assert names(FAINTER, fainter, stronger, **SURE) == []  # whatever the discriminator still sees
    assert names(NEGATIVES, negative, negative) == []  # where negatives are wanted


def test_one_that_changes_nothing_maps_to_itself() -> None:
    for changed in ({}, SURE):
        lines = lines_of(FAINTER, same, same, changed=changed)
        (found,) = found_in(lines)
        assert (found.name, found.confidence) == ("identity mapping", "certain")
        assert "translations from a to b differ from what was given by 0.0%" in found.evidence
        assert "from b to a" in found.evidence
    # Of domains that are one, that is what should be done.
    alike = Domains(squares(0), squares(1))
    assert names(alike, same, same, accuracy__real=0.5, accuracy__fake=0.5) == []
    assert names(alike, same, same, **SURE) == ["identity mapping"]  # the discriminator knows them apart
    assert names(FAINTER, weaker, same) == ["identity mapping"]  # the other way alone


def test_one_that_hides_what_was_given_is_found_by_a_little_noise() -> None:
    lines = lines_of(FAINTER, hiding, finding, two_ways=False)
    assert lines[-1]["cycle/a_to_b_raw"] < 0.01
    assert lines[-1]["disturbed/a_to_b_raw"] > 0.5
    (found,) = found_in(lines_of(FAINTER, hiding, finding, changed=NO_WAY_BACK))
    assert (found.name, found.confidence) == ("hidden signal", "certain")
    assert "comes back with an error of 0.0" in found.evidence


# What the other way makes of the hand-made ones is no matter here.
NO_WAY_BACK: dict[str, Value] = {
    f"{what}__b_to_a_{whose}": value
    for what, value in (("change", 1.0), ("alike", 0.5), ("diversity", 1.0), ("cycle", 0.1), ("disturbed", 0.1))
    for whose in ("raw", "average")
}


def test_negatives_of_what_should_stay_upright_are_inverted() -> None:
    found = found_in(lines_of(FAINTER, faint_negative, strong_negative))
    assert [one.name for one in found] == ["colour inversion"]
    assert "negatives of what was given (correlation -1.00)" in found[0].evidence


def test_one_picture_for_all_is_called_so_in_its_own_direction() -> None:
    (found,) = found_in(lines_of(FAINTER, constant, stronger))
    assert (found.name, found.confidence) == ("same translation for all", "certain")
    assert "from a to b" in found.evidence
    assert "from b to a" not in found.evidence
    growing: dict[str, Value] = {"diversity__a_to_b_raw": lambda t: 0.1 * t}
    assert names(FAINTER, constant, stronger, **growing) == []  # it is young


def test_what_the_average_alone_shows_is_not_told() -> None:
    assert names(FAINTER, same, same, change__a_to_b_raw=0.5, change__b_to_a_raw=0.5) == []
    assert names(FAINTER, constant, stronger, diversity__a_to_b_raw=0.9) == []
    assert names(FAINTER, hiding, finding, **NO_WAY_BACK, disturbed__a_to_b_raw=0.05) == []


def test_a_game_of_one_way_is_not_asked_for_the_way_back() -> None:
    lines = lines_of(FAINTER, same, None, two_ways=False)
    for name in ("cut", "pix2pix"):
        chart = Chart(lines, recipes.find(name), RECORD)
        assert [one.name for one in diagnose(chart)] == ["identity mapping"]
        seen = examined(chart)
        assert {name for name, judged in seen.items() if not judged} == {"hidden signal"}
        assert "mode collapse" not in seen
        assert "memorisation" not in examine_chart("run", chart).looked_for
    assert "identity mapping" not in examined(Chart([], recipes.find("dcgan"), RECORD))


INSTANCE = "discriminator.norm=instance"
ADVICE = [
    ("cyclegan", [], "identity mapping", "identity=0"),
    ("cyclegan", ["adversarial=0.1"], "identity mapping", "adversarial=1"),
    ("cyclegan", ["identity=0"], "identity mapping", "cycle=2.5"),
    ("cut", ["identity=0"], "identity mapping", "contrast=0.25"),
    ("cyclegan", [], "hidden signal", "noise=0.1"),
    ("cyclegan", ["noise=0.2"], "hidden signal", "cycle=2.5"),
    ("cyclegan", ["identity=0"], "colour inversion", "identity=5"),
    ("cyclegan", [], "colour inversion", "cycle=40"),
    ("cut", ["identity=0"], "colour inversion", "identity=1"),
    ("pix2pix", [INSTANCE], "same translation for all", 'penalties.r1={"kind": "R1", "weight": 0.1}'),
    ("pix2pix", [], "same translation for all", f'{INSTANCE} --set penalties.r1={{"kind": "R1", "weight": 0.1}}'),
    ("pix2pix", [INSTANCE, "penalties.r1=R1"], "same translation for all", "distance=400"),
]
MAKERS: dict[str, tuple[Make, Make]] = {
    "identity mapping": (same, same),
    "hidden signal": (hiding, finding),
    "colour inversion": (faint_negative, strong_negative),
    "same translation for all": (constant, stronger),
}


@pytest.mark.parametrize(("name", "settings", "disease", "advice"), ADVICE)
def test_the_advice_fits_the_recipe_and_its_command_names_both_domains(
    name: str, settings: list[str], disease: str, advice: str
) -> None:
    game = as_planned(with_settings(recipes.find(name), settings))
    changed = NO_WAY_BACK if disease == "hidden signal" else {}
    (found,) = found_in(lines_of(FAINTER, *MAKERS[disease], changed=changed), game)
    advised = advice.split(" --set ")
    assert (found.name, found.settings) == (disease, tuple(advised))
    words = shlex.split(command(game, RECORD, found.settings))
    source = ["--data", "horses", "--data-b", "zebras", "--size", "16x16", "--images", "20000"]
    assert words[: 3 + len(source)] == ["ganache", "train", name, *source]
    asked = [setting for option, setting in pairwise(words) if option == "--set"]
    assert as_planned(with_settings(recipes.find(name), asked)) == with_settings(game, advised)


def test_the_command_names_classes_and_tasks() -> None:
    game = recipes.find("pix2pix")
    for own, words in (({"domains": ["a", "b c"]}, "--domains 'a,b c'"), ({"task": "edges"}, "--task edges")):
        record = {"data": RECORD["data"], "source": {"data": "pictures", **own}}
        text = command(game, record, ("distance=400",))
        assert text == f"ganache train pix2pix --data pictures {words} --set distance=400.0"


def test_long_steps_are_told_of_translators_too() -> None:
    found = found_in(lines_of(FAINTER, fainter, stronger, changed={"movement__generator": 0.2}))
    assert [(one.name, one.confidence) for one in found] == [("generator learning rate too high", "likely")]
    assert found[0].settings == (
        "optimizers.generator.learning_rate.start=5e-06",
        "optimizers.generator.learning_rate.end=0",
    )
