"""A detector of generated pictures in a folder: tensors and a record, of which nothing is believed and no code run."""

import dataclasses
from pathlib import Path

import torch

from ganache.engine.devices import choose_device
from ganache.parts.part import read_model
from ganache.runs import sealed
from ganache.runs.network_files import layout
from ganache.support.errors import UserError
from ganache.support.json_files import write_json
from ganache.support.places import check_place
from ganache.uses.detection.detection_record import DetectionRecord
from ganache.uses.detection.teller import WAYS, Teller

RECORD, TENSORS = "detection.json", "detection.safetensors"
MOST_BYTES = 2**26  # of the tensors


@dataclasses.dataclass(frozen=True)
class FakeDetector:
    """One that is ready to use."""

    record: DetectionRecord
    teller: Teller

    def save(self, folder: Path) -> None:
        """Write it into a folder; raises RunError as the disk does."""
        sealed.save(folder / TENSORS, dict(self.teller.state_dict()), {"content": self.record.content, "format": 1})
        write_json(folder / RECORD, self.record.model_dump(mode="json"))

    @classmethod
    def load(cls, folder: Path, device: str = "auto") -> "FakeDetector":
        """Return that of a folder; raises UserError where there is none, or it is damaged."""
        record = read_record(folder)
        path = folder / TENSORS
        try:
            if path.stat().st_size > MOST_BYTES:
                raise UserError(f"run: {path} has more than {MOST_BYTES >> 20} MiB, and is none of ours")
            tensors, _ = sealed.load(path)
        except (OSError, sealed.DamagedError) as error:
            raise UserError(f"run: {path} cannot be read: {error}") from None
        with torch.device("meta"):
            expected = layout(_built(record).state_dict())
        if layout(tensors) != expected or not all(bool(one.isfinite().all()) for one in tensors.values()):
            raise UserError(f"run: the tensors in {path} are not those of the detector that {RECORD} describes")
        with torch.random.fork_rng(devices=()):
            teller = _built(record)
        teller.load_state_dict(tensors)
        return cls(record, teller.to(choose_device(device)).eval().requires_grad_(False))


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


def _built(record: DetectionRecord) -> Teller:
    return Teller(record.shape, record.recode, 1 + len(record.fakes))
