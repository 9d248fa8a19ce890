"""What is advised: the first remedy that fits the recipe, as settings that its recipe takes."""

import itertools
import shlex
from typing import Any

import pytest

from ganache import recipes
from ganache.data.conversion import Conversion
from ganache.data.origin import Source
from ganache.data.rows.reading import TableReading
from ganache.data.shape import ImageShape
from ganache.evaluation.doctor import movement, remedies
from ganache.evaluation.doctor.chart import Chart
from ganache.evaluation.doctor.diagnosis import diagnose
from ganache.evaluation.doctor.movement import Remedy
from ganache.evaluation.doctor.prescription import command, settings_between
from ganache.evaluation.doctor.remedies import prescribe
from ganache.evaluation.doctor.rules import rules
from ganache.games import Optimizers, TwoPlayers
from ganache.networks import DCGANDiscriminator, MLPDiscriminator, MLPGenerator
from ganache.parts.augmentations import InputNoise
from ganache.parts.constraints import WeightClipping
from ganache.parts.latents import Normal
from ganache.parts.objectives import LeastSquares, Minimax, NonSaturating, RelativisticPairing, Wasserstein
from ganache.parts.optimizers import Adam
from ganache.parts.penalties import R1, R2, GradientPenalty
from ganache.parts.schedules import Cosine, Linear
from ganache.recipes.settings import with_settings
from tests.evaluation.doctor.charts import OF_PICTURES, PICTURES, POINTS, Value, log, picture_recipe
from tests.tiny import set_in


def rates(generator: Any, discriminator: Any, beta: float = 0.5) -> Optimizers:
    return Optimizers(
        generator=Adam(learning_rate=generator, betas=(beta, 0.99)),
        discriminator=Adam(learning_rate=discriminator, betas=(beta, 0.99)),
    )


def advised(
    remedy: Remedy, recipe: TwoPlayers, changed: dict[str, Value] | None = None, record: dict[str, Any] = PICTURES
) -> tuple[str, ...]:
    return prescribe(Chart(log(OF_PICTURES, **(changed or {})), recipe, record), (remedy,))[1]


