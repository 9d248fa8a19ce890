"""Fingerprints: what a run reads of pictures, how likely that is by chance, and the commands that make and find one."""

import io
import json
import random
import secrets
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import ganache
from ganache.data.shape import ImageShape
from ganache.games.marking import bits_of
from ganache.runs import products
from ganache.runs.folder import Run
from ganache.support.errors import UserError
from ganache.uses.marks.fingerprints import Fingerprint, chance
from ganache.uses.marks.survival import measured, survivals
from ganache.uses.marks.teaching import drawn, grain_for
from ganache.uses.marks.verification import verify
from ganache.uses.treatments import TREATMENTS, treated
from tests.commands import run_command

MESSAGE = "c0ffee42"
MARKED_BY = "5eed1e"  # what the run in these tests is marked with


class Columns(nn.Module):
    """Reads bit k as whether column k is light."""

    def forward(self, images: Tensor) -> Tensor:
        return images.mean(dim=(1, 2))


def fingerprint() -> Fingerprint:
    return Fingerprint(Columns(), MESSAGE, ImageShape(1, 16, 32), "ab" * 32)


def painted(wrong: int = 0) -> np.ndarray:
    """A picture (H, W, 1) with the message in its columns, but for the first bits."""
    bits = bits_of(MESSAGE)[0].numpy().copy()
    bits[:wrong] = 1 - bits[:wrong]
    return np.broadcast_to((64 + 128 * bits).astype(np.uint8)[None, :, None], (16, 32, 1)).copy()


def test_chance_is_the_binomials_tail() -> None:
    assert chance(0, 32) == 1.0
    assert chance(32, 32) == pytest.approx(2.0**-32)
    assert chance(31, 32) == pytest.approx(33 * 2.0**-32)
    assert chance(2, 3) == pytest.approx(0.5)
    random = np.random.default_rng(0)
    coins = random.integers(0, 2, (200_000, 24)).sum(axis=1)
    for count in (10, 12, 15, 18):
        assert float((coins >= count).mean()) == pytest.approx(chance(count, 24), rel=0.05)


def test_as_many_bits_must_agree_as_make_one_of_a_million_by_chance() -> None:
    found = fingerprint().threshold
    assert found == 30
    assert chance(30, 32) <= 1e-6 < chance(29, 32)


@pytest.mark.parametrize("wrong", [0, 1, 2, 3])
def test_a_picture_is_read_bit_by_bit(wrong: int, tmp_path: Path) -> None:
    Image.fromarray(painted(wrong)[..., 0]).save(tmp_path / "a.png")
    found = verify(tmp_path / "a.png", fingerprint())
    assert found.fingerprint is not None
    assert found.fingerprint["agreeing"] == 32 - wrong
    assert found.fingerprint["marked"] == (wrong <= 2)
    assert (found.fingerprint["read"] == MESSAGE) == (wrong == 0)
    word = "marked" if wrong <= 2 else "not marked"
    assert f"  fingerprint    {word}: {32 - wrong} of 32 bits agree, by chance with p = " in found.lines()[-1]
    assert found.fingerprint["own_weights"] is False


def test_a_cameras_file_of_several_jpegs_is_a_jpeg(tmp_path: Path) -> None:
    one = Image.fromarray(painted()[..., 0])
    one.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[one.resize((16, 8))], quality=95)
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.format == "MPO", "Pillow tells it from a JPEG, or this test is empty"
    found = verify(tmp_path / "a.jpg", fingerprint())
    assert found.to_json()["format"] == "JPEG"
    assert found.fingerprint is not None
    assert found.fingerprint["agreeing"] == 32


def test_treatments_are_pillows_and_leave_size_and_alpha(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (3, 16, 32, 4), dtype=np.uint8)
    for name, treatment in TREATMENTS.items():
        made = treated(images, treatment, 0)
        assert made.shape == images.shape
        assert np.array_equal(made[..., 3], images[..., 3])
        assert np.array_equal(treated(images, treatment, 0), made), "the same seed, the same pictures"
        assert np.array_equal(made, images) == (name == "as drawn")
    file = io.BytesIO()
    Image.fromarray(images[0, ..., :3]).save(file, "JPEG", quality=75)
    expected = np.asarray(Image.open(file))
    assert np.array_equal(treated(images, TREATMENTS["JPEG 75"], 0)[0, ..., :3], expected)


def test_what_survives_is_counted_by_bits_and_by_pictures() -> None:
    images = np.stack([painted(0), painted(2), painted(8)])
    found = measured(fingerprint(), "x", images)
    assert found.bits == pytest.approx((32 + 30 + 24) / 96)
    assert found.recognised == pytest.approx(2 / 3)
    assert found.most == 32
    by_name = {one.treatment: one for one in survivals(fingerprint(), images)}
    assert by_name["as drawn"].bits == found.bits
    assert by_name["JPEG 50"].bits > 0.85
    assert list(by_name) == list(TREATMENTS)


def test_messages_are_everybodys_own_and_grains_leave_four_values_a_bit() -> None:
    assert len({drawn(256) for _ in range(3)}) == 3
    assert len(drawn(48)) == 12
    for bits in (16, 23, 30, 264):
        with pytest.raises(UserError, match=rf"^bits: {bits} is no multiple of 8 from 24 to 256$"):
            drawn(bits)
    shapes = {(3, 64): 8, (3, 32): 4, (1, 28): 2, (1, 8): 1, (1, 64): 4}
    assert {(c, s): grain_for(ImageShape(c, s, s), 32) for c, s in shapes} == shapes


