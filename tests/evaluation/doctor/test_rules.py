"""Each disease on a log written by hand, and beside it the log that only comes near."""

import math
from typing import Any

import pytest

from ganache.evaluation.doctor.chart import Chart
from ganache.evaluation.doctor.diagnosis import diagnose, examined
from ganache.games import Optimizers, TwoPlayers
from ganache.parts.optimizers import Adam
from ganache.parts.penalties import R1, R2, GradientPenalty
from ganache.parts.schedules import Cosine
from tests.evaluation.doctor.charts import (
    IMAGES,
    OF_PICTURES,
    OF_POINTS,
    PICTURES,
    POINTS,
    TICKS,
    Value,
    log,
    picture_recipe,
)


def names(**changed: Value) -> list[str]:
    return [finding.name for finding in diagnose(Chart(log(OF_PICTURES, **changed), picture_recipe(), PICTURES))]


def names_of_points(**changed: Value) -> list[str]:
    return [finding.name for finding in diagnose(Chart(log(OF_POINTS, **changed), picture_recipe(), POINTS))]


NARROW: dict[str, Value] = {"diversity__raw": 0.3, "diversity__average": 0.3}  # variety that a complaint is made of
SURE: dict[str, Value] = {"accuracy__real": 1.0, "accuracy__fake": 0.995}


def test_a_healthy_run_has_nothing() -> None:
    assert names() == []
    assert names_of_points() == []


# Healthy in what is measured in one place and unusual in another: none of these is a disease.
@pytest.mark.parametrize(
    "changed",
    [
        {"accuracy__real": 0.5, "accuracy__fake": 0.5},  # the equilibrium
        {"accuracy__real": 1.0, "accuracy__fake": 0.05},  # a hinge whose zero lies elsewhere
        {**SURE, "logits__real": lambda t: 5 * t},  # strong, but the samples are good
        {"diversity__average": 0.05, "duplicates__average": 1.0, "dead__average": 1.0},  # the average lags behind
        {"saturated__raw": 0.75, "saturated__average": 0.75},  # less than a quarter more than the reals
        {"logits__real": 2e4, "logits__fake": 1e4},  # large, but not growing
        {"movement__generator": 0.09, "movement__discriminator": 0.09},  # no harm has come of it
    ],
)
def test_what_is_unusual_alone_is_no_disease(changed: dict[str, Value]) -> None:
    assert names(**changed) == []


STEEPENING: dict[str, Value] = {
    "gradient__fakes": lambda t: math.exp(4 * t)
}  # from 1.7 to 33 in the middle of quarters


def test_divergence_is_logits_and_slopes_that_grow_without_end() -> None:
    assert names(logits__real=lambda t: math.exp(8 * t), **STEEPENING) == ["divergence"]  # from 2.7 to 1,097
    assert names(logits__fake=lambda t: -math.exp(8 * t), **STEEPENING) == ["divergence"]
    assert names(logits__real=lambda t: math.exp(5 * t), logits__fake=0.0, **STEEPENING) == []  # from 1.9 to 79
    assert names(logits__real=lambda t: 200 * t, **STEEPENING) == []  # seven times as large as in the first quarter


def test_logits_that_drift_away_together_do_not_diverge() -> None:
    drifting: dict[str, Value] = {name: lambda t: math.exp(8 * t) for name in ("logits__real", "logits__fake")}
    assert names(**drifting) == []
    assert names(**drifting, gradient__fakes=lambda t: math.exp(2 * t)) == []  # 4.5 times as steep


@pytest.mark.parametrize(
    ("record", "confidence"),
    [
        ({"rollbacks": 1}, "likely"),
        ({"rollbacks": 2}, "certain"),
        ({"outcome": "failed: loss/generator became non-finite 4 times"}, "certain"),
        ({"outcome": "failed: No space left on device"}, None),
        ({"rollbacks": 0, "outcome": "finished"}, None),
    ],
)
def test_divergence_is_what_had_to_be_rolled_back(record: dict[str, Any], confidence: str | None) -> None:
    for lines in (log(OF_PICTURES), log(OF_PICTURES)[:2], []):  # at any age, and without a log
        found = diagnose(Chart(lines, picture_recipe(), {**PICTURES, **record}))
        assert [(one.name, one.confidence) for one in found] == ([("divergence", confidence)] if confidence else [])


