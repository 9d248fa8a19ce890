"""How often a run does what, and what becomes of it when the run is made longer."""

import json
from pathlib import Path
from typing import Any

import pytest

import ganache
from ganache.runs import sealed
from ganache.runs.cadence import Cadence, Kind, Stretch, crosses, round_down
from ganache.runs.folder import Run
from ganache.training import sessions
from ganache.training.display import Display
from tests.test_crashes import POINTS
from tests.training.company import Poison, Stopping, joined_by


@pytest.mark.parametrize(
    ("value", "rounded"),
    [(0, 1), (0.3, 1), (1, 1), (1.99, 1), (2, 2), (4.9, 2), (5, 5), (9.99, 5), (10, 10), (37, 20), (99_999, 50_000)],
)
def test_round_intervals(value: float, rounded: int) -> None:
    assert round_down(value) == rounded


def test_powers_of_ten_are_their_own_intervals() -> None:
    assert [round_down(10**power) for power in range(16)] == [10**power for power in range(16)]
    assert [round_down(2 * 10**power) for power in range(16)] == [2 * 10**power for power in range(16)]


def test_a_run_of_a_million_images() -> None:
    assert Stretch.over(1_000_000, 64) == Stretch(0, 1_000_000, tick=5_000, samples=50_000, checkpoint=200_000)


def test_nothing_happens_more_often_than_an_iteration() -> None:
    assert Stretch.over(1_000, 640) == Stretch(0, 1_000, tick=640, samples=640, checkpoint=640)
    assert Stretch.over(100_000, 1_000) == Stretch(0, 100_000, tick=1_000, samples=5_000, checkpoint=20_000)


@pytest.mark.parametrize(
    ("every", "before", "after", "crossed"),
    [
        (100, 0, 99, False),
        (100, 0, 100, True),
        (100, 99, 101, True),
        (100, 100, 150, False),
        (100, 100, 200, True),
        (100, 150, 450, True),
        (100, 0, 0, False),
        (1, 5, 6, True),
    ],
)
def test_a_multiple_is_crossed_when_it_is_reached_and_not_when_it_is_left(
    every: int, before: int, after: int, crossed: bool
) -> None:
    assert crosses(every, before, after) is crossed


