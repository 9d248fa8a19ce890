"""The discriminator's examination: what it says of real images that it never learnt from, and of new fakes.

It is taken after each pass over the data, on images of a held-out split and as many fakes of the average generator.
One that knows its training images by heart calls held-out reals fake.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ganache.data import Selection
from ganache.data.selection import HELD_OUT_SPLITS, held_out_split
from ganache.engine.random_draws import on_device
from ganache.engine.state import TrainingState
from ganache.support.streams import derive, generator
from ganache.support.units import counted
from ganache.training.observers.observer import Marks, Observer, Say

GROUP = 250  # images examined at once


def unexamined(data: Selection) -> list[str]:
    """Say that there is a held-out split, but nothing in it to be examined on."""
    present = [name for name in HELD_OUT_SPLITS if name in data.summary().get("splits", {})]
    if not present or data.dataset.count is None or held_out_split(data) is not None:
        return []
    return [f"not examined on {', '.join(present)}: no image there has a label that is trained"]


class HeldOut(Observer):
    """The images of the examination; there are none when no held-out split has images such as are trained on.

    `count` is how many, `every` the images of one pass over the data; with a `count` of 0 there is no examination.
    """

    every: int

    def __init__(self, data: Selection, state: TrainingState, say: Say = lambda line: None) -> None:
        self._say, self.count, whole_pass = say, 0, data.stream(state.streams_seed).count or 0
        split = held_out_split(data)
        if split is not None and state.recipe.critic(state.cast, state.now) is not None:
            self._stream = data.stream(derive(state.seed, "held out"), split)
            self.count = min(state.recipe.held_out, self._stream.count or 0)
        self.every = whole_pass if self.count else 0

    def measure(self, state: TrainingState, line: Mapping[str, Any]) -> Marks:
        """Return the shares of held-out reals and of fakes that are judged right, and the mean logits of both."""
        latents = generator(state.device, state.seed, "held out")
        parts = [self._score(state, start, latents) for start in range(0, self.count, GROUP)]
        reals, fakes = (torch.cat(side).cpu() for side in zip(*parts, strict=True))
        boundary = state.recipe.boundary(reals, fakes)
        marks = {
            "held_out/accuracy_real": float((reals > boundary).double().mean()),
            "held_out/accuracy_fake": float((fakes < boundary).double().mean()),
            "held_out/logits_real": float(reals.double().mean()),
            "held_out/logits_fake": float(fakes.double().mean()),
        }
        self._say(
            f"after pass {state.counters.images_seen // self.every} the discriminator is right about "
            f"{100 * marks['held_out/accuracy_real']:.2f}% of {counted(self.count, 'held-out image')} and "
            f"{100 * marks['held_out/accuracy_fake']:.2f}% of as many fakes"
        )
        return marks

    def _score(self, state: TrainingState, start: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        batch = on_device(self._stream.batch(start, min(GROUP, self.count - start)), state)
        latents = state.recipe.sampler.latent.draw(len(batch.reals), random)
        critic = state.recipe.critic(state.cast, state.now)
        assert critic is not None
        fakes = state.average(latents, batch.conditions)
        real, fake, _ = critic.compare(state.recipe.shown(state.cast, batch.reals), fakes, batch.conditions)
        return real.logits, fake.logits
