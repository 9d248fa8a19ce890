"""Signs of the health of a training that translates, for the log and for the doctor who reads it.

From time to time the same few pictures of either domain go over to the other one. A name's group says what was
measured, its end of whom: the way (`a_to_b`, `b_to_a`), and of which translators, the ``average`` ones that are used or
the ``raw`` ones that are trained; or of what there is without any, the pictures that are given or wanted. Pictures are
compared as they are seen, in [-1, 1]: with three channels, over white where they have alpha.

- ``gradient/ROLE``, ``movement/ROLE``: as in vitals.py.
- ``change/WAY_…``: E|G(x) - x| / E|t - x|, t being x's partner or, where there is none, any picture that is wanted.
- ``alike/WAY_…``: how translations correlate with what was given, -1 to 1, as the mean of single pictures; of
  ``…_wanted`` pictures, such as they come beside the given ones, likewise.
- ``diversity/WAY_…``: the mean over pixels of the deviation among translations, divided by that of what is wanted.
- ``gap/WAY_…``: how far translations are from what is wanted, 0 (as two halves of one set) to 1:
  (2 E|y - t| - E|y - y'| - E|t - t'|) / 2 E|y - t| (Székely & Rizzo 2013, "Energy statistics"), of pictures
  shrunk to 16 pixels a side. ``…_given`` and ``…_inverted``: likewise of what is given, and of its negatives.
- ``cycle/WAY_…``: E|F(G(x)) - x|; ``disturbed/WAY_…``: the same where G(x) is disturbed on its way by noise of
  deviation 0.05, which is hardly seen (Chu et al. 2017, "CycleGAN, a Master of Steganography").
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, normalize

from ganache.data import Selection
from ganache.engine.random_draws import on_device
from ganache.engine.state import TrainingState
from ganache.games.translation import Sides, apart
from ganache.networks.perceptual import in_colour
from ganache.support.streams import derive, generator
from ganache.training.observers.observer import Marks, Observer
from ganache.training.observers.vitals import FEWEST, RARITY, finite, steps

PICTURES, GROUP = 24, 8  # that are translated of each domain, and at once
COMPARED = 64  # pictures of both domains by which those are told apart
NOISE = 0.05  # deviation of what disturbs a translation: six of 255 grey values
SIDE = 16  # pixels, of pictures of which the gap is measured


class TranslationVitals(Observer):
    """What is translated stays the same for the whole run; one picture of `rarity` that are seen is translated."""

    every: int

    def __init__(self, data: Selection, state: TrainingState, rarity: int = RARITY) -> None:
        self.every = rarity * PICTURES
        stream = data.stream(derive(state.seed, "vitals"))
        count = min(COMPARED, stream.count or COMPARED)
        sides: tuple[Tensor, Tensor] = Sides(state.shape)(on_device(stream.batch(0, count), state).reals)
        noise = generator(state.device, state.seed, "vitals")
        self._journeys: dict[str, Journey] = {}
        for product in state.recipe.translators if count >= FEWEST else ():
            given, wanted = sides[::-1] if product.is_reverse else sides
            self._journeys[product.network] = Journey(given, wanted, noise)
        self._back = {
            product.network: other.network
            for product in state.recipe.translators
            for other in state.recipe.translators
            if other.is_reverse != product.is_reverse
        }

    def measure(self, state: TrainingState, line: Mapping[str, Any]) -> Marks:
        """Return what was measured by name; what is no finite number, or cannot be measured here, is absent."""
        found = steps(state)
        averages = {name: average.network for name, average in state.averages.items()}
        for way, journey in self._journeys.items():
            found |= {f"{what}/{way}_{whose}": value for (what, whose), value in journey.traits.items()}
            for whose, networks in (("average", averages), ("raw", state.cast.networks)):
                back = networks[self._back[way]] if way in self._back else None
                marks = journey.compare(networks[way], back)
                found |= {f"{what}/{way}_{whose}": value for what, value in marks.items()}
        return finite(found)


class Journey:
    """Pictures (N, C, H, W) that are given and (N, D, H, W) that are wanted, N at least 2, with which translations are
    compared; noise is drawn once.
    """

    def __init__(self, given: Tensor, wanted: Tensor, random: torch.Generator) -> None:
        self._given = given[:PICTURES].clone()  # not a view, which would keep all of them
        self._noise = NOISE * torch.randn(wanted[:PICTURES].shape, generator=random, device=given.device)
        x, t = in_colour(given), in_colour(wanted)
        self._all_wanted = adaptive_avg_pool2d(t, _smaller(t))  # as `gap` sees it
        self._way = apart(x[:PICTURES], t[:PICTURES]).mean()
        self._deviation = t.std(dim=0, correction=0).mean()
        self.traits = {
            ("alike", "wanted"): alike(x, t),
            ("gap", "given"): gap(x, t),
            ("gap", "inverted"): gap(-x, t),
        }

    def compare(self, there: nn.Module, back: nn.Module | None) -> dict[str, float]:
        """Return change, alike, diversity and gap of a translator, and with a way back cycle and disturbed."""
        made = _passed(there, self._given)
        x, y = in_colour(self._given), in_colour(made)
        found = {
            "change": float(apart(y, x).mean() / self._way),
            "alike": alike(x, y),
            "diversity": float(y.std(dim=0, correction=0).mean() / self._deviation),
            "gap": gap(y, self._all_wanted),
        }
        if back is not None:
            for what, shown in (("cycle", made), ("disturbed", (made + self._noise).clamp(-1.0, 1.0))):
                found[what] = float(apart(in_colour(_passed(back, shown)), x).mean())
        return found


def alike(one: Tensor, other: Tensor) -> float:
    """Return the mean correlation, -1 to 1, of each picture (N, C, H, W) with its partner; one without detail has 0."""
    ours, theirs = ((images - images.mean(dim=(1, 2, 3), keepdim=True)).flatten(1) for images in (one, other))
    return float((normalize(ours, eps=1e-6) * normalize(theirs, eps=1e-6)).sum(dim=1).mean())


def gap(one: Tensor, other: Tensor) -> float:
    """Return the energy coefficient of two sets of pictures (N, C, H, W) and (M, C, H, W); N and M are at least 2."""
    ours, theirs = (adaptive_avg_pool2d(images, _smaller(images)).flatten(1) for images in (one, other))
    between = _distances(ours, theirs).mean()
    within = [_distances(points, points).sum() / (len(points) * (len(points) - 1)) for points in (ours, theirs)]
    return float((2.0 * between - within[0] - within[1]) / (2.0 * between))


def _distances(points: Tensor, others: Tensor) -> Tensor:
    return torch.cdist(points, others, compute_mode="donot_use_mm_for_euclid_dist")


def _smaller(images: Tensor) -> tuple[int, int]:
    height, width = images.shape[2:]
    return min(height, SIDE), min(width, SIDE)


def _passed(network: nn.Module, images: Tensor) -> Tensor:
    """Return what a network makes of images, some at a time."""
    return torch.cat([network(group).float() for group in torch.split(images, GROUP)])
