import pytest

from ganache.errors import RunError, UserError, did_you_mean, fold


@pytest.mark.parametrize("name", ["wgan-gp", "WGAN_GP", "wganGP", "wgan-_gp"])
def test_case_hyphens_and_underscores_do_not_count(name: str) -> None:
    assert fold(name) == "wgangp"


def test_the_closest_name_is_suggested_as_it_is_written() -> None:
    assert did_you_mean("least-square", ["LeastSquares", "Hinge"]) == " (did you mean 'LeastSquares'?)"
    assert did_you_mean("DCGAM", ["lsgan", "dcgan"]) == " (did you mean 'dcgan'?)"


def test_nothing_is_suggested_when_nothing_is_close() -> None:
    assert did_you_mean("xyz", ["LeastSquares", "Hinge"]) == ""
    assert did_you_mean("x", []) == ""


def test_a_users_mistake_and_a_failed_run_are_told_apart() -> None:
    assert not issubclass(UserError, RunError)
    assert not issubclass(RunError, UserError)
