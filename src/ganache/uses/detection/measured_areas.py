"""How well each way tells held-out pictures apart, as they are and after what the world does to pictures."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ganache.uses.areas import Scores, area_within, difference_within
from ganache.uses.detection.detection_record import EVERY, Area, Decision
from ganache.uses.detection.pools import PicturePool, Pixels
from ganache.uses.detection.teller import BASELINES, WAYS, Teller, WayName
from ganache.uses.thresholds import Threshold, interval
from ganache.uses.treatments import TREATMENTS, Treatment, jpeg, treated

PLAIN = "as they are"
AFTER: Mapping[str, Treatment] = {
    name: TREATMENTS[name] for name in ("JPEG 95", "JPEG 75", "JPEG 50", "size × 2", "size × 1/2")
}
Told = Mapping[WayName, Scores]


class Measuring:
    """The held-out pictures that decide no threshold, once for each treatment, to be told apart by several tellers.

    Where the real ones are from JPEG files, generated ones that are not are saved so too before they are treated: after
    a second compression the first one could still be seen.
    """

    def __init__(self, real: PicturePool, fakes: Sequence[PicturePool], seed: int) -> None:
        self.names = [fake.record.name for fake in fakes]
        pools = [real, *fakes]
        alike = [halves(pool)[1] for pool in pools]
        self._after = {PLAIN: alike}
        quality = real.record.quality
        if quality is not None and not all(fake.record.lossy for fake in fakes):
            pairs = zip(pools, alike, strict=True)
            alike = [images if pool.record.lossy else _after(images, jpeg(quality), seed) for pool, images in pairs]
            self._after[alone(quality)] = alike
        for name, treatment in AFTER.items():
            self._after[name] = [_after(images, treatment, seed) for images in alike]

    def areas(self, teller: Teller, never_seen: str | None = None) -> Iterator[Area]:
        """Yield how well each way does after each treatment: of every generator, or of one that was never seen."""
        for treatment in self._after:
            real, told = self.told(teller, treatment, [never_seen] if never_seen else self.names)
            if never_seen is None:
                told[EVERY] = {way: np.concatenate([one[way] for one in told.values()]) for way in WAYS}
            for name, found in told.items():
                for way in WAYS:
                    area, low, high = area_within(found[way], real[way])
                    counts = {"generated": len(found[way]), "real": len(real[way])}
                    told_of = {"way": way, "generator": name, "never_seen": bool(never_seen), "treatment": treatment}
                    yield Area(**told_of, area=area, low=low, high=high, **counts)

    def told(self, teller: Teller, treatment: str, names: Sequence[str]) -> tuple[Told, dict[str, Told]]:
        """Return what a teller says of the real pictures after a treatment, and of those of each generator."""
        real, *fakes = self._after[treatment]
        drawn = dict(zip(self.names, fakes, strict=True))
        return teller.told(real)[0], {name: teller.told(drawn[name])[0] for name in names}


def alone(quality: int) -> str:
    """Return what it is called that the generated pictures alone were saved as the real ones had been."""
    return f"JPEG {quality}, generated ones alone"


def halves(pool: PicturePool) -> tuple[Pixels, Pixels]:
    """Return the held-out pictures that decide thresholds, and those that measure."""
    return pool.held_out[0::2], pool.held_out[1::2]


def decided(
    teller: Teller, real: PicturePool, fakes: Sequence[PicturePool], rate: float
) -> tuple[dict[WayName, Decision], Threshold]:
    """Return each way's threshold by held-out reals, and beyond which distance nothing is familiar any more.

    Raises UserError for a rate outside of (0, 1).
    """
    first, second = halves(real)
    setting, far = teller.told(first)
    others = teller.told(second)[0]
    generated = [teller.told(halves(fake)[1])[0] for fake in fakes]
    found = {}
    for way in WAYS:
        threshold = Threshold.of(setting[way], rate)
        shares = (others[way], np.concatenate([one[way] for one in generated]))
        found[way] = Decision(
            threshold=threshold,
            false_positives=_share(shares[0] > threshold.value),
            found=_share(shares[1] > threshold.value),
        )
    distances = [far, *(teller.told(halves(fake)[0])[1] for fake in fakes)]
    return found, Threshold.of(np.concatenate(distances), UNFAMILIAR)


UNFAMILIAR = 0.01  # of pictures such as were learnt from, that may be called unfamiliar


def verdict(told: Sequence[tuple[Told, Told]]) -> str:
    """Return who tells generated pictures from real ones best: the network, or a baseline that costs seconds.

    Given what is said of generated pictures and of the real ones, once for each generator.
    """
    pairs = {way: [(generated[way], real[way]) for generated, real in told] for way in WAYS}
    areas = {way: float(np.mean([area_within(*pair)[0] for pair in pairs[way]])) for way in WAYS}
    rival = max(BASELINES, key=lambda way: areas[way])
    found, low, high = difference_within(pairs["network"], pairs[rival])
    by = f"{found:+.4f} AUROC against {rival} ({low:+.4f} to {high:+.4f})"
    if low > 0.0:
        return f"the network won: {by}"
    return f"a baseline won, score with --by {rival}: {by}" if high < 0.0 else f"cannot be told apart: {by}"


def _share(hits: NDArray[np.bool_]) -> tuple[float, float, float]:
    count = int(hits.sum())
    return count / len(hits), *interval(count, len(hits))


def _after(images: Pixels, treatment: Treatment, seed: int) -> Pixels:
    return treated(images.transpose(0, 2, 3, 1), treatment, seed).transpose(0, 3, 1, 2)