def test_a_reader_finds_half_of_its_bits_in_what_another_marked_by_the_same_patterns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = random.Random(5)
    monkeypatch.setattr(secrets, "token_hex", lambda count: chosen.randbytes(count).hex())
    messages = np.stack([bits_of(drawn(32))[0].numpy() for _ in range(2_000)]) > 0.5
    painted_by_others = np.broadcast_to((64 + 128 * messages).astype(np.uint8)[:, None, None], (2_000, 1, 16, 32))
    agreeing = fingerprint().agreeing(painted_by_others)
    assert agreeing.mean() == pytest.approx(16.0, abs=4 * 8**0.5 / 2_000**0.5)  # of 32 coins: variance 8
    assert agreeing.max() < fingerprint().threshold
    for count in (18, 20, 22):
        assert (agreeing >= count).mean() == pytest.approx(chance(count, 32), abs=0.04)


def test_without_a_message_a_mark_has_one_of_its_own_which_its_recipe_keeps(digits_run: Path, tmp_path: Path) -> None:
    for name in ("one", "other"):
        ganache.mark(str(digits_run), tmp_path / name, bits=64, images=32)
    one, other = (Fingerprint.load(tmp_path / name).message for name in ("one", "other"))
    assert len(one) == 16
    assert one != other


@pytest.fixture(scope="module")
def marked(digits_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has hardly begun to mark the generator of the digits."""
    out = tmp_path_factory.mktemp("marks") / "marked"
    done = run_command(
        "mark", digits_run, "--out", out, "--images", "960", "--device", "cpu", "--message", MARKED_BY, "--seed", "1"
    )
    assert done.status == 0, done.complaints
    assert f"the weights of {digits_run} ({ganache.load(digits_run).description['recipe']}), as" in done.output
    assert "of the data" in done.output
    return out


def test_a_marked_run_is_a_run_with_a_generator_near_its_original(marked: Path, digits_run: Path) -> None:
    own, before = ganache.load(marked), ganache.load(digits_run)
    assert own.label_names == before.label_names
    assert own.weights != before.weights
    difference = own.sample(64).astype(float) - before.sample(64)
    assert 0.0 < np.sqrt(np.square(difference).mean()) < 40.0
    told = json.loads((marked / "marks.json").read_text())
    assert told["message"] == MARKED_BY
    assert [one["treatment"] for one in told["read"]] == [*TREATMENTS, "of the original", "of the data"]
    record = Run.open(marked).record("start")["start"]
    assert record["sha256"] == before.weights
    assert record["run"] == str(digits_run)
    assert record["recipe"] == before.description["recipe"] != "marking"


def test_a_mark_is_a_function_of_run_message_and_seed(marked: Path, digits_run: Path, tmp_path: Path) -> None:
    ganache.mark(str(digits_run), tmp_path / "again", message=MARKED_BY.upper(), images=960, seed=1)
    assert ganache.load(tmp_path / "again").weights == ganache.load(marked).weights


def test_verify_looks_for_it_and_knows_the_marked_weights(marked: Path, digits_run: Path, tmp_path: Path) -> None:
    for name, run in (("own", marked), ("before", digits_run)):
        assert run_command("sample", run, "--count", 1, "--out", tmp_path / name).status == 0
    done = run_command("verify", tmp_path / "own/000000.png", "--marked", marked)
    assert done.status == 0, done.complaints
    assert "those of the marked generator" in done.output
    assert "of 24 bits agree" in done.output
    found = ganache.verify(str(tmp_path / "own/000000.png"), ganache.Fingerprint.load(str(marked)))
    assert found.fingerprint is not None
    assert found.fingerprint["own_weights"]
    done = run_command("verify", tmp_path / "before/000000.png", "--marked", marked)
    assert "those of the marked generator" not in done.output
    assert "not marked" in done.output


def test_what_cannot_be_marked_or_looked_for_is_one_line(digits_run: Path, marked: Path, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(picture)
    bare = tmp_path / "bare.safetensors"
    bare.write_bytes((digits_run / "generator.safetensors").read_bytes())
    for words, sentence in (
        (("verify", picture, "--marked", digits_run), "no run of `ganache mark`"),
        (("verify", picture, "--marked", tmp_path), "is not a run"),
        (("mark", digits_run, "--out", tmp_path / "x", "--bits", "12"), "bits: 12 is no multiple"),
        (("mark", digits_run, "--out", tmp_path / "x", "--message", "xyz"), "message: 'xyz' is no even number"),
        (("mark", bare, "--out", tmp_path / "x"), "data: a file of weights does not say"),
        (("mark", tmp_path / "none", "--out", tmp_path / "x"), "there is no generator"),
        (("mark", digits_run, "--out", marked), "already"),
    ):
        done = run_command(*words)
        assert done.status == 2, (words, done)
        assert sentence in done.complaints
        assert done.complaints.count("\n") == 1
    assert not (tmp_path / "x").exists()


def test_the_reader_is_kept_for_whoever_reads(marked: Path) -> None:
    found = Fingerprint.load(marked)
    images = ganache.load(marked).sample(5).transpose(0, 3, 1, 2)
    assert found.read(images).shape == (5, 24)
    assert found.weights == products.load(marked).weights
    with torch.no_grad():
        assert all(not weight.requires_grad for weight in found.reader.parameters())
