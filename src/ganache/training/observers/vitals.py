"""Signs of a run's health that its losses do not show, for the log and for the doctor who reads it.

From time to time a few fakes from latents that stay the same are compared with as many reals that stay the same. A
name's group says what was measured, its end of whom: ``average`` is the average generator, which draws the pictures,
``raw`` the one that is trained.

- ``gradient/ROLE``: the norm of a player's last gradient, over all of its weights.
- ``movement/ROLE``: learning rate · √P / ‖w‖ of its P weights w: about how far, relative to them, an update of Adam
  moves them at most.
- ``diversity/…``: the mean over pixels of the deviation among the fakes, divided by the same of the reals.
- ``nearest/…``: the median distance from a fake to the nearest other fake, divided by the same of the reals;
  ``duplicates/…``: the share of fakes for which it is less than a quarter of the reals' median.
- ``centre/raw_1``, ``centre/raw_2``: where the fakes' mean lies along the reals' first two principal components, in the
  reals' deviations along them; the reals' own mean is 0.
- ``saturated/…``: the share of pixels beyond ±0.99; ``dead/…``: the share of the pixels that vary among the reals in
  which the fakes do not; ``checkerboard/…``: the share of the images' energy (without their means) in waves that
  alternate from pixel to pixel along a side. Pictures only.
- ``modes/…``, ``high_quality/…``: as metrics/modes.py counts them; ``reached/…``: the share of the modes that are
  the nearest one of at least a quarter of their due of fakes, however far those are from it. Densities only.
- ``logits/trained``: the discriminator's mean logit of the reals, which it learns from, as in inference; what the
  log's ``held_out`` logits are to be compared with.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganache.data import Selection
from ganache.engine.random_draws import on_device
from ganache.engine.state import TrainingState
from ganache.evaluation.metrics.modes import count_modes
from ganache.support.streams import derive, generator
from ganache.training.observers.observer import Marks, Observer

PICTURES, POINTS = 64, 256  # compared at a time
# Images seen for each image compared. Two generators then draw it, and the discriminator judges its real counterpart:
# 1.1% to 1.9% of a run's time, measured on dcgan for 8×8 digits and on mlp-2d.
RARITY = 24
FEWEST = 8  # images that can be compared at all
SMALLEST_SIDE = 4  # pixels, for a wave of two pixels to mean anything

SATURATED = 0.99
DUE = 0.25  # of the points that fall to a mode when all are equal
DUPLICATE = 0.25  # of the median distance between nearest reals
VARIES, DEAD = 0.05, 0.02  # a real pixel's deviation in [-1, 1], and the share of it below which a fake one is dead


class Vitals(Observer):
    """What is compared stays the same for the whole run; one image of `rarity` that are seen is compared."""

    every: int

    def __init__(self, data: Selection, state: TrainingState, rarity: int = RARITY) -> None:
        stream = data.stream(derive(state.seed, "vitals"))
        wanted = POINTS if state.shape.is_row else PICTURES
        count = min(wanted, stream.count or wanted)
        self.every = rarity * wanted
        batch = on_device(stream.batch(0, count), state)
        random = generator(state.device, state.seed, "vitals")
        self._latents = state.recipe.sampler.latent.draw(count, random)
        self._images, self._conditions = batch.reals, batch.conditions
        self._yardstick = Yardstick(batch.reals) if count >= FEWEST else None
        self._mixture = _mixture(data) if state.shape.is_point else None

    def measure(self, state: TrainingState, line: Mapping[str, Any]) -> Marks:
        """Return what was measured by name; what is no finite number, or cannot be measured here, is absent."""
        cast, found = state.cast, steps(state)
        raw = cast.networks[state.recipe.sampled.network]
        for name, network in (("average", state.average), ("raw", raw)):
            fakes = network(self._latents, self._conditions).float()
            found |= {f"{what}/{name}": value for what, value in self._compare(fakes).items()}
        critic = state.recipe.critic(cast, state.now)
        if critic is not None:
            reals = state.recipe.shown(cast, self._images)
            found["logits/trained"] = float(critic(reals, self._conditions).logits.mean())
        if self._yardstick is not None:
            places = enumerate(self._yardstick.places(fakes), 1)
            found |= {f"centre/raw_{number}": place for number, place in places}
            found |= {f"{what}/real": value for what, value in self._yardstick.traits.items()}
        return finite(found)

    def _compare(self, fakes: Tensor) -> dict[str, float]:
        found = {} if self._yardstick is None else self._yardstick.compare(fakes)
        if self._mixture is not None:
            modes = count_modes(fakes.flatten(1).cpu().double().numpy(), *self._mixture)
            found |= {"modes": modes.found, "high_quality": modes.high_quality}
            found["reached"] = reached(fakes.flatten(1), torch.from_numpy(self._mixture[0]))
        return found


class Yardstick:
    """Real images (N, C, H, W), N at least 2, with which fakes are compared."""

    def __init__(self, images: Tensor) -> None:
        flat = images.flatten(1)
        self._deviations = flat.std(dim=0, correction=0)
        self._nearest = nearest(flat).median()
        self._mean, self._axes = flat.mean(dim=0), _axes(flat)
        self.traits = _traits(images)

    def compare(self, fakes: Tensor) -> dict[str, float]:
        """Return diversity, nearest, duplicates, and for pictures dead, saturated and checkerboard, of (N, C, H, W)."""
        flat = fakes.flatten(1)
        deviations, distances = flat.std(dim=0, correction=0), nearest(flat)
        varying = self._deviations > VARIES
        dead = (deviations < DEAD * self._deviations) & varying
        found = {
            "diversity": float(deviations.mean() / self._deviations.mean()),
            "nearest": float(distances.median() / self._nearest),
            "duplicates": float((distances < DUPLICATE * self._nearest).float().mean()),
            **_traits(fakes),
        }
        if fakes.shape[-2:] != (1, 1):
            found["dead"] = float(dead.sum() / varying.sum())
        return found

    def places(self, fakes: Tensor) -> list[float]:
        """Return the mean's place along up to two principal components, in the reals' deviations."""
        moved = fakes.flatten(1).mean(dim=0) - self._mean
        return [float(moved @ axis) for axis in self._axes]


def steps(state: TrainingState) -> dict[str, float]:
    """Return gradient and movement of each moving player by name; what was not measured is NaN."""
    found, rates = {}, state.rates()
    for player in state.cast.moving:
        weights = state.cast.weights(player)
        found[f"gradient/{player}"] = gradient_norm(weights)
        found[f"movement/{player}"] = movement(weights, rates[f"learning_rate/{player}"])
    return found


def finite(found: Mapping[str, float]) -> dict[str, float]:
    """Return what was measured, without what is no finite number."""
    return {name: value for name, value in found.items() if math.isfinite(value)}


def nearest(points: Tensor) -> Tensor:
    """Return the distance (N,) of each of the points (N, D) to the nearest other, N at least 2."""
    distances = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    return distances.fill_diagonal_(math.inf).amin(dim=1)


def reached(points: Tensor, centres: Tensor) -> float:
    """Return the share of centres (M, 2) that are the nearest of at least N / 4M of the points (N, 2)."""
    owners = torch.cdist(points.cpu().double(), centres).argmin(dim=1)
    counts = torch.bincount(owners, minlength=len(centres))
    return float((counts >= DUE * len(points) / len(centres)).double().mean())


def saturated(images: Tensor) -> float:
    """Return the share of values beyond ±0.99."""
    return float((images.abs() > SATURATED).float().mean())


def checkerboard(images: Tensor) -> float:
    """Return the share, 0 to 1, of the energy of images (N, C, H, W) in waves two pixels long along either side.

    Each image's mean does not count; of an odd side the last pixel is left out. White noise has about 1/H + 1/W.
    """
    height, width = (side // 2 * 2 for side in images.shape[-2:])
    energy = torch.fft.fft2(images[..., :height, :width].float()).abs().square().sum(dim=(0, 1))
    energy[0, 0] = 0.0
    across = energy[height // 2].sum() + energy[:, width // 2].sum() - energy[height // 2, width // 2]
    return float(across / energy.sum())


def gradient_norm(weights: list[nn.Parameter]) -> float:
    """Return the norm of the last gradient over all weights; NaN when there is none."""
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    return _norm(gradients) if gradients else math.nan


def movement(weights: list[nn.Parameter], learning_rate: float) -> float:
    """Return the length of a step of `learning_rate` in every weight, relative to the weights'."""
    length = _norm([weight.detach() for weight in weights])
    return learning_rate * math.sqrt(sum(weight.numel() for weight in weights)) / length if length else math.nan


