"""Pictures that are sent to be translated: the command's bytes come back, or one sentence."""

import asyncio
import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganache.drawing.translating import translate_to
from ganache.runs.trained_translators import load_translator
from ganache.web.serve.bounds import Bounds
from ganache.web.serve.messages import Message
from ganache.web.serve.served import Served, Trained
from tests.drawing.test_projecting import a_run
from tests.web.serve.asking import Ask, Here, Reply, ask_once, asking, trained, translating
from tests.web.serve.test_server import serving
from tests.web.serve.test_uploads import HOSTILE, png
from tests.web.serve.translators import colours, horses

SIDE = 16
HORSES, COLOURS = "/api/runs/horses/translate", "/api/runs/colours/translate"
RANDOM = np.random.default_rng(0)


def noise(*shape: int) -> np.ndarray:
    return RANDOM.integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs: `horses` leads both ways, `colours` makes grey pictures coloured."""
    folder = tmp_path_factory.mktemp("translators")
    horses(folder / "horses", SIDE)
    colours(folder / "colours", SIDE)
    return folder


@pytest.fixture(scope="module")
def served(folder: Path) -> list[Served]:
    """Both, loaded."""
    return [translating(name, folder / name) for name in ("horses", "colours")]


@pytest.fixture
def here(served: list[Served]) -> Here:
    return Here(*served)


@pytest.fixture(scope="module")
def drawing(folder: Path) -> Trained:
    """A run that draws."""
    return trained("digits", a_run(folder / "digits"))


def kinds() -> dict[str, Image.Image]:
    """Pictures of every kind that has a way of its own to become colours."""
    pale = Image.fromarray(noise(24, 20, 3)).quantize(16)
    clear = pale.copy()
    clear.info["transparency"] = 3
    return {
        "colours.png": Image.fromarray(noise(SIDE, SIDE, 3)),
        "grey.png": Image.fromarray(noise(30, 17)),
        "alpha.webp": Image.fromarray(noise(20, 31, 4)),
        "palette.png": pale,
        "clear.png": clear,
        "deep.png": Image.fromarray(RANDOM.integers(300, 3_000, (21, 20)).astype(np.uint16)),
        "turned.jpg": Image.fromarray(noise(40, 20, 3)),
    }


def test_the_commands_bytes_come_back(here: Here, folder: Path, tmp_path: Path) -> None:
    asked: list[tuple[str, bytes]] = []
    exif = Image.Exif()
    exif[0x0112] = 6  # it lies on its side
    for number, (name, picture) in enumerate(kinds().items()):
        file = tmp_path / ("whole" if number > 2 else "fitted") / name
        file.parent.mkdir(exist_ok=True)
        picture.save(file, **({"lossless": True} if name.endswith("webp") else {"exif": exif}))
        address = f"{HORSES}?direction=b-to-a&whole=true" if number > 2 else HORSES
        asked.append((address, file.read_bytes()))
    translate_to(folder / "horses", tmp_path / "fitted", tmp_path / "made")
    translate_to(folder / "horses", tmp_path / "whole", tmp_path / "again", direction="b-to-a", whole=True)
    translate_to(folder / "colours", tmp_path / "fitted/colours.png", tmp_path / "colours.png")
    asked.append((COLOURS, asked[0][1]))
    places = ["again" if number > 2 else "made" for number in range(len(kinds()))]
    names = [Path(name).with_suffix(".png") for name in kinds()]
    written = [(tmp_path / place / name).read_bytes() for place, name in zip(places, names, strict=True)]
    written.append((tmp_path / "colours.png").read_bytes())

    async def together(ask: Ask) -> Sequence[Reply]:
        return await asyncio.gather(*(ask(address, "POST", body) for address, body in asked))

    found = asking(together, here)
    assert [reply.status for reply in found] == [200] * len(found)
    assert [reply.body for reply in found] == written
    assert found[0].headers["content-disposition"] == 'inline; filename="horses-translated-a-to-b.png"'
    assert found[0].headers["content-type"] == "image/png"


def test_a_large_picture_is_translated_in_parts_between_which_others_have_their_turn(here: Here, folder: Path) -> None:
    # A strip: few pixels, and yet two parts.
    large, studio, told = noise(3, SIDE, 520), here.studio, {"task": "translate", "run": "horses"}
    for number, picture in ((1, large), (2, large[:, :SIDE, :SIDE])):
        studio.begin(Message({**told, "id": number, "direction": "a-to-b"}, {"picture": picture}))
    answers: list[Message] = []
    while studio.is_busy:
        answers += studio.work()
    assert [answer.told["id"] for answer in answers] == [2, 1]
    whole = load_translator(folder / "horses").translate(large.transpose(1, 2, 0)[None])
    np.testing.assert_array_equal(answers[1].arrays["images"], whole)
    studio.begin(Message({**told, "id": 3, "direction": "a-to-b"}, {"picture": large}))
    studio.work()
    studio.begin(Message({"id": 3, "task": "forget"}, {}))
    assert not studio.is_busy, "nobody waits for it, and it ends between two parts"


def test_forms_of_answer_are_the_same_picture(here: Here, folder: Path) -> None:
    given = noise(SIDE, SIDE, 3)
    made = load_translator(folder / "horses").translate(given[None])
    with np.load(io.BytesIO(ask_once(here, f"{HORSES}?format=npz", "POST", png(given)).body)) as found:
        np.testing.assert_array_equal(found["arr_0"], made)
    with Image.open(io.BytesIO(ask_once(here, f"{HORSES}?format=webp", "POST", png(given)).body)) as webp:
        np.testing.assert_array_equal(np.asarray(webp), made[0])
        assert b"trainedAlgorithmicMedia" in webp.info["xmp"]
    assert ask_once(here, "/api/runs/horses").json["directions"].keys() == {"a-to-b", "b-to-a"}
    assert ask_once(here, "/api/runs/colours").json["directions"]["a-to-b"]["channels"] == 3  # read before it is grey


def animation() -> bytes:
    file = io.BytesIO()
    frames = [Image.fromarray(noise(8, 8)) for _ in range(3)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


@pytest.mark.parametrize(
    ("address", "body", "status", "sentence"),
    [
        (f"{COLOURS}?direction=b-to-a", b"x", 422, "direction: 'colours' leads a-to-b alone"),
        (f"{COLOURS}?direction=up", b"x", 422, "direction: input should be 'a-to-b' or 'b-to-a', not 'up'"),
        ("/api/runs/digits/translate", b"x", 422, "run: 'digits' draws pictures and translates none"),
        ("/api/runs/horses/project", b"x", 422, "run: 'horses' translates pictures and draws none of its own"),
        ("/api/runs/none/translate", b"x", 404, "no run is called 'none'; there are: horses, colours, digits"),
        (HORSES, animation(), 422, "picture: it is an animation, and one picture is translated at a time; use"),
        (f"{HORSES}?whole=true", png(noise(30, 40)), 413, "picture: it has 40 × 30 pixels, more than 0.001 megapixels"),
        (f"{HORSES}?whole=true", png(noise(1, 17_000)), 413, "picture: it has 17,000 × 1 pixels"),
    ],
)
def test_what_cannot_be_translated_is_one_sentence(
    address: str, body: bytes, status: int, sentence: str, served: list[Served], drawing: Trained
) -> None:
    both = Here(*served, drawing)
    reply = ask_once(both, address, "POST", body, bounds=Bounds(translated_pixels=1_000))
    assert (reply.status, reply.error[: len(sentence)]) == (status, sentence)


def test_a_training_of_too_large_pictures_is_refused_before_anything_is_read(here: Here) -> None:
    reply = ask_once(here, HORSES, "POST", b"x", bounds=Bounds(answer_pixels=100))
    assert (reply.status, reply.error) == (422, "run: it makes pictures of 256 pixels, more than 0 megapixels")


def test_what_draws_is_said_before_a_generator_is_asked_for(here: Here) -> None:
    for what in ("images", "walk?seeds=1,2", "mix?rows=1&columns=2"):
        reply = ask_once(here, f"/api/runs/horses/{what}")
        assert (reply.status, reply.error) == (422, "run: 'horses' translates pictures and draws none of its own")


def test_the_server_translates_and_refuses_and_goes_on(folder: Path, tmp_path: Path) -> None:
    given = png(noise(SIDE, SIDE, 3))
    (tmp_path / "given.png").write_bytes(given)
    translate_to(folder / "horses", tmp_path / "given.png", tmp_path / "made.png", direction="b-to-a")
    with serving(folder, str(folder / "horses")) as server:
        before = server.metric('ganache_resident_bytes{process="drawing"}')
        for name in ("a zip bomb", "10,000 × 10,000 pixels", "a PNG that has more than it says", "half a file"):
            content, status, sentence = HOSTILE[name]
            found = server.ask(HORSES, "POST", content)
            said = json.loads(found[1])["error"]
            assert (found[0], said[: len(sentence)]) == (status, sentence), name
        found = server.ask(f"{HORSES}?direction=b-to-a", "POST", given)
        assert found == (200, (tmp_path / "made.png").read_bytes())
        assert server.metric('ganache_resident_bytes{process="drawing"}') < before + 2**27
