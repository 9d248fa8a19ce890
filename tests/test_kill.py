"""SIGKILL at random instants, by the benchmark that does it many times."""

import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "kill.py"


def test_a_killed_run_resumes_to_the_bits_of_one_that_nobody_disturbed() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), "2", "--images", "3k", "--seed", "1"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("the same bits") == 2