@pytest.mark.parametrize("role", ["generator", "discriminator"])
def test_long_steps_that_did_harm(role: str) -> None:
    assert names(**{f"movement__{role}": 0.08}, **NARROW)[0] == f"{role} learning rate too high"
    assert f"{role} learning rate too high" not in names(**{f"movement__{role}": 0.04}, **NARROW)


def test_absurd_steps_are_likely_wrong_before_harm_is_seen() -> None:
    (found,) = diagnose(Chart(log(OF_PICTURES, movement__generator=0.12), picture_recipe(), PICTURES))
    assert (found.name, found.confidence) == ("generator learning rate too high", "likely")


def test_a_discriminator_that_takes_long_steps_jumps() -> None:
    jumping: dict[str, Value] = {"accuracy__fake": lambda t: 0.9 if round(100 * t) % 2 else 0.4}  # deviation 0.25
    assert names(movement__discriminator=0.08, **jumping) == ["discriminator learning rate too high"]
    assert names(**jumping) == []


def test_a_vanishing_gradient_needs_a_sure_discriminator_and_bad_samples() -> None:
    fading: dict[str, Value] = {"gradient__fakes": lambda t: 10.0 ** (-4 * t)}  # 0.3 early, 3e-4 late
    assert names(**fading, **SURE, **NARROW) == ["vanishing generator gradient"]
    assert names(**fading, **SURE) == []
    assert names(**fading, **NARROW) == []
    assert names(gradient__fakes=lambda t: 10.0 ** (-t), **SURE, **NARROW) == []  # a fifth is left


def test_a_strong_discriminator_grows_ever_surer() -> None:
    growing: dict[str, Value] = {"logits__real": lambda t: 10 * t}
    assert names(**growing, **SURE, **NARROW) == ["discriminator too strong"]
    assert names(**growing, **NARROW) == []
    assert names(logits__real=lambda t: 10 - 9 * t, **SURE, **NARROW) == []  # the generator catches up
    assert names(logits__real=lambda t: 10 + t, **SURE, **NARROW) == []  # hardly surer than in the middle
    assert names(**growing, accuracy__real=0.985, accuracy__fake=1.0, **NARROW) == []


SYMPTOMS: dict[str, Value] = {
    **{"centre__raw_1": lambda t: math.sin(40 * t), "dead__raw": 0.4, "dead__average": 0.5},
    **{"saturated__raw": 0.9, "saturated__average": 0.95},
}
GAMMA = Cosine(start=0.05, end=0.005, until=IMAGES * TICKS)


def priced(**changed: Any) -> TwoPlayers:
    """Return a recipe with R1 and R2, both weighed by γ."""
    return picture_recipe(**{"penalties": {"r1": R1(weight=GAMMA), "r2": R2(weight=GAMMA)}, **changed})


def found_of(recipe: TwoPlayers, **changed: Value) -> list[str]:
    return [finding.name for finding in diagnose(Chart(log(OF_PICTURES, **changed), recipe, PICTURES))]


def test_slopes_that_cost_too_little_are_named_before_what_they_cause() -> None:
    """r3gan with γ ten times too small on CIFAR-10: right about 98 to 100% of everything from 7,000 images on."""
    sure: dict[str, Value] = {"accuracy__real": lambda t: min(1.0, 0.5 + 10 * t), "accuracy__fake": 0.985}
    expected = ["slopes penalised too lightly", "oscillation", "dead pixels", "saturated pixels"]
    assert found_of(priced(), **sure, **SYMPTOMS) == expected
    first, *_ = diagnose(Chart(log(OF_PICTURES, **sure, **SYMPTOMS), priced(), PICTURES))
    assert first.confidence == "certain"
    assert "right about 100% of the reals and 98% of the fakes" in first.evidence
    assert "too little (γ 0.005)" in first.evidence
    heavier = '{"kind": "Cosine", "start": 0.5, "end": 0.05, "until": 20000.0, "since": 0.0}'
    assert first.settings == (f"penalties.r1.weight={heavier}", f"penalties.r2.weight={heavier}")
    # Ever surer, too, it is one disease and not two.
    assert found_of(priced(), **SURE, **SYMPTOMS, logits__real=lambda t: 10 * t) == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"accuracy__fake": 0.96},
        {"accuracy__real": lambda t: 0.9 if t < 0.7 else 1.0},  # it was not for most of the run
        {"logits__real": lambda t: 10 - 9 * t},  # the generator catches up
        {"diversity__raw": lambda t: 0.28 * t},  # its samples grow more various
        {"duplicates__raw": lambda t: 0.5 - 0.5 * t, "duplicates__average": lambda t: 0.5 - 0.5 * t},
    ],
)
def test_who_is_ahead_for_a_while_does_not_pay_too_little(changed: dict[str, Value]) -> None:
    assert "slopes penalised too lightly" in found_of(priced(), **{**SURE, **SYMPTOMS})
    assert "slopes penalised too lightly" not in found_of(priced(), **{**SURE, **SYMPTOMS, **changed})


