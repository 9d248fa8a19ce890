"""The speed benchmark: both contestants do the same work, and its arithmetic by hand."""

import inspect
import itertools
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from torch import nn
from torch.autograd.profiler_util import FunctionEvent

from benchmarks.markdown import with_section
from benchmarks.speed import beside, page, plain, plain_cycle, products, profiling, training
from benchmarks.speed.part import Json, Settings, images_per_second, precise, spread
from benchmarks.speed.pictures import draw
from benchmarks.speed.systems import (
    COMPARED,
    DIGIT,
    FROZEN,
    GANACHE,
    PICTURES,
    PLAIN,
    System,
    contestants,
    planned,
    store_of,
)

TINY = Settings.tiny()

# Two FLOPs for each weight and place of the discriminator: what the generator's half computes and nothing uses.
UNUSED = {
    "vanilla": 2 * (784 * 1024 + 1024 * 512 + 512 * 256 + 256),
    "lsgan": 2 * (32 * 5**2 * 24**2 + 32 * 64 * 5**2 * 8**2 + 1024 * 1024 + 1024),
    "dcgan-mnist": 2 * (64 * 5**2 * 14**2 + 64 * 128 * 5**2 * 7**2 + 6272),
    # Four features at 32×32; the weights for reals and fakes, then the way back to the reals as far as the first layer.
    "ralsgan": 2 * 4**2 * (2 * 3 * 4 * 32**2 + 3 * (4 * 8 * 16**2 + 8 * 16 * 8**2 + 16 * 32 * 4**2 + 32)),
    # Two of them, which judge one translation each.
    "cyclegan": 2 * 2 * 4**2 * (3 * 4 * 32**2 + 4 * 8 * 16**2 + 8 * 16 * 8**2 + 16 * 32 * 7**2 + 32 * 6**2),
}
NETWORKS: dict[str, Callable[[], tuple[nn.Module, ...]]] = {
    "vanilla": plain.vanilla_networks,
    "lsgan": plain.lsgan_networks,
    "dcgan-mnist": plain.dcgan_mnist_networks,
    "ralsgan": lambda: plain.ralsgan_networks(width=4),
    "cyclegan": lambda: plain_cycle.cyclegan_networks(4, 1, 4),
}


@pytest.mark.parametrize("system", COMPARED, ids=lambda system: system.recipe)
def test_the_plain_loop_multiplies_what_ganache_does_and_the_unused_gradients(system: System) -> None:
    with store_of(system, TINY) as store:
        work = {
            name: 1e9 * training.count_work(contestant.begin())
            for name, contestant in contestants(system, store, quick=True).items()
        }
        state = planned(system, store, quick=True).build()
    assert work[PLAIN] - work[GANACHE] == pytest.approx(UNUSED[system.recipe], rel=1e-6)
    assert (FROZEN in work) == system.freezes
    assert work.get(FROZEN, work[GANACHE]) == pytest.approx(work[GANACHE], rel=1e-9)
    assert [_size(network) for network in NETWORKS[system.recipe]()] == [
        _size(network) for network in state.cast.networks.values()
    ]


