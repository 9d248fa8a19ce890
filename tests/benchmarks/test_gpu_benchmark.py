"""The GPU's benchmark: its arithmetic by hand, its time, what it takes for a fault, variants that are what they say."""

import contextlib
import math
from pathlib import Path

import pytest
import torch

from benchmarks.flops import count_flops
from benchmarks.gpu import checks, contest, page, speed
from benchmarks.gpu.cases import QUICK, SIZED, Case, Json, Workshop
from benchmarks.gpu.going import OUT_OF_TIME, faults, go_through
from benchmarks.gpu.parts import CHECKED, Part, Peers, default_parts, full_parts
from benchmarks.gpu.plain import Plain, dcgan_networks
from benchmarks.gpu.targets import TARGETS, verdicts
from ganache import recipes
from ganache.data.shape import ImageShape
from ganache.networks import DCGANDiscriminator, DCGANGenerator
from ganache.runs import sealed

CPU = torch.device("cpu")


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
    variants = {"trained": speed.AS_TRAINED} | {
        name: speed.VARIANTS[name] for name in ("contiguous", "any_kernels", "singly", "still")
    }
    subjects = {
        name: speed.Subject(workshop.plan(Case("ralsgan-conditional", 8)), variant)
        for name, variant in variants.items()
    }
    layouts = {
        name: {
            weight.is_contiguous(memory_format=torch.channels_last)
            for weight in subject.state.cast.networks["discriminator"].parameters()
            if weight.dim() == 4 and weight.shape[1] > 1
        }
        for name, subject in subjects.items()
    }
    assert (layouts["trained"], layouts["contiguous"]) == ({True}, {False})
    one, other = (subjects[name].state for name in ("trained", "contiguous"))
    for name, tensor in one.cast.networks["generator"].state_dict().items():
        torch.testing.assert_close(other.cast.networks["generator"].state_dict()[name], tensor, atol=1e-5, rtol=1e-3)
    assert subjects["still"].state.counters.images_drawn == 4, "one batch, however many iterations"
    assert one.counters.images_drawn == 3 * 8, "4 for the discriminator, and others for the generator, until settled"
    for name, tensor in one.cast.networks["generator"].state_dict().items():
        assert torch.equal(subjects["singly"].state.cast.networks["generator"].state_dict()[name], tensor)
    before = _switches()
    with subjects["any_kernels"].settings():
        assert _switches()[:2] == (False, True)
    assert _switches() == before


def _switches() -> tuple[bool, ...]:
    cudnn, products = torch.backends.cudnn, torch.backends.cuda.matmul
    return torch.are_deterministic_algorithms_enabled(), cudnn.benchmark, cudnn.allow_tf32, products.allow_tf32


@pytest.mark.parametrize("side", [8, 32, 64, 128])
def test_the_plain_loop_has_networks_of_the_same_shapes(side: int) -> None:
    shape = ImageShape(3, side, side)
    ours = DCGANGenerator().build(shape, 0), DCGANDiscriminator().build(shape, 0)
    for plain, own in zip(dcgan_networks(side), ours, strict=True):
        assert _weights(plain) == _weights(own)


def _weights(network: torch.nn.Module) -> list[int]:
    """Return how many numbers every layer has, in order."""
    return [
        sum(weight.numel() for weight in layer.parameters(recurse=False))
        for layer in network.modules()
        if [*layer.parameters(recurse=False)]
    ]


def test_the_plain_loop_trains_both_networks(workshop: Workshop) -> None:
    plain = Plain(workshop.tensor(Case("dcgan")).float() / 127.5 - 1, 4, 4)
    plain.advance()
    assert plain.images == 4
    before = _switches()
    with plain.settings():
        assert _switches() == (False, False, True, True)
    assert _switches() == before


