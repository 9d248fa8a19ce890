"""Model cards: what they say, that nothing in a run's files becomes markup, and that nobody's words are lost."""

import json
import re
import shutil
from pathlib import Path

import pytest

from ganache.web.report.card_file import card_place, is_edited, write_card
from ganache.web.report.found import find_run
from ganache.web.report.model_card import BLANK, model_card, plain
from tests.commands import run_command
from tests.web.report.by_hand import HOSTILE, RECORD, fairness, run_by_hand
from tests.web.report.test_score_facts import evaluation, score

SECTIONS = [
    *("Intended use", "Data", "Recipe", "Training", "Scores", "Groups", "Limits", "How to sample"),
]


@pytest.fixture
def own_run(digits_run: Path, tmp_path: Path) -> Path:
    return shutil.copytree(digits_run, tmp_path / "own")


def test_a_card_tells_what_files_know_and_leaves_blanks_for_the_rest(own_run: Path) -> None:
    card = model_card(find_run(own_run))
    assert card.startswith("# Model card: own\n")
    assert re.findall(r"^## (.*)$", card, re.M) == SECTIONS
    assert f"- Licence, or by what right the pictures may be used: {BLANK}\n" in card
    record = json.loads((own_run / "run.json").read_text())
    for part in (
        f"| fingerprint (SHA-256) | {record['data']['fingerprint']} |",
        "| 3 | 183 |",  # pictures of a class
        "| generator.width | 8 | ",
        "ganache train dcgan --data digits",
        "| images seen | 640 |",
        "| weights (SHA-256) | ",
        "It was not evaluated.",
        "- Not measured: whether it copies training pictures (memorisation).",
        "- Not measured: which groups it draws too rarely (`ganache fairness`).",
        "ganache sample own --balance --count 1000 --seed 1 --out even.npz",
    ):
        assert part in card, part


def test_scores_and_groups_stand_in_tables_with_how_they_were_measured(tmp_path: Path) -> None:
    run = run_by_hand(tmp_path / "run")
    distance = score("fd", 12.5, better="lower", uncertainty=0.25, uncertainty_kind="standard error")
    run.evaluation_file.write_text(json.dumps(evaluation(distance, warnings=("few reals",)).to_json()))
    run.fairness_file.write_text(json.dumps(fairness("cat", "dog").to_json()))
    card = model_card(find_run(run.path))
    assert "| 12.5 | 0.25 (standard error) | ↓ |" in card
    assert "- few reals" in card
    assert "| cat | 50.00% | 2.00% | 1.00% to 4.00% | lost | 0.25 (0.75) | too few | too few |" in card
    assert "all 2 intervals hold at once with 95%" in card
    assert "Not measured: which groups" not in card


def test_the_same_run_has_the_same_card_wherever_it_is_written(own_run: Path, tmp_path: Path) -> None:
    write_card(own_run, tmp_path / "a.md")
    write_card(own_run, tmp_path / "b.md")
    assert (tmp_path / "a.md").read_bytes() == (tmp_path / "b.md").read_bytes()
    assert str(tmp_path) not in (tmp_path / "a.md").read_text()


def test_names_in_files_are_no_markup(tmp_path: Path) -> None:
    data = {**RECORD["data"], "source": f"{HOSTILE} | `a` [b](c)\n# x", "classes": {"a|b": 5, HOSTILE: 3}}
    run = run_by_hand(tmp_path / "run", data=data, platform="**x**")
    run.fairness_file.write_text(json.dumps(fairness(HOSTILE, "a|b").to_json()))
    card = model_card(find_run(run.path))
    assert not re.search(r"(?<!\\)<(script|img)", card)
    assert "\n# x" not in card
    assert "| a\\|b | 5 |" in card
    assert r"\*\*x\*\*" in card
    assert plain("[a](b)") == r"\[a\](b)"


def test_a_card_is_written_anew_until_somebody_edits_it(own_run: Path) -> None:
    first = run_command("card", own_run)
    place = own_run / "MODEL_CARD.md"
    assert (first.status, first.output) == (0, f"model card     {place}\n")
    assert not is_edited(place)
    (own_run / "fairness.json").write_text(json.dumps(fairness("cat", "dog").to_json()))
    assert run_command("card", own_run).complaints == ""
    assert "| cat |" in place.read_text()
    filled = place.read_text().replace(BLANK, "mine", 1)
    place.write_text(filled)
    again = run_command("card", own_run)
    beside = own_run / "MODEL_CARD.new.md"
    assert f"{place} was edited and stays as it is; what is new is in {beside}" in again.complaints
    assert again.output == f"model card     {beside}\n"
    assert place.read_text() == filled
    assert run_command("card", own_run).status == 0  # the one beside is nobody's
    beside.write_text("mine too")
    refused = run_command("card", own_run)
    assert (refused.status, refused.complaints.count("\n")) == (2, 1)
    assert "were both edited" in refused.complaints
    assert beside.read_text() == "mine too"


@pytest.mark.parametrize("content", [b"", b"\xff", b"words\n"])
def test_what_is_no_card_of_ours_is_somebodys(tmp_path: Path, content: bytes) -> None:
    run = run_by_hand(tmp_path / "run")
    run.card_file.write_bytes(content)
    assert card_place(run.path) == run.path / "MODEL_CARD.new.md"
    assert card_place(run.path, tmp_path / "out.md") == tmp_path / "out.md"
    (run.path / "MODEL_CARD.new.md").mkdir()
    assert run_command("card", run.path).status == 1
