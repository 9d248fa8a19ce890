"""The sets on which candidates for the default are compared; those that are cut from others are written once."""

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ganache.support.files import replacing

HELD_OUT = 5  # every fifth picture of a set without a split
PICTURES = (".png", ".jpg", ".jpeg", ".webp")
FLAG = "1f1"  # begins the code points of flags, which differ in colours alone

Places = Iterator[tuple[str, str]]  # names in one zip, and the names that they have in another
Change = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True)
class Set:
    """What is learned from, and what samples are compared with, where the classifier's training pictures are too."""

    data: str
    reals: str
    split: str = "test"
    labelled: bool = True


def known(work: Path, cifar10: Path | None, pictures: Path | None) -> dict[str, Callable[[], Set]]:
    """Return what makes each set by its name; only what is made of files that are there."""
    found: dict[str, Callable[[], Set]] = {
        "digits": lambda: Set("digits", "digits", "train"),  # there is no other
        "mnist": lambda: Set("mnist", "mnist"),
    }
    if pictures is not None:
        found["pictures64"] = lambda: _own(work / "pictures64.zip", pictures, with_held_out, _small, False)
    if cifar10 is None:
        return found

    def part(of_each: int) -> Set:
        out = work / f"cifar10-{of_each}-of-each.zip"
        return Set(written(out, cifar10, lambda archive: first_of_each(archive, of_each)), str(cifar10))

    return found | {
        "cifar10": lambda: Set(str(cifar10), str(cifar10)),
        "cifar10-10%": lambda: part(500),
        "cifar10-1%": lambda: part(50),
        "grey28": lambda: _own(work / "grey28.zip", cifar10, everything, _grey),
    }


def everything(archive: zipfile.ZipFile) -> Places:
    """Yield every picture with its own name."""
    yield from ((name, name) for name in sorted(archive.namelist()) if name.lower().endswith(PICTURES))


def first_of_each(archive: zipfile.ZipFile, count: int) -> Places:
    """Yield the whole test split, and the first so many pictures of each other folder."""
    taken: dict[str, int] = {}
    for name, place in everything(archive):
        folder = name.rpartition("/")[0]
        taken[folder] = taken.get(folder, 0) + 1
        if folder.startswith("test") or taken[folder] <= count:
            yield name, place


def with_held_out(archive: zipfile.ZipFile) -> Places:
    """Yield all pictures but flags, every fifth of them in a test split."""
    wanted = (name for name, _ in everything(archive) if not Path(name).name.startswith(FLAG))
    for number, name in enumerate(wanted):
        yield name, f"{'train' if number % HELD_OUT else 'test'}/{name.replace('/', '-')}"


def written(out: Path, source: Path, places: Callable[[zipfile.ZipFile], Places], change: Change | None = None) -> str:
    """Write some pictures of a zip into another, if it is not there; return its path."""
    if not out.exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(source) as archive, replacing(out) as temporary, zipfile.ZipFile(temporary, "w") as made:
            for name, place in places(archive):
                content = archive.read(name)
                if change is not None:
                    place = str(Path(place).with_suffix(".png"))
                    content = _png(change(Image.open(io.BytesIO(content))))
                made.writestr(place, content)
    return str(out)


def _own(
    out: Path, source: Path, places: Callable[[zipfile.ZipFile], Places], change: Change, labelled: bool = True
) -> Set:
    """Return a set that is compared with its own test split."""
    path = written(out, source, places, change)
    return Set(path, path, labelled=labelled)


def _grey(picture: Image.Image) -> Image.Image:
    return picture.convert("L").resize((28, 28), Image.Resampling.LANCZOS)


def _small(picture: Image.Image) -> Image.Image:
    """Return a picture on white, at 64×64."""
    layered = picture.convert("RGBA")
    white = Image.new("RGBA", layered.size, "white")
    return Image.alpha_composite(white, layered).convert("RGB").resize((64, 64), Image.Resampling.LANCZOS)


def _png(picture: Image.Image) -> bytes:
    content = io.BytesIO()
    picture.save(content, format="PNG")
    return content.getvalue()