def _size(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize("system", COMPARED, ids=lambda system: system.recipe)
def test_the_plain_loops_train_both_networks_with_the_documents_batches(system: System) -> None:
    assert system.networks is not None
    made = system.networks(**system.small_networks)
    assert system.loop is not None
    assert PICTURES % system.batch_size == 0
    assert inspect.signature(system.loop).parameters["batch_size"].default == system.batch_size
    pictures = np.stack(list(draw(system.shape, 4)))
    loop = system.loop(pictures, batch_size=2, networks=made)
    assert next(loop) == 2
    before = [[weight.detach().clone() for weight in network.parameters()] for network in made]
    for _ in range(3):  # over the end of the data
        next(loop)
    for network, weights in zip(made, before, strict=True):
        moved = [not bool((weight == old).all()) for weight, old in zip(network.parameters(), weights, strict=True)]
        assert all(moved)


def test_pictures_come_as_the_document_converts_them() -> None:
    pictures = np.array([[[[0, 51], [204, 255]]]], np.uint8)
    assert plain.Digits(pictures)[0].flatten().tolist() == pytest.approx([0.0, 0.2, 0.8, 1.0])
    assert plain.Digits(pictures, lambda image: (image - 0.5) / 0.5)[0][0, 0, 0] == -1.0


def test_environments_are_read_as_a_shell_reads_them() -> None:
    assert beside.parsed("") == {}
    assert beside.parsed("A=1 B='x y' C=d=e") == {"A": "1", "B": "x y", "C": "d=e"}


def test_speeds_and_spreads_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.count(0.0, 0.5)
    monkeypatch.setattr("time.perf_counter", lambda: next(ticks))
    assert images_per_second(itertools.repeat(4), seconds=1.2) == 12 / 1.5  # three iterations of half a second
    assert images_per_second(itertools.repeat(4), seconds=0.0) == 4 / 0.5
    assert spread([390.0, 371.4, 383.0]) == "383 (371–390)"
    assert [precise([value]) for value in (6.4, 14.53, 383.4, 1383.0)] == ["6.40", "14.5", "383", "1,383"]


def test_ratios_are_of_medians_and_the_mean_is_geometric() -> None:
    speeds = {
        "vanilla": ([1.0, 1.0, 9.0], None, 8.0),  # 8×
        "lsgan": ([2.0], None, 4.0),  # 2×
        "dcgan-mnist": ([1.0], [2.0], 4.0),  # 4×, 2×
        "ralsgan": ([1.0], [4.0], 4.0),  # 4×, 1×
        "cyclegan": ([1.0], [2.0], 9.0),  # 9×, 4.5×, in neither mean
    }
    systems: Json = {}
    for recipe, (plainly, frozen, ours) in speeds.items():
        ways: dict[str, Any] = {PLAIN: {"images_per_second": plainly}, GANACHE: {"images_per_second": [ours]}}
        systems[recipe] = {"ways": {**ways, **({FROZEN: {"images_per_second": frozen}} if frozen else {})}}
    found = training._compared(systems)
    assert found["ratios"] == {"vanilla": 8.0, "lsgan": 2.0, "dcgan-mnist": 4.0, "ralsgan": 4.0, "cyclegan": 9.0}
    assert found["geometric_mean"] == pytest.approx(4.0)  # of 8, 2, 4, 4: the fourth root of 256
    assert found["geometric_mean_where_the_document_freezes"] == pytest.approx(32 ** (1 / 4))


def test_two_measurements_of_the_products_are_one_unless_their_sizes_differ() -> None:
    first, second = ({name: {"side": 8, "gflops": [value]} for name in products.TYPES} for value in (1.0, 3.0))
    second["bfloat16"]["side"] = 16
    found = products.together(first, second)
    assert products.peak(found, "float32") == 2.0
    assert found["bfloat16"] == {"side": 16, "gflops": [3.0]}


def test_an_operator_counts_for_its_callers() -> None:
    def event(*names: str) -> FunctionEvent:
        found = None
        for name in names:  # outermost first
            found = SimpleNamespace(name=name, cpu_parent=found)
        return cast(FunctionEvent, found)

    assert profiling.kind_of(event("Optimizer.step#Adam.step", "aten::lerp_")) == "optimisers"
    assert profiling.kind_of(event("aten::_foreach_lerp_", "aten::lerp_")) == "average of the weights"
    assert (
        profiling.kind_of(event("ConvolutionBackward0", "aten::convolution_backward", "aten::copy_")) == "convolutions"
    )
    assert profiling.kind_of(event("aten::cudnn_batch_norm")) == "normalisation"
    assert profiling.kind_of(event("MmBackward0", "aten::mm")) == "matrix products"
    assert profiling.kind_of(event("aten::leaky_relu")) == profiling.REST


def _with_section(text: str, section: str) -> str:
    return with_section(text, page.BEGIN, page.END, section)


def test_the_section_is_replaced_in_its_place() -> None:
    once = _with_section("# Results\n\nfirst\n", "one")
    assert once == f"# Results\n\nfirst\n\n{page.BEGIN}\none\n{page.END}\n"
    assert _with_section(f"{once}\n## After\n", "two") == f"{once.replace('one', 'two')}\n## After\n"
    with pytest.raises(AssertionError, match="once"):
        _with_section(once.replace(page.END, ""), "two")
    with pytest.raises(AssertionError, match="order"):
        _with_section(f"{page.END}\n{page.BEGIN}", "two")


def test_pictures_are_the_same_ones_each_time_and_no_constant() -> None:
    def pixels() -> Iterator[bytes]:
        return (picture.tobytes() for picture in draw(DIGIT, 3))

    assert list(pixels()) == list(pixels())
    assert len(set(pixels())) == 3
    assert all(picture.std() > 20 for picture in draw(DIGIT, 3))
