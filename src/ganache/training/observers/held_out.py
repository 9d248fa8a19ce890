"""The discriminator's examination: what it says of real images that it never learnt from, and of new fakes.

It is taken after each pass over the data, with dropout and batch norm as in inference, on images of a held-out split
and as many fakes of the average generator. One that knows its training images by heart calls held-out reals fake.
"""

import torch
from torch import Tensor

from ganache.data import Selection
from ganache.data.selection import HELD_OUT_SPLITS, held_out_split
from ganache.engine.inference import as_in_inference
from ganache.engine.iteration import on_device
from ganache.engine.state import TrainingState
from ganache.support.streams import derive

GROUP = 250  # images examined at once


def unexamined(data: Selection) -> list[str]:
    """Say that there is a held-out split, but nothing in it to be examined on."""
    present = [name for name in HELD_OUT_SPLITS if name in data.summary().get("splits", {})]
    if not present or data.dataset.count is None or held_out_split(data) is not None:
        return []
    return [f"not examined on {', '.join(present)}: no image there has a label that is trained"]


class HeldOut:
    """The images of the examination; there are none when no held-out split has images such as are trained on.

    `count` is how many, `every` the images of one pass over the data; with a `count` of 0 there is no examination.
    """

    def __init__(self, data: Selection, state: TrainingState) -> None:
        self._state = state
        self.count, self.every = 0, data.stream(state.streams_seed).count or 0
        split = held_out_split(data)
        if split is not None:
            self._stream = data.stream(derive(state.seed, "held out"), split)
            self.count = min(state.recipe.held_out, self._stream.count or 0)

    def examine(self) -> dict[str, float]:
        """Return the shares of held-out reals and of fakes that are judged right, and the mean logits of both.

        The training's streams and modules are left as they were.
        """
        state = self._state
        players = state.players
        latents = torch.Generator(state.device).manual_seed(derive(state.seed, "held out"))
        looked_at = as_in_inference(players.networks["discriminator"], players.augmenter)
        with state.streams.untouched(), torch.no_grad(), looked_at:
            parts = [self._score(start, latents) for start in range(0, self.count, GROUP)]
        reals, fakes = (torch.cat(side).cpu() for side in zip(*parts, strict=True))
        boundary = state.recipe.objective.boundary(reals, fakes)
        return {
            "held_out/accuracy_real": float((reals > boundary).double().mean()),
            "held_out/accuracy_fake": float((fakes < boundary).double().mean()),
            "held_out/logits_real": float(reals.double().mean()),
            "held_out/logits_fake": float(fakes.double().mean()),
        }

    def _score(self, start: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        state = self._state
        batch = on_device(self._stream.batch(start, min(GROUP, self.count - start)), state)
        latents = state.recipe.generator.latent.draw(len(batch.reals), random)
        seen = state.players.critic(state.counters.images_seen).compare(
            batch.reals, state.average.network(latents, batch.labels), batch.labels, jointly=False
        )
        return seen.real_logits, seen.fake_logits
