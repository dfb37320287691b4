"""Logs have events and never the content of a mail."""

import json
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog

from shared.observability.logs import configure_logging


def fail(body: str) -> None:
    raise ValueError(f"{len(body)} characters")


@contextmanager
def json_logs() -> Iterator[None]:
    """Logs as a service writes them, and afterwards as before."""
    structlog.reset_defaults()
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers[:], root.level
    configure_logging("test")
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        sys.excepthook = hook
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()


def test_a_line_of_a_library_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    with json_logs():
        try:
            fail("a secret of a customer")
        except ValueError:
            logging.getLogger("some.library").exception("odd: %s", 5)

    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["event"], told["logger"], told["level"]) == ("odd: 5", "some.library", "error")
    assert (told["service"], told["exception"][0]["exc_value"]) == ("test", "22 characters")
    assert "secret" not in line


def test_a_warning_of_python_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    with json_logs(), warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old\nway", DeprecationWarning, stacklevel=1)

    (line,) = capsys.readouterr().err.splitlines()
    assert "old" in json.loads(line)["event"]


def test_the_end_of_a_process_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    error = ValueError("no such thing")

    with json_logs():
        sys.excepthook(ValueError, error, None)

    told = json.loads(capsys.readouterr().err)
    assert (told["event"], told["level"]) == ("ended by an error", "critical")
    assert told["exception"][0]["exc_value"] == "no such thing"


def test_a_traceback_holds_no_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    with json_logs():
        try:
            fail("a secret of a customer")
        except ValueError:
            structlog.get_logger().exception("it failed")

    line = capsys.readouterr().err
    assert "a secret of a customer" not in line
    assert json.loads(line)["exception"][0]["exc_value"] == "22 characters"
