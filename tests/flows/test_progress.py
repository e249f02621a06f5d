import io
from collections.abc import Iterator
from contextlib import redirect_stderr

import pytest

from flows.progress import MOST_LINES, describe, progress_bar, show_progress, step_bar
from nst_engine import Record
from tasks.records.row import ManifestRow
from tests.tasks.ledger import a_row

DONE = a_row(status="completed", seconds_total=12.34, initial_total_loss=1000.0, total_loss=1.5)
FAILED = a_row(status="failed", total_loss=None, error="picture 'a.jpg' cannot be read")


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _wide_and_clever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")


def test_describes_a_made_pair() -> None:
    assert describe(DONE) == "tiny/lake--wave completed in 12.3 s, total loss 1000 to 1.5"


def test_describes_a_skipped_pair() -> None:
    row = a_row(status="skipped", total_loss=1.5)
    assert describe(row) == "tiny/lake--wave skipped: it is finished, with a total loss of 1.5"


def test_describes_a_failed_pair() -> None:
    assert describe(FAILED) == "tiny/lake--wave failed: picture 'a.jpg' cannot be read"


def test_a_name_that_breaks_a_line_breaks_none() -> None:
    assert describe(a_row(pair="new\nlake--wave", status="failed", error="gone")) == (
        "'tiny/new\\nlake--wave' failed: gone"
    )


def test_a_name_that_looks_like_markup_is_shown_as_it_is() -> None:
    odd = a_row(pair="[/red]--[bold]", status="completed", seconds_total=1.0, initial_total_loss=2.0, total_loss=1.0)
    with redirect_stderr(Terminal()) as terminal:
        assert list(show_progress([odd], total=1, log=print, complain=print)) == [odd]
    assert "[/red]--[bold]" in terminal.getvalue()


def test_says_a_line_for_each_pair_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    assert list(show_progress([DONE, FAILED], total=2, log=lines.append, complain=lines.append)) == [DONE, FAILED]
    assert lines == [f"1/2 {describe(DONE)}", f"2/2 {describe(FAILED)}"]
    assert capsys.readouterr().err == ""


def test_shows_a_bar_and_says_failures_only_on_a_terminal() -> None:
    lines: list[str] = []
    with redirect_stderr(Terminal()) as terminal:
        assert list(show_progress([DONE, FAILED], total=2, log=lines.append, complain=lines.append)) == [DONE, FAILED]
    assert lines == [f"2/2 {describe(FAILED)}"]
    assert "2/2" in terminal.getvalue()


def lines_of(rows: list[ManifestRow], total: int) -> tuple[list[str], list[str]]:
    """What is logged, and what is complained about."""
    logged: list[str] = []
    complained: list[str] = []
    assert list(show_progress(rows, total, log=logged.append, complain=complained.append)) == rows
    return logged, complained


def test_sums_up_what_comes_after_a_thousand_pairs() -> None:
    logged, complained = lines_of([DONE] * 1250, total=1250)
    assert complained == []
    assert len(logged) == 1003
    assert logged[999] == f"1000/1250 {describe(DONE)}"
    assert logged[1000:] == [
        f"{count}/1250 the last {size} pairs: {size} completed"
        for count, size in ((1100, 100), (1200, 100), (1250, 50))
    ]


def test_a_sum_with_failures_names_the_first() -> None:
    skipped = a_row(status="skipped", total_loss=1.5)
    _, complained = lines_of([DONE] * 1000 + [skipped] * 97 + [FAILED] * 3, total=1100)
    assert complained == [f"1100/1100 the last 100 pairs: 97 skipped, 3 failed, the first {describe(FAILED)}"]


def test_a_batch_of_any_size_has_some_thousand_lines() -> None:
    logged, _ = lines_of([DONE] * 300_000, total=300_000)
    assert len(logged) < 2 * MOST_LINES


def test_passes_a_row_on_as_soon_as_it_is_made() -> None:
    def rows() -> Iterator[ManifestRow]:
        yield DONE
        raise AssertionError("went on although nobody asked")

    assert next(show_progress(rows(), total=2, log=lambda _: None, complain=lambda _: None)) == DONE


def test_an_error_among_the_rows_ends_the_bar() -> None:
    def rows() -> Iterator[ManifestRow]:
        yield DONE
        raise RuntimeError("the server is gone")

    with redirect_stderr(Terminal()) as terminal, pytest.raises(RuntimeError, match="the server is gone"):
        list(show_progress(rows(), total=2, log=lambda _: None, complain=lambda _: None))
    assert terminal.getvalue().endswith("\x1b[2K")  # the line is cleared


def test_a_hidden_bar_shows_nothing() -> None:
    with redirect_stderr(Terminal()) as terminal, progress_bar(hidden=True) as bar:
        bar.update(bar.add_task("", total=1), advance=1)
    assert terminal.getvalue() == ""


def record(step: int) -> Record:
    ones = dict.fromkeys(("content", "style", "tv", "learning_rate", "content_weight", "style_weight"), 1.0)
    return Record(step=step, side=64, total=1234.5, seconds=0.1, **ones)


def test_a_step_bar_shows_step_side_and_loss() -> None:
    with redirect_stderr(Terminal()) as terminal, step_bar(total=20) as show:
        show(record(10))
    assert "64 px, total loss 1234" in terminal.getvalue()
    assert "10/20" in terminal.getvalue()


def test_a_step_bar_is_silent_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with step_bar(total=20) as show:
        show(record(10))
    assert capsys.readouterr().err == ""
