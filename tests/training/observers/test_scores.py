"""Evaluation during training: it changes nothing, and the best is the same however often a run was stopped."""

from pathlib import Path
from typing import Any

import pytest
import torch

import ganache
from ganache.data import open_dataset, select
from ganache.engine.state import NonFiniteError, TrainingState
from ganache.evaluation.features import by_name
from ganache.evaluation.records import Score
from ganache.evaluation.samples import GeneratorSamples
from ganache.evaluation.scoring import Scored
from ganache.runs import sealed
from ganache.runs.folder import Run
from ganache.support.json_files import write_json_lines
from ganache.training.composition import Compose, compose
from ganache.training.display import Display
from ganache.training.observers.observer import Observer, Say
from ganache.training.observers.scores import Scores, beats
from ganache.training.plan import Plan
from tests.conftest import SMALL
from tests.data.data_files import pixels, save
from tests.evaluation.test_records import evaluation, protocol, score
from tests.tiny import tiny_recipe, tiny_state
from tests.training import company
from tests.training.company import Stopping, measured

EVERY = 160


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty pictures without classes."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(30):
        save(folder / f"{number}.png", pixels(8, 8, 1, number) // 2)
    return folder


def train(
    out: Path,
    data: Path,
    *settings: str,
    every: int | None = EVERY,
    images: int = 640,
    display: Display | None = None,
    observers: Compose = compose,
) -> ganache.Outcome:
    wanted = (*SMALL, *settings)
    return company.train(
        out, "dcgan", data, images=images, settings=wanted, evaluate_every=every, display=display, observers=observers
    )


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Run:
    """A finished run with evaluations and noise on the discriminator's input."""
    return Run.open(train(tmp_path_factory.mktemp("evaluated") / "run", photos, "augment=InputNoise").run)


def last_state(run: Path) -> dict[str, torch.Tensor]:
    return sealed.load(sealed.newest(run / "checkpoints")[0])[0]


def found_values(run: Run) -> list[tuple[int, list[tuple[str, float | None]]]]:
    return [
        (line["images_seen"], [(one["name"], one["value"]) for one in line["evaluation"]["scores"]])
        for line in run.evaluation_lines()
    ]


def test_a_run_has_the_same_weights_with_and_without_evaluation(tmp_path: Path, photos: Path, evaluated: Run) -> None:
    plain = train(tmp_path / "run", photos, "augment=InputNoise", every=None).run
    states = last_state(plain), last_state(evaluated.path)
    assert states[0].keys() == {name for name in states[1] if not name.startswith("best/")}
    assert [name for name, value in states[0].items() if not torch.equal(value, states[1][name])] == []
    assert any(name.startswith("best/") for name in states[1])
    assert not (plain / "best.safetensors").exists()
    assert not (plain / "evaluations.jsonl").exists()


def test_scores_are_taken_when_they_are_due_and_stand_in_the_log(evaluated: Run) -> None:
    assert [line["images_seen"] for line in evaluated.evaluation_lines()] == [160, 320, 480, 640]
    name = "evaluation/kd/random@30-vs-train"
    logged = {line["images_seen"]: line[name] for line in evaluated.log_lines() if name in line}
    assert logged == {seen: scores[0][1] for seen, scores in found_values(evaluated)}
    assert evaluated.record()["evaluate_every"] == EVERY
    first = Score.model_validate(evaluated.evaluation_lines()[0]["evaluation"]["scores"][0])
    assert (first.images_seen, first.seed) == (160, 0)
    assert first.uncertainty is not None


def test_the_score_is_the_one_that_the_command_finds_afterwards(evaluated: Run) -> None:
    again = ganache.evaluate(evaluated.path, metrics=["kd"], count=30)
    assert again["kd/random"].value == pytest.approx(found_values(evaluated)[-1][1][0][1], rel=1e-9)


def test_the_best_generator_is_kept_ready_to_draw(evaluated: Run) -> None:
    best: Score | None = None
    for line in evaluated.evaluation_lines():
        one = Score.model_validate(line["evaluation"]["scores"][0])
        best = one if beats(one, best) else best
    assert best is not None
    generator = ganache.load(evaluated.best_file)
    assert generator.description["images_seen"] == best.images_seen
    assert generator.description["score"]["value"] == best.value
    state = last_state(evaluated.path)
    weights = generator.network.state_dict()
    assert all(torch.equal(weights[name], state[f"best/{name}"]) for name in weights)
    found = ganache.evaluate(evaluated.best_file, metrics=["kd"], count=30)
    assert found["kd/random"].value == pytest.approx(best.value, rel=1e-9)
    assert found.samples.images_seen == best.images_seen


@pytest.mark.parametrize("stop", [144, 160, 336])
def test_a_stopped_and_resumed_run_has_the_same_best(stop: int, tmp_path: Path, photos: Path, evaluated: Run) -> None:
    run = Run.open(train(tmp_path / "run", photos, "augment=InputNoise", display=Stopping(after=stop - 16)).run)
    assert run.record()["images_seen"] == stop
    ganache.resume(run.path)
    assert found_values(run) == found_values(evaluated)
    assert run.best_file.read_bytes() == evaluated.best_file.read_bytes()
    assert sealed.newest(run.checkpoints)[0].read_bytes() == sealed.newest(evaluated.checkpoints)[0].read_bytes()


def test_what_was_installed_since_changes_no_run_s_features(
    tmp_path: Path, photos: Path, evaluated: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run.open(train(tmp_path / "run", photos, "augment=InputNoise", display=Stopping(after=320)).run)
    monkeypatch.setattr(by_name, "installed", lambda: Path("weights.pth"))
    ganache.resume(run.path)
    assert found_values(run) == found_values(evaluated)


def test_a_run_that_was_ranked_by_the_frechet_distance_goes_on_so(tmp_path: Path, photos: Path, evaluated: Run) -> None:
    run = Run.open(train(tmp_path / "run", photos, "augment=InputNoise", display=Stopping(after=160)).run)
    [line] = run.evaluation_lines()
    scores = line["evaluation"]["scores"]
    line["evaluation"]["scores"] = [one for one in scores if one["protocol"]["metric"] != "kd"]
    write_json_lines(run.evaluations_file, [line])
    ganache.resume(run.path)
    families = [[name.partition("@")[0] for name, _ in scores] for _, scores in found_values(run)]
    assert families == [["fd/random", "fd-infinity/random"]] * 4
    assert ganache.load(run.best_file).description["score"]["name"] == "fd/random@30-vs-train"


def worse_and_worse(plan: Plan, run: Run, state: TrainingState, say: Say) -> tuple[Observer, ...]:
    def falling(source: GeneratorSamples, *rest: Any, **options: Any) -> Scored:
        assert source.images_seen is not None
        named = score(name="fd/random@10k-vs-train", value=float(source.images_seen), protocol=protocol(metric="fd"))
        return Scored(evaluation(named), None, iter)  # type: ignore[arg-type]

    assert plan.evaluate_every is not None
    return (Scores(run, plan.data, state, plan.evaluate_every, say, measured_by=falling),)


def test_a_best_from_before_the_stop_is_kept(tmp_path: Path, photos: Path) -> None:
    whole = Run.open(train(tmp_path / "whole", photos, observers=worse_and_worse).run)
    stopping = Stopping(after=320)
    stopped = Run.open(train(tmp_path / "stopped", photos, display=stopping, observers=worse_and_worse).run)
    assert stopped.record()["images_seen"] == 336
    company.resume(stopped.path, observers=worse_and_worse)
    assert ganache.load(whole.best_file).description["images_seen"] == 160
    assert stopped.best_file.read_bytes() == whole.best_file.read_bytes()


def test_what_a_crash_undid_is_evaluated_again_and_the_best_of_then_comes_back(
    tmp_path: Path, photos: Path, evaluated: Run
) -> None:
    run = Run.open(train(tmp_path / "run", photos, "augment=InputNoise").run)
    for path in sealed.newest(run.checkpoints, lambda images: images > 300):
        path.unlink()
    assert sealed.newest(run.checkpoints)
    run.best_file.write_bytes(b"of a future that did not happen")
    ganache.resume(run.path)
    assert found_values(run) == found_values(evaluated)
    assert run.best_file.read_bytes() == evaluated.best_file.read_bytes()


def test_points_are_scored_by_their_modes(tmp_path: Path) -> None:
    settings = ("generator.widths=[8]", "discriminator.widths=[8]", "batch_size=32")
    run = Run.open(
        ganache.train(data="ring", out=tmp_path / "run", images=64, settings=settings, evaluate_every="32").run
    )
    assert [line["images_seen"] for line in run.evaluation_lines()] == [32, 64]
    last = run.log_lines()[-1]
    assert {name for name in last if name.startswith("evaluation/")} == {
        *("evaluation/modes-found@2.5k", "evaluation/high-quality@2.5k"),
        "evaluation/sliced-wasserstein/pixels@2.5k-vs-train",
    }
    assert run.best_file.is_file()


def test_a_better_score_must_be_better_than_chance() -> None:
    best = score(value=10.0, uncertainty=0.3)
    assert beats(best, None)
    assert not beats(score(value=None), None)
    # The difference's standard error is √(0.3² + 0.4²) = 0.5, and twice that is 1.
    assert beats(score(value=8.99, uncertainty=0.4), best)
    assert not beats(score(value=9.01, uncertainty=0.4), best)
    assert not beats(score(value=10.0), score(value=10.0))
    assert not beats(score(value=11.0, uncertainty=0.0), best)


class Scripted:
    """Evaluations of an untrained state whose scores are written down."""

    def __init__(self, folder: Path) -> None:
        (folder / "run").mkdir()
        self.run = Run(folder / "run")
        self.state = tiny_state(tiny_recipe(), open_dataset("ring").shape)
        self.values: list[float] = []

    def _score(self, *rest: Any, **options: Any) -> Scored:
        named = score(name="fd/random@10k-vs-train", value=self.values.pop(0), protocol=protocol(metric="fd"))
        return Scored(evaluation(named), None, iter)  # type: ignore[arg-type]

    def at(self, images: int) -> Scores:
        """Return the evaluations as they are opened when the state stands at so many images."""
        self.state.counters.images_seen = images
        data = select(open_dataset("ring"))
        opened = Scores(self.run, data, self.state, 10, lambda line: None, measured_by=self._score)
        opened.go_back(self.state)
        opened.publish(self.state, at_end=False)
        return opened

    def measure(self, opened: Scores, images: int, value: float) -> None:
        """Evaluate weights that are the number of images."""
        self.state.counters.images_seen = images
        self.values.append(value)
        for weight in self.state.average.parameters():
            weight.fill_(float(images))
        measured(opened, self.state)
        opened.publish(self.state, at_end=False)

    def in_file(self) -> float:
        """Return the number of images that the best generator's weights are."""
        return float(next(iter(ganache.load(self.run.best_file).network.parameters())).flatten()[0])


def test_a_rollback_brings_back_the_best_of_then(tmp_path: Path) -> None:
    script = Scripted(tmp_path)
    opened = script.at(0)
    script.measure(opened, 10, value=5.0)
    kept = {name: value.clone() for name, value in script.state.best.items()}
    script.measure(opened, 20, value=6.0)
    assert script.in_file() == 10.0
    script.measure(opened, 30, value=1.0)
    assert script.in_file() == 30.0
    script.state.best = kept  # as the checkpoint of 20 holds it
    again = script.at(20)
    assert [line["images_seen"] for line in script.run.evaluation_lines()] == [10, 20]
    assert script.in_file() == 10.0
    script.measure(again, 30, value=4.0)
    assert script.in_file() == 30.0
    script.state.best = {}
    script.at(0)
    assert not script.run.best_file.exists()
    assert script.run.evaluation_lines() == []


def test_weights_that_are_no_numbers_are_not_evaluated(tmp_path: Path) -> None:
    script = Scripted(tmp_path)
    opened = script.at(0)
    next(script.state.average.parameters()).fill_(float("nan"))
    with pytest.raises(NonFiniteError, match="average/"):
        measured(opened, script.state)
    assert script.run.evaluation_lines() == []
