"""A request is made of a command's parameters by their names."""

import inspect
from dataclasses import dataclass, fields

import pytest

from ganache import api
from ganache.cli.evaluation_commands import evaluate
from ganache.cli.train_commands import train
from ganache.evaluation.asked import Asked
from ganache.support.requests import collected
from ganache.training.plan import Request


@dataclass(frozen=True, kw_only=True)
class Wish:
    size: int
    names: tuple[str, ...] = ("all",)
    place: str | None = None
    share: float = 0.5


def test_what_was_given_is_taken_and_what_was_not_keeps_the_requests_default() -> None:
    given = {"size": 0, "names": ["a", "b"], "place": None, "share": None, "code": "not the request's"}
    assert collected(Wish, given) == Wish(size=0, names=("a", "b"))
    assert collected(Wish, {**given, "names": None, "share": 0.0}) == Wish(size=0, share=0.0)


def test_a_field_without_an_option_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError, match="names"):
        collected(Wish, {"size": 1, "place": "x", "share": 0.1})


@pytest.mark.parametrize(("command", "call", "asked"), [(train, api.train, Request), (evaluate, api.evaluate, Asked)])
def test_commands_and_library_have_the_same_defaults(command: object, call: object, asked: type) -> None:
    of_command, of_call = (inspect.signature(one).parameters for one in (command, call))  # type: ignore[arg-type]
    for field in fields(asked):
        assert of_command[field.name].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        if field.name not in ("data", "samples"):
            same = {default or None for default in (of_command[field.name].default, of_call[field.name].default)}
            assert len(same) == 1, field.name
