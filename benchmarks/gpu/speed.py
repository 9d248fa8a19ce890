"""How fast an iteration is, what it needs, and what a change of layout, kernels or launching would bring."""

import contextlib
import gc
import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from benchmarks.flops import count_flops
from benchmarks.gpu.cases import SETTLED, Case, Json, Workshop, period_of, playing
from benchmarks.gpu.contest import Contestant, interleaved, switches
from ganache.engine.devices import memory_in_use, synchronize
from ganache.engine.iteration import iterate
from ganache.engine.random_draws import StateDraws
from ganache.games.game import TrainingBatch
from ganache.support.streams import untouched_global_stream
from ganache.training.plan import Plan


@dataclass(frozen=True)
class Variant:
    """One way to run the same training."""

    precision: str = "auto"
    contiguous: bool = False  # both networks have the channels first, whatever the engine chose
    repeatable: bool = True  # False: the fastest kernels found by trial, whether they repeat their bits or not
    singly: bool = False  # one operation is launched after the other, however sessions do
    fed: bool = True  # False: so, and always with the same batch, which stays on the device


AS_TRAINED = Variant()
BASE = "as_trained"  # what all are compared with, unless RATIOS names another
VARIANTS = {
    "fp32": Variant(precision="fp32"),
    "contiguous": Variant(contiguous=True),
    "any_kernels": Variant(repeatable=False),
    "singly": Variant(singly=True),
    "still": Variant(singly=True, fed=False),
}
# What each ratio of speeds says, and of which two.
RATIOS = {
    "as trained / float32": (BASE, "fp32"),
    "channels last / contiguous": (BASE, "contiguous"),
    "any kernels / repeatable ones": ("any_kernels", BASE),
    "as trained / operations launched singly": (BASE, "singly"),
    "so, one batch that stays / new ones": ("still", "singly"),
}
Others = Mapping[str, Callable[[], Contestant]]  # by name, how each of a case's rivals is built


class _Still(StateDraws):
    """One batch for ever."""

    _kept: TrainingBatch | None = None

    def batch(self) -> TrainingBatch:
        """Return the batch."""
        self._kept = self._kept or super().batch()
        return self._kept


class Subject:
    """A training that runs in one variant, a period at a time: until every lazy term has had its turn."""

    def __init__(self, plan: Plan, variant: Variant = AS_TRAINED, settled: bool = True) -> None:
        self.variant, self.device = variant, plan.device
        self.period = period_of(plan.recipe)
        self.images = self.period * plan.recipe.images_per_iteration
        self.state = plan.build()
        if variant.contiguous:
            for network in (*self.state.cast.networks.values(), self.state.average):
                network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        self._play = self._singly(plan) if variant.singly else playing(plan.data, self.state)
        if settled:
            with self.settings():
                for _ in range(SETTLED):
                    self.advance()
                synchronize(self.device)

    def advance(self) -> None:
        """Train for one period."""
        for _ in range(self.period):
            self._play()

    def host_share(self) -> float:
        """Return the part of a single iteration's seconds, from an idle device on, in which the host asks for it."""
        synchronize(self.device)
        began = time.perf_counter()
        self._play()
        asked = time.perf_counter() - began
        synchronize(self.device)
        return asked / (time.perf_counter() - began)

    def settings(self) -> contextlib.AbstractContextManager[None]:
        """Set torch's switches as the variant wants them, and back."""
        if self.variant.repeatable:
            return contextlib.nullcontext()
        return switches(repeatable=False, trial=True, tf32=torch.backends.cudnn.allow_tf32)

    def _singly(self, plan: Plan) -> Callable[[], None]:
        draws = (StateDraws if self.variant.fed else _Still)(plan.data, self.state)
        return lambda: iterate(self.state, draws)


def measure_speed(workshop: Workshop, case: Case, others: Others, within: float = math.inf) -> Json:
    """Return a case's images/s as trained and FLOPs, memory and host's share, and others' images/s in the same rounds.

    What cannot be built is noted with its reason. Raises torch.OutOfMemoryError where all together do not fit.
    """
    _tidy(workshop.device)
    with untouched_global_stream():
        plan = workshop.plan(case)
        flops = _flops_per_image(plan)
        _tidy(workshop.device)
        base = Subject(plan)
        memory = memory_in_use(workshop.device)  # before anything else is there
        contestants: dict[str, Contestant] = {BASE: base}
        failed: dict[str, str] = {}
        for name, build in others.items():
            try:
                contestants[name] = build()
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:  # that a device refuses something is a finding, and stands in the table
                failed[name] = str(error).splitlines()[0]
        speeds = interleaved(contestants, workshop.scale.rounds, workshop.scale.seconds, within)
        asking = statistics.median(base.host_share() for _ in range(max(3, workshop.scale.rounds)))
    return {
        "recipe": case.recipe,
        "side": workshop.side(case),
        "batch": plan.recipe.batch_size,
        "settings": list(case.settings),
        "precision": plan.precision,
        "parameters": sum(weight.numel() for net in base.state.cast.networks.values() for weight in net.parameters()),
        "flops_per_image": flops,
        "memory_bytes": memory,
        "images_per_second": {name: statistics.median(values) for name, values in speeds.items()},
        "rounds": speeds,
        "host_share": asking,
        "failed": failed,
    }


def variants_of(workshop: Workshop, case: Case) -> Others:
    """Return how every variant of a case is built."""
    return {
        name: lambda variant=variant: Subject(workshop.plan(case, variant.precision), variant)  # type: ignore[misc]
        for name, variant in VARIANTS.items()
    }


def _flops_per_image(plan: Plan) -> float:
    """Return the floating-point operations for each image of a period, launched singly, or none would be seen."""
    subject = Subject(plan, VARIANTS["still"], settled=False)
    return count_flops(subject.advance) / subject.images


def _tidy(device: torch.device) -> None:
    """Give back what earlier trainings held, and begin to count the memory anew."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def matrix_peak(device: torch.device, dtype: torch.dtype, sides: tuple[int, ...], seconds: float) -> Json:
    """Return the most FLOP/s that products of square matrices reach, and those of every side."""
    found = {side: _product(device, dtype, side, seconds) for side in sides}
    return {"flops_per_second": max(found.values()), "by_side": {str(side): rate for side, rate in found.items()}}


def _product(device: torch.device, dtype: torch.dtype, side: int, seconds: float) -> float:
    random = torch.Generator(device).manual_seed(0)
    left, right = (torch.randn(side, side, generator=random, device=device).to(dtype) for _ in range(2))
    product = torch.empty_like(left)
    fastest = math.inf
    count = 1
    for _ in range(6):  # the first ones also wake the device up
        synchronize(device)
        began = time.perf_counter()
        for _ in range(count):
            torch.mm(left, right, out=product)
        synchronize(device)
        took = (time.perf_counter() - began) / count
        fastest = min(fastest, took)
        count = max(1, math.ceil(seconds / 6 / took))
    return 2.0 * side**3 / fastest
