"""What removes a fingerprint: its GAN's training continued, and what a thief with many pictures can work out.

    python -m benchmarks.marks RUN MARKED [--images 8000] [--every 2000] [--samples 1000]

RUN is the run before `ganache mark`, MARKED the run after it. First the marked generator takes the place of RUN's in
its newest checkpoint, and the GAN's training goes on; bits are read of the average and of the network itself. Then the
mean of the marked pictures less that of the data is taken away from each picture, once and twice.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ganache.data import select
from ganache.data.origin import Source
from ganache.data.store.packed import PackedDataset
from ganache.engine.iteration import iterate
from ganache.engine.pixel_values import pixels_of
from ganache.engine.random_draws import StateDraws
from ganache.engine.state import TrainingState
from ganache.runs import products, sealed
from ganache.runs.folder import Run
from ganache.runs.products import TrainedGenerator
from ganache.support.precision import FULL
from ganache.uses.marks.fingerprints import Fingerprint
from ganache.uses.marks.survival import measured


def _told(name: str, fingerprint: Fingerprint, images: NDArray[np.uint8]) -> None:
    found = measured(fingerprint, name, images)
    print(f"{name:<40} {found.bits:7.1%} of the bits, {found.recognised:6.1%} of the pictures", flush=True)


def _drawn(state: TrainingState, network: torch.nn.Module, latents: torch.Tensor) -> NDArray[np.uint8]:
    with torch.inference_mode():
        drawn = [network.eval()(some, torch.zeros(len(some), state.conditions)) for some in torch.split(latents, 64)]
    network.train()
    pixels: NDArray[np.uint8] = pixels_of(torch.cat(drawn)).permute(0, 2, 3, 1).numpy()
    return pixels


def _continued(run: Run, marked: TrainedGenerator, dataset: PackedDataset) -> tuple[TrainingState, StateDraws]:
    """Return the run's training with the marked generator in the place of its own."""
    recipe, record = run.recipe(), run.record("source")
    data = select(dataset, Source.of(record["source"]).labels, recipe.conditional)
    state = TrainingState(recipe, data.shape, len(data.label_names), record["seed"], torch.device("cpu"), FULL)
    tensors, description = sealed.load(sealed.newest(run.checkpoints)[0])
    state.load(tensors, description["counters"])
    for network in (state.cast.networks["generator"], state.average):
        network.load_state_dict(marked.network.state_dict())
    return state, StateDraws(data, state)


def main() -> None:
    """Go on training, and print what is left of the fingerprint; then take means away."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("marked", type=Path, metavar="MARKED")
    parser.add_argument("--images", type=int, default=8_000)
    parser.add_argument("--every", type=int, default=2_000)
    parser.add_argument("--samples", type=int, default=1_000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    fingerprint, marked = Fingerprint.load(options.marked), products.load(options.marked)
    run = Run.open(options.run)
    dataset = Source.of(run.record("source")["source"]).open()
    assert isinstance(dataset, PackedDataset)
    state, draws = _continued(run, marked, dataset)
    latents = state.recipe.sampler.latent.draw(options.samples, torch.Generator().manual_seed(0))
    began = state.counters.images_seen
    for images in range(0, options.images + 1, options.every):
        while state.counters.images_seen - began < images:
            iterate(state, draws)
        _told(f"trained on {images:,} images more", fingerprint, _drawn(state, state.average, latents))
    _told("the same, the network itself", fingerprint, _drawn(state, state.cast.networks["generator"], latents))
    pixels = marked.sample(options.samples).astype(np.float64)
    reals = dataset.rows("train", 0, 10_000).images.transpose(0, 2, 3, 1).astype(np.float64)
    pattern = pixels.mean(axis=0) - reals.mean(axis=0)
    for times in (1, 2):
        cleaned = np.rint(pixels - times * pattern).clip(0, 255).astype(np.uint8)
        _told(f"less {times} times the difference of means", fingerprint, cleaned)


if __name__ == "__main__":
    main()
