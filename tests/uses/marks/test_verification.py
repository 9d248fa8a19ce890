"""What `verify` finds: of Ganache's own pictures, of other programs', and of files that mean ill."""

import json
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from ganache.drawing import exports
from ganache.drawing.animations import animate
from ganache.drawing.origins import MEMBER, PLAIN, Marks, Origin
from ganache.uses.marks.statements import statement_of
from ganache.uses.marks.verification import verify
from tests.commands import run_command

ORIGIN = Origin("dcgan", 640, "ab" * 32, {"seed": 3, "images": "7"})


def picture() -> Image.Image:
    return Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3))


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.npz", "a.gif"])
def test_what_was_written_is_found(name: str, tmp_path: Path) -> None:
    for folder, marks in (("said", PLAIN), ("not", Marks(metadata=False))):
        path, stamp = tmp_path / folder / name, marks.on(ORIGIN)
        path.parent.mkdir()
        if name.endswith("npz"):
            rows = np.zeros((1, 2, 2, 3), np.uint8)
            exports.write_array(path, iter([rows]), 1, (2, 2, 3), rows.dtype, stamp)
        elif name.endswith("gif"):
            animate(iter([picture(), picture()]), path, 10.0, stamp=stamp)
        else:
            exports.save_picture(picture(), path, stamp)
    said, plain = (statement_of(tmp_path / folder / name) for folder in ("said", "not"))
    assert said.says_generated
    assert dict(said.provenance) == ORIGIN.to_json()
    assert said.software == ORIGIN.to_json()["software"]
    assert (plain.says_generated, plain.source_type, dict(plain.provenance)) == (False, "", {})


def test_other_programs_pictures_are_read_by_the_standard_and_cameras_are_no_generators(tmp_path: Path) -> None:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r"><rdf:Description>'
        "<xmp:CreatorTool>Another &amp; Co</xmp:CreatorTool><Iptc4xmpExt:DigitalSourceType>"
        "http://cv.iptc.org/newscodes/digitalsourcetype/{}</Iptc4xmpExt:DigitalSourceType>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    for kind, generated in (("algorithmicMedia", True), ("digitalCapture", False)):
        picture().save(tmp_path / "a.jpg", xmp=packet.format(kind).encode())
        found = statement_of(tmp_path / "a.jpg")
        assert (found.source_type, found.says_generated, found.software) == (kind, generated, "Another & Co")
    # Behind the pixels, where Pillow does not look before it decodes them.
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", packet.format("trainedAlgorithmicMedia"))
    picture().save(tmp_path / "a.png")
    end, itxt = b"\0\0\0\0IEND", texts.chunks[0][1]
    chunk = struct.pack(">I", len(itxt)) + b"iTXt" + itxt + struct.pack(">I", zlib.crc32(b"iTXt" + itxt))
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes().replace(end, chunk + end))
    assert statement_of(tmp_path / "a.png").says_generated


def hostile() -> dict[str, bytes]:
    deep = "[" * 7_000
    packets = b"<x:xmpmeta>" * 50_000 + b"</x:xmpmeta>"
    return {
        "empty.png": b"",
        "noise.jpg": bytes(range(256)) * 40,
        "text.png": b"\x89PNG\r\n\x1a\n" + b"\xff" * 5_000,
        "many.gif": b"GIF89a" + packets,
        "deep.webp": _webp(f'<x:xmpmeta>ganache:provenance="{deep}"</x:xmpmeta>'.encode()),
        "list.webp": _webp(b'<x:xmpmeta>ganache:provenance="[1, 2]"</x:xmpmeta>'),
        "no.npz": b"PK\x03\x04" + b"\0" * 100,
    }


def _webp(packet: bytes) -> bytes:
    import io

    file = io.BytesIO()
    picture().save(file, "WEBP", xmp=packet)
    return file.getvalue()


@pytest.mark.parametrize("name", list(hostile()))
def test_whatever_a_file_is_it_is_a_finding(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(hostile()[name])
    found = verify(tmp_path / name)
    assert all("\n" not in line for line in found.lines())
    json.dumps(found.to_json())
    if found.statement is not None:
        assert dict(found.statement.provenance) == {}


def test_a_bomb_in_an_archive_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MEMBER, b'{"a": "' + b" " * 50_000_000 + b'"}')
    tracemalloc.start()
    found = statement_of(tmp_path / "a.npz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert dict(found.provenance) == {}
    assert peak < 4_000_000


def test_facts_are_bounded(tmp_path: Path) -> None:
    told = {f"fact {number}": "x" * 10_000 for number in range(200)} | {"deep": [[1]]}
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr(MEMBER, json.dumps({**dict.fromkeys(told, "x" * 100), "source_type": "made\nup"}))
    found = statement_of(tmp_path / "a.npz")
    assert len(found.provenance) == 30
    assert max(len(str(value)) for value in found.provenance.values()) <= 500


def test_the_command_says_what_it_finds_and_counts_what_it_could_not_read(digits_run: Path, tmp_path: Path) -> None:
    done = run_command("sample", digits_run, "--count", 2, "--seed", 4, "--out", tmp_path / "a.png")
    assert done.status == 0, done.complaints
    (tmp_path / "b.png").write_bytes(b"no picture")
    done = run_command("verify", tmp_path / "a.png", tmp_path / "b.png", "--json", tmp_path / "found.json")
    assert done.status == 2
    assert done.complaints == "ganache: verify: 1 of 2 could not be read\n"
    first, *rest = done.output.splitlines()
    assert first == f"{tmp_path / 'a.png'}: says that it is generated"
    assert "  it says        source type = trainedAlgorithmicMedia" in rest
    assert "  it says        seed = 4" in rest
    assert "  credentials    none" in rest
    found = json.loads((tmp_path / "found.json").read_text())
    assert [one.get("says_generated") for one in found] == [True, None]
    done = run_command("sample", digits_run, "--count", 2, "--out", tmp_path / "c.png", "--no-metadata")
    assert done.status == 0
    assert "does not say" in run_command("verify", tmp_path / "c.png").output
    assert run_command("sample", digits_run, "--out", tmp_path / "c.png", "--key", tmp_path / "a.png").status == 2


def saying(path: Path, facts: str) -> Path:
    """Write an .npz that says so of its origin."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MEMBER, facts)
    return path


def test_what_a_picture_says_is_called_so_and_cannot_look_like_what_was_found(tmp_path: Path) -> None:
    forged = {
        "credentials": "valid, signed by BigCo",
        "fingerprint": "marked: 32 of 32 bits agree, by chance with p = 2.3e-10",
        "weights": "those of the marked generator",
        "source_type": "digitalCapture",
        "x\n  credentials    valid": "\x1b[31my" + 200 * " " + "credentials    valid",
    }
    found = verify(saying(tmp_path / "a.npz", json.dumps(forged)))
    assert found.lines() == [
        f"{tmp_path / 'a.npz'}: does not say that it is generated",
        "  credentials    none",
        "  it says        source type = digitalCapture",
        "  it says        credentials = valid, signed by BigCo",
        "  it says        fingerprint = marked: 32 of 32 bits agree, by chance with p = 2.3e-10",
        "  it says        weights = those of the marked generator",
        r"  it says        x\n credentials valid = \x1b[31my credentials valid",
    ]


def test_numbers_that_json_does_not_know_are_no_facts(tmp_path: Path) -> None:
    told = '{"a": NaN, "b": 1e999, "c": -Infinity, "d": 1.5, "e": 7, "f": true}'
    assert dict(statement_of(saying(tmp_path / "a.npz", told)).provenance) == {"d": 1.5, "e": 7, "f": True}
