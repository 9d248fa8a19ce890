"""What is looked at: grids of images, clouds of points, and the animations made of them."""

import contextlib
import itertools
import math
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, features

from ganache.support.errors import RunError, UserError, did_you_mean
from ganache.support.files import replacing

MOST_PIXELS = 64_000_000
"""The largest grid: 64 megapixels, which viewers still open and which takes at most 256 MB in memory."""

MOST_FRAME_SIDE = 1_100
"""Pixels of an animation's longer side: 120 frames of that size take 436 MB, and WebP has none above 16,383."""

GAP = 2
"""Pixels between the cells of a grid, whatever the cells' enlargement."""

_REAL_COLOUR = (150, 156, 168)
_GENERATED_COLOUR = (214, 57, 43)
_FRAME_COLOUR = (208, 212, 218)
# Dots are stamped this many at a time: some 16 MB of work space however many points there are.
_DOTS_AT_ONCE = 8192


class Layout(NamedTuple):
    """How the cells of a grid are arranged; factor is the integer enlargement of a cell."""

    rows: int
    columns: int
    factor: int


def layout(count: int, height: int, width: int, columns: int | None = None, smallest_side: int = 512) -> Layout:
    """Arrange `count` cells of height × width pixels in about a square whose longer side is at least `smallest_side`.

    Cheap, so that a count can be refused before anything is generated. Raises UserError above 64 megapixels.
    """
    assert min(count, height, width) >= 1, (count, height, width)
    across = min(count, columns or math.ceil(math.sqrt(count * height / width)))
    down = math.ceil(count / across)
    # The smallest factor with which one side or the other is long enough.
    factors = [
        math.ceil((smallest_side - (cells - 1) * GAP) / (cells * pixels))
        for cells, pixels in ((across, width), (down, height))
    ]
    arranged = Layout(down, across, max(1, min(factors)))
    full_height, full_width = _side(down, height, arranged.factor), _side(across, width, arranged.factor)
    if full_height * full_width > MOST_PIXELS:
        raise UserError(
            f"--count: {count} images make one picture of {full_width} × {full_height} pixels, above 64 megapixels; "
            "ask for fewer, or write a folder (--out NAME/) or an array (--out NAME.npy)"
        )
    return arranged


def grid(images: npt.NDArray[np.uint8], columns: int | None = None, smallest_side: int = 512) -> Image.Image:
    """Put images (N, H, W, C), uint8, C from 1 to 4, side by side in one picture of mode L, LA, RGB or RGBA.

    About square unless `columns` says otherwise, white between the cells (transparent where images have alpha);
    small cells are enlarged without interpolation. Raises UserError above 64 megapixels.
    """
    assert images.dtype == np.uint8, images.dtype
    assert images.ndim == 4, images.shape
    count, height, width, channels = images.shape
    assert 1 <= channels <= 4, images.shape
    rows, across, factor = layout(count, height, width, columns, smallest_side)
    canvas = np.full((_side(rows, height, factor), _side(across, width, factor), channels), 255, np.uint8)
    if channels in (2, 4):
        canvas[..., -1] = 0
    for index, image in enumerate(images):
        top = index // across * (height * factor + GAP)
        left = index % across * (width * factor + GAP)
        enlarged = image.repeat(factor, axis=0).repeat(factor, axis=1)
        canvas[top : top + height * factor, left : left + width * factor] = enlarged
    return Image.fromarray(canvas[..., 0] if channels == 1 else canvas)


def scatter(points: npt.NDArray[Any], reals: npt.NDArray[Any] | None = None, side: int = 512) -> Image.Image:
    """Draw points (N, 2) in [-1, 1], y upwards, over the gray reals (M, 2), as an RGB picture of side × side pixels.

    Points outside are drawn on the border. Equal points give equal pixels.
    """
    assert side >= 64, side
    unit = side / 512
    # Dots stay whole on the border: the margin is the larger dot's reach.
    margin = math.ceil(5 * unit) + 3
    canvas = np.full((side, side, 3), 255, np.float32)
    if reals is not None:
        _lay_dots(canvas, reals, margin, _REAL_COLOUR, radius=max(1.5, 4.0 * unit), opacity=0.16)
    _lay_dots(canvas, points, margin, _GENERATED_COLOUR, radius=max(1.0, 1.9 * unit), opacity=0.5)
    canvas[[0, -1], :] = canvas[:, [0, -1]] = _FRAME_COLOUR
    return Image.fromarray(np.rint(canvas).astype(np.uint8))


def for_display(values: npt.NDArray[Any], reals: npt.NDArray[Any] | None = None) -> Image.Image:
    """Draw float32 points (N, 1, 1, 2) as a scatter over `reals` of the same layout, uint8 images as a grid.

    Raises UserError when a grid would be above 64 megapixels.
    """
    if values.dtype == np.float32 and values.shape[1:] == (1, 1, 2):
        return scatter(values.reshape(-1, 2), None if reals is None else reals.reshape(-1, 2))
    return grid(values)


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