R1_TENTH = 'penalties.r1={"kind": "R1", "weight": 0.1}'
FALLING_R1 = R1(weight=Cosine(start=0.05, end=0.005, until=100_000))
LEAPING: dict[str, Value] = {"movement__generator": 0.5}
LEAPING_LATE: dict[str, Value] = {"movement__generator": lambda share: 0.004 if share < 0.5 else 0.5}
SLOW: dict[str, Value] = {"movement__generator": 1e-5, "movement__discriminator": 1e-5}
CASES: list[tuple[Remedy, dict[str, Any], dict[str, Value], tuple[str, ...]]] = [
    (remedies.non_saturating, {"objective": Minimax()}, {}, ("objective=NonSaturating",)),
    (remedies.non_saturating, {"objective": LeastSquares()}, {}, ()),
    (
        movement.equal_rates,
        {"optimizers": rates(1e-4, 1e-3)},
        {},
        ("optimizers.discriminator.learning_rate=0.0001",),
    ),
    (movement.equal_rates, {"optimizers": rates(1e-4, 1e-4)}, {}, ()),
    (remedies.one_critic_step, {"critic_steps": 3}, {}, ("critic_steps=1",)),
    (remedies.one_critic_step, {"critic_steps": 3, "objective": Wasserstein()}, {}, ()),
    (remedies.one_critic_step, {}, {}, ()),
    (remedies.one_generator_step, {"generator_steps": 4}, {}, ("generator_steps=1",)),
    (remedies.one_generator_step, {}, {}, ()),
    (remedies.truthful_labels, {"label_flips": 0.5}, {}, ("label_flips=0.0",)),
    (remedies.truthful_labels, {"label_flips": 0.05}, {}, ()),
    (remedies.less_noise, {"augment": InputNoise(deviation=3.0)}, {}, ("augment=Unchanged",)),
    (remedies.less_noise, {"augment": InputNoise(deviation=0.1)}, {}, ()),
    (remedies.noisy_inputs, {}, {}, ('augment={"kind": "InputNoise", "deviation": 0.5}',)),
    (remedies.noisy_inputs, {"augment": InputNoise(deviation=0.1)}, {}, ()),
    (remedies.more_critic_steps, {"critic_steps": 2}, {}, ("critic_steps=4",)),
    (remedies.smooth_discriminator, {}, {}, (R1_TENTH,)),
    (
        *(remedies.smooth_discriminator, {"discriminator": DCGANDiscriminator(width=4)}, {}),
        ("discriminator.batch_norm=false", R1_TENTH),
    ),
    (
        *(remedies.smooth_discriminator, {"penalties": {"slope": R1(weight=0.5)}}, {}),
        ("penalties.slope.weight=5",),
    ),
    (
        *(
            remedies.smooth_discriminator,
            {"penalties": {"a": FALLING_R1, "b": R2(weight=0.02)}},
            {},
        ),
        (
            'penalties.a.weight={"kind": "Cosine", "start": 0.5, "end": 0.05, "until": 100000.0, "since": 0.0}',
            "penalties.b.weight=0.2",
        ),
    ),
    (
        *(remedies.lighter_penalties, {"penalties": {"slope": R1(weight=1000.0)}}, {}),
        ("penalties.slope.weight=0.1",),
    ),
    (remedies.lighter_penalties, {"penalties": {"slope": GradientPenalty(weight=10.0)}}, {}, ()),
    (
        *(remedies.bounded_critic, {"objective": Wasserstein()}, {}),
        ('penalties.gradient_penalty={"kind": "GradientPenalty", "weight": 10.0}',),
    ),
    (remedies.bounded_critic, {"objective": Wasserstein(), "constraint": WeightClipping()}, {}, ()),
    (remedies.bounded_critic, {"objective": NonSaturating()}, {}, ()),
    (
        *(movement.less_momentum, {"optimizers": rates(1e-3, 1e-3, beta=0.9)}, {}),
        ("optimizers.generator.betas=[0.5, 0.99]", "optimizers.discriminator.betas=[0.5, 0.99]"),
    ),
    (movement.less_momentum, {"optimizers": rates(1e-3, 1e-3)}, {}, ()),
    # A movement of 0.5 is a hundred times what is usual; the rate is rounded to one digit.
    (
        *(movement.moderate("generator"), {"optimizers": rates(0.123, 1e-3)}, LEAPING),
        ("optimizers.generator.learning_rate=0.001",),
    ),
    # What began as usual and leaps now is lowered by what it does now; before, "1 times".
    (
        *(movement.moderate("generator"), {"optimizers": rates(3.6e-4, 1e-3)}, LEAPING_LATE),
        ("optimizers.generator.learning_rate=4e-06",),
    ),
    (movement.moderate("generator"), {"optimizers": rates(3.6e-4, 1e-3)}, {"movement__generator": 0.006}, ()),
    (
        *(
            movement.slower("discriminator"),
            {"optimizers": rates(1e-3, Linear(start=0.02, end=0.01, until=9))},
            {},
        ),
        ("optimizers.discriminator.learning_rate.start=0.002", "optimizers.discriminator.learning_rate.end=0.001"),
    ),
    (
        *(movement.faster("generator"), {"optimizers": rates(1e-6, 2e-4)}, SLOW),
        ("optimizers.generator.learning_rate=0.0002",),
    ),
    (movement.faster("discriminator"), {"optimizers": rates(1e-6, 2e-4)}, SLOW, ()),  # it is the faster one
    (movement.faster("generator"), {"optimizers": rates(1e-6, 2e-4)}, {}, ()),  # it moves well enough
    (
        *(remedies.larger_discriminator, {"discriminator": DCGANDiscriminator(width=1, max_width=1)}, {}),
        ("discriminator.width=4", "discriminator.max_width=512"),
    ),
    (
        remedies.larger_discriminator,
        {"generator": MLPGenerator(widths=(32, 64)), "discriminator": MLPDiscriminator(widths=(2,))},
        {},
        ("discriminator.widths=[64, 32]",),
    ),
    (remedies.larger_discriminator, {}, {}, ()),  # it is as wide as the generator
    (
        *(remedies.more_latents, {"generator": MLPGenerator(latent=Normal(size=2), widths=(8,))}, {}),
        ("generator.latent.size=64",),
    ),
    (remedies.more_latents, {}, {}, ()),
    (remedies.even_kernels, {}, {}, ()),
    (remedies.even_kernels, {"generator": MLPGenerator(widths=(8,))}, {}, ("generator=DCGANGenerator",)),
]


