"""Learning to tell apart: a network by descent, regressions by Newton's method, what is familiar by moments."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.engine.full_precision import full_precision
from ganache.engine.pixel_values import values_of
from ganache.engine.transfers import to_device
from ganache.evaluation.features.classifier_network import BATCH, fit_classifier, shuffled
from ganache.parts.moment import Moment
from ganache.parts.wear import Wear
from ganache.support.errors import RunError
from ganache.support.streams import derive, untouched_global_stream
from ganache.uses.detection.logistic import fitted
from ganache.uses.detection.teller import Teller

Pixels = NDArray[np.uint8]  # (N, C, H, W)
WEAR = Wear(lowest_quality=40, smallest_size=0.5, smallest_crop=0.8, noise=5.0)
PASSES, LEAST_STEPS, MOST_STEPS = 5, 300, 2_000


def taught(
    shape: ImageShape,
    reals: Pixels,
    fakes: Sequence[Pixels],
    *,
    recode: int | None = None,
    is_worn: bool = True,
    steps: int | None = None,
    seed: int = 0,
    device: torch.device,
) -> Teller:
    """Return what has learnt to tell real pictures from those of each source of generated ones.

    Where `is_worn`, every picture of either kind is disturbed as `Wear` does, anew each time it is looked at. Raises
    RunError where the network diverges.
    """
    groups = [reals, *fakes]
    with untouched_global_stream(), full_precision():
        torch.manual_seed(derive(seed, "detector"))
        teller = Teller(shape, recode, len(groups)).to(device)
        worn = WEAR.build(shape).to(device) if is_worn else None

        def disturbed(images: Tensor) -> Tensor:
            # What nobody compressed before must not be told from what somebody did by that, whatever happens then.
            values = values_of(images)
            return values if worn is None else worn(teller.ready(values), Moment())

        _teach_network(teller, groups, disturbed, steps, device)
        teller.eval().requires_grad_(False)
        _teach_rest(teller, groups, disturbed)
    if not all(bool(tensor.isfinite().all()) for tensor in teller.state_dict().values()):
        raise RunError("detector: what was learnt is no longer made of numbers; another --seed may do")
    return teller


def steps_for(count: int) -> int:
    """Return how many batches the network sees of so many pictures."""
    return min(MOST_STEPS, max(LEAST_STEPS, PASSES * -(-count // BATCH)))


def _teach_network(
    teller: Teller,
    groups: Sequence[Pixels],
    disturbed: Callable[[Tensor], Tensor],
    steps: int | None,
    device: torch.device,
) -> None:
    images = to_device(torch.from_numpy(np.concatenate(groups)), device)
    labels = torch.ones(len(images), dtype=torch.int64, device=device)
    labels[: len(groups[0])] = 0

    def seen(chosen: Tensor) -> Tensor:
        with torch.no_grad():
            return teller.ready(disturbed(chosen))  # type: ignore[no-any-return]

    fit_classifier(teller.network, shuffled(images, labels, seen), steps or steps_for(len(images)))


def _teach_rest(teller: Teller, groups: Sequence[Pixels], disturbed: Callable[[Tensor], Tensor]) -> None:
    """Fit the regressions to disturbed pictures, and what is familiar to them and to undisturbed ones."""
    worn, plain = ([_features(teller, seen, group) for group in groups] for seen in (disturbed, values_of))
    rows = np.concatenate(worn)
    is_generated = np.arange(len(rows)) >= len(groups[0])
    split = teller.spectrum.traces.size
    stop = split + teller.cooccurrence.traces.size
    teller.spectrum.take(fitted(rows[:, :split], is_generated))
    teller.cooccurrence.take(fitted(rows[:, split:stop], is_generated))
    teller.familiarity.learn([np.concatenate(pair) for pair in zip(worn, plain, strict=True)])


def _features(teller: Teller, seen: Callable[[Tensor], Tensor], images: Pixels) -> NDArray[np.float64]:
    return teller.grouped(lambda group: teller.features(seen(group)), images).double().numpy()
