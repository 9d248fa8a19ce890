"""The report in a browser: what it shows changes under the hand, and nothing in a run's files becomes markup."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from ganache import recipes
from ganache.drawing.grids import grid, scatter
from ganache.evaluation.records import Baseline
from ganache.web.report.writing import write_comparison, write_report
from tests.tiny import tiny_recipe
from tests.web.browser import NARROW, Visitor, until
from tests.web.report.by_hand import HOSTILE, RECORD, add_sheet, fairness, line, run_by_hand, write_log
from tests.web.report.test_score_facts import evaluation, score

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAINTED = "document.querySelector('#samples canvas')?.toDataURL().length > 1000"
PIXELS = "document.querySelector('#samples canvas').toDataURL()"


def opened(visitor: Visitor, run: Path, tmp_path: Path) -> "Page":
    page = visitor.open(write_report(run, tmp_path / "report.html"))
    page.wait_for_selector("#again")
    return page


def sections(page: "Page") -> list[str]:
    return [str(one) for one in page.evaluate("[...document.querySelectorAll('section')].map((one) => one.id)")]


def overflow(page: "Page") -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.fixture
def page(visitor: Visitor, digits_run: Path, tmp_path: Path) -> "Page":
    return opened(visitor, digits_run, tmp_path)


def test_the_slider_changes_the_picture(page: "Page") -> None:
    until(page, PAINTED)
    last = page.evaluate(PIXELS)
    slider = page.locator("#samples input")
    slider.press("Home")
    assert page.locator("#samples output").text_content() == "0"
    until(page, f"(last) => {PIXELS} !== last", arg=last)
    assert "after 0 images" in (page.locator("#samples canvas").first.get_attribute("aria-label") or "")
    slider.press("End")
    until(page, f"(last) => {PIXELS} === last", arg=last)


def test_a_sample_can_be_followed_alone(page: "Page") -> None:
    until(page, PAINTED)
    page.locator("#samples canvas").first.press("ArrowRight")
    alone = page.locator("#samples .alone")
    assert "sample 1 of class 0" in (alone.text_content() or "")
    until(page, "document.querySelector('.alone canvas').width === 256")
    drawn = "document.querySelector('.alone canvas').toDataURL()"
    before = page.evaluate(drawn)
    page.locator("#samples input").press("Home")
    until(page, f"(before) => {drawn} !== before", arg=before)


def test_a_translation_is_followed_from_what_was_given(visitor: Visitor, tmp_path: Path) -> None:
    data = {**RECORD["data"], "shape": [2, 8, 8], "given": 1}
    run = run_by_hand(tmp_path / "run", recipe=recipes.find("pix2pix"), data=data)
    found = evaluation(score("l1", 0.25)).model_copy(update={"baselines": (Baseline(name="identity", scores=()),)})
    run.evaluation_file.write_text(json.dumps(found.to_json()))
    for seen in (0, 1_000):
        images = np.random.default_rng(seen).integers(0, 256, (24, 8, 8, 1), dtype=np.uint8)
        add_sheet(run, seen, grid(images, columns=8))
    page = opened(visitor, run.path, tmp_path)
    until(page, PAINTED)
    assert "what was given, its translation, what was wanted." in (page.locator("#samples").text_content() or "")
    for key in ("ArrowRight", "ArrowDown"):  # the first picture, and its translation below it
        page.locator("#samples canvas").first.press(key)
    names = page.locator("#samples .alone p").all_text_contents()
    assert names == [f"picture 1: {row}" for row in ("what was given", "its translation", "what was wanted")]
    drawn = "[...document.querySelectorAll('.alone canvas')].map((one) => one.toDataURL()).join()"
    until(page, "[...document.querySelectorAll('.alone canvas')].every((one) => one.width === 256)")
    before = page.evaluate(drawn)
    page.locator("#samples input").press("Home")
    until(page, f"(before) => {drawn} !== before", arg=before)
    assert "nearest" not in sections(page)
    assert "identity" in page.locator("#scores th").all_text_contents()


def test_curves_switch_to_a_logarithmic_axis_and_more_are_behind_a_word(page: "Page") -> None:
    first = page.locator("#curves figure").first
    before = first.locator("path.line").first.get_attribute("d")
    first.locator("button.switch").click()
    assert first.locator("path.line").first.get_attribute("d") != before
    count = page.locator("#curves figure").count()
    page.locator("#curves summary").click()
    until(page, f"document.querySelectorAll('#curves figure').length > {count}")


def test_everything_has_its_section_and_the_contents_lead_there(page: "Page") -> None:
    assert sections(page) == [
        *("samples", "doctor", "curves", "scores", "nearest", "recipe", "data-set", "machine", "again"),
    ]
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(set(ids)) == len(ids)
    links = page.locator("nav a")
    assert [links.nth(at).get_attribute("href") for at in range(links.count())] == [f"#{one}" for one in sections(page)]
    assert "ganache train dcgan --data digits" in (page.locator("#again pre").first.text_content() or "")
    marked = page.locator("#recipe mark").all_text_contents()
    assert {"8", "4", "16", "true"} <= set(marked)  # the settings of the run


def test_a_command_is_copied(page: "Page") -> None:
    page.locator("#again button").first.click()
    until(page, "document.querySelector('#again button').textContent !== 'copy'")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_telephone(page: "Page", scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    page.locator("#curves summary").click()
    assert overflow(page) <= 0


def hostile_run(folder: Path) -> Path:
    """Write a run in which whatever may be named bears a hostile name."""
    text = {"ended": HOSTILE, "began": HOSTILE, "command": HOSTILE}
    data = {
        **RECORD["data"],
        "source": HOSTILE,
        "label_names": [HOSTILE],
        "classes": {HOSTILE: 5},
        "decisions": {HOSTILE: HOSTILE},
        "skipped": [{"file": HOSTILE, "reason": HOSTILE}],
    }
    record: dict[str, Any] = dict.fromkeys(("platform", "device_name", "outcome", "created"), HOSTILE)
    record |= {"data": data, "sessions": [text], "selection": {"classes": [HOSTILE, "b"]}}
    run = run_by_hand(folder / "<img src=x onerror=alert(2)>", recipe=tiny_recipe(name=HOSTILE), **record)
    write_log(run, [line(200 * at, **{f"loss/{HOSTILE}": 1.0, HOSTILE: 2.0}) for at in (1, 2)])
    tree = json.loads(run.recipe_file.read_text())
    tree |= {"conditional": True, HOSTILE: HOSTILE, "odd": {"kind": HOSTILE, HOSTILE: {"kind": HOSTILE}}}
    run.recipe_file.write_text(json.dumps(tree))
    add_sheet(run, 0, grid(np.zeros((16, 8, 8, 1), np.uint8), columns=2))
    shares = {"shares": {HOSTILE: 0.5}, "of_the_reals": {"shares": {HOSTILE: 0.5}}}
    scores = [score("confidence", 0.5, features=HOSTILE, details=shares, uncertainty=0.1, uncertainty_kind=HOSTILE)]
    run.evaluation_file.write_text(json.dumps(evaluation(*scores, warnings=(HOSTILE,)).to_json()))
    return run.path


def test_names_in_a_runs_files_are_text(visitor: Visitor, tmp_path: Path) -> None:
    run = hostile_run(tmp_path)
    page = opened(visitor, run, tmp_path)
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 3
    body = page.locator("body").text_content() or ""
    assert body.count(HOSTILE) > 15
    assert page.title() == f"<img src=x onerror=alert(2)>: {HOSTILE}"
    page.locator("#samples canvas").first.press("ArrowRight")
    assert f"of class {HOSTILE}" in (page.locator("#samples .alone").text_content() or "")
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    assert overflow(page) <= 0
    other = run_by_hand(tmp_path / "other")
    compared = visitor.open(write_comparison([run, other.path], tmp_path / "compared.html"))
    compared.wait_for_selector("#recipes")
    assert compared.locator("img").count() == 0


def test_how_a_run_ended_is_told_in_a_tile(visitor: Visitor, tmp_path: Path) -> None:
    for number, (outcome, words) in enumerate(
        (
            ("running", "running or killed, resumed 1×, rolled back 4×"),
            ("failed: the disk: is full", "failed the disk: is full, resumed 1×, rolled back 4×"),
            ("interrupted by SIGINT", "interrupted by SIGINT resumed 1×, rolled back 4×"),
        )
    ):
        run = run_by_hand(tmp_path / str(number), outcome=outcome, rollbacks=4, sessions=[{}, {}])
        tiles = opened(visitor, run.path, tmp_path).locator(".tile:nth-child(4) > *").all_text_contents()
        assert " ".join(tiles) == words


def points_run(path: Path) -> Path:
    run = run_by_hand(path, data={**RECORD["data"], "shape": [2, 1, 1], "count": None})
    for seen in (0, 1_000):
        add_sheet(run, seen, scatter(np.full((9, 2), seen / 2_000, np.float32)))
    return run.path


def test_runs_that_lack_things_are_shown_all_the_same(visitor: Visitor, tmp_path: Path) -> None:
    empty = run_by_hand(tmp_path / "empty", lines=0)
    shutil.rmtree(empty.samples)
    broken = run_by_hand(tmp_path / "broken")
    write_log(broken, ['{"images_seen": 1', line(5), "[]"])
    broken.recipe_file.write_text("{}")
    bare = run_by_hand(tmp_path / "bare", data={}, budget={}, source={"data": ""}, sessions=[], outcome="")
    for run, words in (
        (empty.path, ["The run's folder has no samples.", "Nothing was measured yet.", "The log has no line yet."]),
        (broken.path, ["2 lines of the log cannot be read", "It cannot be read.", "not examined"]),
        (bare.path, ["This run was not evaluated.", "ganache evaluate"]),
    ):
        text = opened(visitor, run, tmp_path).locator("body").text_content() or ""
        assert [one for one in words if one not in text] == []


def test_points_are_shown_as_they_were_drawn(visitor: Visitor, tmp_path: Path) -> None:
    page = opened(visitor, points_run(tmp_path / "points"), tmp_path)
    until(page, PAINTED)
    before = page.evaluate(PIXELS)
    page.locator("#samples input").press("Home")
    until(page, f"(before) => {PIXELS} !== before", arg=before)
    assert "nearest" not in sections(page)


def test_nearest_pictures_scores_and_classes_have_their_sections(visitor: Visitor, tmp_path: Path) -> None:
    run = run_by_hand(tmp_path / "run")
    shares = {"shares": {"cat": 0.25, "dog": 0.75}, "of_the_reals": {"shares": {"cat": 0.5, "dog": 0.5}}}
    distance = score("fd", 12.5, better="lower", uncertainty=0.25, uncertainty_kind="standard error")
    scores = evaluation(distance, score("confidence", 0.5, details=shares))
    run.evaluation_file.write_text(json.dumps(scores.to_json()))
    Image.new("RGB", (40, 20), "red").save(run.nearest_file)
    page = opened(visitor, run.path, tmp_path)
    assert "12.5 ± 0.25" in (page.locator("#scores table").text_content() or "")
    page.locator("#scores summary").first.click()
    assert page.locator("#scores dl").first.is_visible()
    widths = page.evaluate("[...document.querySelectorAll('#classes .samples-bar')].map((one) => one.offsetWidth)")
    assert widths[1] == pytest.approx(3 * widths[0], abs=2)
    assert page.evaluate("document.querySelector('#nearest img').naturalWidth") == 40


def test_groups_have_their_section_with_intervals_and_no_markup(visitor: Visitor, tmp_path: Path) -> None:
    run = run_by_hand(tmp_path / "run")
    run.fairness_file.write_text(json.dumps(fairness(HOSTILE, "dogs").to_json()))
    page = opened(visitor, run.path, tmp_path)
    assert page.locator("img").count() == 0
    groups = page.locator("#groups")
    assert f"{HOSTILE} is lost." in (groups.text_content() or "")
    assert groups.locator("table").first.locator("tbody tr").count() == 2
    label = groups.locator(".range").first.get_attribute("aria-label")
    assert label == "between 1.0% and 4.0%, expected 50.0%"
    widths = page.evaluate("[...document.querySelectorAll('#groups .between')].map((one) => one.offsetWidth)")
    assert widths[0] == pytest.approx(widths[1], abs=2)  # both are three hundredths wide
    assert not groups.locator("table").nth(1).is_visible()
    groups.locator("summary").click()
    assert groups.locator("table").nth(1).is_visible()
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    assert overflow(page) <= 0


def test_runs_are_compared_under_one_slider(visitor: Visitor, digits_run: Path, tmp_path: Path) -> None:
    other = shutil.copytree(digits_run, tmp_path / "other")
    paths = [digits_run, other, points_run(tmp_path / "points")]
    page = visitor.open(write_comparison(paths, tmp_path / "compared.html"))
    until(page, PAINTED)
    assert page.locator("#samples canvas").count() == 3
    before = page.evaluate(PIXELS)
    page.locator("#samples input").press("Home")
    until(page, f"(before) => {PIXELS} !== before", arg=before)
    assert (page.locator("#samples").text_content() or "").count("after 0 images") == 3
    legend = page.locator("#curves figure").first.locator(".legend button")
    assert legend.count() == 3
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    assert overflow(page) <= 0
