"""Where the time of a step goes, by torch's profiler: kinds of work as shares, and the operators that take most."""

import time
from collections import defaultdict
from collections.abc import Iterator

from torch.autograd.profiler_util import FunctionEvent
from torch.profiler import ProfilerActivity, profile

from benchmarks.markdown import table
from benchmarks.speed.part import Json, Part, Settings
from benchmarks.speed.systems import GANACHE, PLAIN, SYSTEMS, System, contestants, store_of

# The first kind one of whose words is in the name of an operator or of what called it; names without "_", lower case.
KINDS = {
    "optimisers": ("optimizer.step", "optimizer.zerograd"),
    "average of the weights": ("foreachlerp",),
    "convolutions": ("convolution",),
    "matrix products": ("addmm", "aten::mm", "aten::linear"),
    "normalisation": ("batchnorm",),
    "pooling": ("maxpool",),
    "random numbers": ("normal", "uniform", "bernoulli", "random", "aten::rand"),
    "reading pictures": ("dataloader",),
}
REST, BETWEEN = "activations, losses, copies, the rest", "between operators"
TOP = 6


def measure(settings: Settings) -> Json:
    """Profile every system, plain and in Ganache."""
    return {system.recipe: _profiled(system, settings) for system in SYSTEMS}


def _profiled(system: System, settings: Settings) -> Json:
    with store_of(system, settings) as store:
        entered = contestants(system, store, settings.quick)
        return {name: shares(entered[name].begin(), settings.seconds) for name in (PLAIN, GANACHE) if name in entered}


def shares(loop: Iterator[int], seconds: float) -> Json:
    """Return the shares of the wall clock of each kind, and of the operators that take most themselves."""
    next(loop)
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        iterations, began = 0, time.perf_counter()
        while not iterations or time.perf_counter() - began < seconds:
            next(loop)
            iterations += 1
        elapsed = time.perf_counter() - began
    kinds: defaultdict[str, float] = defaultdict(float)
    operators: defaultdict[str, float] = defaultdict(float)
    for event in profiler.events() or ():
        share = event.self_cpu_time_total / 1e6 / elapsed
        kinds[kind_of(event)] += share
        operators[event.name] += share
    kinds[BETWEEN] = max(0.0, 1.0 - sum(kinds.values()))
    most = sorted(operators.items(), key=lambda operator: -operator[1])[:TOP]
    return {"kinds": dict(kinds), "operators": dict(most), "iterations": iterations}


def kind_of(event: FunctionEvent) -> str:
    """Return the kind of work that an operator belongs to, by its own name and those of its callers."""
    names, caller = [event.name], event.cpu_parent
    while caller is not None:
        names.append(caller.name)
        caller = caller.cpu_parent
    text = " ".join(names).lower().replace("_", "")
    return next((kind for kind, words in KINDS.items() if any(word in text for word in words)), REST)


def tell(found: Json) -> str:
    """Return the table of kinds, then each system's operators."""
    columns = [(system, way) for system, ways in found.items() for way in ways]
    rows: list[tuple[str, ...]] = [("", *(f"`{system}` {way}" for system, way in columns))]
    for kind in (*KINDS, REST, BETWEEN):
        rows.append((kind, *(f"{found[system][way]['kinds'].get(kind, 0.0):.0%}" for system, way in columns)))
    operators = [
        f"- `{system}`: " + ", ".join(f"`{name}` {share:.0%}" for name, share in ways[GANACHE]["operators"].items())
        for system, ways in found.items()
    ]
    return "\n\n".join([_PROTOCOL, table(rows), "The operators that take most in Ganache:", "\n".join(operators)])


_PROTOCOL = (
    "Shares of the wall clock of a step under `torch.profiler`, which itself makes small operators slower. An operator"
    " counts for what called it: all that an optimiser's step does is the optimiser's. *Between operators* is Python,"
    " NumPy and the profiler."
)

PART = Part("profile", "Where the time goes", measure, tell)
