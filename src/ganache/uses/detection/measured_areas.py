"""How well each way tells held-out pictures apart, as they are and after what the world does to pictures."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganache.uses.areas import Scores, area_within, difference_within
from ganache.uses.detection.detection_record import EVERY, Area, Decision
from ganache.uses.detection.pools import PicturePool, Pixels
from ganache.uses.detection.teller import BASELINES, WAYS, Teller, WayName
from ganache.uses.thresholds import Threshold, interval
from ganache.uses.treatments import TREATMENTS, Treatment, jpeg, treated

PLAIN = "as they are"
UNFAMILIAR = 0.01  # of pictures such as were learnt from, that may be called unfamiliar
AFTER: Mapping[str, Treatment] = {
    name: TREATMENTS[name] for name in ("JPEG 95", "JPEG 75", "JPEG 50", "size × 2", "size × 1/2")
}
Told = Mapping[WayName, Scores]


class Heard(NamedTuple):
    """What a teller says of the real pictures, and of those of each generator of which it was asked."""

    real: Told
    generated: Mapping[str, Told]


def heard(
    tellers: Sequence[tuple[Teller, Sequence[str]]], real: PicturePool, fakes: Sequence[PicturePool], seed: int
) -> list[dict[str, Heard]]:
    """Return what each teller says, by treatment, of held-out pictures that decide no threshold.

    Each is asked of the real ones and of those of the generators that are named with it. All are asked after one
    treatment before the next begins, so that nobody holds the pictures after all of them.
    """
    names = [fake.record.name for fake in fakes]
    found: list[dict[str, Heard]] = [{} for _ in tellers]
    for treatment, (reals, *drawn) in _after_each(real, fakes, seed):
        pictures = dict(zip(names, drawn, strict=True))
        for (teller, asked), own in zip(tellers, found, strict=True):
            own[treatment] = Heard(teller.told(reals)[0], {name: teller.told(pictures[name])[0] for name in asked})
    return found


def areas(told: Mapping[str, Heard], is_never_seen: bool = False) -> Iterator[Area]:
    """Yield how well each way does by what was heard after each treatment: of each generator, and of all it knows."""
    for treatment, (real, generated) in told.items():
        together = {way: np.concatenate([one[way] for one in generated.values()]) for way in WAYS}
        for name, found in (generated if is_never_seen else {**generated, EVERY: together}).items():
            for way in WAYS:
                area, low, high = area_within(found[way], real[way])
                counts = {"generated": len(found[way]), "real": len(real[way])}
                told_of = {"way": way, "generator": name, "never_seen": is_never_seen, "treatment": treatment}
                yield Area(**told_of, area=area, low=low, high=high, **counts)


def alone(quality: int) -> str:
    """Return what it is called that the generated pictures alone were saved as the real ones had been."""
    return f"JPEG {quality}, generated ones alone"


def halves(pool: PicturePool) -> tuple[Pixels, Pixels]:
    """Return the held-out pictures that decide thresholds, and those that measure."""
    return pool.held_out[0::2], pool.held_out[1::2]


def decided(
    teller: Teller, real: PicturePool, fakes: Sequence[PicturePool], rate: float, told: Heard
) -> tuple[dict[WayName, Decision], Threshold]:
    """Return each way's threshold by held-out reals, and beyond which distance nothing is familiar any more.

    What was `told` of the pictures that decide neither says how right it is. Raises UserError for a rate outside of
    (0, 1).
    """
    setting, far = teller.told(halves(real)[0])
    found = {}
    for way in WAYS:
        threshold = Threshold.of(setting[way], rate)
        generated = np.concatenate([one[way] for one in told.generated.values()])
        found[way] = Decision(
            threshold=threshold,
            false_positives=_share(told.real[way] > threshold.value),
            found=_share(generated > threshold.value),
        )
    distances = [far, *(teller.told(halves(fake)[0])[1] for fake in fakes)]
    return found, Threshold.of(np.concatenate(distances), UNFAMILIAR)


def verdict(told: Sequence[Heard]) -> str:
    """Return who tells generated pictures from real ones best: the network, or a baseline that costs seconds."""
    pairs = {way: [(one[way], each.real[way]) for each in told for one in each.generated.values()] for way in WAYS}
    means = {way: float(np.mean([area_within(*pair)[0] for pair in pairs[way]])) for way in WAYS}
    rival = max(BASELINES, key=lambda way: means[way])
    found, low, high = difference_within(pairs["network"], pairs[rival])
    by = f"{found:+.4f} AUROC against {rival} ({low:+.4f} to {high:+.4f})"
    if low > 0.0:
        return f"the network won: {by}"
    return f"a baseline won, score with --by {rival}: {by}" if high < 0.0 else f"cannot be told apart: {by}"


def _share(hits: NDArray[np.bool_]) -> tuple[float, float, float]:
    count = int(hits.sum())
    return count / len(hits), *interval(count, len(hits))


def _after_each(real: PicturePool, fakes: Sequence[PicturePool], seed: int) -> Iterator[tuple[str, list[Pixels]]]:
    """Yield each treatment with the pictures after it, the real ones first.

    Where the real ones are from JPEG files, generated ones that are not are saved so too before they are treated: after
    a second compression the first one could still be seen.
    """
    pools = [real, *fakes]
    alike = [halves(pool)[1] for pool in pools]
    yield PLAIN, alike
    quality = real.record.quality
    if quality is not None and not all(fake.record.lossy for fake in fakes):
        pairs = zip(pools, alike, strict=True)
        alike = [images if pool.record.lossy else _after(images, jpeg(quality), seed) for pool, images in pairs]
        yield alone(quality), alike
    for name, treatment in AFTER.items():
        yield name, [_after(images, treatment, seed) for images in alike]


def _after(images: Pixels, treatment: Treatment, seed: int) -> Pixels:
    return treated(images.transpose(0, 2, 3, 1), treatment, seed).transpose(0, 3, 1, 2)
