"""From real and generated pictures to a detector: what the command `detect fit` does."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ganache.data.conversion import Conversion
from ganache.data.dataset import Progress
from ganache.data.location import refuse_among
from ganache.data.ranges import Ranges
from ganache.data.shape import ImageShape
from ganache.data.store.packed import PackedDataset
from ganache.engine.devices import choose_device
from ganache.runs.folder import Run
from ganache.support.errors import UserError
from ganache.support.units import check_seed, parse_count, parse_size
from ganache.uses.detection.detection_record import MOST_FAKES, DetectionRecord
from ganache.uses.detection.fake_detector import FakeDetector
from ganache.uses.detection.learnt_tellers import LearntTellers, Lesson
from ganache.uses.detection.measured_areas import PLAIN, areas, decided, heard, verdict
from ganache.uses.detection.pools import (
    FEWEST,
    MOST_BYTES,
    PicturePool,
    fake_pool,
    generator_of,
    is_generator,
    names_of,
    opened_pictures,
    real_pool,
    refuse_large,
)
from ganache.uses.detection.teller import Teller

COUNT = "6k"  # pictures of either kind to learn from
RATE = 0.01  # of real pictures that may be called generated
FORMAT_TELLS = 0.5  # share of lossy files by which two sources differ, from which on the format may tell them apart
Say = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class DetectorRequest:
    """What is to be learnt from, and how; `recode` "auto", "off" or a quality of JPEG."""

    real: str
    fakes: tuple[str, ...]
    count: str | int = COUNT
    size: str | None = None
    channels: int | None = None
    rate: float = RATE
    worn: bool = True
    recode: str = "auto"
    steps: int | None = None
    seed: int = 0
    device: str = "auto"


@dataclasses.dataclass(frozen=True)
class Learning:
    """All that tellers learn from and are measured on; how they learn is the same whichever generators they know."""

    wanted: DetectorRequest
    shape: ImageShape
    recode: int | None
    real: PicturePool
    fakes: list[PicturePool]
    learnt: LearntTellers
    ranges: Ranges | None

    def teller(self, without: PicturePool | None = None) -> Teller:
        """Return one that knows all generators, or all but one, and as many real pictures as generated ones."""
        wanted, known = self.wanted, [fake.learnt for fake in self.fakes if fake is not without]
        device = choose_device(wanted.device)
        lesson = Lesson(self.shape, self.recode, wanted.worn, wanted.steps, wanted.seed, device)
        return self.learnt.get(lesson, self.real.learnt[: sum(map(len, known))], known)


def fit(
    wanted: DetectorRequest, out: Path, progress: Progress | None = None, say: Say = lambda line: None
) -> FakeDetector:
    """Learn to tell generated pictures from real ones, measure how well that works, and keep both in a new folder.

    A fit that was stopped goes on with the tellers that it had learnt. Raises UserError for what cannot be as wanted,
    RunError when the machine refuses.
    """
    learnt = LearntTellers(out)
    _check(wanted, learnt)
    dataset = opened_pictures(wanted.real, _how(wanted), "real", progress)
    real, fakes = _pools(wanted, dataset, progress)
    recode = _recode(wanted.recode, [real, *fakes])
    learning = Learning(wanted, dataset.shape, recode, real, fakes, learnt, dataset.ranges)
    warnings = cautions(real, fakes, learning.recode, wanted.worn)
    for warning in warnings:
        say(warning)
    detector = _measured(learning, warnings, say)
    detector.save(out)
    learnt.clear()
    return detector


def _measured(learning: Learning, warnings: Sequence[str], say: Say) -> FakeDetector:
    """Return a detector of all generators, with what is known of it and of those that knew all but one."""
    wanted, shape, real, fakes = learning.wanted, learning.shape, learning.real, learning.fakes
    names = [fake.record.name for fake in fakes]
    teller = learning.teller()
    say(f"learnt to tell apart {', '.join(names)}")
    others = [(one, [name]) for name, one in _without_one(learning, say)]
    known, *never_seen = heard([(teller, names), *others], real, fakes, wanted.seed)
    decisions, familiar = decided(teller, real, fakes, wanted.rate, known[PLAIN])
    verdicts = [f"known generators: {verdict([known[PLAIN]])}"]
    if never_seen:
        verdicts.append(f"one never seen: {verdict([one[PLAIN] for one in never_seen])}")
    record = DetectionRecord(
        channels=shape.channels,
        height=shape.height,
        width=shape.width,
        ranges=learning.ranges,
        recode=learning.recode,
        worn=wanted.worn,
        seed=wanted.seed,
        real=real.record,
        fakes=tuple(fake.record for fake in fakes),
        decisions=decisions,
        familiar=familiar,
        areas=(*areas(known), *(area for one in never_seen for area in areas(one, is_never_seen=True))),
        verdicts=tuple(verdicts),
        warnings=tuple(warnings),
    )
    return FakeDetector(record, teller)


def _without_one(learning: Learning, say: Say) -> Iterator[tuple[str, Teller]]:
    """Yield of more than one generator each with what learnt from all others."""
    for fake in learning.fakes if len(learning.fakes) > 1 else ():
        name = fake.record.name
        yield name, learning.teller(without=fake)
        say(f"learnt without {name}, to see how it does on what it never saw")


def _check(wanted: DetectorRequest, learnt: LearntTellers) -> None:
    check_seed(wanted.seed)
    if not learnt.are_all_there_is():
        Run.refuse_existing(learnt.out)
    for source in (wanted.real, *wanted.fakes):
        refuse_among(learnt.out, source)
    if not 0.0 < wanted.rate < 1.0:
        raise UserError(f"false_positives: {wanted.rate:g} is not a share between 0 and 1, such as 0.01")
    if not 1 <= len(wanted.fakes) <= MOST_FAKES:
        raise UserError(f"fake: {len(wanted.fakes)} sources; there must be one, and {MOST_FAKES} at most")
    if len(set(wanted.fakes)) < len(wanted.fakes):
        raise UserError("fake: a source is named twice, and would be known where it must be one never seen")
    if is_generator(wanted.real):
        raise UserError(f"real: {wanted.real!r} is a generator; name pictures that nobody generated")
    _quality(wanted.recode)


def _quality(text: str) -> int | None:
    if text in ("auto", "off"):
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 100:
        raise UserError(f"recode: {text!r} is none of auto, off and a quality of JPEG from 1 to 100")
    return int(text)


def _how(wanted: DetectorRequest) -> Conversion:
    """Return how pictures are read: as asked, else in the shape of the first generator, else as suits the real ones."""
    size = None if wanted.size is None else parse_size(wanted.size)
    if size is not None:
        refuse_large(size)
    run = next((source for source in wanted.fakes if is_generator(source)), None)
    if run is None or (size is not None and wanted.channels is not None):
        return Conversion(size, wanted.channels)
    shape = generator_of(run, wanted.device).shape
    return Conversion(size or (shape.height, shape.width), wanted.channels or shape.channels)


def _pools(
    wanted: DetectorRequest, dataset: PackedDataset, progress: Progress | None
) -> tuple[PicturePool, list[PicturePool]]:
    """Return as many real pictures as generated ones, an equal share of each source as far as there are so many."""
    shape, names = dataset.shape, names_of(wanted.fakes)
    most = min(parse_count(wanted.count), MOST_BYTES // shape.pixels)
    real = real_pool(dataset, most, wanted.seed)
    share = max(FEWEST, len(real.learnt) // len(names))
    fakes = [
        fake_pool(source, name, shape, share, wanted.seed, wanted.device, progress, len(names), dataset.ranges)
        for source, name in zip(wanted.fakes, names, strict=True)
    ]
    return real.first(min(len(real.learnt), sum(len(fake.learnt) for fake in fakes))), fakes


def _recode(wanted: str, pools: Sequence[PicturePool]) -> int | None:
    """Return the quality as which everything is to be JPEG before it is looked at.

    Where some files have been through a lossy compression, that of theirs which lost most: what was JPEG of this
    quality already hardly changes, and all else loses what it still has.
    """
    if wanted != "auto":
        return _quality(wanted)
    return min((pool.record.quality for pool in pools if pool.record.quality is not None), default=None)


def cautions(real: PicturePool, fakes: Sequence[PicturePool], recode: int | None, is_worn: bool) -> list[str]:
    """Return what a user must know before he believes what was measured."""
    found = []
    uneven = [fake.record.name for fake in fakes if abs(fake.record.lossy - real.record.lossy) > FORMAT_TELLS]
    if uneven:
        of = "the real pictures are" if real.record.lossy > FORMAT_TELLS else "the real pictures are not, others are,"
        remedy = (
            f"all pictures become JPEG {recode} before they are looked at"
            if recode is not None
            else "nothing is done about it, and the files' format alone may give the answer away"
        )
        found.append(f"{of} of a lossy format (JPEG and such), and {', '.join(uneven)} differ: {remedy}")
    brought = [pool.record.name for pool in (real, *fakes) if pool.record.brought]
    if 0 < len(brought) <= len(fakes):
        found.append(f"pictures of {', '.join(brought)} were brought to the size and others not: scaling may tell them")
    if len(fakes) == 1:
        found.append(
            f"one generator is all it learns from: nothing tells how it does on others than {fakes[0].record.name}"
        )
    if not is_worn:
        found.append("it learns from undisturbed pictures alone, so a JPEG or another size may undo it")
    return found
