"""A detector of generated pictures in a folder: tensors and a record, of which nothing is believed and no code run."""

import dataclasses
from pathlib import Path

from ganache.engine.devices import choose_device
from ganache.parts.part import read_model
from ganache.support.errors import UserError
from ganache.support.json_files import write_json
from ganache.support.places import check_place
from ganache.uses.detection.detection_record import DetectionRecord
from ganache.uses.detection.teller import WAYS, Teller
from ganache.uses.detection.teller_files import read_teller, save_teller

RECORD, TENSORS = "detection.json", "detection.safetensors"


@dataclasses.dataclass(frozen=True)
class FakeDetector:
    """One that is ready to use."""

    record: DetectionRecord
    teller: Teller

    def save(self, folder: Path) -> None:
        """Write it into a folder; raises RunError as the disk does."""
        save_teller(folder / TENSORS, self.teller)
        write_json(folder / RECORD, self.record.model_dump(mode="json"))

    @classmethod
    def load(cls, folder: Path, device: str = "auto") -> "FakeDetector":
        """Return that of a folder; raises UserError where there is none, or it is damaged."""
        record = read_record(folder)
        kinds = 1 + len(record.fakes)
        teller = read_teller(folder / TENSORS, record.shape, record.recode, kinds, choose_device(device))
        return cls(record, teller)


def read_record(folder: Path) -> DetectionRecord:
    """Return what a detector's folder says of it; raises UserError where there is none, or it is damaged."""
    check_place(folder, "run")
    path = folder / RECORD
    if not path.is_file():
        raise UserError(f"run: {str(folder)!r} holds no detector of generated pictures; ganache detect fit makes one")
    record = read_model(DetectionRecord, path, "run")
    if set(record.decisions) != set(WAYS):
        raise UserError(f"run: {path} has not the threshold of each way")
    return record
