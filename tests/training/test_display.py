import contextlib
import io
import sys

import pytest

from ganache.training.display import Bar, Display, Forgiving, Lines, choose_display, summary

LINE = {
    "images_seen": 60_000,
    "training_seconds": 100.0,
    "images_per_second": 600.0,
    "loss/generator": 1.23456,
    "loss/discriminator": 0.5,
    "memory_bytes": 300 * 2**20,
}


def test_a_line_in_words() -> None:
    # A quarter is done after 100 s, so three quarters take 300 s; 600 images/s are 1000/600 s for a thousand.
    assert summary(LINE, 0.25) == "600 images/s  1.67 s/kimg  5m 00s left  G 1.235  D 0.500  300 MiB"


@pytest.mark.parametrize(("done", "left"), [(1.0, "0s"), (0.5, "1m 40s"), (0.0, "0s")])
def test_the_time_left_follows_from_what_is_done(done: float, left: str) -> None:
    assert f"  {left} left  " in summary(LINE, done)


def test_a_training_that_stood_still_has_no_speed() -> None:
    assert summary({**LINE, "images_per_second": 0.0}, 0.5).startswith("0 images/s  0.00 s/kimg  ")


def test_lines_are_printed_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    display = Lines()
    display.advance(60_000, 0.25)
    display.tick(LINE, 0.25)
    display.say("a word [not markup]")
    display.close()
    assert capsys.readouterr().out == f"     60k images   25.0%  {summary(LINE, 0.25)}\na word [not markup]\n"


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    display = Display()
    display.advance(1, 0.1)
    display.tick(LINE, 0.25)
    display.say("nothing")
    display.close()
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.mark.parametrize("images", [200_000, None])
def test_the_bar_shows_how_far_it_is_and_says_words_above(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, images: int | None
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    display = Bar(images)
    display.tick(LINE, 0.25)
    display.say("a word [not markup]")
    display.advance(100_000, 0.5)
    display.close()
    out = capsys.readouterr().out
    assert "a word [not markup]" in out
    assert ("100k/200k images" if images else "100k images") in out
    assert "50%" in out
    assert summary(LINE, 0.25) in out


@pytest.mark.parametrize(("terminal", "kind"), [(True, Bar), (False, Lines)])
def test_a_terminal_gets_a_bar_and_a_pipe_gets_lines(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, kind: type[Display]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    display = choose_display(1000)
    display.close()
    assert type(display) is kind


def test_lines_show_escapes_in_the_place_of_what_an_output_lacks() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    with contextlib.redirect_stdout(stream):
        display = Forgiving(Lines)
        display.say("γ is 10× too small")
    assert raw.getvalue() == b"\\u03b3 is 10\\xd7 too small\n"
    assert type(display.shown) is Lines


def test_a_display_that_failed_is_silent_and_one_that_cannot_begin_too(capsys: pytest.CaptureFixture[str]) -> None:
    calls: list[str] = []

    class Failing(Display):
        def say(self, message: str) -> None:
            calls.append(message)
            raise OSError(5, "Input/output error")

    display = Forgiving(Failing)
    display.say("first")
    display.say("second")
    display.close()
    assert calls == ["first"]
    assert capsys.readouterr().err.count("\n") == 1

    def absent() -> Display:
        raise OSError(5, "Input/output error")

    assert type(Forgiving(absent).shown) is Display