@pytest.mark.parametrize(("remedy", "fields", "changed", "settings"), CASES)
def test_a_remedy_changes_what_it_speaks_of(
    remedy: Remedy, fields: dict[str, Any], changed: dict[str, Value], settings: tuple[str, ...]
) -> None:
    recipe = picture_recipe(**fields)
    assert advised(remedy, recipe, changed) == settings
    if settings:
        assert with_settings(recipe, list(settings)) != recipe


def test_pairing_replaces_objective_and_penalties() -> None:
    before = picture_recipe(
        discriminator=DCGANDiscriminator(width=4),
        penalties={"r1": R1(weight=7.0)},
    )
    after = with_settings(before, list(advised(remedies.pairing, before)))
    assert after.objective == RelativisticPairing()
    assert {name: one.weight for name, one in after.penalties.items()} == {"r1": 0.1, "r2": 0.1}
    assert not after.discriminator.batch_norm  # type: ignore[attr-defined]
    assert advised(remedies.pairing, after) == ()


def test_slopes_of_points_weigh_less() -> None:
    recipe = picture_recipe(generator=MLPGenerator(widths=(8,)), discriminator=MLPDiscriminator(widths=(8,)))
    assert advised(remedies.smooth_discriminator, recipe, record=POINTS) == (
        'penalties.r1={"kind": "R1", "weight": 0.01}',
    )


def test_what_a_recipe_would_refuse_is_not_advised() -> None:
    def nonsense(chart: Chart) -> tuple[str, tuple[str, ...]]:
        return "do this", ("batch_size=0",)

    def contradiction(chart: Chart) -> tuple[str, tuple[str, ...]]:
        return "do that", ("discriminator.batch_norm=true", R1_TENTH)

    def nothing(chart: Chart) -> tuple[str, tuple[str, ...]]:
        return "stay", ("batch_size=4",)

    chart = Chart(log(OF_PICTURES), picture_recipe(), PICTURES)
    assert prescribe(chart, (nonsense, contradiction, nothing, remedies.more_critic_steps))[1] == ("critic_steps=2",)
    text, settings = prescribe(chart, (nonsense, contradiction, nothing))
    assert settings == ()
    assert "no setting" in text


@pytest.mark.parametrize("name", recipes.names())
def test_every_disease_of_every_recipe_has_advice_that_it_takes(name: str) -> None:
    shape = [2, 1, 1] if name == "mlp-2d" else [1, 16, 16]
    recipe, _ = recipes.find(name).settled(ImageShape(shape[0], shape[1], shape[2]))
    record = {"data": {"shape": shape, "label_names": [str(number) for number in range(10)]}}
    chart = Chart(log(OF_PICTURES), recipe, record)
    for rule in rules():
        _, settings = prescribe(chart, rule.remedies)
        assert not settings or with_settings(recipe, list(settings)) != recipe
    # Remedies are known for the game of two players alone.
    assert any(prescribe(chart, rule.remedies)[1] for rule in rules()) == isinstance(recipe, TwoPlayers)


def test_the_advice_of_a_finding_is_valid_for_its_recipe() -> None:
    recipe = picture_recipe(label_flips=0.5)
    (found,) = diagnose(
        Chart(
            log(OF_PICTURES, accuracy__real=0.5, accuracy__fake=0.5, diversity__raw=0.4, diversity__average=0.4),
            recipe,
            PICTURES,
        )
    )
    assert found.settings == ("label_flips=0.0",)
    assert "labels" in found.advice


