"""Claim 10: the GAN from scratch, with the document's settings and with those that work."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.claims import plots
from benchmarks.claims.claim import Claim, Findings, Table
from benchmarks.claims.workshop import Json, Workshop
from ganache.data.origin import Source
from ganache.runs import products
from ganache.runs.folder import Run

SAMPLES = 500
REALS = 1_000
_SHOWN = 20


def protocol(workshop: Workshop) -> Json | None:
    """Return what decides the numbers, or None when the two runs were not given."""
    if workshop.sevens_document is None or workshop.sevens is None:
        return None
    runs = (workshop.sevens_document, workshop.sevens)
    return {"runs": [Run.open(path).record()["created"] for path in runs], "samples": SAMPLES, "reals": REALS}


def measure(workshop: Workshop) -> Json:
    """Compare the samples of both runs with the reals that they were trained on."""
    assert workshop.sevens_document is not None
    assert workshop.sevens is not None
    reals = _reals(workshop.sevens)
    return {
        "reals": {"deviation": deviation(reals), "pictures": reals[:_SHOWN].tolist()},
        "document": _run(workshop.sevens_document),
        "working": _run(workshop.sevens),
    }


def deviation(images: NDArray[np.uint8]) -> float:
    """Return the standard deviation of a pixel across images (N, H, W), in [0, 1], averaged over the pixels."""
    return float((images / 255.0).std(axis=0).mean())


def _run(path: Path) -> Json:
    record = Run.open(path).record()
    images = products.load(path).sample(SAMPLES)[..., 0]
    return {
        "deviation": deviation(images),
        "pictures": images[:_SHOWN].tolist(),
        "images_seen": record["images_seen"],
        "training_seconds": record["training_seconds"],
        "data": record["source"]["data"],
        "labels": record["source"]["labels"],
    }


def _reals(path: Path) -> NDArray[np.uint8]:
    wanted = Source.of(Run.open(path).record()["source"])
    images: NDArray[np.uint8] = wanted.open().stream(0, wanted.labels).batch(0, REALS).images[:, 0]
    return images


def draw(results: Json, path: Path) -> None:
    """Draw twenty of each."""
    figure, panels = plots.sheet(3, 1, 6.0, 1.45)
    titles = {"reals": "real", "document": "the document's settings", "working": "the default settings"}
    for axes, (key, title) in zip(panels[:, 0], titles.items(), strict=True):
        pictures = np.array(results[key]["pictures"], np.uint8)
        rows = pictures.reshape(2, len(pictures) // 2, *pictures.shape[1:])
        sheet = np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0)
        axes.imshow(sheet, cmap="gray", vmin=0, vmax=255)
        axes.set_title(title, fontsize=8.5, color=plots.INK)
        axes.set_axis_off()
    plots.save(figure, path)


def tell(results: Json) -> Findings:
    """Compare the deviations."""
    real, document, working = (results[key]["deviation"] for key in ("reals", "document", "working"))
    collapsed = document < 0.2 * real
    names = {"document": "the document's (`--preset document`)", "working": "the default"}
    rows = tuple(
        (
            names[key],
            f"{results[key]['deviation']:.3f}",
            f"{results[key]['images_seen']:,}",
            f"{results[key]['training_seconds']:.0f}",
        )
        for key in ("document", "working")
    )
    return Findings(
        verdict="does not hold" if collapsed else "holds",
        number=(
            f"pixel standard deviation across samples {document:.3f} with the document's settings and {working:.3f} "
            f"with the default ones, where real images have {real:.3f} (pixels in [0, 1])"
        ),
        told=(
            "With the document's plain gradient descent, and the gradient of the generator as it should be, "
            + (
                "the generator collapses onto nearly one image. "
                if collapsed
                else "the generator keeps more variety here than an earlier trial had (0.002). "
            )
            + "The document's own code scores only fakes in the generator's step, takes the discriminator's gradient "
            "as if half of them were real, and divides by D(G(z)) a second time. The default settings keep networks "
            "and engine and change how they are trained: Adam, dropout in the discriminator, smoothed labels, twice "
            "the passes."
        ),
        protocol=(
            f"`python -m ganache.scratch gan --data {results['document']['data']} --label "
            f"{' '.join(results['document']['labels'])} --preset document --out RUN`, and the same without `--preset`; "
            f"seed 0, {SAMPLES} samples of each, {REALS:,} reals; the deviation of each pixel across them, averaged "
            "over the pixels. The runs are given by `--sevens-document` and `--sevens`."
        ),
        caption="Real images, samples with the document's settings, samples with the default settings",
        table=Table(("settings", "pixel deviation", "images seen", "seconds"), rows),
    )


CLAIM = Claim(
    slug="sevens",
    title="The GAN from scratch learns to write sevens",
    says="S0: after its training of thirty passes on the digit 7 by plain gradient descent the GAN produces sevens.",
    protocol=protocol,
    measure=measure,
    draw=draw,
    tell=tell,
)
