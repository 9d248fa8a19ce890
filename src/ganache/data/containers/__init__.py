"""Where image files lie: a folder or a zip. Both list their files once and open one by its name."""

from pathlib import Path

from ganache.data.containers.folders import Folder
from ganache.data.containers.zips import Zip

Container = Folder | Zip


def open_container(path: Path) -> Container:
    """Return the folder or zip at a path."""
    return Folder(path) if path.is_dir() else Zip(path)