def animation_suffix() -> str:
    """Return the best suffix that this Pillow can animate: ``.webp``, or ``.gif`` where it was built without WebP."""
    return ".webp" if features.check("webp") else ".gif"


def animate(
    frames: Iterable[Image.Image], out: Path, frames_per_second: float, loop: bool = True, hold_last: float = 1.0
) -> None:
    """Write pictures of one size as .gif, .webp or .mp4, atomically; the last one stays for `hold_last` seconds.

    Alpha is laid over white. Only .mp4 is written frame by frame: Pillow's encoders need all frames at once. Frames
    last at least 20 ms in .gif and .webp; `loop` means nothing to .mp4, whose players decide.
    Raises UserError for another suffix or without FFmpeg, RunError when writing fails.
    """
    assert frames_per_second > 0, frames_per_second
    writers: dict[str, _Writer] = {".gif": _write_gif, ".webp": _write_webp, ".mp4": _write_mp4}
    suffix = out.suffix.lower()
    if suffix not in writers:
        hint = did_you_mean(suffix, writers)
        raise UserError(f"--out: {str(out)!r} is not an animation; its name may end in {', '.join(writers)}{hint}")
    with replacing(out) as temporary:
        writers[suffix](_same_size(frames), temporary, frames_per_second, loop, hold_last)


_Writer = Callable[[Iterator[Image.Image], Path, float, bool, float], None]


def _side(cells: int, pixels: int, factor: int) -> int:
    return cells * pixels * factor + (cells - 1) * GAP


def _lay_dots(
    canvas: npt.NDArray[np.float32],
    points: npt.NDArray[Any],
    margin: int,
    colour: tuple[int, int, int],
    radius: float,
    opacity: float,
) -> None:
    """Lay translucent discs over the canvas (side, side, 3): where k of them overlap, (1 - opacity)^k shines through.

    A disc's edge is one pixel wide, so that it can stand between pixels; logarithms add up in any order.
    """
    side = len(canvas)
    places = np.clip(points.astype(np.float64) * (1, -1), -1, 1)
    places = margin + (places + 1) / 2 * (side - 1 - 2 * margin)
    reach = math.ceil(radius + 0.5)
    steps = np.arange(-reach, reach + 1)
    shade = np.zeros(side * side)
    for start in range(0, len(places), _DOTS_AT_ONCE):
        some = places[start : start + _DOTS_AT_ONCE, :, None]
        near = np.rint(some).astype(np.int64) + steps  # (n, 2, K): the columns and the rows that a disc may touch
        across, down = ((near - some) ** 2).astype(np.float32).transpose(1, 0, 2)
        distance = np.sqrt(down[:, :, None] + across[:, None, :])
        inside = np.clip(np.float32(radius + 0.5) - distance, 0, 1)
        pixels = near[:, 1, :, None] * side + near[:, 0, None, :]
        shade += np.bincount(pixels.ravel(), np.log1p(np.float32(-opacity) * inside).ravel(), side * side)
    touched = np.flatnonzero(shade)
    flat = canvas.reshape(-1, 3)
    flat[touched] = colour + (flat[touched] - colour) * np.exp(shade[touched])[:, None]


def _same_size(frames: Iterable[Image.Image]) -> Iterator[Image.Image]:
    """Yield the frames as L or RGB, alpha laid over white, stripped of what their files said about playing them."""
    size = None
    for frame in frames:
        size = size or frame.size
        assert frame.size == size, f"a frame of {frame.size} among frames of {size}"
        gray = frame.mode in ("1", "L", "LA")
        if frame.has_transparency_data:
            white = Image.new("RGBA", frame.size, "white")
            frame = Image.alpha_composite(white, frame.convert("RGBA"))
        flat = frame.convert("L" if gray else "RGB")
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


def _write_gif(frames: Iterator[Image.Image], out: Path, rate: float, loop: bool, hold_last: float) -> None:
    pictures = list(frames)
    if any(picture.mode != "L" for picture in pictures):
        palette = _shared_palette(pictures)
        pictures = [picture.convert("RGB").quantize(palette=palette) for picture in pictures]
    durations = _durations(len(pictures), rate, hold_last, tick=10)  # GIF counts hundredths of a second
    # A GIF that plays once is one that says nothing about looping.
    repeat = {"loop": 0} if loop else {}
    pictures[0].save(out, "GIF", save_all=True, append_images=pictures[1:], duration=durations, **repeat)


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


def _write_webp(frames: Iterator[Image.Image], out: Path, rate: float, loop: bool, hold_last: float) -> None:
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
    )


def _write_mp4(frames: Iterator[Image.Image], out: Path, rate: float, loop: bool, hold_last: float) -> None:
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
    command = [program, "-y", "-v", "error", *source.split(), *coded.split(), f"file:{out}"]
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
