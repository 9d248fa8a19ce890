"""docs/games.md: its programs run and do what it says, and every file that it names is there."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from ganache.data.shape import ImageShape
from ganache.engine.iteration import iterate
from ganache.games import TwoPlayers
from ganache.parts.verdict import Verdict
from ganache.training.observers.observer import Observer, unnoticed
from tests.tiny import draws_of, tiny_recipe, tiny_state

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "games.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """All that the programs of the page define, one after the other."""
    names: dict[str, Any] = {"__name__": "page_of_games"}
    for program in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(program, names)
    return names


@pytest.fixture(scope="module")
def recipe(page: dict[str, Any]) -> TwoPlayers:
    """A recipe with both terms of the page."""
    return tiny_recipe(
        penalties={"balance": page["Balance"](weight=0.001)},
        generator_terms={"steady": page["SteadyMatching"](weight=2.0, every=2)},
    )


def test_its_penalty_is_the_square_of_the_logit_midway_between_reals_and_fakes(page: dict[str, Any]) -> None:
    class Move:
        real_verdict = Verdict(torch.tensor([[1.0, 3.0], [-1.0, 0.0]]))
        fake_verdict = Verdict(torch.tensor([[2.0, 2.0], [0.0, 0.0]]))

    assert page["Balance"]()(Move()).tolist() == [4.0, 0.0625]


def test_its_terms_are_trained_with_and_the_memory_is_in_the_state(recipe: TwoPlayers) -> None:
    state = tiny_state(recipe)
    draws = draws_of(state)
    for _ in range(2):
        iterate(state, draws)
    assert {"penalty/balance", "term/steady"} <= set(state.tally.entries)
    mean = state.tensors()["generator_terms.steady/mean"]
    assert mean.shape == (8,)
    assert mean.abs().sum() > 0
    assert TwoPlayers.model_validate_json(recipe.to_json()) == recipe


def test_its_memory_takes_a_hundredth_of_the_reals_features(page: dict[str, Any]) -> None:
    class Move:
        real_verdict = Verdict(torch.zeros(2, 1), torch.tensor([[100.0, 0.0], [300.0, 0.0]]))
        fake_verdict = Verdict(torch.zeros(2, 1), torch.tensor([[5.0, 1.0], [5.0, 3.0]]))
        fakes = torch.zeros(2, 1)

    term = page["Steady"](2)
    assert term(Move()).tolist() == [13.0, 13.0]  # (5 - 2)² + 2²
    assert term.mean.tolist() == [2.0, 0.0]


def test_its_observer_measures_the_norm_of_the_weights(page: dict[str, Any]) -> None:
    observer, state = page["Size"](), tiny_state(tiny_recipe(), ImageShape(1, 2, 2))
    assert isinstance(observer, Observer)
    with unnoticed(state):
        marks = observer.measure(state, {})
    norm = torch.cat([weight.detach().flatten() for weight in state.cast.weights("generator")]).norm()
    assert marks == {"size/generator": pytest.approx(float(norm), rel=1e-5)}


def test_every_file_that_it_names_is_there() -> None:
    named = {path for path in re.findall(r"`([\w/]+(?:\.py|/))`", PAGE) if "NAME" not in path}
    assert len(named) > 20
    homes = (ROOT, ROOT / "src" / "ganache")
    assert [path for path in sorted(named) if not any((home / path).exists() for home in homes)] == []
    linked = re.findall(r"\]\(([^)#:]+)\)", PAGE)
    assert linked
    assert [path for path in linked if not (ROOT / "docs" / path).exists()] == []


def test_it_names_a_folder_for_every_new_file() -> None:
    folders = set(re.findall(r"`([\w/]+)/NAME\.py`", PAGE))
    wanted = {"networks", "training/observers", "evaluation/metrics", "data/sources", "games", "recipes"}
    assert folders == wanted
    assert all((ROOT / "src" / "ganache" / folder).is_dir() for folder in folders)
