"""The store of the benchmark is one that opens, of real bytes or none; its figures are told with their units."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import cold_store
from ganache.data import open_dataset
from ganache.data.store.packed import PackedDataset


@pytest.mark.parametrize("sparse", [True, False])
def test_a_store_has_the_bytes_that_were_asked_for(sparse: bool, tmp_path: Path) -> None:
    cold_store.write_store(tmp_path / "store", 0.001, sparse)
    dataset = open_dataset(str(tmp_path / "store"), cache=tmp_path / "cache")
    assert isinstance(dataset, PackedDataset)
    assert dataset.count == 1_000_000 // 12_288
    images = dataset.rows("train", 0, dataset.count).images
    assert bool(images.any()) != sparse
    assert sparse or len(np.unique(images.reshape(len(images), -1), axis=0)) == len(images)


def test_the_figures_name_every_way_of_reading() -> None:
    read = {way.__name__: {"images": 1234.5, "bytes": 16_400.0} for way in cold_store.READINGS}
    text = cold_store.section(read, {"direct": 900.0, "ahead": 890.5}, 5)
    assert text.count("1,234 | 16.4 kB") == 4
    assert "at 900.0 images/s" in text
    assert "at 890.5 with" in text
