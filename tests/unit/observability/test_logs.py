"""Logs tell what happened and never what a mail said."""

import json

import pytest
import structlog

from shared.observability.logs import configure_logging


def fail(body: str) -> None:
    raise ValueError(f"{len(body)} characters")


def test_a_traceback_holds_no_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.reset_defaults()
    configure_logging("test")
    try:
        fail("a secret of a customer")
    except ValueError:
        structlog.get_logger().exception("it failed")

    line = capsys.readouterr().err
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    assert "a secret of a customer" not in line
    assert json.loads(line)["exception"][0]["exc_value"] == "22 characters"
