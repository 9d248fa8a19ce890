"""The recipe that data get when none is named."""

import dataclasses
from pathlib import Path

import pytest

from ganache import recipes
from ganache.data.rows.table import Schema
from ganache.data.shape import ImageShape
from ganache.recipes import default
from ganache.recipes.default import Choice, Facts, choice_for
from ganache.recipes.settings import with_settings

ROW = ImageShape.of_row(Schema.unnamed(2))
POINT, SMALL, LARGE = ImageShape(2, 1, 1), ImageShape(3, 32, 32), ImageShape(3, 64, 48)


def test_the_default_follows_the_shape() -> None:
    assert choice_for(Facts(POINT, None, 0, "cpu")).recipe == "mlp-2d"
    assert choice_for(Facts(ROW, 100, 2, "cpu")).recipe == "mlp-rows"
    assert choice_for(Facts(ImageShape(2, 1, 2), 100, 0, "cpu")).recipe == "r3gan"
    assert choice_for(Facts(ImageShape(1, 64, 48), 100, 10, "cuda")).recipe == "r3gan"


def test_pictures_in_colour_are_seen_through_a_trained_network_and_told_their_classes_where_all_have_one_of_few() -> (
    None
):
    for classes, told in ((0, False), (1, False), (2, True), (100, True), (101, False)):
        choice = choice_for(Facts(LARGE, 100, classes, "cuda"))
        assert (choice.recipe, choice.settings) == ("projected", ("conditional=true",) if told else ())


def test_every_rule_names_a_recipe_that_takes_its_settings_and_says_why() -> None:
    for rule in default.CHOICES:
        with_settings(recipes.find(rule.recipe), [*rule.settings])
        assert rule.why


@pytest.mark.parametrize("images", [None, 0, 1, 10**9])
@pytest.mark.parametrize("classes", [0, 2, 10**6])
@pytest.mark.parametrize("device", ["cpu", "cuda", "mps"])
def test_all_data_have_a_rule(images: int | None, classes: int, device: str) -> None:
    for shape in (POINT, ROW, ImageShape(1, 1, 1), ImageShape(4, 16384, 16384)):
        assert choice_for(Facts(shape, images, classes, device))


WHOLE = Choice("dcgan", "", colour=True, most_images=500, longest_side=32, most_classes=10, device="cpu")
FITTING = Facts(SMALL, 500, 10, "cpu")


@pytest.mark.parametrize(
    "other",
    [
        {"shape": LARGE},
        {"shape": ImageShape(1, 32, 32)},
        {"shape": POINT},
        {"images": 501},
        {"images": None},
        {"classes": 1},
        {"classes": 11},
        {"device": "cuda"},
    ],
)
def test_a_rule_fits_where_all_of_its_conditions_hold(other: dict[str, object]) -> None:
    assert WHOLE.fits(FITTING)
    assert not WHOLE.fits(FITTING._replace(**other))  # type: ignore[arg-type]
    assert dataclasses.replace(
        WHOLE, colour=None, most_images=None, longest_side=None, most_classes=None, device=None
    ).fits(
        FITTING._replace(**({} if "shape" in other else other))  # type: ignore[arg-type]
    )


def test_a_rule_says_its_conditions() -> None:
    assert WHOLE.when == "pictures, in colour, at most 500, of up to 32×32, each of one of 2 to 10 classes, on cpu"
    assert Choice("dcgan", "").when == "pictures"
    assert Choice("dcgan", "", colour=False).when == "pictures, in grey"
    assert Choice("mlp-2d", "", kind="points").when == "points"


def test_the_page_about_defaults_has_the_rules_in_their_order() -> None:
    page = Path(__file__).parents[2].joinpath("docs", "defaults.md").read_text(encoding="utf-8")
    rows = [
        f"| {rule.when} | `{rule.recipe}` | {', '.join(f'`{one}`' for one in rule.settings)} | {rule.why} |"
        for rule in default.CHOICES
    ]
    table = page[page.index("|---|") :].split("\n\n")[0].splitlines()[1:]
    assert [" ".join(line.split()) for line in table] == [" ".join(row.split()) for row in rows]
