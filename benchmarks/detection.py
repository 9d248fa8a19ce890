"""Can generated pictures be told from real ones, also those of a generator that was never seen?

    python -m benchmarks.detection photos.zip runs/dcgan runs/stylegan --stranger mnist --out runs/detection

A detector learns from REAL and each FAKE (a run, or pictures), once with `--recode auto`, and where the files' formats
differ once with `off`, to see how much of what it finds is the format. Printed as tables in Markdown: AUROC of each way
for each generator, known and left out of what was learnt from; after each treatment; and of every STRANGER, pictures of
a kind that was not learnt from, how many are flagged as unfamiliar and how many are called generated. Areas are means
over seeds. A fit that is done already is not done again; `--quick` is a rehearsal.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.markdown import table
from ganache.data.location import title
from ganache.support.units import duration_text
from ganache.uses.detection.detecting import COUNT, DetectorRequest, fit
from ganache.uses.detection.detection_record import EVERY, Area, DetectionRecord
from ganache.uses.detection.fake_detector import RECORD, read_record
from ganache.uses.detection.measured_areas import PLAIN
from ganache.uses.detection.screening import FAR, score
from ganache.uses.detection.teller import WAYS


def fitted(wanted: DetectorRequest, folder: Path) -> DetectionRecord:
    """Return what a fit found, which is done unless it was done already."""
    if not (folder / RECORD).exists():
        began = time.perf_counter()
        fit(wanted, folder, say=lambda line: print(f"{folder.name}: {line}", flush=True))
        print(f"{folder.name}: {duration_text(time.perf_counter() - began)}", flush=True)
    return read_record(folder)


def cells(found: Sequence[Area]) -> tuple[str, ...]:
    """Return the mean area of each way, with the bounds where there is one of each."""
    texts = []
    for way in WAYS:
        own = [one for one in found if one.way == way]
        bounds = f" ({own[0].low:.3f}–{own[0].high:.3f})" if len(own) == 1 else ""
        texts.append(f"{np.mean([one.area for one in own]):.3f}{bounds}")
    return tuple(texts)


def by_generator(records: Sequence[DetectionRecord]) -> str:
    """Return a row for each generator, known and never seen."""
    areas = [one for record in records for one in record.areas if one.treatment == PLAIN]
    body = []
    for never_seen in (False, True):
        for name in dict.fromkeys(one.generator for one in areas if one.never_seen == never_seen):
            found = [one for one in areas if (one.never_seen, one.generator) == (never_seen, name)]
            body.append((name, "never seen" if never_seen else "known", *cells(found)))
    return table([("generator", "", *WAYS), *body])


def by_treatment(records: Sequence[DetectionRecord]) -> str:
    """Return a row for each treatment: all known generators together, and the mean over those that were never seen."""
    areas = [one for record in records for one in record.areas]
    body = []
    for name in dict.fromkeys(one.treatment for one in areas):
        own = [one for one in areas if one.treatment == name]
        known = [one for one in own if one.generator == EVERY]
        others = [one for one in own if one.never_seen]
        body.append((name, *means(known), *(means(others) if others else [""] * len(WAYS))))
    return table([("after", *WAYS, *(f"{way}, never seen" for way in WAYS)), *body])


def means(found: Sequence[Area]) -> list[str]:
    """Return the mean area of each way."""
    return [f"{np.mean([one.area for one in found if one.way == way]):.3f}" for way in WAYS]


def of_strangers(folder: Path, sources: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield for each source how many of its pictures are flagged, and how many are called generated."""
    for source in sources:
        found = score(folder, source, folder.with_suffix(".csv"))
        count = len(found.names)
        far = sum(why.endswith(FAR) for why in found.unfamiliar)
        shares = (found.count_unfamiliar / count, far / count, float(found.generated.mean()))
        yield (title(source), f"{count:,}", *(f"{share:.1%}" for share in shares))


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("real", metavar="REAL")
    parser.add_argument("fakes", nargs="+", metavar="FAKE")
    parser.add_argument("--stranger", action="append", default=[], metavar="SOURCE")
    parser.add_argument("--out", type=Path, default=Path("runs/detection"))
    parser.add_argument("--count", default=COUNT)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    count, steps = ("200", 20) if asked.quick else (asked.count, None)
    for recode in ("auto", "off"):
        folders = [asked.out / f"{recode}-{seed}" for seed in range(asked.seeds)]
        records = [
            fitted(
                DetectorRequest(asked.real, tuple(asked.fakes), count, recode=recode, steps=steps, seed=seed), folder
            )
            for seed, folder in enumerate(folders)
        ]
        told = "as they are" if records[0].recode is None else f"as JPEG {records[0].recode}"
        print(f"\nlooked at {told}\n\n{by_generator(records)}\n\n{by_treatment(records)}")
        for verdict in records[0].verdicts:
            print(verdict)
        if asked.stranger:
            head = ("pictures", "count", "unfamiliar", "far", "called generated")
            print(table([head, *of_strangers(folders[0], asked.stranger)]))
        if records[0].recode is None:
            return


if __name__ == "__main__":
    main()
