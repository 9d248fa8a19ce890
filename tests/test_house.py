"""The shape of the package as its source shows it: folders, files, functions, names and docstrings."""

import ast
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import ganache

HOUSE = Path(ganache.__file__).parent
FILES = {path: path.read_text(encoding="utf-8") for path in sorted(HOUSE.rglob("*.py"))}
TREES = {path: ast.parse(text) for path, text in FILES.items()}

MOST_FOLDERS, DOORS = 12, {"cli", "scratch", "web"}  # beside the doors through which users come in
BESIDE_RECIPES = ("games", "networks")  # a recipe may be called after the paper whose game or networks it plays with
MOST_LINES, LONGEST, MEDIAN = 300, 60, 8
Documented = ast.Module | ast.ClassDef | ast.FunctionDef


def named(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


def functions() -> Iterator[tuple[str, int]]:
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno is not None
                yield f"{named(path)}: {node.name}", node.end_lineno - node.lineno + 1


def repeated(places: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Return the places, each with its name, of every name that stands more than once."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for name, place in places:
        by_name[name].append(place)
    return [found for found in by_name.values() if len(found) > 1]


def public(node: Documented, name: str) -> Iterator[tuple[str, Documented]]:
    """Yield what is public of a module or a class, itself first; what is inside a function is nobody else's."""
    yield name, node
    for inner in [] if isinstance(node, ast.FunctionDef) else node.body:
        if isinstance(inner, ast.ClassDef | ast.FunctionDef) and not inner.name.startswith("_"):
            yield from public(inner, f"{name}: {inner.name}")


def test_a_newcomer_finds_a_dozen_folders_at_most() -> None:
    folders = {path.parent.name for path in HOUSE.glob("*/__init__.py")}
    assert len(folders - DOORS) <= MOST_FOLDERS, sorted(folders)


def test_a_file_is_read_in_one_sitting() -> None:
    assert [named(path) for path, text in FILES.items() if len(text.splitlines()) > MOST_LINES] == []


def test_functions_are_short() -> None:
    found = list(functions())
    assert [name for name, length in found if length > LONGEST] == []
    assert statistics.median(length for _, length in found) <= MEDIAN


def test_no_two_files_have_one_name() -> None:
    twice = repeated((path.name, named(path)) for path in FILES if path.name not in ("__init__.py", "__main__.py"))
    allowed = [
        [f"{home}/{name}", f"recipes/{name}"] for home in BESIDE_RECIPES for name in {path.name for path in FILES}
    ]
    assert [places for places in twice if places not in allowed] == []


def test_no_two_classes_have_one_name() -> None:
    classes = ((path, node) for path, tree in TREES.items() for node in ast.walk(tree))
    assert repeated((node.name, named(path)) for path, node in classes if isinstance(node, ast.ClassDef)) == []


def test_a_home_that_nobody_has_is_no_error() -> None:
    """Of ``~nobody`` Path.expanduser makes a RuntimeError; at_home leaves it as it is."""
    methods = (".expanduser()", "Path.home()")
    assert [named(path) for path, text in FILES.items() if any(method in text for method in methods)] == []


def test_everything_public_says_what_it_is() -> None:
    found = (one for path, tree in TREES.items() for one in public(tree, named(path)))
    assert [name for name, node in found if not ast.get_docstring(node)] == []
