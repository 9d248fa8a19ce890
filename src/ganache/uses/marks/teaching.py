"""A trained generator that learns to draw a fingerprint: what the command `mark` does.

The training is a run like any other, of the game `Marking`: it can be resumed, and its generator be used as any run's.
"""

import dataclasses
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ganache.data.dataset import Progress
from ganache.data.origin import Source
from ganache.data.shape import ImageShape
from ganache.data.store.packed import PackedDataset
from ganache.engine.devices import choose_device
from ganache.engine.state import TrainingState
from ganache.games.marking import Marking, MarkOptimizers
from ganache.networks import DCGANDiscriminator, FeatureEncoder, Generator
from ganache.parts.optimizers import Adam
from ganache.parts.schedules import Geometric, Linear
from ganache.recipes.settings import with_settings
from ganache.runs import products
from ganache.runs.folder import Run
from ganache.runs.network_files import Kept
from ganache.runs.products import TrainedGenerator
from ganache.runs.start import Start
from ganache.support.errors import UserError
from ganache.support.files import at_home
from ganache.support.json_files import write_json
from ganache.support.units import brief, parse_count
from ganache.training import sessions
from ganache.training.plan import Request
from ganache.training.sessions import Outcome
from ganache.uses.marks.fingerprints import Fingerprint
from ganache.uses.marks.survival import Survival, as_json, measured, survivals

FEWEST_BITS, MOST_BITS = 24, 256  # of fewer, all may agree by chance in one picture of a million
IMAGES = 240_000  # of which the reader has a quarter; 160,000 left 98.9% of the bits after JPEG 75, these 99.7%
RECORD = "marks.json"


@dataclasses.dataclass(frozen=True)
class TrainedStart(Start):
    """A trained generator, from which a fingerprinted one begins and beside which it is held."""

    tensors: Mapping[str, Tensor] = dataclasses.field(default_factory=dict)
    sha256: str = ""
    named: str = ""  # the recipe of the trained generator, as its file says it; `recipe` is the game that marks it

    @property
    def trained_as(self) -> str:
        """The name of the recipe that the weights were trained by."""
        return self.named

    def put_into(self, state: TrainingState, label_names: Sequence[str]) -> dict[str, Any]:
        """Give the game's generator and its original the weights; raises UserError for other classes than theirs."""
        if state.recipe.conditional and tuple(label_names) != self.label_names:
            raise UserError(f"data: the generator of {self.path} knows other classes than these data have")
        for network in (*(state.cast.networks[name] for name in ("generator", "original")), state.average):
            network.load_state_dict(dict(self.tensors))
        told = {"run": str(self.path), "recipe": self.trained_as, "images_seen": self.images_seen}
        return {**told, "checkpoint": self.checkpoint.name, "sha256": self.sha256, "drawn_anew": []}


def mark(
    run: str | Path,
    out: str | Path,
    *,
    bits: int = 32,
    message: str | None = None,
    images: str | int = IMAGES,
    data: str | None = None,
    seed: int = 0,
    device: str = "auto",
    settings: Sequence[str] = (),
    quiet: bool = True,
    progress: Progress | None = None,
) -> Outcome:
    """Train a run whose generator draws what `run`'s does, with a message in every picture.

    `message` is in hexadecimal digits; without one, `bits` of them are drawn anew each time, whatever the seed. `data`
    is where the run's data lies now, which nothing is learnt from but the classes' shares. Raises UserError for what
    cannot be marked.
    """
    run, out = at_home(run), at_home(out)
    kept = Kept.read(run, "generator")
    config = kept.config(Generator)
    kept.built(lambda: config.build(kept.shape, len(kept.label_names)), config)
    source = _source(run, data)
    budget = parse_count(images, "images") if isinstance(images, str) else images
    own = game_of(config, drawn(bits) if message is None else checked(message), budget, kept.shape)
    game = with_settings(own.changed(conditional=bool(kept.label_names)), [*settings])
    seen = kept.description.get("images_seen")
    start = TrainedStart(
        path=run,
        recipe=game,
        shape=kept.shape,
        label_names=kept.label_names,
        checkpoint=kept.file,
        images_seen=seen if isinstance(seen, int) else 0,
        tensors=kept.tensors,
        sha256=kept.weights,
        named=str(kept.description.get("recipe", ""))[:100],
    )
    request = Request(
        data=source.data,
        recipe=game,
        images=budget,
        size=(kept.shape.height, kept.shape.width),
        channels=kept.shape.channels,
        labels=source.labels,
        value_range=source.how.value_range,
        max_skipped=source.how.max_skipped,
        seed=seed,
        device=device,
        start=start,
    )
    return sessions.begin(request, out, quiet=quiet, progress=progress)


