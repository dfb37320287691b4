"""A connected test without a server."""

import pytest

from tests.fixtures.servers import refuse

REASON = RuntimeError("no mongod to be had")


def test_ci_fails_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="MONGODB_URL is not set"):
        refuse("MONGODB_URL", REASON)


def test_a_laptop_skips_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match="no mongod to be had"):
        refuse("MONGODB_URL", REASON)
