"""The addresses of the API, and what is done at each: a request's fields, the drawing, the file that is sent."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any, NamedTuple, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from ganache.data.ranges import recorded_ranges
from ganache.data.shape import ImageShape
from ganache.drawing.grids import with_corner
from ganache.drawing.origins import PLAIN, Marks, Origin, Stamp, classes, numbers, truncated
from ganache.support.errors import did_you_mean
from ganache.support.files import safe_name
from ganache.support.units import brief, listed
from ganache.web.serve import renderings
from ganache.web.serve.answers import JSON, RefusedError
from ganache.web.serve.bounds import MEGAPIXEL, Bounds
from ganache.web.serve.drawing_client import Commission, Drawing, gone_sentence
from ganache.web.serve.messages import Message
from ganache.web.serve.queries import (
    EncodeQuery,
    ImagesQuery,
    MixQuery,
    NoQuery,
    ProjectQuery,
    Query,
    QueryType,
    TranslateQuery,
    WalkQuery,
    parsed,
)
from ganache.web.serve.uploads import Reading, Uploads

T = TypeVar("T")
Handler = Callable[["Service", Request], Awaitable[Response]]
SEARCH_IMAGES = 64  # as many as a search counts for where images that wait are counted
RETRY_SECONDS = 5


class Service(NamedTuple):
    """What the handlers work with."""

    drawing: Drawing
    uploads: Uploads
    encoders: Executor
    bounds: Bounds
    marks: Marks = PLAIN

    def stamp(self, about: Mapping[str, Any], drawn: dict[str, Any], composite: bool = False) -> Stamp:
        """Return what is put on a file of a run, of which `drawn` says what was asked for."""
        origin = Origin.told(about, drawn)
        return self.marks.on(origin.beside_originals() if composite else origin)

    async def drawn(self, request: Request, asked: Commission) -> Message:
        """Return what is drawn; raises RefusedError when that takes too long, or whoever asked has left."""
        return await self._in_time(request, self.drawing.ask(asked))

    async def encoded(self, work: Callable[[], bytes]) -> bytes:
        """Return a file, made beside the loop that answers others."""
        return await asyncio.get_running_loop().run_in_executor(self.encoders, work)

    async def _in_time(self, request: Request, work: Awaitable[T]) -> T:
        doing, leaving = asyncio.ensure_future(work), asyncio.create_task(_left(request))
        try:
            await asyncio.wait({doing, leaving}, timeout=self.bounds.seconds, return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                return doing.result()
            if leaving.done():
                raise RefusedError(499, "whoever asked has left")
            raise RefusedError(503, f"it was not done within {self.bounds.seconds:g} seconds", RETRY_SECONDS)
        finally:
            doing.cancel()
            leaving.cancel()
            await asyncio.gather(doing, leaving, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def runs(service: Service, request: Request) -> Response:
    """Answer which runs there are."""
    parsed(NoQuery, request.query_params.multi_items())
    return _json({"runs": [_described(service, name) for name in service.drawing.runs]})


async def run(service: Service, request: Request) -> Response:
    """Answer what a run is."""
    parsed(NoQuery, request.query_params.multi_items())
    return _json(_described(service, _run(service, request)["name"]))


async def images(service: Service, request: Request) -> Response:
    """Answer images of a seed."""
    about, query = _read(service, request, ImagesQuery)
    renderings.check_size(about, query.count, query.format, query.columns, query.side, service.bounds)
    told = _told(query, "seed", "first", "count", "classes", "truncation")
    answer = await service.drawn(request, Commission("images", about["name"], told, query.count))
    found = answer.arrays["images"]
    said = {"seed": query.seed, "images": numbers(query.first, query.count), **_asked(query)}
    stamp = service.stamp(about, said)
    made = await service.encoded(partial(renderings.still, found, query.format, query.columns, query.side, stamp))
    return _file(made, query.format, about["name"], f"seed{query.seed}")


async def walk(service: Service, request: Request) -> Response:
    """Answer a way past some seeds."""
    about, query = _read(service, request, WalkQuery)
    if query.format == "webp":
        renderings.check_animation(about, query.frames, query.side, service.bounds)
    else:
        renderings.check_size(about, query.frames, query.format, query.columns, query.side, service.bounds)
    told = {**_told(query, "seeds", "frames", "classes", "truncation"), "closed": query.closed == "true"}
    answer = await service.drawn(request, Commission("walk", about["name"], told, query.frames))
    found = answer.arrays["images"]
    said = {"seeds": listed(list(map(str, query.seeds))), "frames": query.frames, **_asked(query)}
    stamp = service.stamp(about, said)
    work = partial(renderings.still, found, query.format, query.columns, query.side, stamp)
    if query.format == "webp":
        work = partial(renderings.animation, found, query.side, stamp)
    return _file(await service.encoded(work), query.format, about["name"], f"walk{'-'.join(map(str, query.seeds[:4]))}")


async def mix(service: Service, request: Request) -> Response:
    """Answer a grid of styles mixed."""
    about, query = _read(service, request, MixQuery)
    across = len(query.columns) + 1
    cells = across * (len(query.rows) + 1)
    renderings.check_size(about, cells, query.format, across, query.side, service.bounds)
    told = {**_told(query, "rows", "columns", "classes", "truncation"), "layers": query.layers or None}
    answer = await service.drawn(request, Commission("mix", about["name"], told, cells - 1))
    found = with_corner(answer.arrays["images"])
    rows, columns = (listed(list(map(str, seeds))) for seeds in (query.rows, query.columns))
    stamp = service.stamp(about, {"rows": rows, "columns": columns, **_asked(query)})
    made = await service.encoded(partial(renderings.still, found, query.format, across, query.side, stamp))
    return _file(made, query.format, about["name"], "mixed")


async def project(service: Service, request: Request) -> Response:
    """Answer what a picture would have been drawn from."""
    about, query = _read(service, request, ProjectQuery)
    return await _searched(service, request, "project", about, _told(query, "seed", "classes", "steps"), query.format)


async def encode(service: Service, request: Request) -> Response:
    """Answer what a run's encoder finds in a picture."""
    about, query = _read(service, request, EncodeQuery)
    return await _searched(service, request, "encode", about, {}, query.format)


