"""Pictures that somebody sends, honest and otherwise: each is answered within bounds, and the next one is read."""

import asyncio
import contextlib
import io
import struct
import zipfile
import zlib
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from starlette.requests import Request

from ganache.data.shape import ImageShape
from ganache.web.serve.answers import RefusedError
from ganache.web.serve.bounds import Bounds
from ganache.web.serve.uploads import Uploads
from tests.web.serve.asking import finished

SHAPE = ImageShape(1, 8, 8)


def request_of(pieces: Sequence[bytes], said: int | None = None, is_endless: bool = False) -> Request:
    """Return a request whose body comes in pieces; its head may say another length."""
    coming = list(pieces)

    async def receive() -> dict[str, object]:
        if not coming:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": coming.pop(0), "more_body": bool(coming) or is_endless}

    headers = [] if said is None else [(b"content-length", str(said).encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def sent(content: bytes | Sequence[bytes], bounds: Bounds | None = None, **options: object) -> NDArray[np.uint8]:
    """Return what is made of an upload."""
    pieces = [content] if isinstance(content, bytes) else content
    program = {"program": str(options.pop("program"))} if "program" in options else {}

    async def once() -> NDArray[np.uint8]:
        return await Uploads(bounds or Bounds(), **program).picture(request_of(pieces, **options), SHAPE)  # type: ignore[arg-type]

    return finished(once())


def refusal(content: bytes | Sequence[bytes], bounds: Bounds | None = None, **options: object) -> tuple[int, str]:
    with pytest.raises(RefusedError) as refused:
        sent(content, bounds, **options)
    return refused.value.status, str(refused.value)


def png(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_that_says(width: int, height: int, rows: int, depth: int = 8) -> bytes:
    """Return a grey PNG whose header has one size and whose pixels are as many rows of 8."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0" + bytes(range(8)) * rows))
    return b"\x89PNG\r\n\x1a\n" + head + pixels + chunk(b"IEND", b"")


def test_a_picture_is_brought_to_the_runs_shape() -> None:
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    content = png(pixels)
    np.testing.assert_array_equal(sent([content[:10], content[10:50], content[50:]])[0], pixels)
    assert sent(png(np.full((100, 300, 3), 77, np.uint8))).tolist() == np.full((1, 8, 8), 77).tolist()


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", content)
    return file.getvalue()


# Each with the status and the beginning of the sentence; none takes more memory than the bound.
HOSTILE = {
    "a zip bomb": (zipped(bytes(30_000_000)), 422, "picture: not an image"),
    "10,000 × 10,000 pixels": (png_that_says(10_000, 10_000, 8), 413, "picture: it has 10,000 × 10,000 pixels"),
    "more than any camera": (png_that_says(2**31 - 1, 2**31 - 1, 8), 413, "picture: more than 100 megapixels"),
    "no pixels": (png_that_says(0, 0, 8), 422, "picture: "),
    "a PNG that has more than it says": (png_that_says(8, 8, 3_000), 422, "picture: damaged"),
    "a PNG with another depth than its pixels": (png_that_says(8, 8, 8, depth=16), 422, "picture: "),
    "a PNG that packs a hundred megabytes": (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 5_600, 5_600, 16, 6, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(100_000_000)))
        + chunk(b"IEND", b""),
        422,
        "picture: ",
    ),
    "half a file": (png(np.zeros((8, 8), np.uint8))[:40], 422, "picture: truncated or damaged PNG header"),
    "no picture": (b"GIF89a", 422, "picture: truncated or damaged GIF header"),
    "bytes of no text": (b"\xff\xfe\x00\x80", 422, "picture: not an image"),
    "a program": (b"%!PS-Adobe-3.0 EPSF-3.0\n(%pipe%touch /tmp/x) (w) file\n", 422, "picture: not an image"),
    "nothing": (b"", 422, "picture: the request has no body"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_honest_picture_is_refused_in_one_sentence(name: str) -> None:
    content, status, sentence = HOSTILE[name]
    found = refusal(content)
    assert (found[0], found[1][: len(sentence)]) == (status, sentence)
    assert len(found[1]) < 300
    assert "\n" not in found[1]


@pytest.mark.parametrize("rows", [1, 4, 7])
@pytest.mark.parametrize("side", [8, 64])
def test_a_png_that_has_less_than_it_says_is_truncated_or_black_where_it_has_nothing(rows: int, side: int) -> None:
    """Pillow's decoder takes the one or the other, by where the packed bytes end."""
    content = png_that_says(side, side, rows)
    with contextlib.suppress(RefusedError):
        assert sent(content)[0, -1, -1] == 0
        return
    status, sentence = refusal(content)
    assert (status, sentence[:18]) == (422, "picture: truncated")


def test_a_file_is_no_larger_than_the_bound_whatever_is_said_of_it() -> None:
    bounds = Bounds(upload_bytes=1_000)
    sentence = "picture: the file has more than 1000 B"
    assert refusal([], bounds, said=1_001) == (413, sentence)
    assert refusal([], bounds, said=10**30) == (413, sentence)
    assert refusal([bytes(600), bytes(600)], bounds, said=5) == (413, sentence)
    assert refusal([bytes(600), bytes(600)], bounds, is_endless=True) == (413, sentence)


def test_a_sender_that_does_not_come_to_an_end_is_given_up() -> None:
    found = refusal([b"\x89PNG"], Bounds(upload_seconds=0.02), is_endless=True)
    assert found == (408, "picture: the file took longer than 0.02 seconds")


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        ("import time; time.sleep(60)", "picture: decoding it took longer than 0.3 seconds"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "picture: it ended the process that decoded it"),
        ("print('half', end='')", "picture: it ended the process that decoded it"),
    ],
)
def test_a_decoder_that_hangs_or_dies_costs_one_picture(program: str, sentence: str) -> None:
    assert refusal(png(np.zeros((8, 8), np.uint8)), Bounds(decode_seconds=0.3), program=program) == (422, sentence)


def test_files_of_all_that_wait_are_no_larger_than_a_bound_together() -> None:
    full = "picture: files of 1000 B are being read and decoded already; try again"

    async def several() -> list[tuple[int, str]]:
        uploads = Uploads(Bounds(held_bytes=1_000))
        found = []

        async def refused(request: Request) -> None:
            with pytest.raises(RefusedError) as refusal:
                await uploads.picture(request, SHAPE)
            found.append((refusal.value.status, str(refusal.value)))

        first = asyncio.create_task(uploads.picture(request_of([bytes(600)], is_endless=True), SHAPE))
        await asyncio.sleep(0)  # until it has read what there is
        await refused(request_of([], said=500))
        await refused(request_of([bytes(300), bytes(200)], is_endless=True))
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await refused(request_of([bytes(400), bytes(600)], said=1_000))  # nothing is held any more
        return found

    large, in_pieces, afterwards = finished(several())
    assert large == in_pieces == (429, full)
    assert afterwards[0] == 422


def test_nobody_waits_for_a_decoder_without_end() -> None:
    found = refusal([b"x"], Bounds(decoders=0, upload_seconds=0.02))
    assert found == (429, "picture: no decoder was free for 0.02 seconds; try again")


def test_few_pictures_are_decoded_at_once() -> None:
    """The third of three waits until one of two places is free."""

    async def three() -> list[object]:
        uploads = Uploads(Bounds(decoders=2, decode_seconds=0.2), "import time; time.sleep(60)")
        requests = [request_of([b"x"]) for _ in range(3)]
        began = asyncio.get_running_loop().time()

        async def one(request: Request) -> float:
            with pytest.raises(RefusedError):
                await uploads.picture(request, SHAPE)
            return asyncio.get_running_loop().time() - began

        return list(await asyncio.gather(*(one(request) for request in requests)))

    times = finished(three())
    assert sorted(times)[2] >= 0.4  # type: ignore[type-var, operator]
