"""What becomes of decoder processes: asked again after an end, kept between questions, one memory for all."""

import threading
from pathlib import Path

import numpy as np

from ganache.data import open_dataset
from ganache.data.containers.folders import Folder
from ganache.data.decoding.pool import Decoders, MemoryBudget, Workers
from tests.data.data_files import save

# A decoder that ends once, as one does whose memory others took.
DYING = """
import json, os, sys
sys.path[:] = json.loads(sys.argv[1])
from ganache.data.containers import folders
from ganache.data.decoding import worker
def die(self, name, real=folders.Folder.open):
    if "once" in name and not os.path.exists(self.path / "met"):
        (self.path / "met").touch()
        os._exit(4)
    return real(self, name)
folders.Folder.open = die
worker.main()
"""


def pictures(folder: Path, names: list[str]) -> Path:
    for value, name in enumerate(names):
        save(folder / f"{name}.png", np.full((2, 2), value, np.uint8))
    return folder


def test_a_decoder_that_ended_once_is_asked_again(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "set", ["a", "b-once", "c"])
    dataset = open_dataset(folder, cache=tmp_path / "cache", workers=Workers(1, DYING))
    assert dataset.count == 3
    assert (folder / "met").exists()


def test_processes_are_kept_between_questions_and_ended_at_last(tmp_path: Path) -> None:
    with Decoders(Folder(pictures(tmp_path, ["a"]))) as decoders:
        ((header,),) = decoders.headers(["a.png"])
        assert header[:3] == (2, 2, 1)
        (first,) = decoders._decoders
        process = first._process
        assert process is not None
        list(decoders.headers(["a.png"]))
        assert first._process is process
    assert process.returncode is not None


def test_one_budget_lets_large_pictures_be_decoded_one_at_a_time() -> None:
    """Each of 16 decoders took 2.4 GB for a picture of 100 megapixels and 16 bits before."""
    budget = MemoryBudget(100)
    order: list[str] = []

    def take() -> None:
        with budget.share(1000):  # more than there is: all of it
            order.append("second")

    other = threading.Thread(target=take)
    with budget.share(60), budget.share(40), budget.share(0):
        other.start()
        order.append("first")
    other.join()
    assert order == ["first", "second"]
    assert budget._free == 100
