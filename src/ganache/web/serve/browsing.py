"""The pages: what a person sees, sent from memory and asking nobody else for anything."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from ganache.web.pages import MOUNTED, STATIC, served
from ganache.web.serve.answers import RefusedError

_KINDS = {".js": "text/javascript", ".css": "text/css"}


def pages() -> list[Route]:
    """Return the addresses of the pages and of the files that they are made of."""
    kept = [path for path in STATIC.iterdir() if path.suffix in _KINDS]
    contents = {path.name: (path.read_bytes(), _KINDS[path.suffix]) for path in kept}
    documents = {"/": HTMLResponse(served("serve", None)), "/docs": HTMLResponse(served("openapi", None))}

    async def static(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in contents:
            raise RefusedError(404, "there is no such file")
        return Response(contents[name][0], media_type=contents[name][1])

    async def page(request: Request) -> Response:
        return documents[request.url.path]

    return [*(Route(path, page) for path in documents), Route(f"{MOUNTED}{{name}}", static)]
