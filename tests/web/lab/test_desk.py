"""The process of a game, followed in this one: what is ordered, what is answered, and what goes wrong."""

import json
from typing import Any

import pytest
import torch

from ganache.web.lab.desk import Desk
from ganache.web.lab.packets import arrays_of, head_of
from tests.web.lab.benches import bench, tree

LAYERS = {"average": False, "field": True, "lattice": False, "arrows": False}


class Talk:
    """A desk and what it answered."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.desk = Desk(self.packets.append, number=1)

    def order(self, do: str, **facts: Any) -> list[dict[str, Any]]:
        """Give an order, as JSON would bring it, let the desk work until it is idle, and return what it answers."""
        del self.packets[:]
        self.desk.follow(json.loads(json.dumps({"do": do, **facts})))
        while not self.desk.is_idle:
            self.desk.work()
        return [head_of(packet) for packet in self.packets]

    def begin(self, *settings: str, data: str = "ring") -> list[dict[str, Any]]:
        return self.order("begin", recipe=tree(*settings), data=data, seed=3, turn=7)


@pytest.fixture
def talk() -> Talk:
    return Talk()


def test_a_game_is_begun_played_and_seen(talk: Talk) -> None:
    (began,) = talk.begin()
    assert (began["is"], began["game"], began["shape"], began["per_iteration"]) == ("began", 1, [2, 1, 1], 16)
    assert len(began["modes"]) == 8
    assert began["recipe"] == tree()
    assert arrays_of(talk.packets[0])["reals"].shape == (512, 2)
    assert talk.order("until", iteration=3) == [{"is": "reached", "game": 1, "turn": 7, "iteration": 3, "arrays": []}]
    (frame,) = talk.order("look", layers=LAYERS)
    assert (frame["is"], frame["iteration"], frame["images_seen"], frame["boundary"]) == ("frame", 3, 48, 0.0)
    assert {"loss/generator", "loss/discriminator", "logits/real", "gradient/fakes"} <= frame["curves"].keys()
    assert frame["modes"]["known"] == 8


def test_the_frame_is_that_of_the_training(talk: Talk) -> None:
    talk.begin()
    talk.order("until", iteration=3)
    talk.order("look", layers={**LAYERS, "field": False})
    (fakes,) = arrays_of(talk.packets[0]).values()
    played = bench(iterations=3)
    network = played.state.cast.networks["generator"]
    assert talk.desk._viewer is not None
    expected = network(talk.desk._viewer._latents, torch.zeros(512, 0)).detach().flatten(1)
    assert torch.equal(torch.tensor(fakes), expected)


def test_a_look_waits_for_something_new_and_no_two_are_owed(talk: Talk) -> None:
    talk.begin()
    assert [head["is"] for head in talk.order("look", layers=LAYERS)] == ["frame"]
    assert talk.order("look", layers=LAYERS) == []
    assert talk.order("look", layers=LAYERS) == []
    assert [head["is"] for head in talk.order("until", iteration=1)] == ["reached", "frame"]
    assert [head["is"] for head in talk.order("until", iteration=2)] == ["reached"]
    assert [head["is"] for head in talk.order("look", layers={**LAYERS, "arrows": True})] == ["frame"]


def test_what_is_not_possible_is_one_line_and_the_desk_goes_on(talk: Talk) -> None:
    talk.begin()
    (refused,) = talk.begin("constraint=WeightClipping", "discriminator.spectral_norm=true")
    assert (refused["is"], refused["order"], refused["game"]) == ("refused", "begin", 1)
    assert refused["line"].startswith("constraint: ")
    assert "\n" not in refused["line"]
    assert talk.order("until", iteration=5) == []  # nothing was begun
    (refused,) = talk.order("keep")
    assert refused["line"] == "lab: there is no game to be kept"
    (began,) = talk.begin()
    assert began["is"] == "began"


@pytest.mark.parametrize(
    "recipe",
    [
        {},
        {"kind": "BiGAN"},
        {**tree(), "objective": {"kind": "os.system"}},
        {**tree(), "objective": 3},
        {**tree(), "batch_size": -1},
        {**tree(), "generator": {**tree()["generator"], "widths": [10**12]}},
        {**tree(), "generator": {**tree()["generator"], "widths": [1] * 5000}},
        {**tree(), "penalties": {"r1": {"kind": "R1", "weight": "much"}}},
    ],
    ids=range(8),
)
def test_recipes_of_strangers_are_refused_in_one_line(talk: Talk, recipe: dict[str, Any]) -> None:
    (refused,) = talk.order("begin", recipe=recipe, data="ring", seed=0, turn=8)
    assert refused["is"] == "refused"
    assert refused["line"].strip()
    assert "\n" not in refused["line"]


def test_what_is_no_number_any_more_ends_the_game_in_one_line(talk: Talk) -> None:
    talk.begin()
    assert talk.desk._bench is not None
    with torch.no_grad():
        next(talk.desk._bench.state.cast.networks["generator"].parameters()).fill_(float("inf"))
    (failed,) = talk.order("until", iteration=2)
    assert failed["is"] == "failed"
    assert "is no longer a number; a lower learning rate" in failed["line"]
    assert talk.desk.is_idle
    assert [head["is"] for head in talk.begin()] == ["began"]


def test_memory_that_does_not_suffice_is_one_line(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    talk.begin()
    assert talk.desk._bench is not None

    def refuse() -> None:
        raise MemoryError

    monkeypatch.setattr(talk.desk._bench, "advance", refuse)
    (failed,) = talk.order("until", iteration=1)
    assert (failed["is"], failed["line"].split(";")[0]) == ("failed", "the memory does not suffice")


def test_the_doctors_sentence_is_told_once(talk: Talk) -> None:
    talk.begin()
    assert talk.desk._bench is not None
    talk.desk._bench.told.append("doctor: divergence: …")
    assert [head["is"] for head in talk.order("until", iteration=2)] == ["doctor", "reached"]
