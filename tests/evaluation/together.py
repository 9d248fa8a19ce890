"""What two processes do that test_by_all.py starts: a generator is evaluated by both, and by process 0 alone.

Each has a cache of its own, in which process 0 alone has a classifier. Every process prints what it found as JSON.
"""

import functools
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganache.data import Selection, open_dataset, select
from ganache.data.store.packed import PackedDataset
from ganache.engine.processes import started
from ganache.engine.state import TrainingState
from ganache.evaluation.features import by_name
from ganache.evaluation.features.classifier_features import ClassifierExtractor
from ganache.evaluation.features.random_network import RandomExtractor
from ganache.evaluation.features.trained_classifier import keep_classifier, train_classifier
from ganache.runs.folder import Run
from ganache.runs.products import TrainedGenerator
from ganache.support.errors import UserError
from ganache.support.precision import FULL
from ganache.support.world import ALONE, Tensors, World
from ganache.training.observers.scores import Scores
from tests.conftest import SMALL
from tests.tiny import CPU, two_players
from tests.training.company import measured


def counted(work: Callable[..., Any], counts: Counter[str]) -> Callable[..., Any]:
    """Return a method that counts how many rows it is given, by its name."""

    @functools.wraps(work)
    def counting(self: Any, rows: Any, *more: Any) -> Any:
        counts[work.__qualname__] += len(rows)
        return work(self, rows, *more)

    return counting


def evaluated(run: Run, cache: Path, data: Selection, world: World) -> list[dict[str, Any]]:
    """Return what a run's evaluations say of an untrained generator; the cache holds process 0's classifier alone.

    Nothing of the state moves by it.
    """
    os.environ["GANACHE_CACHE"] = str(cache)
    recipe = two_players("dcgan", *SMALL, f"conditional={json.dumps(data.conditional)}")
    state = TrainingState(recipe, data.shape, len(data.label_names) if data.conditional else 0, 0, CPU, FULL, world)
    if world.rank == 0 and data.conditional:
        assert isinstance(data.dataset, PackedDataset)
        keep_classifier(train_classifier(data.dataset, passes=1, least_steps=5), data.dataset, cache)
    before = {name: tensor.clone() for name, tensor in state.tensors().items()}
    scores = Scores(run, data, state, 1, lambda line: None)

    def measure() -> None:
        scores.go_back(state)
        measured(scores, state)

    world.by_first(measure)
    now = state.tensors()
    assert all(torch.equal(value, now[name]) for name, value in before.items())
    return run.evaluation_lines()[-1:]


def squares(numbers: Tensor, *more: Tensor) -> Tensors:
    """Return squares and whatever else there was; raises UserError for a number below zero."""
    if bool((numbers < 0).any()):
        raise UserError("numbers: one is below zero")
    return numbers**2, *more


def errands(world: World) -> list[Any]:
    """Return what comes back of pieces of several kinds, of a work on another's results, and after a mistake."""
    square, move = world.by_all(squares), world.by_all(lambda numbers: (numbers + 1,))

    def found() -> list[Any]:
        def numbers(count: int) -> Iterator[Tensors]:
            yield from ((torch.full((number,), number, dtype=torch.int16),) for number in range(count))

        kinds = (torch.ones(2, 0), torch.tensor(True), torch.tensor([0.5], dtype=torch.float64))
        other = next(square([kinds]))
        results: list[Any] = [[len(list(square(numbers(count)))) for count in (0, 1, 2, 5)]]
        results.append([one.tolist() for (one,) in move(square(numbers(4)))])
        results.append([[str(one.dtype), list(one.shape)] for one in other])
        try:
            list(square([(torch.tensor([-1.0]),), (torch.tensor([3.0]),)]))
        except UserError as error:
            results.append(str(error))
        return [*results, [one.item() for (one,) in square([(torch.tensor(float(number)),) for number in range(3)])]]

    told: list[Any] = world.by_first(found)
    return told


def main() -> None:
    """Evaluate digits with their classifier and, in ``plain.npy``, without classes; then run errands."""
    folder, counts = Path(sys.argv[1]), Counter[str]()
    setattr(by_name, "installed", lambda: None)  # noqa: B010  (the features of `plain` are `random` everywhere)
    for kind, method in ((TrainedGenerator, "make"), (ClassifierExtractor, "__call__"), (RandomExtractor, "__call__")):
        setattr(kind, method, counted(getattr(kind, method), counts))
    with started() as world:
        names = {"digits": "digits", "plain": str(folder / "plain.npy")}
        opened = {name: world.first_then_others(functools.partial(open_dataset, data)) for name, data in names.items()}
        made = {name: Run(folder / f"{name}-{world.rank}") for name in names}
        for run in made.values():
            run.path.mkdir()
        sets = {name: select(data, conditional=name == "digits") for name, data in opened.items()}
        cache = folder / f"cache-{world.rank}"
        together = {name: evaluated(made[name], cache, data, world) for name, data in sets.items()}
        found = {"together": together, "shares": dict(counts), "errands": errands(world)}
    alone = {name: evaluated(made[name], folder / f"{cache}-alone", data, ALONE) for name, data in sets.items()}
    print(json.dumps(found | {"alone": alone}))


if __name__ == "__main__":
    main()
    sys.exit()
