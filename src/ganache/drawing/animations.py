"""Animations of pictures: .gif, .webp, .mp4."""

import contextlib
import io
import itertools
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, features

from ganache.drawing.grids import over_white
from ganache.drawing.origins import BARE, Stamp
from ganache.support.errors import RunError, UserError, did_you_mean
from ganache.support.files import replacing

STREAMED = ".mp4"  # which is written frame by frame: Pillow's encoders need all frames at once
MOST_FRAME_SIDE = 1_100  # pixels: 120 frames of that size take 436 MB, and WebP has none above 16,383

_Writer = Callable[[Iterator[Image.Image], Path, float, bool, float, Stamp], None]


def fit_frames(paths: list[Path], most: int = 120) -> list[Path]:
    """Return at most `most` (2 or more) of the paths, evenly chosen, the first and the last among them."""
    assert most >= 2, most
    if len(paths) <= most:
        return list(paths)
    return [paths[round(index * (len(paths) - 1) / (most - 1))] for index in range(most)]


def frame_of(path: Path) -> Image.Image:
    """Return a picture as a frame of an animation, shrunk where it is large: all frames are in memory at once."""
    with Image.open(path) as picture:
        picture.load()
    if max(picture.size) <= MOST_FRAME_SIDE:
        return picture
    width, height = (max(1, side * MOST_FRAME_SIDE // max(picture.size)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BOX)


def animation_suffix(supports: Callable[[str], bool | None] = features.check) -> str:
    """Return the best suffix that this Pillow can animate: ``.webp``, or ``.gif`` where it was built without WebP."""
    return ".webp" if supports("webp") else ".gif"


def animate(
    frames: Iterable[Image.Image],
    out: Path,
    frames_per_second: float,
    loop: bool = True,
    hold_last: float = 1.0,
    stamp: Stamp = BARE,
) -> None:
    """Write pictures of one size as .gif, .webp or .mp4, atomically; the last one stays for `hold_last` seconds.

    Alpha is laid over white. Frames last at least 20 ms in .gif and .webp; `loop` means nothing to .mp4, whose players
    decide.
    Raises UserError for another suffix or without FFmpeg, RunError when writing fails.
    """
    assert frames_per_second > 0, frames_per_second
    writers: dict[str, _Writer] = {".gif": _write_gif, ".webp": _write_webp, STREAMED: _write_mp4}
    suffix = out.suffix.lower()
    if suffix not in writers:
        hint = did_you_mean(suffix, writers)
        raise UserError(f"--out: {str(out)!r} is not an animation; its name may end in {', '.join(writers)}{hint}")
    if suffix == STREAMED and stamp.marks.signer is not None:
        raise UserError("--sign: credentials go into .gif and .webp, not into .mp4")
    with replacing(out) as temporary:
        writers[suffix](_same_size(frames), temporary, frames_per_second, loop, hold_last, stamp)
        stamp.sign_file(temporary, suffix[1:].upper())


def animation_bytes(frames: Iterable[Image.Image], frames_per_second: float, stamp: Stamp = BARE) -> bytes:
    """Return pictures of one size as the bytes of a .webp that goes on and on; alpha is laid over white."""
    file = io.BytesIO()
    _write_webp(_same_size(frames), file, frames_per_second, loop=True, hold_last=0.0, stamp=stamp)
    return stamp.signed(file.getvalue(), "WEBP")


def _same_size(frames: Iterable[Image.Image]) -> Iterator[Image.Image]:
    """Yield the frames as L or RGB, alpha laid over white, stripped of what their files said about playing them."""
    size = None
    for frame in frames:
        size = size or frame.size
        assert frame.size == size, f"a frame of {frame.size} among frames of {size}"
        gray = frame.mode in ("1", "L", "LA")
        flat = over_white(frame).convert("L" if gray else "RGB")
        flat.info.clear()
        yield flat
    assert size is not None, "an animation of no frames"


def _durations(count: int, frames_per_second: float, hold_last: float, tick: int) -> list[int]:
    """Return milliseconds for each frame in whole ticks, rounded so that the sum keeps to the requested speed."""
    # Browsers slow a frame shorter than 20 ms down to 100 ms.
    step = max(1000 / frames_per_second, 20) / tick
    last = max(step, hold_last * 1000 / tick)
    ends = [round(index * step) for index in range(count)]
    return [(after - before) * tick for before, after in itertools.pairwise(ends)] + [round(last) * tick]


def _write_gif(
    frames: Iterator[Image.Image], out: Path, rate: float, loop: bool, hold_last: float, stamp: Stamp
) -> None:
    pictures = list(frames)
    if any(picture.mode != "L" for picture in pictures):
        palette = _shared_palette(pictures)
        pictures = [picture.convert("RGB").quantize(palette=palette) for picture in pictures]
    durations = _durations(len(pictures), rate, hold_last, tick=10)  # GIF counts hundredths of a second
    # A GIF that plays once is one that says nothing about looping.
    options = ({"loop": 0} if loop else {}) | stamp.saved_with("GIF")
    pictures[0].save(out, "GIF", save_all=True, append_images=pictures[1:], duration=durations, **options)


def _shared_palette(pictures: list[Image.Image]) -> Image.Image:
    """Return a palette of 255 colours for all frames: one per frame would flicker.

    Chosen from frames of the whole run, since the first is mostly noise; white is exact, for the gaps and margins.
    """
    chosen = [pictures[index * (len(pictures) - 1) // 15] for index in range(16)]
    # Nearest neighbours keep the colours that are there.
    small = [np.asarray(picture.convert("RGB").resize((128, 128), Image.Resampling.NEAREST)) for picture in chosen]
    adapted = Image.fromarray(np.concatenate(small)).quantize(254, Image.Quantize.MEDIANCUT)
    colours = np.array(adapted.getpalette()).reshape(-1, 3)[:254]
    # Pillow looks colours up in steps of four, so that a near white would be taken for white itself.
    colours = colours[colours.min(axis=1) < 248]
    palette = Image.new("P", (1, 1))
    palette.putpalette([*colours.ravel().tolist(), 255, 255, 255])
    return palette


def _write_webp(
    frames: Iterator[Image.Image],
    out: Path | IO[bytes],
    rate: float,
    loop: bool,
    hold_last: float,
    stamp: Stamp,
) -> None:
    pictures = list(frames)
    # Enlarged gray digits are smaller without loss; photographs are not.
    exact = all(picture.mode == "L" for picture in pictures)
    pictures[0].save(
        out,
        "WEBP",
        save_all=True,
        append_images=pictures[1:],
        duration=_durations(len(pictures), rate, hold_last, tick=1),
        loop=0 if loop else 1,
        lossless=exact,
        quality=85,  # without loss: how hard to try
        method=2,
        **stamp.saved_with("WEBP"),
    )


def _write_mp4(
    frames: Iterator[Image.Image], out: Path, rate: float, loop: bool, hold_last: float, stamp: Stamp
) -> None:
    try:
        import imageio_ffmpeg

        program = imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError) as error:
        raise UserError("--out: .mp4 needs FFmpeg (pip install 'ganache[video]'); .gif and .webp do not") from error
    first = next(frames)
    width, height = (side + side % 2 for side in first.size)
    source = f"-f rawvideo -pix_fmt rgb24 -s {width}x{height} -r {Fraction(rate).limit_denominator(100_000)} -i -"
    # Players take yuv420p only, and guess the colours' matrix from the size unless the file names it.
    colours = "-vf scale=out_color_matrix=bt709 -colorspace bt709 -color_primaries bt709 -color_trc bt709"
    coded = f"-an -c:v libx264 -crf 16 -pix_fmt yuv420p {colours} -movflags +faststart"
    # "file:" keeps a name with a dash or a colon from being read as an option or a protocol.
    said = ["-metadata", f"comment={stamp.origin.sentence()}"] if stamp.marks.metadata else []
    command = [program, "-y", "-v", "error", *source.split(), *coded.split(), *said, f"file:{out}"]
    copies = max(1, round(hold_last * rate))
    with tempfile.TemporaryFile() as log, subprocess.Popen(command, stdin=subprocess.PIPE, stderr=log) as encoder:
        try:
            _feed(encoder, itertools.chain([first], frames), copies)
        except BaseException:
            encoder.kill()
            raise
        status = encoder.wait()
        log.seek(0)
        complaint = log.read().decode(errors="replace").strip().split("\n")[-1]
    if status:
        raise RunError(f"FFmpeg could not write the .mp4 (status {status}): {complaint}")


def _feed(encoder: "subprocess.Popen[bytes]", frames: Iterator[Image.Image], copies_of_last: int) -> None:
    assert encoder.stdin is not None
    try:
        for frame in frames:
            odd_width, odd_height = (side % 2 for side in frame.size)
            pixels = np.pad(np.asarray(frame.convert("RGB")), ((0, odd_height), (0, odd_width), (0, 0)), mode="edge")
            encoder.stdin.write(pixels.tobytes())
        for _ in range(copies_of_last - 1):
            encoder.stdin.write(pixels.tobytes())
    except BrokenPipeError:
        pass  # FFmpeg ended early; its exit status and its log say why.
    finally:
        with contextlib.suppress(BrokenPipeError):
            encoder.stdin.close()
