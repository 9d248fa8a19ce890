"""What can be asked of a trained network: which rows an answer is drawn from, or what is done for it step by step."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from ganache.drawing.mixing import mixture
from ganache.drawing.projection import Projector
from ganache.drawing.spaces import Places, space_of
from ganache.drawing.ways import of_seeds, places_along
from ganache.engine.pixel_values import channels_last, pixels_of, values_of
from ganache.runs.products import GROUP
from ganache.runs.trained_translators import TrainedTranslator
from ganache.support.errors import UserError
from ganache.web.serve.messages import Message
from ganache.web.serve.served import Served, Trained, drawing, translating
from ganache.web.serve.shared_groups import Wanted, Way
from ganache.web.serve.studio import Begin, Search


def images(served: Served, asked: Message) -> Wanted:
    """Begin the images first … first + count of a seed, as `sample` draws them."""
    told, trained = asked.told, drawing(served)
    generator = trained.generator.truncated(told["truncation"])
    wanted = generator.label_indices(told["classes"])
    first, count = told["first"], told["count"]
    groups = range(first // GROUP, -(-(first + count) // GROUP))
    drawn = [generator.inputs(told["seed"], group, wanted) for group in groups]
    skipped = first % GROUP
    rows = [torch.cat(parts)[skipped : skipped + count] for parts in zip(*drawn, strict=True)]
    return Wanted(Way(trained.name, "latents", rows[0].shape[1], told["truncation"]), rows, first)


def walk(served: Served, asked: Message) -> Wanted:
    """Begin the images on the way past the first images of some seeds."""
    told, trained = asked.told, drawing(served)
    space = space_of(trained.generator.truncated(told["truncation"]))
    stops = of_seeds(space, ",".join(map(str, told["seeds"])), told["classes"])
    return _at(trained, places_along(space, stops, told["frames"], told["closed"]))


def mix(served: Served, asked: Message) -> Wanted:
    """Begin the cells of a grid of styles mixed, row by row, without the corner."""
    told, trained = asked.told, drawing(served)
    rows, columns = (",".join(map(str, told[name])) for name in ("rows", "columns"))
    space = space_of(trained.generator.truncated(told["truncation"]))
    return _at(trained, mixture(space, rows, columns, told["layers"], told["classes"]))


def project(served: Served, asked: Message) -> Search:
    """Look for what a picture (C, H, W) would have been drawn from."""
    told, trained = asked.told, drawing(served)
    _refuse_points(trained)
    projector = Projector(trained.generator, told["seed"], tuple(told["classes"]), told["steps"])
    return _projected(trained, projector, asked)


def encode(served: Served, asked: Message) -> Search:
    """Find a picture's latent by the run's encoder, and what the generator makes of it."""
    trained = drawing(served)
    if trained.encoder is None:
        raise UserError(f"run: {trained.name!r} has no encoder, as a run of `bigan` has")
    return _encoded(trained, asked)


def translate(served: Served, asked: Message) -> Search:
    """Translate a picture (C, H, W), part by part where it is large, as the command does."""
    ways, direction = translating(served), asked.told["direction"]
    given = ways.preparations[direction].use.prepared(asked.arrays["picture"][None])
    return _translated(ways.translators[direction], channels_last(given))


def _translated(translator: TrainedTranslator, images: NDArray[np.uint8]) -> Search:
    for made in translator.steps(images):
        yield None if made is None else Message({}, {"images": made[: len(images)]})


def _at(trained: Trained, places: Places) -> Wanted:
    return Wanted(Way(trained.name, "places", places.points.shape[1]), places)


def _refuse_points(trained: Trained) -> None:
    if trained.generator.shape.is_row:
        raise UserError("run: rows are no pictures, so there is nothing to project")


def _projected(trained: Trained, projector: Projector, asked: Message) -> Search:
    picture = torch.from_numpy(asked.arrays["picture"].copy())
    first = None
    if trained.encoder is not None:
        first = torch.from_numpy(trained.encoder.encode(picture[None].numpy()))[0]
    for found in projector.steps(values_of(picture), first):
        if found is None:
            yield None
            continue
        point, latents, conditions = (rows.numpy() for rows in found.place)
        image = pixels_of(found.image).permute(1, 2, 0).numpy()
        arrays = {"latents": latents, projector.space.name: point, "conditions": conditions, "images": image[None]}
        yield Message({"distance": found.distance}, arrays)


def _encoded(trained: Trained, asked: Message) -> Search:
    assert trained.encoder is not None
    latents = trained.encoder.encode(asked.arrays["picture"][None].copy())
    yield None
    conditions = torch.zeros(1, len(trained.generator.label_names))
    image = trained.generator.make(torch.from_numpy(latents), conditions)
    yield Message({}, {"latents": latents, "images": image})


TASKS: Mapping[str, Begin] = {
    "images": images,
    "walk": walk,
    "mix": mix,
    "project": project,
    "encode": encode,
    "translate": translate,
}
