"""The GPU's benchmark: its arithmetic by hand, what it takes for a fault, and variants that are what they say."""

from pathlib import Path

import pytest
import torch

from benchmarks.flops import count_flops
from benchmarks.gpu import __main__ as command
from benchmarks.gpu import checks, page, speed
from benchmarks.gpu.cases import FULL, QUICK, SIZED, Json, Workshop, timed_cases
from ganache import recipes
from ganache.runs import sealed

CPU = torch.device("cpu")
OTHERS = "# Results\n\nThe others' numbers.\n\n## More of them\n\n| a | b |\n"


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path, CPU, QUICK)


def test_tensors_that_differ_are_named(tmp_path: Path) -> None:
    for run, last in (("a", 1.0), ("b", 1.0 + 2**-23)):
        tensors = {"same": torch.zeros(2), "other": torch.tensor([0.0, last])}
        sealed.save(tmp_path / run / "checkpoints" / "00000008.safetensors", tensors, {})
    assert checks.different_tensors(tmp_path / "a", tmp_path / "b") == ["other"]
    assert checks.different_tensors(tmp_path / "a", tmp_path / "a") == []


def test_agreement_is_measured_in_the_spread_of_seeds() -> None:
    # Two seeds, two windows. Means 2 and 5; variances 2 and 2, so the noise is √2; bf16's means are 3 and 5.
    exact, rounded = [[1.0, 4.0], [3.0, 6.0]], [[3.0, 5.0], [3.0, 5.0]]
    found = checks.agreement(exact, rounded)
    assert found["distance"] == pytest.approx((1 / 2) ** 0.5)
    assert found["noise"] == pytest.approx(2**0.5)
    assert found["times_the_noise"] == pytest.approx(1 / 2)
    # Seeds that agree wholly leave one rounding of bf16: 1 / 256 of the loss.
    assert checks.agreement([[2.0], [2.0]], [[2.5], [2.5]])["noise"] == pytest.approx(2 / 256)


def test_flops_are_those_of_every_product_also_in_a_gradient_of_a_gradient() -> None:
    weight, points = torch.ones(3, 5, requires_grad=True), torch.ones(7, 3, requires_grad=True)

    def penalty() -> None:
        (slope,) = torch.autograd.grad((points @ weight).square().sum(), points, create_graph=True)
        torch.autograd.grad(slope.square().sum(), weight)

    # y = xW, then 2yWᵀ; backwards through it to W: once directly, and through y, which takes a product for each.
    assert count_flops(penalty) == 5 * (2 * 7 * 3 * 5)


def test_variants_train_the_same_in_another_layout_and_leave_torchs_switches_alone(workshop: Workshop) -> None:
    subjects = {
        name: speed.Subject(workshop.plan("ralsgan-conditional", 8), speed.VARIANTS[name])
        for name in (speed.BASE, "contiguous", "any_kernels", "still")
    }
    layouts = {
        name: {
            weight.is_contiguous(memory_format=torch.channels_last)
            for weight in subject.state.cast.networks["discriminator"].parameters()
            if weight.dim() == 4 and weight.shape[1] > 1
        }
        for name, subject in subjects.items()
    }
    assert (layouts[speed.BASE], layouts["contiguous"]) == ({True}, {False})
    one, other = (subjects[name].state for name in (speed.BASE, "contiguous"))
    for name, tensor in one.cast.networks["generator"].state_dict().items():
        torch.testing.assert_close(other.cast.networks["generator"].state_dict()[name], tensor, atol=1e-5, rtol=1e-3)
    assert subjects["still"].state.counters.images_drawn == 4, "one batch, however many iterations"
    assert one.counters.images_drawn == 8, "for the discriminator, and another for the generator"
    switches = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    with subjects["any_kernels"].settings():
        assert torch.backends.cudnn.benchmark
        assert not torch.are_deterministic_algorithms_enabled()
    assert (torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark) == switches


def test_what_could_not_be_done_is_a_fault_and_stands_on_the_page() -> None:
    def refuse() -> Json:
        raise RuntimeError("out of memory\nand more")

    failed = command.attempted(refuse)
    assert failed == {"failed": "RuntimeError: out of memory"}
    results = {**_empty(), "recipes": {"dcgan": failed}, "speed": [{"recipe": "sngan", "side": 64, **failed}]}
    expected = ["dcgan: RuntimeError: out of memory", "sngan at 64 pixels: RuntimeError: out of memory"]
    assert command.faults(results) == expected
    assert page.section(results).count("failed: RuntimeError: out of memory") == 2


def test_a_resume_with_other_bits_and_a_host_that_waits_are_faults() -> None:
    training = {"same_bits_after_resume": False, "synchronisations": ["engine/state.py:7"]}
    results = {"recipes": {"dcgan": {"training": training, "agreement": {"agrees": False}}}, "speed": []}
    assert command.faults(results) == [
        "dcgan: the resumed run has other bits",
        "dcgan: the host waits at engine/state.py:7",
        "dcgan: bf16 and float32 have other losses",
    ]


def test_the_whole_run_trains_every_recipe_and_times_the_deep_ones_at_every_size() -> None:
    cases = timed_cases(recipes.names(), FULL.sides)
    assert FULL.sides == (32, 64, 128, 256)
    assert set(SIZED) < set(recipes.names())
    assert {name for name, side in cases if side == 32} == set(recipes.names()) - {"mlp-2d"}
    assert all((name, side) in cases for name in SIZED for side in FULL.sides)
    assert len(cases) == len(set(cases)) == len(recipes.names()) - 1 + 3 * len(SIZED)


def _empty() -> Json:
    machine = {"device_name": "a device", "torch": "2", "processor": "a processor", "platform": "a system"}
    scale = {"batch": None, "steps": 4, "seeds": 2, "rounds": 1, "sides": [8]}
    return {"command": "", "machine": machine, "device": "cpu", "scale": scale, "peaks": {}, "recipes": {}, "speed": []}
