"""The digits as an array, and a classifier of them, trained for a moment, where the library looks for it."""

from pathlib import Path

import numpy as np
import pytest

from ganache.data import open_dataset
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.features.trained_classifier import TrainedClassifier, keep_classifier, train_classifier
from tests.evaluation.digits import digits


@pytest.fixture(scope="session", name="digits")
def packed_digits() -> PackedDataset:
    """The digits, as they are packed."""
    dataset = open_dataset("digits")
    assert isinstance(dataset, PackedDataset)
    return dataset


@pytest.fixture(scope="session")
def digits_judge(digits: PackedDataset) -> TrainedClassifier:
    return train_classifier(digits, passes=1, least_steps=40)


@pytest.fixture
def quick_classifier(digits_judge: TrainedClassifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep it in a cache that is this test's own."""
    dataset = open_dataset("digits")
    assert isinstance(dataset, PackedDataset)
    monkeypatch.setenv("GANACHE_CACHE", str(tmp_path / "cache"))
    keep_classifier(digits_judge, dataset, tmp_path / "cache")


@pytest.fixture(scope="session")
def real_digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits themselves as an array."""
    path = tmp_path_factory.mktemp("digits") / "digits.npy"
    np.save(path, digits())
    return path
