"""Names in archives, which are UTF-8 even where their tools do not say so."""

import zipfile
from pathlib import Path

import pytest

from ganache.data.containers.zips import Zip


def zip_of(path: Path, names: list[str], encoding: str) -> Path:
    """A zip without the flag that says UTF-8, as `zip` on Linux writes it."""
    held = {name: "XYZ"[number] * len(name.encode(encoding)) for number, name in enumerate(names)}
    with zipfile.ZipFile(path, "w") as archive:
        for place in held.values():
            archive.writestr(f"{place}.png", b"")
    content = path.read_bytes()
    for name, place in held.items():  # as long, and put in its place
        content = content.replace(place.encode(), name.encode(encoding))
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "cp437"])
def test_names_are_what_their_writer_meant(encoding: str, tmp_path: Path) -> None:
    """Before, the class "dögs" of a zip that was made on Linux was called "d├╢gs"."""
    names = ["dögs/1", "katzenbär/22"]
    listing = Zip(zip_of(tmp_path / "a.zip", names, encoding)).listing()
    assert sorted(listing.names) == [f"{name}.png" for name in names]
