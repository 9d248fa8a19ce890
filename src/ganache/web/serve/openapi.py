"""The API as a document: what can be asked where, with which fields, and what is answered.

Format: OpenAPI 3.1.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ganache.support.version import __version__
from ganache.web.serve import endpoints
from ganache.web.serve.answers import JSON
from ganache.web.serve.endpoints import Handler
from ganache.web.serve.queries import (
    EncodeQuery,
    ImagesQuery,
    MixQuery,
    NoQuery,
    ProjectQuery,
    Query,
    TranslateQuery,
    WalkQuery,
)
from ganache.web.serve.renderings import MEDIA


class Endpoint(NamedTuple):
    """One address of the API."""

    path: str
    handler: Handler
    query: type[Query]
    summary: str
    method: str = "GET"
    refusals: tuple[int, ...] = (422,)

    @property
    def takes_picture(self) -> bool:
        """Whether a request carries a picture."""
        return self.method == "POST"

    @property
    def media(self) -> list[str]:
        """The kinds of file that are answered."""
        field = self.query.model_fields.get("format")
        return [MEDIA[kind] for kind in _choices(field)] if field else [JSON]


_DRAWN, _SENT = (404, 422, 429, 503), (404, 408, 413, 422, 429, 503)
RUN = "/api/runs/{run}"
ENDPOINTS = (
    Endpoint("/api/runs", endpoints.runs, NoQuery, "Which runs there are, and what each of them can do."),
    Endpoint(RUN, endpoints.run, NoQuery, "What a run is and can do.", refusals=(404, 422)),
    Endpoint(f"{RUN}/images", endpoints.images, ImagesQuery, "Images of a seed.", refusals=_DRAWN),
    Endpoint(f"{RUN}/walk", endpoints.walk, WalkQuery, "A way past the first images of some seeds.", refusals=_DRAWN),
    Endpoint(f"{RUN}/mix", endpoints.mix, MixQuery, "Styles of some images in some layers of others.", refusals=_DRAWN),
    Endpoint(
        f"{RUN}/project", endpoints.project, ProjectQuery, "What a picture would have been drawn from.", "POST", _SENT
    ),
    Endpoint(f"{RUN}/encode", endpoints.encode, EncodeQuery, "What the run's encoder finds.", "POST", _SENT),
    Endpoint(f"{RUN}/translate", endpoints.translate, TranslateQuery, "What a picture becomes.", "POST", _SENT),
)
ABOUT = "Draw from trained generators, and translate pictures."
ALWAYS = (401, 403)
MEANING = {
    401: "A token is needed.",
    403: "The server was called by another name, or from another site's page.",
    404: "There is no such run, or it is not there any more.",
    408: "The picture took too long to arrive.",
    413: "The picture is too large.",
    422: "Something that was asked for cannot be done as asked.",
    429: "Too much is being done already; try again.",
    503: "It took too long, or the process that draws is being started again; try again.",
}


def document(names: Sequence[str]) -> dict[str, Any]:
    """Return the document for runs of these names."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, names)
    error = {
        "type": "object",
        "properties": {"error": {"type": "string", "description": "One sentence."}},
        "required": ["error"],
        "additionalProperties": False,
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ganache serve",
            "version": __version__,
            "description": ABOUT,
        },
        "paths": paths,
        "components": {
            "schemas": {"Error": error},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(endpoint: Endpoint, names: Sequence[str]) -> dict[str, Any]:
    answered = {media: {"schema": _content_schema(media)} for media in endpoint.media}
    refusal = {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}
    refusals = {
        str(status): {"description": MEANING[status], "content": refusal} for status in (*ALWAYS, *endpoint.refusals)
    }
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": endpoint.summary,
        "parameters": _parameters(endpoint, names),
        "responses": {"200": {"description": endpoint.summary, "content": answered}, **refusals},
    }
    if endpoint.takes_picture:
        picture = {"schema": {"type": "string", "format": "binary"}}
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": picture}}
    return operation


def _parameters(endpoint: Endpoint, names: Sequence[str]) -> list[dict[str, Any]]:
    schema = endpoint.query.model_json_schema(by_alias=True)
    required = schema.get("required", [])
    found = [_query_parameter(name, part, name in required) for name, part in schema.get("properties", {}).items()]
    if "{run}" in endpoint.path:
        run = {"type": "string", "enum": list(names)}
        found.insert(0, {"name": "run", "in": "path", "required": True, "schema": run})
    return found


def _query_parameter(name: str, part: Mapping[str, Any], is_required: bool) -> dict[str, Any]:
    schema = {key: value for key, value in part.items() if key not in ("title", "description", "anyOf")}
    description = part.get("description")
    for choice in part.get("anyOf", ()):
        if choice.get("type") != "null":
            description = description or choice.get("description")
            schema = {key: value for key, value in choice.items() if key != "description"}
    parameter: dict[str, Any] = {"name": name, "in": "query", "required": is_required, "schema": schema}
    if description:
        parameter["description"] = description
    if schema.get("type") == "array":
        # Classes are repeated, for their names may hold commas; numbers are one text.
        parameter |= {"style": "form", "explode": schema["items"].get("type") == "string"}
    return parameter


def _content_schema(media: str) -> dict[str, Any]:
    return {"type": "object"} if media == JSON else {"type": "string", "format": "binary"}


def _choices(field: Any) -> Sequence[str]:
    found: Sequence[str] = field.annotation.__args__
    return found
