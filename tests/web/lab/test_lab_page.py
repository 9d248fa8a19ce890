"""The lab in a browser: it plays, what is set is seen, what is drawn is learnt, and a link holds everything."""

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import pytest

from tests.web.browser import NARROW, Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE = 120_000  # milliseconds, for machines that do something else besides
SMALL = {"generator.widths": [16, 16], "discriminator.widths": [16, 16], "batch_size": 32, "ema_half_life": 500}


def link(*changes: dict[str, Any], **settings: Any) -> str:
    """Return what stands behind the # for games of small networks, and other settings."""
    games = [{"base": "mlp-2d", "set": {**SMALL, **one}} for one in changes or ({},)]
    return quote(json.dumps({"games": games, "data": "ring", "seed": 1, "speed": None, **settings}))


def opened(visitor: Visitor, address: str, behind: str = "") -> "Page":
    """Return the page, once it shows the first frame of a game."""
    page = visitor.open(f"{address}#{behind}" if behind else address)
    until(page, "d.frames > 0")
    return page


def until(page: "Page", condition: str) -> None:
    """Wait for a condition on the page's data `d`."""
    page.wait_for_function(f"() => {{ const d = document.body.dataset; return {condition}; }}", timeout=PATIENCE)


def seen(page: "Page", name: str) -> Any:
    return json.loads(page.evaluate(f"() => document.body.dataset.{name} || 'null'"))


def settings_of(page: "Page") -> Any:
    return json.loads(unquote(page.evaluate("() => location.hash.slice(1)")))


def canvas_of(page: "Page") -> str:
    return str(page.evaluate("() => document.querySelector('.stage canvas').toDataURL()"))


def test_it_plays_pauses_and_goes_step_by_step(visitor: Visitor, lab_address: str) -> None:
    page = opened(visitor, lab_address, link())
    assert seen(page, "iterationA") == 0
    page.get_by_role("button", name="play").click()
    until(page, "d.iterationA > 5")
    page.get_by_role("button", name="pause").click()
    page.get_by_role("button", name="one step").click()
    until(page, "document.querySelector('.play').textContent.includes('play')")
    page.wait_for_timeout(500)
    before = seen(page, "iterationA")
    page.get_by_role("button", name="one step").click()
    until(page, f"d.iterationA == {before + 1}")
    page.wait_for_timeout(300)
    assert seen(page, "iterationA") == before + 1
    assert "modes" in (page.locator(".numbers").text_content() or "")
    page.get_by_role("button", name="reset").click()
    until(page, "d.iterationA == 0")


def test_what_is_seen_after_the_same_steps_is_the_same(visitor: Visitor, lab_address: str) -> None:
    shown = []
    for stops in ((6,), (1, 4, 6)):
        page = opened(visitor, lab_address, link(layers={"field": True, "lattice": True, "arrows": True}))
        before = 0
        for stop in stops:
            for _ in range(stop - before):
                page.get_by_role("button", name="one step").click()
            until(page, f"d.iterationA == {stop}")
            before = stop
        page.wait_for_timeout(300)
        shown.append(canvas_of(page))
        page.close()
    assert shown[0] == shown[1]


def test_two_games_stay_side_by_side(visitor: Visitor, lab_address: str) -> None:
    page = opened(visitor, lab_address, link({}, {"objective": {"kind": "LeastSquares"}}))
    until(page, "d.iterationA == 0 && d.iterationB == 0")
    page.get_by_role("button", name="play").click()
    until(page, "d.iterationB > 20")
    page.get_by_role("button", name="pause").click()
    until(page, "d.iterationA == d.iterationB")
    assert page.locator(".board h2").all_text_contents() == ["A", "B"]


def test_a_slider_begins_another_game_and_layers_are_seen_at_once(visitor: Visitor, lab_address: str) -> None:
    page = opened(visitor, lab_address, link())
    before = canvas_of(page)
    page.get_by_label("generator as a bent lattice").check()
    page.wait_for_function("before => document.querySelector('.stage canvas').toDataURL() !== before", arg=before)
    slider = page.get_by_label("batch size, slider")
    slider.press("ArrowRight")
    until(page, "!location.hash.includes(encodeURIComponent('\"batch_size\":32'))")
    assert settings_of(page)["games"][0]["set"]["batch_size"] == 35  # the next of fifteen a decade around 64
    assert settings_of(page)["layers"]["lattice"] is True
    page.get_by_label("batch size", exact=True).fill("48")
    page.get_by_label("batch size", exact=True).press("Tab")
    until(page, "location.hash.includes(encodeURIComponent('\"batch_size\":48'))")


def test_what_cannot_be_is_said_in_one_line(visitor: Visitor, lab_address: str) -> None:
    page = opened(visitor, lab_address, link())
    page.locator("summary", has_text="Discriminator").click()
    page.get_by_label("spectral norm", exact=True).check()
    page.locator("summary", has_text="Penalties").click()
    page.get_by_label("constraint", exact=True).select_option("WeightClipping")
    page.locator(".board .trouble", has_text="constraint: ").wait_for(timeout=PATIENCE)
    page.get_by_label("constraint", exact=True).select_option("Unconstrained")
    page.locator(".board .trouble").wait_for(state="hidden", timeout=PATIENCE)


