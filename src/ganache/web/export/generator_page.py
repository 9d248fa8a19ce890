"""A generator as one page that draws in any browser, without a server: the model, its runtime and its inputs inside."""

import base64
import gzip
from pathlib import Path
from typing import Any

import numpy as np

from ganache.drawing.onnx_export import first_inputs
from ganache.drawing.onnx_graph import OPSET, TRUNCATION, input_names, model_of
from ganache.drawing.onnx_parity import Parity, compared
from ganache.runs.products import TrainedGenerator
from ganache.support.errors import UserError
from ganache.support.files import write_text
from ganache.support.places import check_output
from ganache.support.units import counted
from ganache.web.export import runtime
from ganache.web.pages import self_contained

MOST_SEEDS, LATENT_BYTES = 100, 2**20  # whose latents are in a page, of so many bytes together
PICTURES, POINTS = 16, 512  # of each seed
MOST_PIXELS = 2**20  # of the pictures of a seed; larger ones are fewer
# Two numbers make what a browser runs of another program; a page that only shows what it holds needs it not.
POLICY = {"script-src": "'wasm-unsafe-eval'"}


def export_page(generator: TrainedGenerator, out: Path, *, opset: int = OPSET) -> Parity:
    """Write a page that draws the first images of some seeds, each as `sample` does, and walks between seeds.

    It begins with the generator's truncation. Raises UserError for what cannot be written, where the runtime is missing
    too, RunError when the model draws other images than torch does or the disk refuses; nothing is written then.
    """
    check_output(out, "--out")
    program = {name: runtime.file_of(name).read_bytes() for name in (runtime.SCRIPT, runtime.CODE)}
    if generator.shape.table is not None:
        raise UserError("run: rows are no pictures that a page could show; NAME.onnx draws them")
    model = model_of(generator, opset, walks=True)
    parity = compared(model, generator)
    data = {
        **facts(generator, parity),
        "inputs": inputs(generator),
        "model": _packed(model.SerializeToString(deterministic=True)),
        "script": base64.b64encode(program[runtime.SCRIPT]).decode(),
        "code": _packed(program[runtime.CODE]),
    }
    write_text(out, self_contained("generator", data, title_of(generator), also=POLICY))
    return parity


def title_of(generator: TrainedGenerator) -> str:
    """Return what a page calls a generator."""
    return f"A generator: {generator.description.get('recipe', 'of one’s own')}"


def facts(generator: TrainedGenerator, parity: Parity) -> dict[str, Any]:
    """Return what a page says of a generator, and what its controls need to know."""
    told, shape = generator.description, generator.shape
    seen = told.get("images_seen")
    return {
        "title": title_of(generator),
        "about": f"Trained on {counted(seen, 'image')}." if isinstance(seen, int) else "",
        "difference": parity.max_difference,
        "shape": {"channels": shape.channels, "height": shape.height, "width": shape.width},
        "point": shape.is_point,
        "classes": list(generator.label_names),
        "truncation": generator.truncation if TRUNCATION in input_names(generator) else None,
    }


def inputs(generator: TrainedGenerator) -> dict[str, Any]:
    """Return the latents of the first images of the seeds 0, 1, … as text (float32, base64), and their classes."""
    shape, size = generator.shape, generator.config.latent.size
    images = POINTS if shape.is_point else max(1, min(PICTURES, MOST_PIXELS // (shape.height * shape.width)))
    seeds = max(2, min(MOST_SEEDS, LATENT_BYTES // (4 * images * size)))
    drawn = [_first(generator, seed, images) for seed in range(seeds)]
    latents = np.stack([rows for rows, _ in drawn]).astype("<f4")
    return {
        "seeds": seeds,
        "images": images,
        "size": size,
        "latents": base64.b64encode(latents.tobytes()).decode(),
        "classes": [number for _, numbers in drawn for number in numbers],
    }


def _first(generator: TrainedGenerator, seed: int, images: int) -> tuple[Any, list[int]]:
    """Return the latents (images, Z) and the numbers of the classes, if there are any, of a seed's first images."""
    found = first_inputs(generator, images, seed)
    return found["latent"], found["class"].argmax(1).tolist() if "class" in found else []


def _packed(content: bytes) -> str:
    """Return bytes as text, packed by gzip, which every browser unpacks; equal bytes give equal text."""
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()