def test_slopes_are_blamed_for_what_nothing_else_in_the_recipe_explains() -> None:
    assert found_of(priced(), **SURE) == []  # samples with which nothing is wrong
    slow: dict[str, Value] = {"movement__generator": 1e-5}
    adam = Adam(learning_rate=1e-2, betas=(0.5, 0.9))
    slower = Optimizers(generator=adam.changed(learning_rate=1e-6), discriminator=adam)
    for recipe, changed in ((priced(critic_steps=3), {}), (priced(optimizers=slower), slow)):
        assert "slopes penalised too lightly" not in found_of(recipe, **SURE, **SYMPTOMS, **changed)
    for penalties in ({}, {"slope": GradientPenalty(weight=10.0)}):
        assert found_of(priced(penalties=penalties), **SURE, **SYMPTOMS) == [
            "oscillation",
            "dead pixels",
            "saturated pixels",
        ]


def test_a_discriminator_that_runs_away_is_named_before_what_it_causes() -> None:
    """Where no slope costs anything: right about 98%, slope and logits growing."""
    runaway: dict[str, Value] = {
        **{"accuracy__real": 0.98, "accuracy__fake": 0.985, "logits__real": lambda t: 10 * t},
        "gradient__fakes": lambda t: 1 + 10 * t**2,  # 1.5 times the middle's in the last quarter, and more
    }
    symptoms = SYMPTOMS
    expected = ["discriminator too strong", "oscillation", "dead pixels", "saturated pixels"]
    assert names(**runaway, **symptoms) == expected
    (first, *_) = diagnose(Chart(log(OF_PICTURES, **runaway, **symptoms), picture_recipe(), PICTURES))
    assert "nothing makes slopes cost it anything" in first.evidence
    assert names(**{**runaway, "accuracy__real": 0.95}, **symptoms) == expected[1:]
    assert names(**{**runaway, "gradient__fakes": 2.0}, **symptoms) == expected[1:]
    assert names(**{**runaway, "logits__real": 5.0}, **symptoms) == expected[1:]
    assert names(**runaway) == []  # samples with which nothing is wrong


def test_verdicts_on_held_out_images_that_jump_from_pass_to_pass() -> None:
    """After 49 passes of dcgan over CIFAR-10: right about 88% of held-out reals at one pass, 37% at the next."""

    def jumping(width: float) -> Value:
        return lambda t: 0.62 + (width if round(t * TICKS) % 2 else -width)

    verdicts: dict[str, Value] = {"held_out__accuracy_fake": 1.0, "held_out__accuracy_real": jumping(0.25)}
    (found,) = diagnose(Chart(log(OF_PICTURES, **verdicts), picture_recipe(), PICTURES))
    assert (found.name, found.confidence) == ("unsteady discriminator", "likely")
    assert "right about 37% of held-out images after one pass and 87% after another" in found.evidence
    assert names(**{**verdicts, "held_out__accuracy_real": jumping(0.14)}) == []
    assert names(**{**verdicts, "held_out__accuracy_real": jumping(0.16)}) == []  # it takes 46% at the least
    assert names(**{**verdicts, "held_out__accuracy_fake": 0.6}) == []


def test_a_weak_discriminator_cannot_tell_what_anybody_can() -> None:
    guessing: dict[str, Value] = {"accuracy__real": 0.6, "accuracy__fake": 0.5}
    assert names(**guessing, **NARROW) == ["discriminator too weak"]
    assert names(accuracy__real=0.7, accuracy__fake=0.6, **NARROW) == []
    scattered: dict[str, Value] = {"diversity__raw": 1.8, "diversity__average": 1.8}
    assert names(**guessing, **scattered) == ["discriminator too weak"]
    assert names(**guessing, centre__raw_2=-0.7) == ["discriminator too weak"]


KNOWN: dict[str, Value] = {
    **{"accuracy__real": 0.95, "logits__trained": 1.4, "held_out__logits_real": -0.4, "held_out__logits_fake": -1.8},
    **{"held_out__accuracy_real": 0.39},
}


