"""How fast an iteration is, what it needs, and what a change of layout, kernels or launching would bring."""

import contextlib
import gc
import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.flops import count_flops
from benchmarks.gpu.cases import Case, Json, Workshop, playing
from benchmarks.gpu.contest import Contestant, interleaved, switches
from ganache.engine.devices import memory_in_use, synchronize
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


AS_TRAINED = Variant()
BASE = "as_trained"  # what all are compared with, unless RATIOS names another
VARIANTS = {
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
Others = Mapping[str, Callable[[], Contestant]]  # by name, how each of a case's rivals is built


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

    def __init__(self, plan: Plan, variant: Variant = AS_TRAINED, warm: bool = True) -> None:
        self.variant, self.device = variant, plan.device
        fields = leaves(plan.recipe.model_dump(mode="json"))
        self.period = math.lcm(*(every for path, every in fields.items() if path.endswith(".every")))
        self.images = self.period * plan.recipe.images_per_iteration
        self.state = plan.build()
        if variant.contiguous:
            for network in (*self.state.cast.networks.values(), self.state.average):
                network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        self._iterate = playing(self.state, _Fed(plan, self.state, variant))
        self.advance: Callable[[], None] = self.iterations
        if not warm:
            return
        with self.settings():
            self.iterations()  # what is set up at first use must be neither timed nor captured
            if variant.graph:
                self.advance = self._captured()
            synchronize(self.device)

    def iterations(self) -> None:
        """Train for one period."""
        for _ in range(self.period):
            self._iterate()

    def host_share(self) -> float:
        """Return the part of a single iteration's seconds, from an idle device on, in which the host asks for it."""
        synchronize(self.device)
        began = time.perf_counter()
        self._iterate()
        asked = time.perf_counter() - began
        synchronize(self.device)
        return asked / (time.perf_counter() - began)

    def settings(self) -> contextlib.AbstractContextManager[None]:
        """Set torch's switches as the variant wants them, and back."""
        if self.variant.repeatable:
            return contextlib.nullcontext()
        return switches(repeatable=False, trial=True, tf32=torch.backends.cudnn.allow_tf32)

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
            except RuntimeError as error:  # a capture that CUDA refuses is a finding, and stands in the table
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
    subject = Subject(plan, Variant(fed=False), warm=False)
    return count_flops(subject.iterations) / subject.images


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
