"""The topics of an agent and their spellings."""

import pytest

from services.gateway.notifications.topics import INTERACTIONS, canonical, own_topics_only
from services.gateway.operations.rules import ADMIN, AGENT
from shared.bayeux.sessions.subscription_policy import Denial, Grant, Route

NO_ROLES: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    "spelling",
    ["/v2/me/interactions", "/v2/me/interactions/", "/me/interactions", "/me/interactions/"],
)
def test_every_spelling_means_the_same_topic(spelling: str) -> None:
    assert canonical(spelling) == INTERACTIONS


@pytest.mark.parametrize(
    "name",
    [
        "/v2/me",
        "/v2/me/",
        "/me",
        "/v2/me/channels",
        "/me/workbins",
        "/v2/me/emails",
        "/v2/me/workitems",
        "/notifications/services",
    ],
)
def test_own_topics_are_granted(name: str) -> None:
    assert isinstance(own_topics_only("anna", name, NO_ROLES), Grant)


@pytest.mark.parametrize(
    "name",
    [
        "/v2/users",
        "/v2/me/interactions/42",
        "/v2/me/interactions//",
        "/v2/me/nothing",
        "/*",
        "/**",
        "/v2/*",
        "/v2/**",
        "/notifications/*",
        "/v2/me**",
    ],
)
def test_other_topics_are_denied(name: str) -> None:
    assert isinstance(own_topics_only("anna", name, NO_ROLES), Denial)


def test_pattern_is_granted_as_the_channels_it_matches() -> None:
    verdict = own_topics_only("anna", "/me/*", NO_ROLES)

    assert isinstance(verdict, Grant)
    assert Route(INTERACTIONS, "/me/interactions") in verdict.routes
    assert all(route.channel.startswith("/me/") for route in verdict.routes)


@pytest.mark.parametrize("name", ["/v2/mailboxes", "/v2/mailboxes/", "/mailboxes", "/mailboxes/"])
def test_mailboxes_are_granted_to_administrators_alone(name: str) -> None:
    assert isinstance(own_topics_only("anna", name, frozenset({ADMIN})), Grant)
    assert own_topics_only("anna", name, frozenset({AGENT})) == Denial("for_administrators")
