"""A picture that somebody sends: read within limits, decoded by a process that lives for it alone."""

import asyncio
import contextlib
import dataclasses
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request

from ganache.data.ranges import Ranges
from ganache.data.shape import ImageShape
from ganache.support.children import command_of, program_of
from ganache.support.units import bytes_text
from ganache.web.serve.answers import RefusedError
from ganache.web.serve.bounds import Bounds
from ganache.web.serve.messages import HEAD, Message, packed, unpacked

PROGRAM = program_of("ganache.web.serve.upload_process")


@dataclasses.dataclass(frozen=True)
class Reading:
    """How a picture is read.

    A `whole` one keeps its size, of at most so many `pixels`. More than 8 bits are brought to 8 by `ranges`; None: by
    what the file shows. An animation's first frame stands for it, unless it must be `still`.
    """

    whole: bool = False
    pixels: int = sys.maxsize
    ranges: Ranges | None = None
    still: bool = False


AS_SHOWN = Reading()


class Uploads:
    """Pictures as (C, H, W) uint8: few decoded at a time, and few files held that wait for it."""

    def __init__(self, bounds: Bounds, program: str = PROGRAM) -> None:
        self._bounds, self._program = bounds, program
        self._places = asyncio.Semaphore(bounds.decoders)
        self._held = 0  # bytes of files that are being read, wait or are decoded

    async def picture(self, request: Request, shape: ImageShape, how: Reading = AS_SHOWN) -> NDArray[np.uint8]:
        """Return the picture that a request carries, covered and cropped to a shape, or whole.

        Raises RefusedError for one that is too large (413), too slow (408) or none (422), and for one too many (429).
        """
        content = bytearray()
        try:
            await self._read(request, content)
            if not content:
                raise RefusedError(422, "picture: the request has no body; send a picture's file as it is")
            async with self._place():
                answer = await self._decoded(content, shape, how)
        finally:
            self._held -= len(content)
        if "error" in answer.told:
            raise RefusedError(answer.told["status"], f"picture: {answer.told['error']}")
        return answer.arrays["picture"]

    async def _read(self, request: Request, content: bytearray) -> None:
        """Add a request's body to `content`, piece by piece, and count what is held."""
        most = self._bounds.upload_bytes
        too_large = RefusedError(413, f"picture: the file has more than {bytes_text(most)}")
        said = request.headers.get("content-length", "")
        expected = int(said[:20]) if said.isdecimal() else 0
        if expected > most:
            raise too_large
        self._refuse_beyond(expected)
        try:
            async with asyncio.timeout(self._bounds.upload_seconds):
                async for piece in request.stream():
                    if len(content) + len(piece) > most:
                        raise too_large
                    self._refuse_beyond(len(piece))
                    content += piece
                    self._held += len(piece)
        except TimeoutError:
            raise RefusedError(
                408, f"picture: the file took longer than {self._bounds.upload_seconds:g} seconds"
            ) from None

    def _refuse_beyond(self, further: int) -> None:
        if self._held + further > self._bounds.held_bytes:
            most = bytes_text(self._bounds.held_bytes)
            raise RefusedError(429, f"picture: files of {most} are being read and decoded already; try again", 5)

    @contextlib.asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        """Have one of the decoders' places, once it is free; raises RefusedError where that takes too long."""
        try:
            async with asyncio.timeout(self._bounds.upload_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise RefusedError(
                429, f"picture: no decoder was free for {self._bounds.upload_seconds:g} seconds; try again", 5
            ) from None
        try:
            yield
        finally:
            self._places.release()

    async def _decoded(self, content: bytearray, shape: ImageShape, how: Reading) -> Message:
        """Return what a process of its own makes of a file, which is bounded in memory and time."""
        bounds = self._bounds
        pixels = min(bounds.upload_pixels, how.pixels)
        told = {"shape": dataclasses.astuple(shape), **vars(how), "pixels": pixels, "memory": bounds.decode_memory}
        asked = packed(Message(told, {"file": np.frombuffer(content, np.uint8)}))
        try:
            process = await asyncio.create_subprocess_exec(*command_of(self._program), stdin=PIPE, stdout=PIPE)
        except OSError as error:
            raise RefusedError(
                503, f"picture: no process that decodes could be started: {error.strerror}", 5
            ) from error
        try:
            async with asyncio.timeout(bounds.decode_seconds):
                output, _ = await process.communicate(asked)
        except TimeoutError:
            raise RefusedError(
                422, f"picture: decoding it took longer than {bounds.decode_seconds:g} seconds"
            ) from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if len(output) < HEAD.size:
            raise RefusedError(422, "picture: it ended the process that decoded it")
        size = HEAD.unpack_from(output)[0]
        return unpacked(output[HEAD.size : HEAD.size + size], output[HEAD.size + size :])