def test_a_weak_discriminator_is_certain_where_the_recipe_shows_why() -> None:
    lines = log(OF_PICTURES, accuracy__real=0.6, accuracy__fake=0.5, **NARROW)
    for recipe, confidence in ((picture_recipe(), "likely"), (picture_recipe(label_flips=0.5), "certain")):
        (found,) = diagnose(Chart(lines, recipe, PICTURES))
        assert (found.name, found.confidence) == ("discriminator too weak", confidence)
    restless = log(
        OF_PICTURES, accuracy__real=0.6, accuracy__fake=0.5, centre__raw_1=lambda t: math.sin(40 * t), **NARROW
    )
    assert next(one.name for one in diagnose(Chart(restless, picture_recipe(), PICTURES))) == "oscillation"


def test_overfitting_is_held_out_images_called_fake() -> None:
    assert names(**KNOWN) == ["discriminator overfitting"]  # (1.4 + 0.4) / (1.4 + 1.8) = 0.56 of the way
    assert names(**{**KNOWN, "held_out__accuracy_real": 0.6}) == []
    assert names(**{**KNOWN, "held_out__logits_real": 0.3}) == []  # 0.34 of the way
    assert names(**{**KNOWN, "accuracy__real": 0.6}) == []  # it does not know the others either
    assert names(**{**KNOWN, "held_out__logits_fake": 1.5}) == []  # there is no way from one to the other


def test_collapse_is_one_image_or_few_modes() -> None:
    one: dict[str, Value] = {**NARROW, "diversity__raw": 0.2, "diversity__average": 0.2, "duplicates__raw": 0.9}
    assert names(**one) == ["mode collapse"]
    assert names(**{**one, "duplicates__raw": 0.2}) == []
    assert names(**{**one, "diversity__average": 0.6, "duplicates__raw": 0.4}) == []
    assert names_of_points(reached__raw=0.25, reached__average=0.375) == ["mode collapse"]


def test_partial_collapse_is_likely_and_not_told_twice() -> None:
    doubles: dict[str, Value] = {"duplicates__raw": 0.5, "duplicates__average": 0.4}
    (found,) = diagnose(Chart(log(OF_PICTURES, **doubles), picture_recipe(), PICTURES))
    assert (found.name, found.confidence) == ("partial mode collapse", "likely")
    assert names(duplicates__raw=0.5, duplicates__average=0.2) == []
    assert names_of_points(reached__raw=0.5, reached__average=0.625) == ["partial mode collapse"]
    assert names_of_points(reached__raw=0.5, reached__average=0.875) == []


def test_what_still_grows_is_young() -> None:
    growing: dict[str, Value] = {name: lambda t: 0.28 * t for name in ("diversity__raw", "diversity__average")}
    assert names(**growing, duplicates__raw=0.9) == []
    assert names(duplicates__raw=lambda t: 1.2 - 0.6 * t, duplicates__average=0.6) == []
    assert names_of_points(reached__raw=lambda t: 0.7 * t, reached__average=lambda t: 0.7 * t) == []
    assert names_of_points(reached__raw=lambda t: 0.3 * t, reached__average=0.2) == []  # no collapse of all, either


def test_oscillation_is_wandering_from_place_to_place() -> None:
    assert names(centre__raw_2=lambda t: math.sin(40 * t)) == ["oscillation"]  # deviation √½
    assert names(centre__raw_2=lambda t: 4.0 * t) == []  # on its way: 0.58, and nothing of it turns
    assert names(centre__raw_2=lambda t: 0.4 * math.sin(40 * t)) == []  # 0.28
    assert names(centre__raw_1=lambda t: math.sin(40 * t) if t < 0.45 else 0.0) == []  # it has settled


def test_pixels_that_are_dead_or_saturated_in_both_generators() -> None:
    assert names(dead__raw=0.4, dead__average=0.5) == ["dead pixels"]
    assert names(dead__raw=0.4, dead__average=0.2) == []
    assert names(saturated__raw=0.9, saturated__average=0.95) == ["saturated pixels"]
    assert names(saturated__raw=0.9, saturated__average=0.7) == []


def test_checkerboards_are_more_than_reals_have_in_pictures_past_their_beginnings() -> None:
    waves: dict[str, Value] = {"checkerboard__raw": 0.12, "checkerboard__average": 0.1}
    assert names(**waves) == ["checkerboard artefacts"]
    assert names(checkerboard__raw=0.12, checkerboard__average=0.07) == []
    assert names(**waves, checkerboard__real=0.05) == []  # twice as much
    assert names(checkerboard__raw=0.02, checkerboard__average=0.02, checkerboard__real=0.001) == []  # seen by nobody
    assert names(**waves, diversity__raw=0.4) == []  # noise of a beginner


