"""What can be seen of a training at a moment: arrays for the page, drawn from streams that no training knows."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from ganache.engine.pixel_values import pixels_of
from ganache.engine.random_draws import on_device
from ganache.evaluation.metrics.modes import SAMPLES
from ganache.evaluation.mode_counters import MixtureCounter
from ganache.parts.critic import Critic
from ganache.support.streams import derive, generator
from ganache.training.observers.observer import unnoticed
from ganache.web.lab.workbench import Workbench

Arrays = dict[str, NDArray[Any]]

POINTS, ARROWS, PICTURES = 512, 128, 36
EXTENT = 1.1  # the field reaches from -1.1 to 1.1, a little beyond what a generator can make
FIELD, LATTICE, REACH = 48, 25, 2.0  # values a side; lines of the lattice, and latents from -2 to 2
MODES_SECONDS = 0.25  # between two counts of the modes


class Layers(BaseModel):
    """What the page wants to see."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    average: bool = False  # samples of the average generator, not of the one that is trained
    field: bool = True
    lattice: bool = False
    arrows: bool = False


class Viewer:
    """Looks at a training always with the same latents beside the same reals."""

    def __init__(self, bench: Workbench, now: Callable[[], float] = time.monotonic) -> None:
        self._bench, self._state, self._now = bench, bench.state, now
        data, state, seed = bench.plan.data, bench.state, bench.state.seed
        count = POINTS if state.shape.is_point else PICTURES
        batch = on_device(data.stream(derive(seed, "lab")).batch(0, count), state)
        self.reals, self._conditions = batch.reals, batch.conditions
        random = generator(state.device, seed, "lab")
        self._latents = bench.recipe.generator.latent.draw(count, random)
        self._many = bench.recipe.generator.latent.draw(SAMPLES, random) if bench.density else self._latents[:0]
        self._counted_at, self._modes = -np.inf, {}  # type: ignore[var-annotated]

    def first(self) -> Arrays:
        """Return what does not change: the reals."""
        return {"reals": self._shown(self.reals)}

    def arrays(self, layers: Layers) -> Arrays:
        """Return what is asked for, float32 points (N, 2), slopes (N, 2), values (S, S); or pictures (N, H, W, C)."""
        with unnoticed(self._state):
            fakes = self._made(layers, self._latents, self._conditions)
            found = {"fakes": self._shown(fakes)}
            if not self._state.shape.is_point:
                return found | {"logits": self._logits(fakes, self._conditions).cpu().numpy()}
            if layers.field:
                found["field"] = self._field()
            if layers.lattice:
                found["lattice"] = self._lattice(layers)
            if layers.arrows:
                found["arrows"] = self._arrows(fakes[:ARROWS], self._conditions[:ARROWS])
            return found

    def boundary(self, curves: dict[str, float]) -> float:
        """Return the logit above which the discriminator takes a point for real, by the means of the curves."""
        means = [torch.tensor([curves.get(f"logits/{side}", 0.0)]) for side in ("real", "fake")]
        return float(self._bench.recipe.boundary(*means))

    def modes(self, layers: Layers, at_rest: bool) -> dict[str, Any]:
        """Return modes found, how many there are, and the share of high quality; nothing where none are known.

        They are counted anew some times a second, and where the training rests.
        """
        density = self._bench.density
        if density is not None and (at_rest or self._now() - self._counted_at >= MODES_SECONDS):
            self._counted_at = self._now()
            counter = MixtureCounter(density, ())
            with unnoticed(self._state):
                conditions = self._conditions.repeat(-(-SAMPLES // POINTS), 1)[:SAMPLES]
                points = self._made(layers, self._many, conditions)
            counter.add(points.cpu().numpy())
            found, quality = counter.found()
            self._modes = {"found": found.value, "known": len(density.modes), "quality": quality.value}
        return self._modes

    def _made(self, layers: Layers, latents: Tensor, conditions: Tensor) -> Tensor:
        network = self._state.average if layers.average else self._network
        made: Tensor = network(latents, conditions)
        return made.float()

    @property
    def _network(self) -> nn.Module:
        return self._state.cast.networks[self._state.recipe.sampled.network]

    @property
    def _critic(self) -> Critic:
        return self._bench.recipe.critic(self._state.cast, self._state.now)

    def _logits(self, images: Tensor, conditions: Tensor) -> Tensor:
        return self._critic(images, conditions).logits.flatten(1).mean(dim=1)

    def _field(self) -> NDArray[Any]:
        """Return the logits (S, S) over the plane, the first row at the highest y; of the first class, if any."""
        steps = torch.linspace(-EXTENT, EXTENT, FIELD, device=self._state.device)
        y, x = torch.meshgrid(-steps, steps, indexing="ij")
        points = torch.stack([x, y], dim=-1).reshape(-1, 2, 1, 1)
        conditions = self._conditions[:1].expand(len(points), -1)
        return self._logits(points, conditions).reshape(FIELD, FIELD).cpu().numpy()

    def _lattice(self, layers: Layers) -> NDArray[Any]:
        """Return where a square lattice of the first two latent values goes, (L, L, 2); the other values are 0."""
        steps = torch.linspace(-REACH, REACH, LATTICE, device=self._state.device)
        size = self._latents.shape[1]
        latents = torch.zeros(LATTICE, LATTICE, size, device=self._state.device)
        latents[..., 0] = steps[None, :]
        if size > 1:
            latents[..., 1] = steps[:, None]
        flat = latents.reshape(-1, size)
        made = self._made(layers, flat, self._conditions[:1].expand(len(flat), -1))
        return made.reshape(LATTICE, LATTICE, 2).cpu().numpy()

    @torch.enable_grad()
    def _arrows(self, fakes: Tensor, conditions: Tensor) -> NDArray[Any]:
        """Return where the generator's loss sends each fake, (N, 2): down the slope of that fake's own loss."""
        points = fakes.detach().requires_grad_()
        critic, objective = self._critic, self._bench.recipe.objective
        real = critic(self.reals[: len(points)], conditions).logits if objective.generator_needs_reals else None
        loss = objective.generator(real, critic(points, conditions).logits)
        (slopes,) = torch.autograd.grad(loss.sum(), points)
        return -slopes.flatten(1).cpu().numpy()

    def _shown(self, images: Tensor) -> NDArray[Any]:
        if self._state.shape.is_point:
            return images.flatten(1).cpu().numpy()
        return pixels_of(images.permute(0, 2, 3, 1)).contiguous().cpu().numpy()
