"""Other GANs for anomalies, as pyod has them, on the tables that `benchmarks.anomaly` was measured on.

    python -m benchmarks.anomaly TABLE … --out runs/anomaly
    pip install pyod; python -m benchmarks.anomaly_peers --out runs/anomaly [--learnt 5000] [--judged 1000] [--seeds 1]

AnoGAN, ALAD and SO_GAAL with pyod's own settings, of rows that are standardised by the learnt ones. They learn from so
many of the same normal rows, and judge so many normal and so many strange test rows (AnoGAN searches a latent for each
row, half a second long). Beside them stands the area under the ROC curve that the ensemble has on the same rows, by the
file of its scores.
Prints a table in Markdown.
"""

import argparse
import csv
import importlib
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from benchmarks.markdown import table
from ganache.support.json_files import read_json, write_json
from ganache.support.streams import derive
from ganache.support.units import duration_text

PEERS = {"AnoGAN": "pyod.models.anogan", "ALAD": "pyod.models.alad", "SO_GAAL": "pyod.models.so_gaal"}
OURS = "ensemble"


def measured(stem: Path, most_learnt: int, most_judged: int) -> dict[str, Any]:
    """Return each peer's area and seconds on the rows of one fit, and ours, unless it was done already."""
    record = stem.with_suffix(".peers.json")
    if record.exists():
        kept: dict[str, Any] = read_json(record, "peers")
        return kept
    random = np.random.default_rng(derive(0, "peers"))
    with np.load(stem.with_suffix(".train.npz")) as arrays:
        learnt = arrays["X"]
    with np.load(stem.with_suffix(".test.npz")) as arrays:
        tested, strange = arrays["X"], arrays["y"] == 1
    learnt = learnt[random.permutation(len(learnt))[:most_learnt]]
    rows = np.sort(
        np.concatenate([random.permutation(np.flatnonzero(kind))[:most_judged] for kind in (~strange, strange)])
    )
    mean, deviation = learnt.mean(axis=0), learnt.std(axis=0) + 1e-9
    given, asked = ((some - mean) / deviation for some in (learnt, tested[rows]))
    found: dict[str, Any] = {"rows": len(rows), "strangers": int(strange[rows].sum())}
    found[OURS] = float(roc_auc_score(strange[rows], _own_scores(stem.with_suffix(".csv"))[rows]))
    for name, module in PEERS.items():
        began = time.perf_counter()
        np.random.seed(0)  # pyod draws from it
        torch.manual_seed(0)
        model = getattr(importlib.import_module(module), name)()
        model.fit(given)
        found[name] = float(roc_auc_score(strange[rows], np.nan_to_num(model.decision_function(asked))))
        found[f"{name} seconds"] = time.perf_counter() - began
        print(stem.name, name, found[name], duration_text(found[f"{name} seconds"]), flush=True)
    write_json(record, found)
    return found


def _own_scores(path: Path) -> NDArray[np.float64]:
    with path.open(encoding="utf-8", newline="") as file:
        return np.array([float(row[OURS]) for row in csv.DictReader(file)])


def main() -> None:
    """Measure all fits of tables that lie in a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/anomaly"))
    parser.add_argument("--learnt", type=int, default=5_000)
    parser.add_argument("--judged", type=int, default=1_000)
    parser.add_argument("--seeds", type=int, default=1, help="how many fits of each table, the first ones")
    asked = parser.parse_args()
    rows: list[tuple[str, ...]] = [("table", "rows, strangers", OURS, *PEERS)]
    for path in sorted(asked.out.glob("*.train.npz")):
        stem = path.with_suffix("").with_suffix("")
        if not stem.with_suffix(".json").exists() or int(stem.name.rpartition("-")[2]) >= asked.seeds:
            continue
        found = measured(stem, asked.learnt, asked.judged)
        areas = (f"{100 * found[name]:.1f}" for name in (OURS, *PEERS))
        rows.append((stem.name, f"{found['rows']:,}, {found['strangers']:,}", *areas))
    print(table(rows))


if __name__ == "__main__":
    main()
