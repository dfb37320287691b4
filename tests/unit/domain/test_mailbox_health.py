"""The state of a folder follows from what was written down about it."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.mailbox_health import Fault, FolderFacts, Health, health_of

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
LATE = NOW - timedelta(minutes=10, seconds=1)
NET = Fault("unreachable", "away", "see the host")
LOGIN = Fault("login-refused", "no", "set the password", needs_person=True)


@pytest.mark.parametrize(
    ("facts", "health"),
    [
        (FolderFacts(NOW), Health.WELL),
        (FolderFacts(NOW - timedelta(minutes=10)), Health.WELL),
        (FolderFacts(NOW, faults=2, fault=NET), Health.SLOW),
        (FolderFacts(NOW, behind=10), Health.WELL),
        (FolderFacts(NOW, behind=11), Health.SLOW),
        (FolderFacts(NOW, faults=3, fault=NET), Health.SICK),
        (FolderFacts(LATE), Health.SICK),
        (FolderFacts(NOW, faults=1, fault=LOGIN), Health.SICK),
        (FolderFacts(NOW, faults=0, fault=LOGIN), Health.WELL),
        (FolderFacts(LATE, faults=9, fault=LOGIN, is_stopped=True), Health.STOPPED),
    ],
)
def test_state_follows_from_looks_and_faults(facts: FolderFacts, health: Health) -> None:
    assert health_of(facts, NOW) is health
