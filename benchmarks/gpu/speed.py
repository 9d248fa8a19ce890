"""How fast an iteration is, what it needs, and what a change of layout, kernels or launching would bring."""

import contextlib
import gc
import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.flops import count_flops
from benchmarks.gpu.cases import Json, Workshop
from ganache.engine.devices import memory_in_use, synchronize
from ganache.engine.iteration import iterate
from ganache.engine.random_draws import StateDraws
from ganache.engine.state import Tally, TrainingState
from ganache.games.game import TrainingBatch
from ganache.parts.latents import Latent
from ganache.support.streams import untouched_global_stream
from ganache.support.trees import leaves
from ganache.training.plan import Plan


@dataclass(frozen=True)
class Variant:
    """One way to run the same training."""

    precision: str = "auto"
    contiguous: bool = False  # both networks have the channels first, whatever the engine chose
    repeatable: bool = True  # False: the fastest kernels found by trial, whether they repeat their bits or not
    fed: bool = True  # False: always the same batch, which stays on the device
    graph: bool = False  # launched as one CUDA graph


BASE = "as_trained"  # what all are compared with, unless RATIOS names another
VARIANTS = {
    BASE: Variant(),
    "fp32": Variant(precision="fp32"),
    "contiguous": Variant(contiguous=True),
    "any_kernels": Variant(repeatable=False),
    "still": Variant(fed=False),
    "graph": Variant(fed=False, graph=True),
}
# What each ratio of speeds says, and of which two.
RATIOS = {
    "as trained / float32": (BASE, "fp32"),
    "channels last / contiguous": (BASE, "contiguous"),
    "any kernels / repeatable ones": ("any_kernels", BASE),
    "one batch that stays / new ones": ("still", BASE),
    "CUDA graph / launched singly": ("graph", "still"),
}


class _Fed(StateDraws):
    """New batches, or one of them for ever.

    What a graph has captured is launched again with the same seeds, so in a graph the numbers come from torch's default
    generators, which go on by themselves.
    """

    def __init__(self, plan: Plan, state: TrainingState, variant: Variant) -> None:
        super().__init__(plan.data, state)
        self._fed, self._captured = variant.fed, variant.graph and state.device.type == "cuda"
        self._size = state.recipe.batch_size
        self._kept: TrainingBatch | None = None

    def begin(self) -> None:
        """Seed torch's default generators for the iteration, or let them go on."""
        if not self._captured:
            super().begin()

    def latents(self, latent: Latent) -> Tensor:
        """Return latents of this iteration, or of torch's default generator."""
        if not self._captured:
            return super().latents(latent)
        return latent.draw(self._size, torch.cuda.default_generators[torch.cuda.current_device()])

    def batch(self) -> TrainingBatch:
        """Return the batch."""
        if self._kept is not None:
            return self._kept
        batch = super().batch()
        self._kept = None if self._fed else batch
        return batch