def test_causes_come_first_and_certain_findings_before_likely_ones() -> None:
    found = names(
        **{"movement__generator": 0.5, "diversity__raw": 0.0, "diversity__average": 0.0, "duplicates__raw": 1.0},
        **{"duplicates__average": 1.0, "dead__raw": 1.0, "dead__average": 1.0},
    )
    assert found == ["generator learning rate too high", "mode collapse", "dead pixels"]
    found = names(duplicates__raw=0.5, duplicates__average=0.4, dead__raw=0.4, dead__average=0.5)
    assert found == ["dead pixels", "partial mode collapse"]


def test_a_young_run_is_not_judged() -> None:
    sick: dict[str, Value] = {"dead__raw": 0.4, "dead__average": 0.5}
    recipe = picture_recipe(batch_size=80)  # 250 updates of the generator after 20,000 images
    lines = log(OF_PICTURES, **sick)
    assert [finding.name for finding in diagnose(Chart(lines, recipe, PICTURES))] == ["dead pixels"]
    assert diagnose(Chart(lines[:-1], recipe, PICTURES)) == []
    assert diagnose(Chart(lines, picture_recipe(batch_size=80, generator_steps=0), PICTURES)) == []
    assert not any(seen for name, seen in examined(Chart(lines[:-1], recipe, PICTURES)).items() if name != "divergence")


def test_a_disease_whose_signs_were_not_measured_is_not_judged() -> None:
    seen = examined(Chart(log(OF_PICTURES), picture_recipe(), PICTURES))
    assert [name for name, judged in seen.items() if not judged] == [
        "discriminator overfitting",
        "unsteady discriminator",
    ]
    seen = examined(Chart(log(OF_POINTS), picture_recipe(), POINTS))
    assert {"dead pixels", "saturated pixels", "checkerboard artefacts"} <= {name for name in seen if not seen[name]}
    # Two measurements in the last quarter are too few for a median.
    lines = log(OF_PICTURES)
    for line in lines:
        if line["images_seen"] % (12 * IMAGES):
            del line["dead/raw"]
    assert not examined(Chart(lines, picture_recipe(), PICTURES))["dead pixels"]
    assert examined(Chart(lines, picture_recipe(), PICTURES))["mode collapse"]


def test_a_game_of_other_players_is_judged_by_what_its_log_has() -> None:
    lines = [{name: line[name] for name in line if "discriminator" not in name} for line in log(OF_PICTURES)]
    for line in lines:
        line["movement/encoder"] = 0.2
    (found,) = diagnose(Chart(lines, picture_recipe(), PICTURES))
    assert (found.name, found.confidence, found.settings) == ("encoder learning rate too high", "likely", ())
    assert "move the encoder's weights by 20% of their size" in found.evidence
    seen = examined(Chart(lines, picture_recipe(), PICTURES))
    assert {name for name in seen if "learning rate" in name} == {
        "generator learning rate too high",
        "encoder learning rate too high",
    }


def test_a_log_of_losses_alone_is_not_judged() -> None:
    lines = [{"images_seen": line["images_seen"], "loss/critic": 1.0} for line in log(OF_PICTURES)]
    assert diagnose(Chart(lines, picture_recipe(), PICTURES)) == []
    assert [name for name, seen in examined(Chart(lines, picture_recipe(), PICTURES)).items() if seen] == ["divergence"]


def test_the_evidence_has_the_numbers() -> None:
    growing: dict[str, Value] = {"logits__real": lambda t: 10 * t, "logits__fake": 0.0}
    (found,) = diagnose(Chart(log(OF_PICTURES, **growing, **SURE, **NARROW), picture_recipe(), PICTURES))
    assert "100% of the reals and 100% of the fakes" in found.evidence
    assert "from 5.05 to 8.8" in found.evidence  # medians of 0.26 … 0.75 and of 0.76 … 1.00
    assert "vary 0.30 times as much" in found.evidence


def test_what_is_known_is_passed_over() -> None:
    lines = log(OF_PICTURES, dead__raw=0.4, dead__average=0.5)
    assert diagnose(Chart(lines, picture_recipe(), PICTURES), known={"dead pixels"}) == []
