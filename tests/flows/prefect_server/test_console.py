import logging
from io import StringIO

import pytest
from prefect.logging.configuration import DEFAULT_LOGGING_SETTINGS_PATH, load_logging_config

from flows.prefect_server.console import BriefHandler
from flows.prefect_server.settings import BRIEF


def a_record() -> logging.LogRecord:
    error = KeyError("a fault")
    return logging.LogRecord("prefect", logging.ERROR, "", 0, "a run broke off", (), (KeyError, error, None))


def test_a_record_is_printed_without_its_traceback_and_keeps_it_for_others() -> None:
    terminal, record = StringIO(), a_record()
    BriefHandler(stream=terminal).emit(record)
    assert terminal.getvalue() == "a run broke off\n"
    assert "KeyError: 'a fault'" in logging.Formatter().format(record)


def test_prefect_prints_by_it_where_a_command_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in BRIEF.items():
        monkeypatch.setenv(name, value)
    handler = load_logging_config(DEFAULT_LOGGING_SETTINGS_PATH)["handlers"]["console"]["class"]
    assert handler == f"{BriefHandler.__module__}.{BriefHandler.__name__}"
