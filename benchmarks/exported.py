"""How fast an exported model draws beside torch: untrained generators of recipes, the same latents in turn.

    python -m benchmarks.exported [--seconds 4]

One thread each, batches of 64, medians; the model is run by onnxruntime. On a busy machine both are slower than they
could be, and their ratio says more than either.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from benchmarks.markdown import table
from ganache import recipes
from ganache.data.shape import ImageShape
from ganache.drawing.onnx_graph import CLASS, LATENT, input_names, model_of
from ganache.drawing.onnx_parity import compared, runner
from ganache.runs.products import GROUP, TrainedGenerator

RECIPES = {
    "vanilla": ImageShape(1, 28, 28),
    "lsgan": ImageShape(1, 28, 28),
    "r3gan": ImageShape(1, 28, 28),
    "stylegan2": ImageShape(3, 32, 32),
    "biggan": ImageShape(3, 32, 32),
    "projected": ImageShape(3, 32, 32),
    "dcgan": ImageShape(3, 64, 64),
}


def generator_of(name: str, shape: ImageShape) -> TrainedGenerator:
    """Return the generator that a training of a recipe begins with."""
    torch.manual_seed(0)
    config = recipes.find(name).sampler
    return TrainedGenerator(config.build(shape, 0).eval().requires_grad_(False), config, shape, (), {"recipe": name})


def in_turn(first: Callable[[], object], second: Callable[[], object], seconds: float) -> list[float]:
    """Return the median seconds of two things, done one after the other for so long."""
    times: tuple[list[float], list[float]] = ([], [])
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times[0]) < 4:
        for work, kept in zip((first, second), times, strict=True):
            began = time.perf_counter()
            work()
            kept.append(time.perf_counter() - began)
    return [statistics.median(kept[1:]) for kept in times]  # the first ones also allocate


def row(name: str, shape: ImageShape, seconds: float) -> tuple[str, ...]:
    """Return a line of the table."""
    generator = generator_of(name, shape)
    model = model_of(generator)
    difference = compared(model, generator).max_difference
    _, run = runner(model.SerializeToString())
    latents, labels = generator.inputs(0, 0)
    assert CLASS not in input_names(generator)
    given = {LATENT: latents.numpy()}
    torchs, onnxs = in_turn(lambda: generator.draw(latents, labels), lambda: run(given), seconds)
    speeds = [f"{GROUP / taken:,.0f}" for taken in (torchs, onnxs)]
    return f"`{name}`", str(shape), *speeds, f"{torchs / onnxs:.2f}", f"{difference:.0e}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each recipe")
    seconds = parser.parse_args().seconds
    torch.set_num_threads(1)
    titles = ("recipe", "images", "torch, images/s", "onnxruntime, images/s", "ratio", "largest difference")
    print(table([titles, *(row(name, shape, seconds) for name, shape in RECIPES.items())]))


if __name__ == "__main__":
    main()
