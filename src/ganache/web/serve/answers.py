"""What the server says when it cannot do what is asked: one sentence of JSON, with a status that programs know."""

import json
from collections.abc import Mapping

from starlette.responses import Response

JSON = "application/json"


class RefusedError(Exception):
    """A request that is not done: the status, a sentence, and in how many seconds it may be tried again."""

    def __init__(self, status: int, sentence: str, retry_after: int | None = None) -> None:
        super().__init__(sentence)
        self.status, self.retry_after = status, retry_after


def refused(refusal: RefusedError, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer."""
    told = dict(headers or {})
    if refusal.retry_after is not None:
        told["Retry-After"] = str(refusal.retry_after)
    return Response(error_text(str(refusal)), refusal.status, told, JSON)


def error_text(sentence: str) -> str:
    """Return an error's JSON, on one line; what is no Unicode is escaped."""
    return json.dumps({"error": " ".join(sentence.split())})
