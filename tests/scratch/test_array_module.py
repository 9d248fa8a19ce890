import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ganache.scratch
from ganache.scratch.array_module import module_named
from ganache.support.errors import UserError

HERE = Path(ganache.scratch.__file__).parent
ENGINE = (
    "activations", "array_module", "classification", "convolution", "descent", "dropout", "gan", "layer", "linear",
    "losses", "mlp_and_dcgan", "normalization", "randomness", "sequence",
)  # fmt: skip


def imported(module: str) -> set[str]:
    tree = ast.parse((HERE / f"{module}.py").read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("module", [name for name in ENGINE if name not in ("array_module", "randomness")])
def test_the_engine_computes_with_the_chosen_array_module_alone(module: str) -> None:
    assert "numpy" not in imported(module)


def test_only_one_module_knows_torch() -> None:
    modules = [path.stem for path in HERE.glob("*.py")]
    assert set(ENGINE) < set(modules)
    assert [name for name in modules if any(i.split(".")[0] in ("torch", "safetensors") for i in imported(name))] == [
        "by_hand"
    ]


def test_the_engine_runs_without_torch() -> None:
    imports = ", ".join(f"ganache.scratch.{name}" for name in ENGINE)
    code = f"import sys; import {imports}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_array_module_that_is_not_there_is_a_mistake_of_the_users() -> None:
    with pytest.raises(UserError, match=r"'cuppy' is not one of numpy, cupy .did you mean 'cupy'"):
        module_named("cuppy")


def test_on_cupy_a_step_gives_the_same_losses() -> None:
    pytest.importorskip("cupy")
    code = (
        "from tests.scratch.test_gan import LATENTS, small_gan; from ganache.scratch.array_module import from_outside;"
        "import numpy; gan = small_gan(); given = numpy.full((6, 6), 0.25), *LATENTS;"
        "[print(repr(gan.step(*map(from_outside, given)))) for _ in range(3)]"
    )
    losses = []
    for name in ("numpy", "cupy"):
        environment = {**os.environ, "GANACHE_ARRAYS": name}
        done = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
        losses.append([value for line in done.stdout.splitlines() for value in ast.literal_eval(line).values()])
    assert losses[1] == pytest.approx(losses[0], abs=1e-12)
