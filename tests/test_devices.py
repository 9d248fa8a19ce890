"""What the machine decides."""

import subprocess
import sys
from pathlib import Path

import pytest

MIB = 2**20
CHILD = "import torch; from ganache.devices import memory_in_use; print(memory_in_use(torch.device('cpu')))"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux hands the count on")
def test_the_memory_of_a_process_is_not_that_of_the_one_that_started_it() -> None:
    large = b"\1" * (1_200 * MIB)
    found = subprocess.run([sys.executable, "-c", CHILD], check=True, stdout=subprocess.PIPE, text=True)
    assert 30 * MIB < int(found.stdout) < len(large)
