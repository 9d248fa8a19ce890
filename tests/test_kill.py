"""SIGKILL at random instants, by the benchmark that does it many times."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_a_killed_run_resumes_to_the_files_of_one_that_nobody_disturbed() -> None:
    command = [sys.executable, "-m", "benchmarks.kill", "2", "--images", "3k", "--seed", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("the same files") == 2
