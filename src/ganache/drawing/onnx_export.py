"""`ganache export`: a generator as one file for programs without torch, checked against torch before it is written."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganache.data.npy import write_arrays
from ganache.drawing.onnx_graph import CLASS, LATENT, OPSET, TRUNCATION, input_names, model_of
from ganache.drawing.onnx_parity import Parity, compared
from ganache.runs.products import GROUP, TrainedGenerator
from ganache.support.errors import UserError
from ganache.support.files import digest_of, replacing
from ganache.support.json_files import write_json
from ganache.support.places import check_output
from ganache.support.units import check_seed
from ganache.support.version import __version__

MOST_LATENTS = 1_000_000
VALUES = "images (N, channels, height, width), float32 in [-1, 1]; a point is (N, 2, 1, 1): x, y"
PIXELS = "round((value + 1) * 127.5), halves to the even neighbour, cut off at 0 and 255"
TRUNCATED = "a number from 0 to 1, which is none: the smaller, the likelier and the more alike the images are"
LATENTS = (
    "image i of seed s has row i % 64 of group i // 64. A group's latents (64, size), then its classes if none is asked"
    " for, are drawn by one MT19937 whose seed is the low 32 bits of blake2b(repr((s, 'sample', i // 64)), 8 bytes,"
    " big-endian) >> 1, as torch's CPU generator draws: see docs/export.md, which has it in NumPy"
)


def export_to(
    generator: TrainedGenerator,
    out: Path,
    *,
    opset: int = OPSET,
    latents: int = 0,
    seed: int = 0,
) -> Parity:
    """Write a generator as an ONNX model, with ``NAME.onnx.json`` beside it: by how much it differs from torch.

    With `latents` as many, and the classes drawn beside them, are written to ``NAME.latents.npz``: the model's inputs
    for the first images of `seed`. Raises UserError for what cannot be written, RunError when it draws other images
    than torch does or the disk refuses; nothing is written then.
    """
    check_output(out, "--out")
    check_seed(seed)
    if not 0 <= latents <= MOST_LATENTS:
        raise UserError(f"latents: {latents} is not between 0 and {MOST_LATENTS:,}")
    model = model_of(generator, opset)
    parity = compared(model, generator)
    write_model(model, metadata(generator, opset), parity, out)
    if latents:
        write_arrays(latents_file(out), first_inputs(generator, latents, seed))
    return parity


def write_model(model: Any, facts: dict[str, Any], parity: Parity, out: Path) -> None:
    """Write a model, and beside it by how much it differs from torch.

    What it says of itself is text: sentences, numbers, JSON.
    """
    for name, fact in facts.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = f"ganache.{name}", fact if isinstance(fact, str) else json.dumps(fact)
    with replacing(out) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))
    write_json(
        out.with_name(f"{out.name}.json"), {"file": out.name, "sha256": digest_of(out), **dataclasses.asdict(parity)}
    )


def latents_file(out: Path) -> Path:
    """Return where the latents of an exported file lie."""
    return out.with_name(f"{out.stem}.latents.npz")


def metadata(generator: TrainedGenerator, opset: int) -> dict[str, Any]:
    """Return what an ONNX file says of itself."""
    told = generator.description
    return {
        "recipe": told.get("recipe", ""),
        "images_seen": told.get("images_seen"),
        "shape": generator.shape.to_json(),
        "classes": list(generator.label_names),
        "latent": generator.config.latent.model_dump(mode="json"),
        "latents": LATENTS,
        "values": VALUES,
        **({} if generator.shape.is_row else {"pixels": PIXELS}),
        **({"truncation": TRUNCATED} if TRUNCATION in input_names(generator) else {}),
        "opset": opset,
        "version": __version__,
    }


def first_inputs(generator: TrainedGenerator, count: int, seed: int) -> dict[str, NDArray[Any]]:
    """Return the model's inputs, by their names, for the images 0 … count of a seed."""
    groups = [generator.inputs(seed, group) for group in range(-(-count // GROUP))]
    latents, classes = (np.concatenate(rows)[:count] for rows in zip(*groups, strict=True))
    return {LATENT: latents, **({CLASS: classes} if generator.label_names else {})}
