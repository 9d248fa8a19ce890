"""Images from a trained 64×64 generator into an .npz: `ganache sample` against a plain loop, and its memory."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.markdown import table
from benchmarks.speed.part import Json, Part, Settings, precise, seconds_of
from benchmarks.speed.plain import ralsgan_networks
from benchmarks.speed.systems import planned, store_of, trained_in
from benchmarks.speed.worker import sample_in_process
from ganache.drawing.sampling import sample_to
from ganache.engine.devices import choose_precision
from ganache.runs import products
from ganache.runs.products import GROUP

RECIPE = "ralsgan"
SHARE = 25  # a turn draws this part of the whole count
TITLES = {"plain": "plain, fp32", "fp32": "Ganache, fp32 (the default)", "bf16": "Ganache, bf16 (`--precision auto`)"}


def measure(settings: Settings) -> Json:
    """Return the speeds of all ways in turn, then the seconds and memory of a tenth and of the whole count."""
    system = trained_in(RECIPE)
    count = GROUP * max(1, settings.samples // SHARE // GROUP)
    with store_of(system, settings) as store, tempfile.TemporaryDirectory() as folder:
        run, out = Path(folder) / "generator.safetensors", Path(folder) / "samples.npz"
        plan = planned(system, store, settings.quick)
        network = plan.recipe.sampler.build(plan.dataset.shape, 0)
        products.save(run, network, plan.recipe, plan.dataset.shape, {"label_names": []})
        plain, _ = ralsgan_networks(**({"width": 4} if settings.quick else {}))
        # What `ganache sample` does by itself and with --precision auto, which may be the same.
        precisions = dict.fromkeys(("fp32", choose_precision("auto", plan.device, plan.dataset.shape)))
        ways: dict[str, Callable[..., None]] = {
            "plain": partial(draw_plainly, plain, out),
            **{each: partial(sample_to, run, str(out), device="cpu", precision=each) for each in precisions},
        }
        for draw in ways.values():
            draw(count=GROUP)  # the first ones also import and allocate
        speeds: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(settings.rounds):
            for way, draw in ways.items():
                speeds[way].append(count / seconds_of(partial(draw, count=count)))
        whole = [
            {"count": each, "precision": precision, **sample_in_process(run, out, each, precision)}
            for precision in precisions
            for each in _counts(settings)
        ]
    return {"recipe": RECIPE, "count": count, "threads": plan.threads, "images_per_second": speeds, "whole": whole}


@torch.no_grad()
def draw_plainly(generator: nn.Module, out: Path, count: int) -> None:
    """Write images as one would: batches of 64, eager, in float32, gathered and saved at the end."""
    generator.eval()
    batches = []
    for start in range(0, count, GROUP):
        latents = torch.rand(min(GROUP, count - start), 128, 1, 1) * 2 - 1
        images = ((generator(latents) + 1) * 127.5).clamp(0, 255).to(torch.uint8)
        batches.append(images.permute(0, 2, 3, 1).numpy())
    np.savez(out, np.concatenate(batches))


def _counts(settings: Settings) -> tuple[int, ...]:
    return (settings.samples,) if settings.quick else (max(1, settings.samples // 10), settings.samples)


def tell(found: Json) -> str:
    """Return both tables."""
    speeds, whole = found["images_per_second"], found["whole"]
    plainly = np.median(speeds["plain"])
    cells = [
        precise(own) + (f": {np.median(own) / plainly:.2f}×" if way != "plain" else "") for way, own in speeds.items()
    ]
    rows = [tuple(TITLES[way] for way in speeds), tuple(cells)]
    runs = [("images", "precision", "time", "images/s", "peak memory")]
    for run in whole:
        speed = f"{run['count'] / run['seconds']:,.0f}"
        times = (f"{run['seconds']:,.1f} s", speed, f"{run['peak_mib']:,.0f} MiB")
        runs.append((f"{run['count']:,}", run["precision"], *times))
    text = (
        f"Images per second of the generator of `{found['recipe']}` at 64×64, {found['count']:,} in a turn, loading and"
        " writing included, against an eager float32 loop in batches of 64 that gathers all and saves it:"
    )
    return "\n\n".join(
        [
            text,
            table(rows),
            "What `ganache sample --out x.npz` does, in a new process, from when torch is imported:",
            table(runs),
        ]
    )


PART = Part("sampling", "Sampling", measure, tell)
