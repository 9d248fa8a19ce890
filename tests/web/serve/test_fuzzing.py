"""The whole API by its own document: whatever fits it is answered as it says, whatever does not is refused."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from ganache.web.serve.application import application
from ganache.web.serve.bounds import Bounds
from tests.drawing.test_projecting import a_run
from tests.web.serve.asking import Here, trained, translating
from tests.web.serve.translators import horses

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
EXAMPLES = {"GET": 20, "POST": 3}  # each picture that is sent has a process of its own
SMALL = Bounds(answer_pixels=400_000, animation_pixels=400_000, answer_bytes=2**20)


@pytest.mark.parametrize("mode", [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE])
def test_every_answer_is_one_that_the_document_names(mode: schemathesis.GenerationMode, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as encoders:
        runs = trained("run", a_run(tmp_path / "run")), translating("horses", horses(tmp_path / "horses"))
        app = application(Here(*runs), encoders, SMALL, None, None)
        schema = schemathesis.openapi.from_asgi("/openapi.json", app)
        for found in schema.get_all_operations():
            assert isinstance(found, Ok), found
            operation = found.ok()
            if mode.is_negative and not operation.query:
                continue  # nothing in it could be wrong

            @settings(
                max_examples=EXAMPLES[operation.method.upper()],
                deadline=None,
                database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: Any) -> None:
                case.call_and_validate(checks=CHECKS, timeout=120)  # a search, on a busy machine

            ask()
