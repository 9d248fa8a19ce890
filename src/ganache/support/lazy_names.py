"""Names of a package that are imported when they are first asked for, so that importing the package costs nothing."""

import functools
import importlib
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec


def importer(package: ModuleSpec) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return a package's ``__getattr__`` and ``__dir__`` for the names that indented lines of its source import.

    Those lines stand below ``if TYPE_CHECKING:``, where type checkers read them and Python does not; ``__all__`` has
    their names.
    """

    @functools.cache
    def homes() -> dict[str, str]:
        """Return the module that defines each name."""
        import ast  # takes longer than all else of `import ganache`

        tree = ast.parse(package.loader.get_source(package.name))  # type: ignore[union-attr]
        lines = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.col_offset > 0)
        return {name.name: str(line.module) for line in lines for name in line.names if name.asname}

    def named(name: str) -> object:
        if name == "__all__":
            return sorted(homes())
        if name not in homes():
            raise AttributeError(f"module {package.name!r} has no attribute {name!r}")
        return getattr(importlib.import_module(homes()[name]), name)

    def listed() -> list[str]:
        return sorted({*vars(sys.modules[package.name]), *homes()})

    return named, listed