def test_a_penalty_is_added_and_taken_away(visitor: Visitor, lab_address: str) -> None:
    page = opened(visitor, lab_address, link())
    page.locator("summary", has_text="Penalties").click()
    page.get_by_label("add to the penalties").select_option("R1")
    until(page, "location.hash.includes('penalties.r1')")
    page.get_by_role("button", name="remove r1").click()
    until(page, "!location.hash.includes('penalties.r1')")


def test_a_link_restores_everything(visitor: Visitor, lab_address: str) -> None:
    layers = {"field": False, "lattice": True, "arrows": True, "average": True}
    told = {"data": "two-moons", "seed": 9, "speed": 5, "layers": layers}
    page = opened(
        visitor, lab_address, link({"critic_steps": 2}, {"penalties.r1": {"kind": "R1", "weight": 0.1}}, **told)
    )
    until(page, "d.frames > 1")
    first = settings_of(page)
    assert {name: first[name] for name in told} == told
    assert first["games"][0]["set"]["critic_steps"] == 2
    assert first["games"][1]["set"]["penalties.r1"] == {"kind": "R1", "weight": 0.1, "every": 1}
    page.reload()
    until(page, "d.iterationA == 0 && d.iterationB == 0")
    assert settings_of(page) == first
    assert page.get_by_label("seed").input_value() == "9"
    assert page.get_by_label("data", exact=True).input_value() == "two-moons"
    assert page.locator(".speed output").text_content() == "5 a second"
    assert page.get_by_label("field of the discriminator").is_checked() is False


def test_what_is_drawn_is_learnt(visitor: Visitor, lab_address: str) -> None:
    fast = {
        f"optimizers.{role}": {"kind": "Adam", "learning_rate": 5e-3, "betas": [0.0, 0.9]}
        for role in ("generator", "discriminator")
    }
    page = opened(visitor, lab_address, link(fast))
    page.get_by_label("data", exact=True).select_option("drawn")
    canvas = page.locator(".painting canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.3 * box["height"], steps=12)
    page.mouse.up()
    until(page, "document.querySelector('.numbers').textContent.includes('cells')")
    page.get_by_role("button", name="play").click()
    until(page, "d.iterationA >= 150")
    page.get_by_role("button", name="pause").click()
    assert seen(page, "qualityA") > 0.3
    assert settings_of(page)["data"]["cells"]
    assert "--data drawn.json" in (page.locator("details pre").text_content() or "")


def test_pictures_are_drawn_beside_real_ones(visitor: Visitor, lab_address: str) -> None:
    page = opened(visitor, lab_address, link(data="digits"))
    page.get_by_role("button", name="one step").click()
    until(page, "d.iterationA == 1")
    assert page.locator(".pictures canvas").count() == 2
    page.locator(".pictures canvas").first.press("ArrowRight")
    assert "the discriminator says" in (page.locator(".pictures .spoken").first.text_content() or "")


@pytest.mark.parametrize("games", [1, 2])
def test_it_fits_a_telephone(visitor: Visitor, lab_address: str, games: int) -> None:
    page = opened(visitor, lab_address, link(*[{}] * games))
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= NARROW["width"]


@pytest.mark.parametrize("behind", ["nonsense", "%7B", quote('{"games": []}'), quote('{"games": [{"base": "../x"}]}')])
def test_an_address_of_nonsense_begins_as_none_does(visitor: Visitor, lab_address: str, behind: str) -> None:
    page = opened(visitor, lab_address, behind)
    assert settings_of(page)["preset"] == "ring"


def test_text_of_an_address_stays_text(visitor: Visitor, lab_address: str) -> None:
    page = opened(visitor, lab_address, link({"name": "<img src=x onerror=alert(1)>"}))
    assert page.locator("#lab img").count() == 0


def test_the_ring_is_learnt_to_eight_modes(visitor: Visitor, lab_address: str) -> None:
    page = opened(visitor, lab_address)
    page.get_by_role("button", name="play").click()
    until(page, "d.iterationA >= 350")
    page.get_by_role("button", name="pause").click()
    assert seen(page, "modesA") == 8
    assert seen(page, "qualityA") > 0.1


def test_collapse_and_its_cure(visitor: Visitor, lab_address: str) -> None:
    page = opened(visitor, lab_address)
    page.get_by_label("preset").select_option("collapse")
    until(page, "d.iterationA == 0 && d.iterationB == 0")
    page.get_by_role("button", name="play").click()
    until(page, "d.iterationA >= 150 && d.modesB > 2")  # at 150 it may have two yet
    page.get_by_role("button", name="pause").click()
    assert seen(page, "modesA") <= 2
    assert "Claim 4" in (page.locator(".claim").text_content() or "")
