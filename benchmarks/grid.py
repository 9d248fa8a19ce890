"""The 25 modes of `grid` by `sngan` and `r3gan`: modes found and the share of high-quality samples, seed by seed.

    python -m benchmarks.grid [--work runs/grid] [--images 2400k] [--seeds 0 1 2] [--recipes sngan r3gan]

A point has no neighbourhood to convolve, so both play with connected networks of three layers of 128 and two latent
numbers; objective, spectral norm and penalties stay the recipes'. Learning rates fall to nothing along half a cosine:
what is left of them at the end blurs the modes. Two settings are what points ask for. `spectral_bound`: the modes'
deviation is 0.01, and a discriminator with the bound 1 of pictures cannot be steep enough to see that; r3gan's γ is
50 times smaller than for pictures for the same reason. A finished run in the work folder is not trained again.
"""

import argparse
import json
from pathlib import Path

import torch

import ganache
from benchmarks.claims.workshop import Trial, Workshop
from benchmarks.markdown import table
from ganache.support.units import duration_text, parse_count

BATCH = 128
CONNECTED = {"widths": [128, 128, 128]}
GENERATOR = {"kind": "MLPGenerator", "latent": {"kind": "Normal", "size": 2}, **CONNECTED}
DISCRIMINATOR = {"kind": "MLPDiscriminator", "slope": 0.2, **CONNECTED}
SPECTRAL_BOUND, GAMMA = 1_000, 0.001
RATES = {"sngan": (1e-3, 2e-3), "r3gan": (1e-3, 1e-3)}  # generator's, discriminator's


def settings(recipe: str, images: int) -> tuple[str, ...]:
    """Return what is set beside the recipe, as --set takes it."""
    own = {
        "sngan": {
            "discriminator": {**DISCRIMINATOR, "spectral_norm": True, "spectral_bound": SPECTRAL_BOUND},
            "joint_batch": True,
        },
        "r3gan": {
            "discriminator": DISCRIMINATOR,
            "penalties": {name.lower(): {"kind": name, "weight": GAMMA, "every": 4} for name in ("R1", "R2")},
        },
    }
    generator, discriminator = (
        {
            "kind": "Adam",
            "learning_rate": {"kind": "Cosine", "start": rate, "end": 0, "until": images},
            "betas": [0, 0.99],
        }
        for rate in RATES[recipe]
    )
    everything = {
        "generator": GENERATOR,
        **own[recipe],
        "optimizers.generator": generator,
        "optimizers.discriminator": discriminator,
        "batch_size": BATCH,
        "ema_half_life": 20_000,
    }
    return tuple(f"{name}={json.dumps(value)}" for name, value in everything.items())


def main() -> None:
    """Train what is not trained yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("runs/grid"))
    parser.add_argument("--images", default="2400k")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--recipes", nargs="+", choices=list(RATES), default=list(RATES))
    options = parser.parse_args()
    torch.set_num_threads(1)  # the matrices are too small for more
    images, workshop = parse_count(options.images, "images"), Workshop(options.work)
    rows: list[tuple[str, ...]] = [("recipe", "seed", "images", "training", "modes of 25", "high quality")]
    for recipe in options.recipes:
        for seed in options.seeds:
            trial = Trial("grid", recipe, settings(recipe, images), images)
            run = workshop.train(trial, seed)
            found = ganache.evaluate(run.path, data="grid", metrics=["modes"])
            modes, quality = (found[f"{name}@2.5k"].value for name in ("modes-found", "high-quality"))
            time = duration_text(run.training_seconds)
            rows.append((f"`{recipe}`", str(seed), f"{run.images_seen:,}", time, f"{modes:.0f}", f"{quality:.1%}"))
            print(*rows[-1], sep="  ", flush=True)
    print(f"\n{table(rows)}")


if __name__ == "__main__":
    main()
