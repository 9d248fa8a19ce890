"""`ganache data pack` on a folder of JPEGs."""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.speed.part import Json, Part, Settings, precise, seconds_of
from benchmarks.speed.pictures import write_jpegs
from ganache.data.decoding.pool import default_processes
from ganache.data.shape import ImageShape

SIDE, SMALL, PACKED = 256, 32, 64


def measure(settings: Settings) -> Json:
    """Write the JPEGs, then run the command as often as there are rounds."""
    side = SMALL if settings.quick else SIDE
    with tempfile.TemporaryDirectory() as folder:
        jpegs = Path(folder) / "jpegs"
        write_jpegs(ImageShape(3, side, side), settings.jpegs, jpegs)
        speeds = [_pack(jpegs, Path(folder) / f"store-{number}", settings.jpegs) for number in range(settings.rounds)]
    return {"jpegs": settings.jpegs, "side": side, "processes": default_processes(), "images_per_second": speeds}


def _pack(jpegs: Path, store: Path, count: int) -> float:
    command = [sys.executable, "-m", "ganache", "data", "pack", str(jpegs), "--out", str(store), "--size", str(PACKED)]
    return count / seconds_of(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))


def tell(found: Json) -> str:
    """Return one sentence."""
    speed, side = precise(found["images_per_second"]), found["side"]
    return (
        f"`ganache data pack FOLDER --out STORE --size {PACKED}`, {found['jpegs']:,} JPEGs of {side}×{side} pixels, the"
        f" whole command with its start-up, {found['processes']} processes: {speed} images/s."
    )


PART = Part("packing", "Packing", measure, tell)
