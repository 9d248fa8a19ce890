import numpy as np

from benchmarks.games import agreement


def test_each_code_is_given_another_class_so_that_most_agree() -> None:
    codes = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
    classes = np.array([5, 5, 5, 7, 5, 5, 7, 9, 9, 5])
    # Both 0 and 1 are mostly 5: it goes to 0 (three of four), then 7 to 1 (one of three), and 9 to 2 (two of three).
    assert agreement(codes, classes, 10) == 0.6


def test_one_class_for_all_codes_agrees_with_one_of_them() -> None:
    assert agreement(np.arange(10), np.full(10, 3), 10) == 0.1
