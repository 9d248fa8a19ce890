import pytest

from ganache.support.errors import UserError
from ganache.support.units import count_text, duration_text, parse_count, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1", 1),
        (64, 64),
        ("5_000", 5_000),
        ("200k", 200_000),
        ("1.5M", 1_500_000),
        (" 2 K ", 2_000),
        ("0.001k", 1),
        ("1.1k", 1_100),
        ("3g", 3_000_000_000),
    ],
)
def test_counts(text: str | int, count: int) -> None:
    parsed = parse_count(text)
    assert parsed == count
    assert type(parsed) is int


@pytest.mark.parametrize(
    "text",
    ["", "0", "0k", "-1", "0.5", "1e5", "1.0005k", "k", "1 000", "1,000", "nan", "inf", "1kk", "1.k", "2t"],
)
def test_what_is_no_count_is_refused_with_field_and_value(text: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_count(text, "images")
    assert str(refused.value) == f"images: {text!r} is not a positive number of images such as 5000, 200k or 1.5M"


def test_a_count_beyond_what_a_float_counts_exactly_is_refused() -> None:
    assert parse_count(2**53 - 1) == 2**53 - 1
    with pytest.raises(UserError, match="9007199254740992"):
        parse_count(2**53)


def test_every_thousandth_is_read_exactly() -> None:
    wrong = []
    for thousandths in range(1, 5_000):
        for suffix, factor in (("k", 1), ("M", 1_000)):
            text = f"{thousandths / 1000:.3f}{suffix}"
            try:
                if parse_count(text) != thousandths * factor:
                    wrong.append(text)
            except UserError:
                wrong.append(text)
    assert wrong == []


def test_a_number_without_end_is_refused() -> None:
    with pytest.raises(UserError, match="images: '999"):
        parse_count("9" * 400, "images")
    with pytest.raises(UserError, match="time: '999"):
        parse_duration("9" * 400 + "h", "time")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90.0), ("10m", 600.0), ("1.5h", 5400.0), ("2d", 172800.0), ("45", 45.0), (0.25, 0.25)]
)
def test_durations(text: str | float, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-5m", "1h30m", "10 minutes", "1e3", "nan", "1w"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_duration(text)
    assert str(refused.value) == f"time: {text!r} is not a duration such as 90s, 10m, 1.5h or 2d"


@pytest.mark.parametrize(
    ("text", "size"),
    [("64x48", (64, 48)), ("64×48", (64, 48)), ("32", (32, 32)), (" 8 X 9 ", (8, 9)), ("1x16384", (1, 16384))],
)
def test_a_size_is_height_then_width(text: str, size: tuple[int, int]) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "0x4", "4x0", "16385", "4x16385", "4x4x4", "-4", "4.5", "x4", "123456"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_size(text)
    assert str(refused.value).startswith(f"size: {text!r} is not HEIGHTxWIDTH")


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (950, "950"), (999, "999"), (1_000, "1k"), (60_000, "60k"), (1_500_000, "1.5M"), (1_234_567, "1.235M")],
)
def test_counts_in_words(count: int, text: str) -> None:
    assert count_text(count) == text


def test_a_count_in_words_is_read_back_to_four_digits() -> None:
    for exponent in range(9):
        for leading in (1, 1.5, 2.37, 9.99):
            count = round(leading * 10**exponent)
            assert parse_count(count_text(count)) == pytest.approx(count, rel=5e-4)


def test_large_counts_have_no_exponent_and_no_thousand_thousands() -> None:
    assert count_text(999_999) == "1M"
    assert count_text(2_000_000_000) in ("2G", "2000M")
    assert "e" not in count_text(12_345_678_901)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (-3, "0s"),
        (8.4, "8s"),
        (59.6, "1m 00s"),
        (200, "3m 20s"),
        (3599.6, "1h 00m"),
        (7500, "2h 05m"),
        (360000, "100h 00m"),
    ],
)
def test_durations_in_words(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
