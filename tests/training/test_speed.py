"""How fast a training will be: steps are taken where their cost may differ."""

from typing import Any

import pytest

import ganache
from ganache.training import speed
from ganache.training.plan import Plan, Request, make_plan

SMALL = ("generator.width=4", "discriminator.width=4")


@pytest.fixture
def plan() -> Plan:
    return make_plan(Request(data="digits", recipe="dcgan", images=6_000, batch=10, settings=SMALL))


class Scheduled:
    """A launcher and a clock: a step costs a second in the first third of 6,000 images, and then three."""

    def __init__(self, state: Any) -> None:
        self.state, self.now, self.steps = state, 0.0, 0

    def iterate(self) -> None:
        self.now += 1.0 if self.state.counters.images_seen < 2_000 else 3.0
        self.state.counters.images_seen += 10
        self.steps += 1

    def perf_counter(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("seconds", "patient", "steps"),
    [
        (0.0, True, 6),  # one of each third, after one that allocates
        (27.0, True, (1 + 9) + (1 + 3) + (1 + 3)),
        (27.0, False, (1 + 9) + (1 + 3) + (1 + 3)),  # no first step takes nine seconds
        (9.0, False, (1 + 3) + 1 + 1),  # those of the last thirds take their share
        (3.0, False, 3),
    ],
)
def test_thirds_of_the_budget_count_alike_whatever_a_step_of_each_costs(
    seconds: float, patient: bool, steps: int, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = plan.build()
    training = Scheduled(state)
    monkeypatch.setattr(speed, "launcher", lambda data, state: training)
    monkeypatch.setattr(speed, "time", training)
    found = speed.images_per_second(state, plan.data, 6_000, seconds, patient)
    assert found == pytest.approx(10 / ((1.0 + 3.0 + 3.0) / 3))
    assert training.steps == steps


@pytest.mark.parametrize(
    ("recipe", "settings"),
    [("progan", ("steady=2000", "fade=2000")), ("esrgan", ("translator.blocks=1",))],
)
def test_steps_are_those_of_the_moment_that_is_measured(
    recipe: str, settings: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A game that goes by iterations, as a network that grows, must find them where the images are.
    task = "super-resolution:4" if recipe == "esrgan" else ""
    plan = make_plan(Request(data="digits", recipe=recipe, images=6_000, batch=10, settings=settings, task=task))
    state, moments = plan.build(), []
    training = Scheduled(state)

    def iterate() -> None:
        moments.append(state.now)
        Scheduled.iterate(training)

    monkeypatch.setattr(training, "iterate", iterate)
    monkeypatch.setattr(speed, "launcher", lambda data, state: training)
    monkeypatch.setattr(speed, "time", training)
    speed.images_per_second(state, plan.data, 6_000, 0.0, True)
    firsts = moments[::2]
    assert [(now.images_seen, now.iteration) for now in firsts] == [(1_000, 100), (3_000, 300), (5_000, 500)]
    assert len({state.recipe.phase(now.iteration) for now in firsts}) > 1


def test_a_plan_measures_over_the_budget_that_it_has(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr(ganache.training.plan, "images_per_second", lambda state, data, budget, *_: seen.append(budget))
    plan.measure()
    assert seen == [6_000]