@pytest.mark.parametrize(
    "settings",
    [
        ["batch_size=3", "generator.width=8", "optimizers.generator.betas=[0.9, 0.99]"],
        ["objective=LeastSquares", 'penalties.r1={"kind": "R1", "weight": 2}', "discriminator.batch_norm=false"],
        ['optimizers.generator.learning_rate={"kind": "Linear", "start": 1, "end": 0, "until": 9}'],
        ["discriminator=MLPDiscriminator", "augment=InputNoise", "conditional=true"],
    ],
)
def test_settings_between_two_recipes_make_one_the_other(settings: list[str]) -> None:
    before = recipes.find("dcgan")
    after = with_settings(before, settings)
    assert with_settings(before, settings_between(before, after)) == after
    assert with_settings(after, settings_between(after, before)) == before
    assert settings_between(before, before) == []


def test_the_command_trains_the_same_run_with_the_advice() -> None:
    recipe = with_settings(recipes.find("dcgan"), ["batch_size=32", "label_flips=0.5"])
    record = {
        "source": {"data": "my pictures", "size": [32, 48], "channels": 1, "labels": ["a b"], "mirror": True},
        "budget": {"images": 5000, "seconds": None},
        "seed": 7,
    }
    assert command(recipe, record, ("label_flips=0.0",)) == (
        "ganache train dcgan --data 'my pictures' --size 32x48 --channels 1 --label 'a b' --mirror --images 5000 "
        "--seed 7 --set batch_size=32"
    )


def test_the_command_reads_a_table_as_the_run_did() -> None:
    reading = TableReading(label_column="kind", columns=("a", "b"), missing="drop", hold_out=0.25)
    source = Source("mnist", Conversion(max_skipped=0.5, rows=reading)).to_json()
    words = command(recipes.find("mlp-rows"), {"source": source}, ())
    assert words == (
        "ganache train mlp-rows --data mnist --label-column kind --missing drop --hold-out 0.25 --column a --column b "
        "--max-skipped 0.5"
    )


def test_the_command_reads_the_very_range_that_the_run_did() -> None:
    source = Source("photos", Conversion(value_range=(-0.1, 1048575), max_skipped=0.0123456789)).to_json()
    words = command(recipes.find("dcgan"), {"source": {**source, "data": "photos"}}, ())
    assert words == "ganache train dcgan --data photos --range -0.1:1048575 --max-skipped 0.0123456789"


@pytest.mark.parametrize("batch", [32, 2])
def test_the_command_leaves_to_the_plan_what_the_run_had_left_to_it(batch: int) -> None:
    """r3gan's γ is a number in the run, and need not be asked for: only where it is advised to be another."""
    shape = ImageShape(1, 28, 28)
    recipe, _ = with_settings(recipes.find("r3gan"), [f"batch_size={batch}"]).settled(shape)
    record = {"source": {"data": "mnist"}, "data": {"shape": [1, 28, 28]}}
    sized = "" if batch == 32 else f" --set batch_size={batch}"
    assert (
        command(recipe, record, ("critic_steps=2",)) == f"ganache train r3gan --data mnist{sized} --set critic_steps=2"
    )
    advice = advised(remedies.smooth_discriminator, set_in(recipe), record=record)
    words = shlex.split(command(recipe, record, advice))
    again = with_settings(
        recipes.find("r3gan"), [one for before, one in itertools.pairwise(words) if before == "--set"]
    )
    start = 5.0 if batch == 32 else 10.0
    assert set_in(again).penalties["r1"].weight == Cosine(start=start, end=start / 10, until=100_000)
    assert again.settled(shape)[0] == with_settings(recipe, list(advice))
    mine = with_settings(recipe, ["penalties.r1.weight=0.25"])
    assert "--set penalties.r1.weight=0.25 --set critic_steps=2" in command(mine, record, ("critic_steps=2",))


def test_the_command_names_the_file_of_an_own_recipe() -> None:
    recipe = picture_recipe()  # called "tiny", which no recipe here is
    record = {"sessions": [{"command": "ganache train ./mine.py --data digits"}], "source": {"data": "digits"}}
    assert command(recipe, record, ("batch_size=8",)) == "ganache train ./mine.py --data digits --set batch_size=8"
