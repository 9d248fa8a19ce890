"""What is said beside a score of features that are blind, or too many for so few samples."""

from pathlib import Path

import numpy as np
import pytest

import ganache
from ganache.evaluation import cautions
from ganache.evaluation.records import Evaluation
from ganache.networks.efficientnet_weights import INSTALL


def judged(folder: Path, features: str, metrics: tuple[str, ...], count: int = 200) -> Evaluation:
    pictures = np.random.default_rng(0).integers(0, 256, (2 * count, 6, 6, 3), dtype=np.uint8)
    np.save(folder / "samples.npy", pictures[:count])
    np.save(folder / "reals.npy", pictures[count:])
    return ganache.evaluate(folder / "samples.npy", data=folder / "reals.npy", features=features, metrics=metrics)


@pytest.mark.parametrize("features", ["random", "pixels"])
@pytest.mark.parametrize("is_there", [True, False])
def test_blind_features_say_so(features: str, is_there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = "efficientnet-lite0" if is_there else "random"
    monkeypatch.setattr(cautions, "unlabelled_name", lambda: other)
    found = judged(tmp_path, features, ("kd",))
    [said] = [line for line in found.warnings if "rank blur and noise wrongly" in line]
    assert said.startswith(f"'{features}' features")
    assert said.endswith("--features efficientnet-lite0 sees pictures" + ("" if is_there else f" ({INSTALL})"))


def test_a_score_without_features_needs_no_such_word(tmp_path: Path) -> None:
    assert not any("blur" in line for line in judged(tmp_path, "random", ("pixel-deviation",)).warnings)


def test_points_have_no_blur(tmp_path: Path) -> None:
    np.save(tmp_path / "points.npy", np.random.default_rng(0).normal(size=(300, 2)))
    found = ganache.evaluate(tmp_path / "points.npy", data="ring", features="pixels", metrics=["kd"])
    assert found.warnings == ()


@pytest.mark.parametrize(("count", "prefers"), [(215, True), (216, False)])
def test_of_few_samples_the_kernel_distance_is_preferred(tmp_path: Path, count: int, prefers: bool) -> None:
    # 6 · 6 · 3 = 108 features, so below 216 samples.
    found = judged(tmp_path, "pixels", ("fd",), count)
    line = "below 216 samples prefer kd/pixels, which has no bias, to this distance"
    assert (line in found.warnings) is prefers


def test_of_a_training_on_mirrored_pictures_memorisation_says_what_it_does_not_see(tmp_path: Path) -> None:
    record = {"source": {"mirror": True}}
    scores = judged(tmp_path, "pixels", ("kd", "pixel-deviation")).scores
    assert cautions.warnings_of_copies(record, scores) == []
    seen = [scores[0].model_copy(update={"protocol": scores[0].protocol.model_copy(update={"metric": "memorisation"})})]
    assert len(cautions.warnings_of_copies(record, seen)) == 1
    assert cautions.warnings_of_copies({"source": {}}, seen) == cautions.warnings_of_copies(None, seen) == []
