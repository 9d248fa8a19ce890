"""Trainings that can be stopped anywhere and looked at: the documents' plain loops, and recipes in Ganache's engine."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

import ganache
from benchmarks.speed.systems import System, engine
from ganache.data.store.packed import PackedDataset
from ganache.runs.products import TrainedGenerator
from ganache.training.plan import Request, make_plan


@dataclass(frozen=True)
class Racer:
    """A training that has not begun: its iterations, and the generator as it stands."""

    iterations: Iterator[int]  # images of each
    generator: Callable[[], TrainedGenerator]


class _Plain(nn.Module):
    """A plain loop's network, called as Ganache calls one."""

    def __init__(self, network: nn.Sequential) -> None:
        super().__init__()
        self.network = network

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        planes = isinstance(self.network[0], nn.ConvTranspose2d)
        images: Tensor = self.network(latents[:, :, None, None] if planes else latents)
        return images


def plain_racer(system: System, dataset: PackedDataset, seed: int, **options: int) -> Racer:
    """Return a document's loop over the training images, whole batches of them; `options` are of its networks."""
    assert system.loop is not None
    assert system.networks is not None
    torch.manual_seed(seed)
    networks = system.networks(**options)
    assert isinstance(networks[0], nn.Sequential), system.recipe
    count = len(dataset.labels_of("train")) // system.batch_size * system.batch_size
    pictures = dataset.rows("train", 0, count).images
    loop = system.loop(pictures, networks=networks)
    config = ganache.recipes.find(system.recipe).sampler  # for its latents
    drawing = TrainedGenerator(_Plain(networks[0]), config, dataset.shape, (), {})

    def generator() -> TrainedGenerator:
        networks[0].eval()
        return drawing

    def iterations() -> Iterator[int]:
        for images in loop:
            yield images
            networks[0].train()

    return Racer(iterations(), generator)


def ganache_racer(recipe: str, dataset: PackedDataset, seed: int, settings: Sequence[str] = ()) -> Racer:
    """Return a recipe in Ganache's engine, on the processor like the plain loops."""
    size = (dataset.shape.height, dataset.shape.width)
    request = Request(data=dataset.name, recipe=recipe, size=size, seed=seed, device="cpu", settings=tuple(settings))
    plan = make_plan(request)  # not `ganache.plan`, which writes nothing and so may hold a few of the images only
    state = plan.build()
    names = plan.data.label_names if state.conditions else ()

    def generator() -> TrainedGenerator:
        return TrainedGenerator(state.average, plan.recipe.sampler, plan.dataset.shape, names, {})

    return Racer(engine(plan, state), generator)