def test_every_multiple_is_crossed_once_whatever_the_steps() -> None:
    for step in (1, 7, 64, 99, 100):
        crossings = sum(crosses(100, seen, seen + step) for seen in range(0, 10_000, step))
        assert crossings == -(-10_000 // step) * step // 100


def made(cadence: Cadence, kind: Kind, images: int, step: int) -> list[int]:
    """Return the images seen at which a run of so many makes one of these."""
    return [seen for seen in range(step, images + step, step) if cadence.is_due(kind, seen - step, seen)]


@pytest.mark.parametrize("step", [16, 60, 64])
def test_in_one_stretch_every_multiple_is_reached_once(step: int) -> None:
    cadence = Cadence.over(9_600, step)
    for kind in KINDS:
        every = getattr(cadence.stretches[0], kind)
        reached = [-(-multiple // step) * step for multiple in range(every, 9_601, every)]
        assert made(cadence, kind, 9_600, step) == reached


KINDS: tuple[Kind, ...] = ("tick", "samples", "checkpoint")


def test_a_run_made_ten_times_longer_gets_the_long_runs_intervals_from_there_on() -> None:
    """Before, 320 images resumed to 4,000 made 250 log lines, 81 checkpoints and 251 pictures."""
    short = Cadence.over(320, 16)
    long = short.extended(320, 4_000, 16)
    assert long.stretches == (
        Stretch(0, 320, tick=16, samples=16, checkpoint=50),
        Stretch(320, 4_000, tick=20, samples=200, checkpoint=500),
    )
    assert [len(made(long, kind, 4_000, 16)) for kind in KINDS] == [20 + 184, 20 + 19, 6 + 8]
    assert made(long, "checkpoint", 4_000, 16) == [
        *(64, 112, 160, 208, 256, 304),  # the first iterations at or after 50, 100, …, 300
        *(512, 1_008, 1_504, 2_000, 2_512, 3_008, 3_504, 4_000),
    ]
    for kind in KINDS:  # a run that falls back repeats what it did
        assert made(long, kind, 320, 16) == made(short, kind, 320, 16)


def test_a_run_made_longer_again_and_again_makes_no_more_than_a_run_of_each_length() -> None:
    """Before, 10k resumed to 10M would have kept 5,000 checkpoints."""
    cadence = Cadence.over(10_000, 100)
    for planned in (100_000, 1_000_000, 10_000_000):
        cadence = cadence.extended(planned // 10, planned, 100)
    ticks, samples, checkpoints = (len(made(cadence, kind, 10_000_000, 100)) for kind in KINDS)
    assert (ticks, samples, checkpoints) == (100 + 3 * 180, 20 + 3 * 18, 4 * 5)


def test_creeping_on_is_bounded_too() -> None:
    cadence, seen = Cadence.over(10_000, 100), 10_000
    while seen < 1_000_000:
        seen, cadence = int(seen * 1.1) // 100 * 100, cadence.extended(seen, int(seen * 1.1), 100)
    assert len(cadence.stretches) <= 8  # of at least twice the length each
    assert len(made(cadence, "samples", seen, 100)) <= 8 * 50


@pytest.mark.parametrize("planned", [320, 321, 500, 639, 161, 319])
def test_a_little_more_or_less_changes_nothing(planned: int) -> None:
    cadence = Cadence.over(320, 16)
    assert cadence.extended(160, planned, 16) is cadence


def test_half_the_length_is_another_cadence_and_what_is_over_is_none() -> None:
    cadence = Cadence.over(100_000, 16)
    assert cadence.extended(1_600, 5_000, 16).stretches[1] == Stretch(1_600, 5_000, 20, 200, 1_000)
    assert cadence.extended(1_600, 1_000, 16) is cadence


def test_an_extension_before_an_earlier_ones_point_takes_its_place() -> None:
    cadence = Cadence.over(320, 16).extended(320, 4_000, 16)
    again = cadence.extended(240, 40_000, 16)  # the newest checkpoints were damaged
    assert [stretch.since for stretch in again.stretches] == [0, 240]
    assert [stretch.since for stretch in cadence.extended(0, 40_000, 16).stretches] == [0]


def test_no_multiple_of_another_interval_is_told_twice_where_stretches_meet() -> None:
    # A pass of 700 images is examined at the first tick after it: at 700 in the first stretch, which ends at 710.
    cadence = Cadence((Stretch(0, 710, 10, 10, 10), Stretch(710, 7_100, 500, 500, 500)))
    ticks = [seen for seen in range(10, 2_010, 10) if cadence.is_due("tick", seen - 10, seen)]
    assert ticks[-6:] == [690, 700, 710, 1_000, 1_500, 2_000]
    told = [
        seen
        for seen in range(10, 2_010, 10)
        if crosses(700, cadence.reached("tick", seen - 10), cadence.reached("tick", seen))
    ]
    assert told == [700, 1_500]


def test_the_record_of_an_earlier_version_is_one_stretch() -> None:
    kept = {"tick": 16, "samples": 16, "checkpoint": 50}
    assert Cadence.from_json(kept, 320) == Cadence.over(320, 16)
    assert Cadence.from_json(kept, None).stretches[0].planned == 250
    long = Cadence.over(320, 16).extended(320, 4_000, 16)
    assert Cadence.from_json(json.loads(json.dumps(long.to_json())), None) == long
    assert Cadence.over(320, 16).to_json() == [{"since": 0, "planned": 320, **kept}]


def train(out: Path, images: int) -> Run:
    return Run(ganache.train(data="ring", out=out, images=images, settings=POINTS).run)


def what_was_made(run: Run) -> tuple[list[int], list[int], list[int]]:
    pictures = [int(path.stem) for path in run.sample_files()]
    kept = sorted(int(path.stem) for path in sealed.newest(run.checkpoints))
    return [line["images_seen"] for line in run.log_lines()], pictures, kept


def test_a_run_is_resumed_to_more_images_at_the_long_ones_cadence(tmp_path: Path) -> None:
    run = train(tmp_path / "run", 320)
    state = (run.checkpoints / "00000320.safetensors").read_bytes()
    ganache.resume(run.path, images=9_600)
    lines, pictures, kept = what_was_made(run)
    assert lines == [*range(32, 321, 32), *range(352, 9_601, 32)]
    # Every 200 and every 1,000 images, at the first iteration of 32 there.
    assert pictures == [*range(0, 321, 32), *(-(-seen // 32) * 32 for seen in range(400, 9_601, 200))]
    assert kept == [
        0,
        64,
        128,
        160,
        224,
        256,
        320,
        1_024,
        2_016,
        3_008,
        4_000,
        5_024,
        6_016,
        7_008,
        8_000,
        9_024,
        9_600,
    ]
    whole = train(tmp_path / "whole", 320)
    assert (whole.checkpoints / "00000320.safetensors").read_bytes() == state


def test_a_fall_back_to_before_the_extension_repeats_what_was_made_there(tmp_path: Path) -> None:
    run = train(tmp_path / "run", 320)
    ganache.resume(run.path, images=3_200)
    expected, last = what_was_made(run), (run.checkpoints / "00003200.safetensors").read_bytes()
    for path in sealed.newest(run.checkpoints, lambda images: images > 256):
        path.unlink()
    record: dict[str, Any] = run.record()
    ganache.resume(run.path)
    assert what_was_made(run)[:2] == expected[:2]
    assert (run.checkpoints / "00003200.safetensors").read_bytes() == last
    assert run.record()["cadence"] == record["cadence"]


def test_a_budget_of_time_is_extended_by_the_speed_so_far(tmp_path: Path) -> None:
    run = train(tmp_path / "run", 320)
    seconds = run.record()["training_seconds"]
    ganache.resume(run.path, time=f"{10 * seconds:.3f}s")
    first, second = run.record()["cadence"]
    assert (first["since"], first["planned"], second["since"]) == (0, 320, 320)
    assert second["planned"] == pytest.approx(10 * 320, rel=0.05)


def test_a_run_of_an_earlier_version_is_extended_like_any_other(tmp_path: Path) -> None:
    run = train(tmp_path / "run", 320)
    [stretch] = run.record()["cadence"]
    run.update_record(cadence={kind: stretch[kind] for kind in KINDS})
    ganache.resume(run.path)
    assert run.record()["cadence"] == [stretch]
    ganache.resume(run.path, images=960)
    assert [one["since"] for one in run.record()["cadence"]] == [0, 320]


def test_a_rollback_after_an_extension_returns_to_the_same_point_interrupted_or_not(tmp_path: Path) -> None:
    ends = []
    for stop in (False, True):
        run = train(tmp_path / str(stop), 320)
        poison = Poison(at=416, times=1)
        display = Stopping(after=352) if stop else Display()
        sessions.resume(run.path, images=1_600, display=display, observers=joined_by(poison))
        if stop:
            assert (run.checkpoints / "00000384.safetensors").exists()  # no rollback's aim: it was made by chance
            assert poison.times == 1
            sessions.resume(run.path, observers=joined_by(poison))
        assert poison.times == 0
        assert run.record()["rollbacks"] == 1
        ends.append((run.checkpoints / "00001600.safetensors").read_bytes())
    assert ends[0] == ends[1]
