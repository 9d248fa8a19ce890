"""What a run was made with: versions and hardware, for run.json and for benchmarks."""

import os
import platform
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganache.support.version import __version__


def describe_machine(device: torch.device) -> dict[str, Any]:
    """Return versions, host, processor, device and cores as JSON values."""
    return {
        **versions(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": platform.node(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else _processor(),
    }


def versions() -> dict[str, str]:
    """Return the versions of what the bits of runs and scores depend on."""
    return {"ganache": __version__, "torch": torch.__version__, "numpy": np.__version__}


def changed_versions(record: dict[str, Any]) -> list[str]:
    """Return a line when these are not the versions of a run's last session, as its record names them; else none."""
    sessions = record.get("sessions") or [{}]
    last = {**record, **sessions[-1]}
    changed = [f"{name} {last[name]} → {now}" for name, now in versions().items() if last.get(name, now) != now]
    return [f"other versions than before: {', '.join(changed)}; its bits may differ from here on"] if changed else []


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