def _norm(tensors: list[Tensor]) -> float:
    return math.sqrt(sum(float(norm) ** 2 for norm in torch.stack(torch._foreach_norm(tensors)).tolist()))


def _traits(images: Tensor) -> dict[str, float]:
    """Return what is measured of any pictures by themselves."""
    sides = images.shape[-2:]
    if sides == (1, 1):
        return {}
    waves = {"checkerboard": checkerboard(images)} if min(sides) >= SMALLEST_SIDE else {}
    return {"saturated": saturated(images), **waves}


def _axes(flat: Tensor) -> Tensor:
    """Return the first (at most) two principal components (K, D) of (N, D), divided by the deviations along them."""
    centred = (flat - flat.mean(dim=0)).cpu().double()
    # The components of few images of many pixels come from the small matrix of their inner products.
    squares, vectors = torch.linalg.eigh(centred @ centred.T)
    kept = [index for index in (-1, -2) if squares[index] > 1e-9 * squares[-1]]
    # Along u the deviation is √(λ / N), and u itself is Xᵀv / √λ.
    rows = [math.sqrt(len(flat)) / float(squares[index]) * (vectors[:, index] @ centred) for index in kept]
    return torch.stack(rows).to(flat) if rows else flat.new_empty(0, flat.shape[1])


def _mixture(data: Selection) -> tuple[np.ndarray, float] | None:
    """Return the centres and the deviation of a density that says where its modes are, all equal."""
    summary = data.summary()
    if "modes" not in summary or "shares" in summary:
        return None
    wanted = [data.dataset.label_names.index(name) for name in data.label_names]
    return np.array(summary["modes"])[wanted], float(summary["std"])
