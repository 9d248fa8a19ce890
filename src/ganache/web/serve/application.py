"""The application: addresses, errors and what stands before them all."""

import json
from collections.abc import Collection
from concurrent.futures import Executor
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from ganache.drawing.origins import PLAIN, Marks
from ganache.web.serve.answers import JSON, RefusedError, refused
from ganache.web.serve.bounds import Bounds
from ganache.web.serve.browsing import pages
from ganache.web.serve.drawing_client import Drawing
from ganache.web.serve.endpoints import Service
from ganache.web.serve.entrance import Entrance
from ganache.web.serve.meters import MEDIA, Meters
from ganache.web.serve.openapi import ENDPOINTS, document
from ganache.web.serve.uploads import Uploads


def application(
    drawing: Drawing,
    encoders: Executor,
    bounds: Bounds,
    token: str | None,
    hosts: Collection[str] | None,
    marks: Marks = PLAIN,
) -> Entrance:
    """Return the application that answers with what `drawing` draws."""
    service, meters = Service(drawing, Uploads(bounds), encoders, bounds, marks), Meters()
    routes = [Route(one.path, partial(one.handler, service), methods=[one.method]) for one in ENDPOINTS]
    routes += [
        Route("/openapi.json", partial(_openapi, drawing)),
        Route("/health", partial(_health, drawing)),
        Route("/metrics", partial(_metrics, drawing, meters)),
        *pages(),
    ]
    handlers: dict[Any, Any] = {
        RefusedError: _refused,
        HTTPException: _http,
        ClientDisconnect: _left,
        Exception: _mistake,
    }
    return Entrance(Starlette(routes=routes, exception_handlers=handlers), bounds, meters, token, hosts)


async def _openapi(drawing: Drawing, request: Request) -> Response:
    return Response(json.dumps(document(list(drawing.runs))), media_type=JSON)


async def _health(drawing: Drawing, request: Request) -> Response:
    if drawing.is_ready:
        return Response('{"status": "ok"}', media_type=JSON)
    raise RefusedError(503, "the process that draws is being started", 2)


async def _metrics(drawing: Drawing, meters: Meters, request: Request) -> Response:
    return Response(meters.text(drawing.counts(), drawing.processes()), media_type=MEDIA)


async def _refused(request: Request, refusal: RefusedError) -> Response:
    return refused(refusal)


async def _http(request: Request, error: HTTPException) -> Response:
    """Answer for an address that is not there, and for a method that it does not have."""
    sentences = {
        404: "there is nothing at this address; /openapi.json says what there is",
        405: "this address does not have this method",
    }
    return refused(RefusedError(error.status_code, sentences.get(error.status_code, error.detail)), error.headers)


async def _left(request: Request, error: ClientDisconnect) -> Response:
    return refused(RefusedError(499, "whoever asked has left"))


async def _mistake(request: Request, error: Exception) -> Response:
    return refused(RefusedError(500, "that failed by a mistake in Ganache, of which the server's log has more"))
