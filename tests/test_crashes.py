"""A process killed between two writes: the run is resumed, and every file is that of the run nobody disturbed."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.same_run import differing
from ganache.runs.folder import Run
from tests.training.company import draw_quickly, resume, train

POINTS = ("generator.widths=[8]", "discriminator.widths=[8]", "batch_size=32")
LAST = "checkpoints/00000160.safetensors"


class Copies:
    """Copies a folder before each change of an entry in it: what a process that is killed there leaves behind."""

    def __init__(self, folder: Path, into: Path) -> None:
        self.folder, self.into, self.taken = folder, into, list[Path]()

    def before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def copying(*arguments: Any, **options: Any) -> Any:
            if self.folder.exists():
                self.taken.append(self.into / f"{len(self.taken):04d}" / self.folder.name)
                shutil.copytree(self.folder, self.taken[-1])
            return call(*arguments, **options)

        return copying


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """A finished run, and the copies of its folder before each rename and each removal in it."""
    folder = tmp_path_factory.mktemp("crashes")
    run = folder / "undisturbed" / "run"
    copies = Copies(run, folder)
    with pytest.MonkeyPatch.context() as watched:
        for name in ("replace", "rmdir", "unlink"):
            watched.setattr(os, name, copies.before(getattr(os, name)))
        train(run, "mlp-2d", "ring", images=160, settings=POINTS, evaluate_every=64, draw=draw_quickly)
    return run, copies.taken


def test_a_kill_anywhere_in_the_last_save_leaves_no_file_of_an_earlier_moment(life: tuple[Path, list[Path]]) -> None:
    """Before, a kill after the last checkpoint's rename left generator.safetensors and run.json as they were."""
    undisturbed, copies = life
    ends = [copy for copy in copies if (copy / LAST).exists()]
    assert len(ends) >= 10
    assert "generator.safetensors" in differing(ends[0], undisturbed)
    for copy in ends:
        resume(copy, draw=draw_quickly)
        assert differing(copy, undisturbed) == [], copy


def test_a_kill_at_any_other_moment_does_not_either(life: tuple[Path, list[Path]]) -> None:
    undisturbed, copies = life
    for copy in [copy for copy in copies if not (copy / LAST).exists()][::13]:
        resume(copy, draw=draw_quickly)
        assert differing(copy, undisturbed) == [], copy


def test_a_file_of_another_moment_is_written_anew_when_a_finished_run_is_resumed(life: tuple[Path, list[Path]]) -> None:
    undisturbed, copies = life
    run, earlier = undisturbed.parent / "older" / "run", copies[len(copies) // 2]
    shutil.copytree(undisturbed, run)
    resume(run, draw=draw_quickly)
    assert differing(run, undisturbed) == []
    for name in ("generator.safetensors", "best.safetensors"):
        shutil.copy(earlier / "generator.safetensors", run / name)
    for name in ("samples/00000160.png", "curves.png", "progress.webp"):
        (run / name).unlink()
    Run(run).update_record(images_seen=96, training_seconds=0.0)
    assert len(differing(run, undisturbed)) == 6
    resume(run, draw=draw_quickly)
    assert differing(run, undisturbed) == []
