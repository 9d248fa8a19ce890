"""What the server counts, as Prometheus reads it.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/ (text, version 0.0.4).
"""

import bisect
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

MEDIA = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)  # seconds

_HELP = {
    "ganache_requests_total": "Requests by route and status.",
    "ganache_request_seconds": "Time from a request's head to the end of its answer.",
    "ganache_open_requests": "Requests that are not answered yet.",
    "ganache_answer_bytes_total": "Bytes of answers.",
    "ganache_drawn_groups_total": "Groups of 64 that generators have computed for images.",
    "ganache_drawn_images_total": "Images in them that somebody wanted.",
    "ganache_drawing_process_starts_total": "How often the process that draws was started.",
    "ganache_waiting_requests": "Requests that wait for the process that draws.",
    "ganache_waiting_images": "Images that they wait for.",
    "ganache_resident_bytes": "Memory of a process.",
}


class Meters:
    """Counts of requests by route and status, and a histogram of their times."""

    def __init__(self) -> None:
        self.open = 0
        self._requests: Counter[tuple[str, int]] = Counter()
        self._buckets = [0] * (len(BUCKETS) + 1)
        self._seconds = 0.0
        self._bytes = 0

    def note(self, route: str, status: int, seconds: float, size: int) -> None:
        """Count a request that has been answered."""
        self._requests[route, status] += 1
        self._buckets[bisect.bisect_left(BUCKETS, seconds)] += 1
        self._seconds += seconds
        self._bytes += size

    def text(self, counts: Mapping[str, float], processes: Mapping[str, int | None]) -> str:
        """Return all of it, with what others counted and the memory of processes by their names."""
        lines = _metric("ganache_requests_total", "counter", self._by_route())
        lines += _metric("ganache_request_seconds", "histogram", self._histogram())
        lines += _metric("ganache_open_requests", "gauge", {"": self.open})
        lines += _metric("ganache_answer_bytes_total", "counter", {"": self._bytes})
        for name, value in counts.items():
            lines += _metric(name, "counter" if name.endswith("_total") else "gauge", {"": value})
        memory = {f'{{process="{name}"}}': resident_bytes(pid) for name, pid in processes.items()}
        lines += _metric("ganache_resident_bytes", "gauge", memory)
        return "\n".join([*lines, ""])

    def _by_route(self) -> dict[str, float]:
        return {f'{{route="{route}",status="{status}"}}': n for (route, status), n in sorted(self._requests.items())}

    def _histogram(self) -> dict[str, float]:
        total, lines = 0, {}
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), self._buckets, strict=True):
            total += count
            lines[f'_bucket{{le="{bound}"}}'] = float(total)
        return {**lines, "_sum": self._seconds, "_count": total}


def resident_bytes(pid: int | None) -> int:
    """Return the memory of a process of this machine, 0 where the system does not say."""
    file = Path(f"/proc/{pid}/status")
    try:
        found = next(line.split()[1] for line in file.read_text().splitlines() if line.startswith("VmRSS"))
    except (OSError, StopIteration):
        return 0
    return 1024 * int(found)


def _metric(name: str, kind: str, values: Mapping[str, float]) -> list[str]:
    lines = [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} {kind}"]
    return [*lines, *(f"{name}{labels} {value:.17g}" for labels, value in values.items())]