class _Clock:
    """Time that passes when a part is measured."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def part(self, name: str, stated: float, takes: float) -> Part:
        def measure(workshop: Workshop) -> Json:
            self.seconds += takes
            return {"took": takes}

        return Part("speed", name, stated, measure)


def test_what_does_not_fit_in_the_budget_is_left_out_by_name_and_the_rest_is_done(workshop: Workshop) -> None:
    clock, kept = _Clock(), []
    parts = [
        clock.part("first", 10, 4),
        clock.part("slow", 10, 18),  # 22 of 30 seconds are gone
        clock.part("long", 9, 1),
        clock.part("short", 8, 1),
    ]
    done = go_through(parts, workshop, 130.0, lambda so_far: kept.append(len(so_far)), lambda: clock.seconds)
    assert kept == [1, 2, 3, 4], "what was measured is written after every part"
    assert [part.get("skipped") for part in done] == [None, None, OUT_OF_TIME, None]
    assert [part["seconds"] for part in done] == [4, 18, 0, 1]
    assert [part["stated_seconds"] for part in done] == [10, 10, 9, 8]
    assert "Not measured, out of time: long." in page.section(_results(done))


def test_no_round_begins_when_its_time_is_used_up() -> None:
    class Still:
        device, images, advances = CPU, 4, 0

        def advance(self) -> None:
            self.advances += 1

        def settings(self) -> contextlib.AbstractContextManager[None]:
            return contextlib.nullcontext()

    still = Still()
    assert len(contest.interleaved({"still": still}, 5, 0.0, within=0.0)["still"]) == still.advances == 1
    assert len(contest.interleaved({"still": still}, 5, 0.0)["still"]) == 5


def test_the_default_names_every_target_first_and_is_stated_to_fit_its_most_important_parts() -> None:
    parts = default_parts(Peers(plain=True, r3gan=Path("a copy")))
    names = [part.name for part in parts]
    assert len(set(names)) == len(names)
    asked = {target.part for target in TARGETS}
    assert asked < set(names)
    last = max(names.index(name) for name in asked)
    assert sum(part.seconds for part in parts[: last + 1]) < 330, "torch's import and the pictures take their time too"
    assert {"resume " + name for name in CHECKED} | {"agreement " + name for name in CHECKED} < set(names)


def test_the_large_grid_checks_every_recipe_and_times_the_deep_ones_at_every_size() -> None:
    sides = (32, 64, 128, 256)
    names = [part.name for part in full_parts(Peers(), recipes.of_images(), sides)]
    assert len(names) == len(set(names))
    assert {f"resume {name}" for name in recipes.of_images()} < set(names)
    deep = {f"{kind}{name} {side}" for kind in ("", "ratios ") for name in SIZED for side in sides}
    assert deep | {f"{name} 32" for name in recipes.of_images() if name != "mlp-2d"} < set(names)


def test_what_could_not_be_done_is_a_fault_and_stands_on_the_page(workshop: Workshop) -> None:
    def refuse(workshop: Workshop) -> Json:
        raise RuntimeError("out of memory\nand more")

    done = go_through(
        [Part("resume", "resume dcgan", 1, refuse), Part("speed", "dcgan 32", 1, refuse)],
        workshop, math.inf, lambda so_far: None,
    )  # fmt: skip
    assert faults(done) == ["resume dcgan: RuntimeError: out of memory", "dcgan 32: RuntimeError: out of memory"]
    text = page.section(_results(done))
    assert "| `dcgan` 32², images/s as trained | ≥ 40,000 |  | not measured: RuntimeError: out of memory |" in text
    assert text.count("not measured: RuntimeError: out of memory") == 6, "four targets and two rows"


def test_a_resume_with_other_bits_and_a_host_that_waits_are_faults() -> None:
    found = {"same_bits_after_resume": False, "synchronisations": ["engine/state.py:7"]}
    parts = [
        {"name": "resume dcgan", "kind": "resume", "found": found},
        {"name": "agreement dcgan", "kind": "agreement", "found": {"agrees": False}},
    ]
    assert faults(parts) == [
        "resume dcgan: the resumed run has other bits",
        "resume dcgan: the host waits at engine/state.py:7",
        "agreement dcgan: bf16 and float32 have other losses",
    ]


def test_targets_are_read_off_the_parts_that_measure_them() -> None:
    def told(name: str, kind: str = "speed", **found: object) -> Json:
        return {"name": name, "kind": kind, "found": {"failed": {}, "host_share": 0.1, **found}}

    parts = [
        told("matrix products", "peaks", bf16={"flops_per_second": 8e14}),
        told("dcgan 32", images_per_second={"as_trained": 42_000.0, "plain": 7_000.0}),
        told("dcgan 64", images_per_second={"as_trained": 21_000.0}),
        told("dcgan 128 wide 64", images_per_second={"as_trained": 20_000.0}, flops_per_image=1e10),
        told("penalties r3gan", "penalties", images_per_second={"as_trained": 100.0, "without": 250.0}),
        told("r3gan preset", "preset", images_per_second={"as_trained": 9.0}, failed={"authors": "no such operator"}),
        told("resume dcgan", "resume", same_bits_after_resume=True),
        {"name": "dcgan 128", "kind": "speed", "skipped": OUT_OF_TIME},
    ]
    found = {each["what"]: (each["measured"], each["verdict"]) for each in verdicts(parts)}
    assert found["`dcgan` 32², images/s as trained"] == ("42,000", "met")
    assert found["`dcgan` 32², times a plain PyTorch loop"] == ("6.0", "met")
    assert found["`dcgan` 32², host's share of a step"] == ("10.0%", "met")
    assert found["`dcgan` 64², images/s as trained"] == ("21,000", "missed")
    assert found["`dcgan` 64², times a plain PyTorch loop"] == ("", "not measured: without --peer")
    assert found["`dcgan` 128², images/s as trained"] == ("", "not measured: out of time")
    # 1e10 FLOPs 20,000 times a second are 2e14 FLOP/s, a quarter of the peak: just enough.
    assert found["`dcgan` of width 128, 64², batch 256: share of the bf16 peak"] == ("25.0%", "met")
    assert found["`r3gan` 32², a step with penalties over one without"] == ("2.50", "met")
    assert found["`r3gan` at the CIFAR-10 preset, times the authors' code"] == ("", "not measured: no such operator")
    assert found["`dcgan` resumes in the same bits"] == ("yes", "met")
    assert found["`r3gan` 32², images/s as trained"] == ("", "not measured: not asked for")


def _results(parts: list[Json]) -> Json:
    machine = {"device_name": "a device", "torch": "2", "processor": "a processor", "platform": "a system"}
    scale = {"batch": None, "steps": 4, "seeds": 2, "rounds": 1}
    for part in parts:
        if part.get("found", {}).keys() == {"took"}:  # of the clock's: not on the page
            part["kind"] = "other"
    return {"command": "", "machine": machine, "device": "cpu", "scale": scale, "budget": 30.0,
            "parts": parts, "targets": verdicts(parts)}  # fmt: skip
