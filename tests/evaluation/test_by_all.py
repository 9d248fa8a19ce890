"""Two processes evaluate as one does: in the same bits, each with its share, and neither without the other."""

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganache.data.shape import ImageShape
from ganache.evaluation.by_all import drawn_by_all, seen_by_all
from ganache.evaluation.features.random_network import RandomExtractor
from ganache.evaluation.samples import drawn_alone
from ganache.support.world import ALONE
from tests.engine.test_processes import begin_two, complaints, ended
from tests.evaluation.digits import digits

IMAGES = 1797  # digits, and so many samples


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What two processes found."""
    folder = tmp_path_factory.mktemp("together")
    np.save(folder / "plain.npy", digits())
    results = ended(begin_two("-m", "tests.evaluation.together", str(folder)))
    assert [status for status, _, _ in results] == [0, 0], [error for _, _, error in results]
    return [json.loads(output) for _, output, _ in results]


@pytest.mark.parametrize("data", ["digits", "plain"])
def test_the_records_are_those_of_one_process_in_their_bits(both: list[dict[str, Any]], data: str) -> None:
    together, alone = both[0]["together"][data], both[0]["alone"][data]
    features = "classifier" if data == "digits" else "random"
    (line,) = together
    assert line["evaluation"]["scores"][0]["name"] == f"fd/{features}@1.797k-vs-train"
    assert together == alone
    assert both[1]["together"][data] == []  # process 0 alone writes
    assert both[1]["alone"][data][0]["evaluation"]["scores"] == line["evaluation"]["scores"]


def test_each_process_has_its_share(both: list[dict[str, Any]]) -> None:
    """Of 1,797 digits: 29 groups of 64 are drawn, classifier and random network see 1,000 and 797 samples and reals."""
    first, second = (one["shares"] for one in both)
    # Of each data set 7 + 8 and 7 + 7 groups, in runs of 7 for each process.
    assert (first["TrainedGenerator.make"], second["TrainedGenerator.make"]) == (2 * 15 * 64, 2 * 14 * 64)
    # 500 and 500, then two groups of 250 and what is left of 797, of samples as of reals.
    assert (first["ClassifierExtractor.__call__"], second["ClassifierExtractor.__call__"]) == (2 * 1000, 2 * 797)
    # Eight groups of 64 and 488 others, then seven of 64 and 349 others.
    assert (first["RandomExtractor.__call__"], second["RandomExtractor.__call__"]) == (2 * 960, 2 * 837)


def test_pieces_come_back_in_order_whatever_they_are_and_after_a_mistake(both: list[dict[str, Any]]) -> None:
    expected = [
        [0, 1, 2, 5],
        [[], [2], [5, 5], [10, 10, 10]],  # n of n, squared and one more
        [["torch.float32", [2, 0]], ["torch.bool", []], ["torch.float64", [1]]],
        "numbers: one is below zero",  # process 0's own piece, while the other one's was well
        [0.0, 1.0, 4.0],
    ]
    assert both[0]["errands"] == both[1]["errands"]
    assert both[0]["errands"] == expected


def test_alone_nothing_is_between() -> None:
    extractor = RandomExtractor()
    assert seen_by_all(extractor, ALONE) is extractor
    assert drawn_by_all(lambda latents, conditions: digits(), ImageShape(1, 8, 8), ALONE) is drawn_alone


ACCIDENT = """
import os, signal
from ganache.runs.products import TrainedGenerator
from tests.tiny import tiny_recipe

def lost(self, latents, conditions):
    {what}

if os.environ["RANK"] == "1":
    TrainedGenerator.make = lost  # only who helps to evaluate makes images so
recipe = tiny_recipe
"""


@pytest.mark.parametrize(
    ("what", "status", "line"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, "another process of this training has ended"),
        ("raise MemoryError", 1, "the memory does not suffice"),
    ],
)
def test_a_helper_that_is_lost_ends_both_with_one_line(tmp_path: Path, what: str, status: int, line: str) -> None:
    recipe = tmp_path / "accident.py"
    recipe.write_text(ACCIDENT.format(what=what), encoding="utf-8")
    np.save(tmp_path / "plain.npy", digits())
    training = ("train", str(recipe), "--data", str(tmp_path / "plain.npy"), "--out", str(tmp_path / "run"))
    first, second = ended(begin_two("-m", "ganache", *training, "--images", "1k", "--evaluate-every", "500"))
    assert (first[0], second[0]) == (1, status)
    (said,) = complaints(first, second)
    assert said.startswith(f"ganache: {line}")
