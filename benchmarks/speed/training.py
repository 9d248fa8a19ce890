"""Images per second of every system, contestants in turn, and the share of the matrix products' speed they reach."""

import contextlib
import statistics
from collections.abc import Iterator

from benchmarks.flops import count_flops
from benchmarks.markdown import table
from benchmarks.speed.part import Json, Part, Settings, precise, spread
from benchmarks.speed.products import DTYPES, TYPES, measure_products, peak, together
from benchmarks.speed.systems import COMPARED, DOCUMENTS, FROZEN, GANACHE, PLAIN, SYSTEMS, System, contestants, store_of
from benchmarks.speed.worker import Trainer

REPEATS = 5  # matrix products before the trainings, and as many after them


def measure(settings: Settings) -> Json:
    """Measure the products, every system, and the products again."""
    before = measure_products(REPEATS, settings.quick)
    systems = {system.recipe: _measured(system, settings) for system in SYSTEMS}
    products = together(before, measure_products(REPEATS, settings.quick))
    return {"products": products, "systems": systems, **_compared(systems)}


def _measured(system: System, settings: Settings) -> Json:
    with store_of(system, settings) as store, contextlib.ExitStack() as stack:
        ways, trainers = {}, {}
        for name, contestant in contestants(system, store, settings.quick).items():
            # Each in a process of its own, as a user has it: memory that one warms would serve the other.
            trainer = stack.enter_context(Trainer(system.recipe, name, store, settings.quick, {}))
            ways[name] = {
                "precision": contestant.precision,
                "threads": trainer.ready["threads"],
                "gflop_per_image": count_work(contestant.begin()),
                "images_per_second": [],
            }
            trainers[name] = trainer
        for turn in range(settings.rounds):
            for name in _rotated(list(ways), turn):
                trainers[name].go(settings.seconds)
                ways[name]["images_per_second"].append(trainers[name].answer()["images_per_second"])
    return {"document": system.document, "shape": str(system.shape), "batch_size": system.batch_size, "ways": ways}


def count_work(loop: Iterator[int]) -> float:
    """Return the GFLOP per image of the next iteration: two for each multiplication of a dense layer or convolution.

    Forwards and backwards, towards inputs and weights where they are computed; padding is multiplied too. Biases,
    norms, activations, losses, optimisers and averages are not counted.
    """
    images: list[int] = []
    flops = count_flops(lambda: images.append(next(loop)))
    return flops / images[0] / 1e9


def _rotated(names: list[str], turn: int) -> list[str]:
    start = turn % len(names)  # nobody always goes first
    return names[start:] + names[:start]


def _compared(systems: Json) -> Json:
    """Return Ganache's speed over the plain loops', as ratios of medians, and the documents' geometric means."""
    plainly, freezing = {}, {}
    for system in COMPARED:
        ways = systems[system.recipe]["ways"]
        plainly[system.recipe] = _median(ways[GANACHE]) / _median(ways[PLAIN])
        freezing[system.recipe] = _median(ways[GANACHE]) / _median(ways[FROZEN if system.freezes else PLAIN])
    return {
        "ratios": plainly,
        "geometric_mean": _mean(plainly),
        "ratios_where_the_document_freezes": freezing,
        "geometric_mean_where_the_document_freezes": _mean(freezing),
    }


def _mean(ratios: Json) -> float:
    return statistics.geometric_mean([ratios[system.recipe] for system in DOCUMENTS])


def _median(way: Json) -> float:
    return float(statistics.median(way["images_per_second"]))


def tell(found: Json) -> str:
    """Return both tables and what they are."""
    return "\n\n".join([_PROTOCOL, _speeds(found), _SHARES.format(products=_products(found)), _shares(found)])


_PROTOCOL = (
    "Images per second, as the median (least–greatest) of turns that the contestants of a system take one after the"
    " other, each in a process of its own. *plain* is `benchmarks/speed/plain.py`, the documents' loops, and"
    " `plain_cycle.py`: eager, in float32, default Adam, gradients into a discriminator that does not learn; *plain,"
    " frozen* leaves these out, as the documents of two systems and CycleGAN's authors do. Ganache also keeps the"
    " average of the weights and the log's sums. Both read the same synthetic pictures."
)
_SHARES = (
    "What a step multiplies, and how much of the speed of square matrix products that is ({products}). FLOPs by"
    " the formulas of `torch.utils.flop_counter` in one iteration, two for each multiplication of dense layers and"
    " convolutions, forwards and backwards; nothing else is counted. The plain loops multiply more where they compute"
    " gradients that nothing uses."
)


def _speeds(found: Json) -> str:
    rows: list[tuple[str, ...]] = [
        ("system", "batch", "plain", "plain, frozen", "Ganache", "over plain", "over its document's")
    ]
    for name, system in found["systems"].items():
        ways = system["ways"]
        speeds = [precise(ways[way]["images_per_second"]) if way in ways else "" for way in (PLAIN, FROZEN, GANACHE)]
        ratios = [found[key].get(name) for key in ("ratios", "ratios_where_the_document_freezes")]
        title = f"`{name}` {system['shape']}" + (f" ({system['document']})" if system["document"] else "")
        rows.append(
            (title, str(system["batch_size"]), *speeds, *(f"{ratio:.2f}×" if ratio else "" for ratio in ratios))
        )
    means = (found["geometric_mean"], found["geometric_mean_where_the_document_freezes"])
    return table([*rows, ("geometric mean of S1 to S4", "", "", "", "", *(f"**{mean:.2f}×**" for mean in means))])


def _products(found: Json) -> str:
    return ", ".join(
        f"{name} {spread(products['gflops'], 1)} GFLOP/s at {products['side']}³"
        for name, products in found["products"].items()
    )


def _shares(found: Json) -> str:
    rows: list[tuple[str, ...]] = [
        ("system", "", "precision, threads", "GFLOP per image", *(f"of the {name} products" for name in TYPES))
    ]
    for name, system in found["systems"].items():
        for way, known in system["ways"].items():
            work, own = known["gflop_per_image"], DTYPES[known["precision"]]
            shares = {each: work * _median(known) / peak(found["products"], each) for each in TYPES}
            cells = (f"**{share:.0%}**" if each == own else f"{share:.0%}" for each, share in shares.items())
            rows.append((f"`{name}`", way, f"{known['precision']}, {known['threads']}", f"{work:.3f}", *cells))
    return table(rows)


PART = Part("training", "Training", measure, tell)