def game_of(config: Generator, message: str, images: int, shape: ImageShape) -> Marking:
    """Return the game that marks a generator of images of a shape, unconditional, within a budget of images."""
    learning = images // 4
    return Marking(
        name="marking",
        generator=config,
        batch_size=32,
        images=images,
        reader=FeatureEncoder(body=DCGANDiscriminator(width=32, batch_norm=False)),
        message=message,
        grain=grain_for(shape, 4 * len(message)),
        learning=learning,
        closeness=7e-4,
        strength=Geometric(start=25.0, end=12.0, until=max(1, learning)),
        optimizers=MarkOptimizers(
            generator=Adam(
                learning_rate=Linear(start=2e-3, end=4e-5, since=learning, until=max(images, learning + 1)),
                betas=(0.9, 0.99),
            ),
            reader=Adam(learning_rate=Linear(start=3e-3, end=3e-4, until=max(1, learning)), betas=(0.9, 0.99)),
        ),
    )


def grain_for(shape: ImageShape, bits: int) -> int:
    """Return how coarse patterns may be so that four of their values come on each bit: a power of two up to 8."""
    fitting = [g for g in (8, 4, 2) if (shape.height // g) * (shape.width // g) * shape.channels >= 4 * bits]
    return fitting[0] if fitting else 1


def drawn(bits: int) -> str:
    """Return a message of so many bits; raises UserError for what is no whole number of bytes within bounds.

    It comes from the operating system, not from a seed: readers of one seed learn the same patterns, and with the same
    message each would find its fingerprint in what the other marked.
    """
    if bits % 8 or not FEWEST_BITS <= bits <= MOST_BITS:
        raise UserError(f"bits: {bits} is no multiple of 8 from {FEWEST_BITS} to {MOST_BITS}")
    return secrets.token_hex(bits // 8)


def checked(message: str) -> str:
    """Return a message of one's own, in small letters; raises UserError for what is none."""
    small = message.strip().lower()
    if not re.fullmatch(r"([0-9a-f]{2})+", small) or not FEWEST_BITS <= 4 * len(small) <= MOST_BITS:
        least, most = FEWEST_BITS // 4, MOST_BITS // 4
        raise UserError(f"message: {brief(message)!r} is no even number of hexadecimal digits from {least} to {most}")
    return small


def examine(
    run: Path, original: Path, count: int = 1_000, device: str = "auto", say: Callable[[str], None] = lambda line: None
) -> list[Survival]:
    """Measure a marked run, and write it into the run as ``marks.json``: what is left of its fingerprint after what.

    The last rows are of pictures that are not marked, the original generator's and the data's own.
    """
    fingerprint = Fingerprint.load(run)
    used = choose_device(device).type
    marked, before = (products.load(path, used) for path in (run, original))
    images = marked.sample(count)
    found = survivals(fingerprint, images)
    say(f"read from {count:,} samples of seed 0")
    found.append(measured(fingerprint, "of the original", before.sample(count)))
    found.append(measured(fingerprint, "of the data", _reals(run, 10_000)))
    record = {"message": fingerprint.message, "threshold": fingerprint.threshold, "samples": count}
    write_json(run / RECORD, {**record, "change": change(marked, before), "read": as_json(found)})
    return found


def change(marked: TrainedGenerator, before: TrainedGenerator, count: int = 256) -> float:
    """Return the root of the mean squared difference of two generators' pictures of a seed, in levels of 255."""
    one, other = (generator.sample(count).astype(np.float64) for generator in (marked, before))
    return float(np.sqrt(np.square(one - other).mean()))


def _reals(run: Path, most: int) -> NDArray[np.uint8]:
    source = Source.of(Run.open(run).record("source")["source"])
    dataset = source.open()
    assert isinstance(dataset, PackedDataset), dataset
    rows = dataset.summary()["splits"]["train"]
    batch = dataset.rows("train", 0, min(most, rows[1] - rows[0]))
    return batch.images.transpose(0, 2, 3, 1)


def _source(run: Path, data: str | None) -> Source:
    if run.is_dir():
        return Source.of(Run.open(run).record("source")["source"], data)
    if data is None:
        raise UserError("data: a file of weights does not say what it learnt from; say with --data where it lies")
    return Source(data)
