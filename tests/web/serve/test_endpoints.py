"""What the API answers: the pictures that the commands write, and one sentence for what cannot be done."""

import asyncio
import io
import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from ganache.drawing.mixing import mix_to
from ganache.drawing.sampling import interpolate_to, sample_to
from ganache.runs.products import load
from ganache.web.serve.bounds import MOST_EXACT, Bounds
from ganache.web.serve.drawing_client import Commission
from ganache.web.serve.messages import Message
from ganache.web.serve.served import Trained
from tests.drawing.test_mixing import run as styled_run
from tests.drawing.test_picture_latents import a_run as a_run_with_an_encoder
from tests.drawing.test_projecting import a_run
from tests.web.serve.asking import Ask, Here, Reply, ask_once, asking, trained

__all__ = ["styled_run"]
RUN = "/api/runs/plain"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two classes, and another one with an encoder."""
    folder = tmp_path_factory.mktemp("served")
    a_run(folder / "plain")
    a_run_with_an_encoder(folder / "both ways")
    return folder


@pytest.fixture
def here(folder: Path) -> Here:
    return Here(trained("plain", folder / "plain"), trained("both ways", folder / "both ways"))


@pytest.fixture
def styled(styled_run: Path) -> Here:
    return Here(trained("styled", styled_run))


def picture_of(reply: Reply) -> np.ndarray:
    assert reply.status == 200, reply.body
    return np.asarray(Image.open(io.BytesIO(reply.body)))


def arrays_of(reply: Reply) -> dict[str, np.ndarray]:
    assert reply.status == 200, reply.body
    with np.load(io.BytesIO(reply.body)) as found:
        return dict(found)


def test_images_are_those_of_the_command(here: Here, folder: Path, tmp_path: Path) -> None:
    sample_to(folder / "plain", str(tmp_path / "grid.png"), count=10, seed=5, labels=["square"], truncation=0.5)
    reply = ask_once(here, f"{RUN}/images?seed=5&count=10&class=square&truncation=0.5")
    assert reply.headers["content-type"] == "image/png"
    assert reply.headers["content-disposition"] == 'inline; filename="plain-seed5.png"'
    np.testing.assert_array_equal(picture_of(reply), np.asarray(Image.open(tmp_path / "grid.png")))
    reply = ask_once(here, f"{RUN}/images?seed=5&count=10&class=square&truncation=0.5&format=webp")
    np.testing.assert_array_equal(picture_of(reply)[..., 0], np.asarray(Image.open(tmp_path / "grid.png")))
    sample_to(folder / "plain", str(tmp_path / "all.npz"), count=10, seed=5)
    for kind in ("png", "webp"):
        reply = ask_once(here, f"{RUN}/images?seed=5&first=3&count=2&class=square&format={kind}")
        packet = Image.open(io.BytesIO(reply.body)).info["xmp"]
        assert b"trainedAlgorithmicMedia" in packet
        assert b"&quot;seed&quot;: 5, &quot;images&quot;: &quot;3-4&quot;, &quot;classes&quot;: &quot;square" in packet
    assert ask_once(here, f"{RUN}/images?seed=5&count=10&format=npz").body == (tmp_path / "all.npz").read_bytes()


@pytest.mark.parametrize("first", [0, 3, 63, 64, 200])
def test_an_image_is_known_by_its_seed_and_number(first: int, here: Here, folder: Path) -> None:
    reply = ask_once(here, f"{RUN}/images?seed=7&first={first}&count=1&side=1")
    expected = load(folder / "plain").sample(first + 1, seed=7)[-1]
    np.testing.assert_array_equal(picture_of(reply), expected[..., 0])


def test_the_same_bytes_come_under_any_load(here: Here, folder: Path) -> None:
    """Forty requests at once, of several seeds, counts, classes and beginnings, against each by itself."""
    addresses = [
        f"{RUN}/images?seed={n % 5}&first={n * 7 % 130}&count={n % 9 + 1}&format=npz"
        + ("&class=round" if n % 3 else "")
        for n in range(40)
    ]

    async def together(ask: Ask) -> Sequence[Reply]:
        return await asyncio.gather(*(ask(address) for address in addresses))

    found = asking(together, here)
    groups = here.studio.sign_of_life().told["counts"]["groups"]
    assert groups < 10  # of forty requests, each a group by itself
    generator = load(folder / "plain")
    for address, reply in zip(addresses, found, strict=True):
        n = addresses.index(address)
        start, count = n * 7 % 130, n % 9 + 1
        expected = np.concatenate(list(generator.stream(count, n % 5, ["round"] if n % 3 else [], start)))
        np.testing.assert_array_equal(arrays_of(reply)["arr_0"], expected)


def test_a_walk_is_that_of_the_command(here: Here, folder: Path, tmp_path: Path) -> None:
    interpolate_to(folder / "plain", str(tmp_path / "walk.webp"), frames=6, through="3,17")
    reply = ask_once(here, f"{RUN}/walk?seeds=3,17&frames=6&side=512")
    assert reply.headers["content-type"] == "image/webp"
    with Image.open(io.BytesIO(reply.body)) as found, Image.open(tmp_path / "walk.webp") as written:
        assert getattr(found, "n_frames") == 6  # noqa: B009, of animations alone
        assert found.size == written.size
    frames = arrays_of(ask_once(here, f"{RUN}/walk?seeds=3,17&frames=5&closed=false&format=npz"))["arr_0"]
    ends = [load(folder / "plain").sample(1, seed)[0] for seed in (3, 17)]
    np.testing.assert_array_equal(frames[[0, -1]], ends)


def test_a_mixture_is_that_of_the_command(styled: Here, styled_run: Path, tmp_path: Path) -> None:
    mix_to(styled_run, tmp_path / "mixed.png", rows="1,2", columns="3,4,5", layers="0-1", truncation=0.7)
    reply = ask_once(styled, "/api/runs/styled/mix?rows=1,2&columns=3,4,5&layers=0-1&truncation=0.7")
    np.testing.assert_array_equal(picture_of(reply), np.asarray(Image.open(tmp_path / "mixed.png")))


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_a_picture_is_projected(here: Here, folder: Path) -> None:
    """Its own sample is found again, nearer with more steps, in every form of answer."""
    image = load(folder / "plain").sample(1, seed=9)[0, ..., 0]
    near, far = (
        ask_once(here, f"{RUN}/project?steps={steps}&format=json", "POST", png(image)).json for steps in (40, 1)
    )
    assert near["distance"] < far["distance"] / 2
    assert len(near["latents"]) == 4
    found = arrays_of(ask_once(here, f"{RUN}/project?steps=40&format=npz", "POST", png(image)))
    np.testing.assert_allclose(found["latents"][0], near["latents"])
    np.testing.assert_array_equal(found["picture"][0, 0], image)
    shown = picture_of(ask_once(here, f"{RUN}/project?steps=1", "POST", png(image)))
    assert shown.shape[0] > 2 * shown.shape[1] - 8


def test_a_picture_is_encoded(here: Here, folder: Path) -> None:
    shape = here.runs["both ways"]
    image = np.zeros((shape["height"], shape["width"]), np.uint8)
    found = ask_once(here, "/api/runs/both%20ways/encode?format=json", "POST", png(image)).json
    assert len(found["latents"]) == shape["latents"]
    assert "no encoder" in ask_once(here, f"{RUN}/encode", "POST", png(np.zeros((8, 8), np.uint8))).error


def test_runs_say_what_they_can_do(here: Here, styled: Here) -> None:
    plain, both = ask_once(here, "/api/runs").json["runs"]
    assert plain == ask_once(here, RUN).json
    assert (plain["name"], plain["classes"], plain["layers"], plain["encoder"]) == (
        "plain",
        ["round", "square"],
        0,
        False,
    )
    assert both["encoder"] is True
    assert ask_once(styled, "/api/runs/styled").json["layers"] > 1


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("seed=-1", "seed: input should be greater than or equal to 0, not '-1'"),
        ("seed=false", "seed: 'false' is no whole number"),
        ("seed=1.0", "seed: '1.0' is no whole number"),
        ("seed=1_0", "seed: '1_0' is no whole number"),
        ("seed=%D9%A1", "seed: '١' is no whole number"),
        (f"seed={MOST_EXACT + 1}", "seed: input should be less than or equal to 9007199254740991"),
        ("seed=" + "9" * 5_000, "seed: '99999"),
        ("seed=", "seed: '' is no whole number"),
        ("seed=%ff%fe", "seed: "),
        ("seed=1&seed=2", "seed: it is given twice"),
        ("count=0", "count: input should be greater"),
        ("count=1025", "count: input should be less"),
        ("sede=1", "sede: there is no such field; there are: seed, first, count, class"),
        ("classes=round", "classes: there is no such field"),
        ("class=oval", "label: 'oval' is not known"),
        ("truncation=nan", "truncation: 'nan' is no number"),
        ("truncation=inf", "truncation: 'inf' is no number"),
        ("truncation=1e0&truncation=1", "truncation: it is given twice"),
        ("truncation=1.5", "truncation: input should be less"),
        ("format=exe", "format: input should be 'png', 'webp' or 'npz', not 'exe'"),
        ("side=4096", "side: input should be less"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_sentence(query: str, sentence: str, here: Here) -> None:
    reply = ask_once(here, f"{RUN}/images?{query}")
    assert reply.status == 422
    assert reply.error.startswith(sentence)
    assert len(reply.error) < 400
    assert not here.asked or "label" in reply.error


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("count=4&side=100", "count: 4 images make 114 × 114 pixels, more than 0 megapixels; ask for fewer"),
        ("count=20&format=npz", "count: 20 images are 1,280 bytes, more than 1,000"),
    ],
)
def test_what_would_be_too_large_is_refused_before_it_is_drawn(query: str, sentence: str, here: Here) -> None:
    reply = ask_once(here, f"{RUN}/images?{query}", bounds=Bounds(answer_pixels=10_000, answer_bytes=1_000))
    assert (reply.status, reply.error) == (422, sentence)
    assert not here.asked


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (f"{RUN}/walk?seeds=3", "seeds: "),
        (f"{RUN}/walk?seeds=3,x", "seeds: 'x' is no whole number"),
        (f"{RUN}/walk", "seeds: it must be given"),
        (f"{RUN}/walk?seeds=1,2&frames=240&side=512", "frames: 240 of 512 × 512 pixels are more than 32 megapixels"),
        (f"{RUN}/walk?seeds=1,2&closed=1", "closed: input should be 'true' or 'false'"),
        (f"{RUN}/mix?rows=1&columns=2", "run: the generator has no styles to mix"),
        (f"{RUN}/mix?rows=1&columns=2&layers=0-", "layers: "),
    ],
)
def test_so_are_walks_and_mixtures(address: str, sentence: str, here: Here) -> None:
    reply = ask_once(here, address)
    assert (reply.status, reply.error[: len(sentence)]) == (422, sentence)


def test_the_largest_seed_and_number_draw(here: Here) -> None:
    reply = ask_once(
        here, f"{RUN}/images?seed={MOST_EXACT}&first={MOST_EXACT}&count=3&format=npz&class=round&class=square"
    )
    assert arrays_of(reply)["arr_0"].shape == (3, 8, 8, 1)


@pytest.mark.parametrize(
    "name",
    [
        *("..%2F..%2F..%2Fetc%2Fpasswd", "..", "%2e%2e", ".", "%00", "plain%2F..%2Fplain", "plain%00", "PLAIN%20"),
        *("%ff%fe", quote("../plain"), "x" * 3_000, quote("plain\n"), "C:%5Cwindows", "~root"),
    ],
)
def test_tricks_in_names_find_nothing(name: str, here: Here) -> None:
    reply = ask_once(here, f"/api/runs/{name}/images")
    assert reply.status == 404
    assert len(reply.error) < 500
    assert "\n" not in reply.error
    assert not here.asked


def test_addresses_and_methods_that_are_not_there(here: Here) -> None:
    for address, method, status in (("/nothing", "GET", 404), (RUN, "DELETE", 405), (f"{RUN}/project", "GET", 405)):
        reply = ask_once(here, address, method)
        assert (reply.status, bool(reply.error)) == (status, True)
    assert ask_once(here, RUN, "PUT").headers["allow"]


def test_a_run_that_is_gone_is_no_longer_there(here: Here) -> None:
    here.gone["plain"] = "there is no generator at 'plain'"
    reply = ask_once(here, f"{RUN}/images")
    assert reply.status == 404
    assert reply.error.startswith("the run 'plain' was deleted or changed while it was served")
    assert ask_once(here, "/api/runs").json["runs"][0]["gone"] is True


def test_an_answer_that_takes_too_long_is_given_up(folder: Path) -> None:
    class Never(Here):
        async def ask(self, asked: Commission) -> Message:
            await asyncio.Event().wait()
            raise AssertionError

    drawing = Never(trained("plain", folder / "plain"))
    reply = ask_once(drawing, f"{RUN}/images", bounds=Bounds(seconds=0.02))
    assert (reply.status, reply.headers["retry-after"]) == (503, "5")
    assert reply.error == "it was not done within 0.02 seconds"


def test_points_are_drawn_too(tmp_path: Path) -> None:
    import ganache

    settings = ["generator.widths=[8]", "discriminator.widths=[8]"]
    ganache.train("mlp-2d", data="ring", out=tmp_path / "ring", images=64, settings=settings)
    here = Here(Trained("ring", load(tmp_path / "ring")))
    assert picture_of(ask_once(here, "/api/runs/ring/images?count=50&side=128")).shape == (128, 128, 3)
    assert arrays_of(ask_once(here, "/api/runs/ring/images?count=5&format=npz"))["arr_0"].dtype == np.float32
    with Image.open(io.BytesIO(ask_once(here, "/api/runs/ring/walk?seeds=1,2&frames=3&side=64").body)) as walk:
        assert walk.size == (64, 64)
    assert "points" in ask_once(here, "/api/runs/ring/project", "POST", b"x").error


def test_the_document_says_what_there_is(here: Here) -> None:
    document = ask_once(here, "/openapi.json").json
    operations = {one["operationId"]: one for path in document["paths"].values() for one in path.values()}
    assert set(operations) == {"runs", "run", "images", "walk", "mix", "project", "encode", "translate"}
    fields = {one["name"]: one for one in operations["images"]["parameters"]}
    assert fields["run"]["schema"]["enum"] == ["plain", "both ways"]
    assert fields["seed"]["schema"] == {"default": 0, "maximum": MOST_EXACT, "minimum": 0, "type": "integer"}
    assert fields["columns"]["schema"] == {"maximum": 1024, "minimum": 1, "type": "integer"}
    assert set(operations["images"]["responses"]["200"]["content"]) == {"image/png", "image/webp", "application/zip"}
    assert "http" not in json.dumps(document).replace('"type": "http"', "")  # nothing is looked up elsewhere