class Subject:
    """A training that runs in one variant, a period at a time: until every lazy term has had its turn."""

    def __init__(self, plan: Plan, variant: Variant) -> None:
        self.variant, self.device = variant, plan.device
        fields = leaves(plan.recipe.model_dump(mode="json"))
        self.period = math.lcm(*(every for path, every in fields.items() if path.endswith(".every")))
        self.images = self.period * plan.recipe.images_per_iteration
        self.state = plan.build()
        if variant.contiguous:
            for network in (*self.state.cast.networks.values(), self.state.average):
                network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        self._draws = _Fed(plan, self.state, variant)
        self.advance: Callable[[], None] = self.iterations
        with self.settings():
            self.iterations()  # what is set up at first use must be neither timed nor captured
            if variant.graph:
                self.advance = self._captured()
            synchronize(self.device)

    def iterations(self) -> None:
        """Train for one period."""
        for _ in range(self.period):
            iterate(self.state, self._draws)

    def host_share(self) -> float:
        """Return the part of a single iteration's seconds, from an idle device on, in which the host asks for it."""
        synchronize(self.device)
        began = time.perf_counter()
        iterate(self.state, self._draws)
        asked = time.perf_counter() - began
        synchronize(self.device)
        return asked / (time.perf_counter() - began)

    @contextlib.contextmanager
    def settings(self) -> Iterator[None]:
        """Set torch's switches as the variant wants them, and back."""
        strict, tried = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
        try:
            if not self.variant.repeatable:
                torch.use_deterministic_algorithms(False)
                torch.backends.cudnn.benchmark = True
            yield
        finally:
            torch.use_deterministic_algorithms(strict, warn_only=True)
            torch.backends.cudnn.benchmark = tried

    def _captured(self) -> Callable[[], None]:
        """Return a period as one CUDA graph; where there are none, as it is."""
        if self.device.type != "cuda":
            return self.iterations
        aside = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream(self.device))
        with torch.cuda.stream(aside):
            self.iterations()
        torch.cuda.current_stream(self.device).wait_stream(aside)
        for optimizer in self.state.cast.optimizers.values():
            optimizer.zero_grad(set_to_none=True)  # gradients shall live in the graph's pool
            for group in optimizer.param_groups:
                group["capturable"] = True
        self.state.tally = Tally()  # the graph may read no tensor that is replaced later
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.iterations()
        return graph.replay


def measure_case(workshop: Workshop, recipe: str, side: int, peak: float) -> Json:
    """Return images/s, share of the peak (FLOP/s), memory and ratios of one recipe at one size."""
    gc.collect()
    if workshop.device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(workshop.device)
    with untouched_global_stream():
        plan = workshop.plan(recipe, side)
        base = Subject(plan, VARIANTS[BASE])
        memory = memory_in_use(workshop.device)  # before anything else is there
        flops = count_flops(base.iterations) / base.images
        subjects: dict[str, Subject] = {BASE: base}
        failed: dict[str, str] = {}
        for name, variant in VARIANTS.items():
            if name == BASE:
                continue
            try:
                subjects[name] = Subject(workshop.plan(recipe, side, variant.precision), variant)
            except RuntimeError as error:  # a capture that CUDA refuses is a finding, and stands in the table
                failed[name] = str(error).splitlines()[0]
        speeds = interleaved(subjects, workshop.scale.rounds, workshop.scale.seconds)
        asking = statistics.median(base.host_share() for _ in range(max(3, workshop.scale.rounds)))
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    return {
        "recipe": recipe,
        "side": side,
        "batch": plan.recipe.batch_size,
        "precision": plan.precision,
        "parameters": sum(weight.numel() for net in base.state.cast.networks.values() for weight in net.parameters()),
        "flops_per_image": flops,
        "memory_bytes": memory,
        "images_per_second": medians,
        "rounds": speeds,
        "shares_of_peak": {name: flops * speed / peak for name, speed in medians.items()},
        "host_share": asking,
        "ratios": {
            title: medians[above] / medians[below]
            for title, (above, below) in RATIOS.items()
            if above in medians and below in medians
        },
        "failed": failed,
    }


def interleaved(subjects: dict[str, Subject], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Return each subject's images per second in every round, in which all take their turn for so many seconds."""
    speeds: dict[str, list[float]] = {name: [] for name in subjects}
    lengths = dict.fromkeys(subjects, 1)
    if seconds:
        lengths = {name: math.ceil(seconds / _seconds(subject, 1)) for name, subject in subjects.items()}
    for _ in range(rounds):
        for name, subject in subjects.items():
            took = _seconds(subject, lengths[name])
            speeds[name].append(lengths[name] * subject.images / took)
    return speeds


def _seconds(subject: Subject, periods: int) -> float:
    with subject.settings():
        synchronize(subject.device)
        began = time.perf_counter()
        for _ in range(periods):
            subject.advance()
        synchronize(subject.device)
        return time.perf_counter() - began


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
