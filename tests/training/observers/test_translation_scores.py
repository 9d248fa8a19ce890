"""Evaluation during training of translators: it changes nothing, and says what the command says afterwards."""

from pathlib import Path
from typing import Any

import pytest

import ganache
from ganache.evaluation.compare import evaluation_at
from ganache.evaluation.records import evaluation_from
from ganache.games import Product
from ganache.games.inversion import Inversion
from ganache.runs.folder import Run
from ganache.support.errors import UserError
from ganache.training.plan import Request, make_plan
from ganache.web.report.found import find_run
from ganache.web.report.score_facts import evaluations_of
from tests.evaluation.test_translations import SMALL, negatives, trained
from tests.tiny import tiny_inversion

__all__ = ["negatives"]
WAYS = ("a-to-b", "b-to-a")
ONE = "translator.blocks=1"
ASKED: dict[str, Any] = {"evaluate_every": 2, "batch": 1}


@pytest.fixture(scope="module")
def evaluated(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run there and back, scored twice."""
    return Run(trained("cyclegan", tmp_path_factory.mktemp("scored") / "run", ONE, data=data, **ASKED))


def found_values(run: Run) -> list[tuple[int, str, dict[str, Any]]]:
    found = [(line["images_seen"], evaluation_from(line["evaluation"], "x")) for line in run.evaluation_lines()]
    return [(seen, one.direction, {score.name: score.value for score in one.scores}) for seen, one in found]


def test_each_way_is_scored_when_it_is_due_and_stands_in_the_log(evaluated: Run) -> None:
    found = found_values(evaluated)
    assert [(seen, way) for seen, way, _ in found] == [(2, WAYS[0]), (2, WAYS[1]), (4, WAYS[0]), (4, WAYS[1])]
    assert all(set(values) == {"kd/random@6-vs-test", "fd/random@6-vs-test"} for *_, values in found)
    last = next(line for line in evaluated.log_lines() if line["images_seen"] == 4)
    logged = {name: value for name, value in last.items() if name.startswith("evaluation/")}
    ways = [(way.replace("-", "_"), values) for seen, way, values in found if seen == 4]
    assert logged == {f"evaluation/{way}_{name}": value for way, values in ways for name, value in values.items()}
    titles = [one["title"] for one in evaluations_of(find_run(evaluated.path))]
    assert titles == [f"During training, {way}, after 4 images (2 times in all)" for way in WAYS]


def test_the_scores_are_those_that_the_command_finds_afterwards(evaluated: Run, data: Path, tmp_path: Path) -> None:
    for way in WAYS:
        again = ganache.evaluate(evaluated.path, direction=way, features="random", metrics=["kd", "fd"])
        kept = evaluation_at(evaluated.path, way)
        assert [one.protocol for one in kept.scores] == [one.protocol for one in again.scores]
        assert [one.value for one in kept.scores] == [one.value for one in again.scores]
    paired = trained("pix2pix", tmp_path / "pairs", data=data, evaluate_every=4)
    [(_, way, values)] = found_values(Run(paired))
    again = ganache.evaluate(paired, features="random", metrics=["l1"])
    assert (way, values["l1@6"]) == ("a-to-b", again["l1"].value)


def test_a_run_has_the_same_weights_without_and_the_same_scores_when_it_was_stopped(
    evaluated: Run, data: Path, tmp_path: Path
) -> None:
    plain = Run(trained("cyclegan", tmp_path / "plain", ONE, data=data, batch=1))
    assert not plain.evaluations_file.exists()
    for network in ("a_to_b", "b_to_a"):
        assert plain.product_file(network).read_bytes() == evaluated.product_file(network).read_bytes()
    whole = '{"kind": "Linear", "start": 2e-4, "end": 0, "since": 2, "until": 4}'  # the longer one's
    rates = [f"optimizers.{player}.learning_rate={whole}" for player in ("generator", "discriminator")]
    settings = [*SMALL, ONE, *rates]
    run = ganache.train("cyclegan", data=data, out=tmp_path / "stopped", images=3, settings=settings, **ASKED).run
    ganache.resume(run, images=4)
    assert found_values(Run(run)) == found_values(evaluated)


class Unseen(Inversion):
    """Keeps its encoder alone."""

    def products(self) -> tuple[Product, ...]:
        """Return what neither draws nor translates."""
        return super().products()[1:]


def test_what_neither_draws_nor_translates_has_no_scores(data: Path) -> None:
    tiny = tiny_inversion()
    game = Unseen(**{name: getattr(tiny, name) for name in Inversion.model_fields})
    with pytest.raises(UserError, match=r"^evaluate_every: a training is scored by what it draws or translates, and"):
        make_plan(Request(data=str(data), recipe=game, evaluate_every=32))
