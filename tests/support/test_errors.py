import pytest

from ganache.support.errors import RunError, UserError, did_you_mean, fold, shown, without_passwords


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


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain über 写真 👨‍👩‍👧", "plain über 写真 👨‍👩‍👧"),
        ("red\x1b[31m", r"red\x1b[31m"),
        ("two\nlines\r\t\0", r"two\nlines\r\t\x00"),
        ("gnp.\u202eexe", r"gnp.\u202eexe"),
        ("caf\udce9", r"caf\udce9"),
        ("\x9b2J\x7f\u2028", r"\x9b2J\x7f\u2028"),
    ],
)
def test_what_would_steer_a_terminal_is_shown_escaped(text: str, line: str) -> None:
    assert shown(text) == line


def test_an_address_is_said_without_its_password() -> None:
    assert without_passwords("x postgresql://me:secret@host/name") == "x postgresql://…@host/name"
    for plain in ("sqlite:///trials.db", "mail@host", "a://b/c@d"):
        assert without_passwords(plain) == plain