async def translate(service: Service, request: Request) -> Response:
    """Answer what a run's translator makes of a picture."""
    about = _run(service, request)
    query = parsed(TranslateQuery, request.query_params.multi_items())
    way, shape = _way(about, query.direction, service.bounds)
    is_whole = query.whole == "true"
    most = service.bounds.translated_pixels // way["scale"] ** 2 if is_whole else sys.maxsize
    reading = Reading(is_whole, most, recorded_ranges(way["ranges"]), still=True)
    picture = await service.uploads.picture(request, shape, reading)
    told = _told(query, "direction")
    answer = await service.drawn(
        request, Commission("translate", about["name"], told, SEARCH_IMAGES, picture, is_search=True)
    )
    stamp = service.stamp({**about, "weights": way["weights"]}, {"translated": query.direction})
    made = await service.encoded(partial(renderings.translation, answer.arrays["images"], query.format, stamp))
    return _file(made, query.format, about["name"], f"translated-{query.direction}")


def _way(about: Mapping[str, Any], direction: str, bounds: Bounds) -> tuple[Mapping[str, Any], ImageShape]:
    """Return how a run translates in a direction, and to what pictures are brought for it."""
    if not about["directions"]:
        raise RefusedError(422, f"run: {about['name']!r} draws pictures and translates none")
    if direction not in about["directions"]:
        raise RefusedError(422, f"direction: {about['name']!r} leads {', '.join(about['directions'])} alone")
    way = about["directions"][direction]
    pixels = way["height"] * way["width"] * way["scale"] ** 2
    if pixels > bounds.answer_pixels:
        most = bounds.answer_pixels // MEGAPIXEL
        raise RefusedError(422, f"run: it makes pictures of {pixels:,} pixels, more than {most} megapixels")
    return way, ImageShape(way["channels"], way["height"], way["width"])


async def _searched(
    service: Service, request: Request, task: str, about: Mapping[str, Any], told: dict[str, Any], kind: str
) -> Response:
    if about["points"]:
        raise RefusedError(422, f"run: {about['name']!r} draws points, which are no pictures")
    shape = ImageShape(about["channels"], about["height"], about["width"])
    picture = await service.uploads.picture(request, shape, Reading(ranges=recorded_ranges(about["ranges"])))
    asked = Commission(task, about["name"], told, SEARCH_IMAGES, picture, is_search=True)
    answer = await service.drawn(request, asked)
    if kind == "json":
        points = {name: array[0].tolist() for name, array in answer.arrays.items() if name != "images"}
        distance = {"distance": answer.told["distance"]} if "distance" in answer.told else {}
        return _json({**distance, **points})
    stamp = service.stamp(about, {"found by": task}, composite=True)
    work = partial(renderings.arrays, {**answer.arrays, "picture": picture[None]}, stamp)
    if kind != "npz":
        work = partial(renderings.remade, picture, answer.arrays["images"], kind, stamp)  # type: ignore[arg-type]
    return _file(await service.encoded(work), kind, about["name"], task)


def _read(service: Service, request: Request, kind: type[QueryType]) -> tuple[Mapping[str, Any], QueryType]:
    """Return the run that is asked to draw, and the request's fields."""
    about = _run(service, request)
    if about["directions"]:
        raise RefusedError(422, f"run: {about['name']!r} translates pictures and draws none of its own")
    return about, parsed(kind, request.query_params.multi_items())


def _run(service: Service, request: Request) -> Mapping[str, Any]:
    name, known = request.path_params["run"], service.drawing.runs
    if name not in known:
        asked = brief(name)
        raise RefusedError(
            404, f"no run is called {asked!r}{did_you_mean(asked, known)}; there are: {listed(list(known))}"
        )
    if name in service.drawing.gone:
        raise RefusedError(404, gone_sentence(name, service.drawing.gone[name]))
    return known[name]


def _described(service: Service, name: str) -> dict[str, Any]:
    return {**service.drawing.runs[name], "gone": name in service.drawing.gone}


def _told(query: Query, *names: str) -> dict[str, Any]:
    return {name: getattr(query, name) for name in names}


def _asked(query: ImagesQuery | WalkQuery | MixQuery) -> dict[str, Any]:
    """Return what a file says of classes and truncation, as the commands' do."""
    return {**classes(query.classes), **truncated(query.truncation)}


def _json(value: Any) -> Response:
    return Response(json.dumps(value), media_type=JSON)


def _file(content: bytes, kind: str, run_name: str, what: str) -> Response:
    name = safe_name(f"{run_name}-{what}").encode("ascii", "replace").decode().replace("?", "_") or "ganache"
    return Response(
        content,
        media_type=renderings.MEDIA[kind],
        headers={"Content-Disposition": f'inline; filename="{name}.{kind}"'},
    )
