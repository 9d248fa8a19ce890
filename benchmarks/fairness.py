"""Whether `ganache fairness` finds a group that is thinned, and calls none lost that is not; no GAN is trained for it.

    python -m benchmarks.fairness --out /tmp/fairness

Half of MNIST's training pictures are the data, with the test pictures to count the classifier's errors on. Samples are
drawn from the other half, which neither data nor classifier have seen: 20 times as it is, where every alarm is false,
and once for each digit with but 5% of its share. It prints a line for each, and a table at the end.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.markdown import table
from ganache.data import open_dataset
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.asked import Asked
from ganache.uses.fairness.auditing import audit
from ganache.uses.fairness.fairness_record import GroupRow

LEFT = 0.05  # of a digit's share, where it is thinned
DRAWS = 20


def main() -> None:
    """Write the data and the samples, judge them, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="a folder for data and samples")
    parser.add_argument("--count", type=int, default=4_000, help="samples in each draw")
    parser.add_argument("--draws", type=int, default=DRAWS, help="draws in which nothing is lost")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    dataset = open_dataset("mnist")
    assert isinstance(dataset, PackedDataset)
    data, images, labels, shares = halves(dataset, options.out)
    alarms = 0
    for draw in range(options.draws):
        chosen = drawn(labels, shares, options.count, draw)
        rows = judged(images[chosen], data, options.out / "even.npy")
        found = [row for row in rows if row.verdict != "as expected"]
        alarms += bool(found)
        print(f"even {draw}: {', '.join(f'{row.name} is {row.verdict}' for row in found) or 'no alarm'}", flush=True)
    print(f"{alarms} of {options.draws} draws with an alarm", flush=True)
    lines: list[tuple[str, ...]] = [
        ("thinned", "of the data", "drawn", "found", "interval", "others called lost or thinned")
    ]
    for digit in range(len(dataset.label_names)):
        left = np.where(np.arange(len(shares)) == digit, LEFT * shares, shares)
        chosen = drawn(labels, left / left.sum(), options.count, digit)
        rows = judged(images[chosen], data, options.out / "thinned.npy")
        lines.append(line(rows, dataset.label_names[digit], float((labels[chosen] == digit).mean())))
        print(*lines[-1], sep=", ", flush=True)
    print(table(lines))


def halves(dataset: PackedDataset, out: Path) -> tuple[Path, NDArray[np.uint8], NDArray[np.int64], NDArray[np.float64]]:
    """Write one half of the training pictures with the test pictures; return the file, the other half, and the first
    half's shares of the digits."""
    whole = dataset.stream(0, (), "train").batch(0, int(dataset.rows_by_label("train").sum()))
    tested = dataset.rows("test", 0, int(dataset.rows_by_label("test").sum()))
    half = len(whole.labels) // 2
    images = whole.images.transpose(0, 2, 3, 1)
    path = out / "half.npz"
    np.savez(
        path,
        x_train=images[:half],
        y_train=whole.labels[:half],
        x_test=tested.images.transpose(0, 2, 3, 1),
        y_test=tested.labels,
    )
    return path, images[half:], whole.labels[half:], np.bincount(whole.labels[:half]) / half


def drawn(labels: NDArray[np.int64], shares: NDArray[np.float64], count: int, seed: int) -> NDArray[np.int64]:
    """Return rows (count,), each of a digit that was drawn by the shares, no row twice."""
    random = np.random.default_rng(seed)
    counts = random.multinomial(count, shares)
    rows = [random.permutation(np.flatnonzero(labels == digit))[:number] for digit, number in enumerate(counts)]
    return np.concatenate(rows)


def judged(images: NDArray[np.uint8], data: Path, samples: Path) -> tuple[GroupRow, ...]:
    """Return the row of each digit among samples."""
    np.save(samples, images)
    return audit(Asked(samples=str(samples), data=str(data), count=len(images))).draws[0].rows


def line(rows: tuple[GroupRow, ...], digit: str, drawn: float) -> tuple[str, ...]:
    """Return what was found of a digit, as the cells of a table's line."""
    own = next(row for row in rows if row.name == digit)
    others = [row.name for row in rows if row.verdict in ("lost", "thinned") and row is not own]
    interval = f"{own.low:.2%} to {own.high:.2%}"
    return digit, f"{own.expected:.2%}", f"{drawn:.2%}", own.verdict, interval, ", ".join(others) or "none"


if __name__ == "__main__":
    main()
