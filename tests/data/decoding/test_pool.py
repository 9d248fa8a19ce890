"""Decoder processes that a picture ends or holds up: it costs that picture, never the packing."""

from pathlib import Path

import numpy as np
import pytest

from ganache.data import open_dataset
from ganache.data.containers.folders import Folder
from ganache.data.decoding.pool import Decoders, Workers
from ganache.data.store.packed import PackedDataset
from ganache.support.errors import UserError
from tests.data.data_files import save

# The same as PROGRAM, where a file that holds the word ends the process as the system does when memory is out.
DEADLY = """
import json, os, sys
sys.path[:] = json.loads(sys.argv[1])
from ganache.data.decoding import worker
def deadly(read):
    def reading(file, *more):
        if b"deadly" in file.read():
            os.kill(os.getpid(), 9)
        file.seek(0)
        return read(file, *more)
    return reading
worker.read_WHAT = deadly(worker.read_WHAT)
worker.main()
"""


def folder(place: Path, count: int, deadly: tuple[int, ...]) -> Path:
    for number in range(count):
        path = save(place / f"{number}.png", np.full((2, 2), number % 200, np.uint8))
        if number in deadly:
            path.write_bytes(path.read_bytes() + b"deadly")
    return place


@pytest.mark.parametrize("what", ["header", "pixels"])
@pytest.mark.parametrize("processes", [1, 2])
def test_a_picture_that_kills_its_decoder_is_listed(tmp_path: Path, what: str, processes: int) -> None:
    """One such file ended hours of packing: "a decoder process ended (killed, or out of memory?) while it read …"."""
    workers = Workers(processes, DEADLY.replace("WHAT", what), smallest_parallel=4)
    place = folder(tmp_path / "set", 12, deadly=(3, 4, 11))
    dataset = open_dataset(place, cache=tmp_path / "cache", workers=workers)
    assert isinstance(dataset, PackedDataset)
    kept = [number for number in range(12) if number not in (3, 4, 11)]
    assert dataset.rows("train", 0, dataset.count).images[:, 0, 0, 0].tolist() == kept
    reason = "ended the decoder process (signal 9)"
    assert dataset.summary()["skipped"] == [{"file": f"{number}.png", "reason": reason} for number in (11, 3, 4)]


def test_too_many_of_them_stop_the_packing_as_any_unreadable_file_does(tmp_path: Path) -> None:
    workers = Workers(1, DEADLY.replace("WHAT", "header"))
    place = folder(tmp_path / "set", 20, deadly=tuple(range(17)))
    with pytest.raises(UserError, match=r"at least 17 of 20 images cannot be read.*ended the decoder process"):
        open_dataset(place, cache=tmp_path / "cache", workers=workers)


def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    hanging = DEADLY.replace("os.kill(os.getpid(), 9)", "sys.stdin.read()").replace("WHAT", "header")
    place = folder(tmp_path / "set", 3, deadly=(1,))
    with Decoders(Folder(place), Workers(1, hanging, tick_seconds=0.001)) as decoders:
        (answers,) = decoders.headers(["0.png", "1.png", "2.png"])
    assert [isinstance(answer, str) for answer in answers] == [False, True, False]
    assert "minutes to read" in str(answers[1])


def test_large_files_are_decoded_one_at_a_time(tmp_path: Path) -> None:
    """Each of several decoders may have had a picture of 100 megapixels at once, 2.4 GB each."""
    budget = Decoders(Folder(folder(tmp_path / "set", 1, ())))._budget
    with budget.share(budget.whole - 10):
        assert budget._free == 10
        with budget.share(10):
            assert budget._free == 0
    with budget.share(100 * budget.whole):  # who asks for more than there is gets all, alone
        assert budget._free == 0
    assert budget._free == budget.whole
