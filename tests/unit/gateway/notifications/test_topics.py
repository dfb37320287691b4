"""Which topics an agent may hear, under which names."""

import pytest

from services.gateway.notifications.topics import INTERACTIONS, canonical, own_topics_only
from shared.bayeux.sessions.subscription_policy import Denial, Grant, Route


@pytest.mark.parametrize(
    "spelling",
    ["/v2/me/interactions", "/v2/me/interactions/", "/me/interactions", "/me/interactions/"],
)
def test_every_spelling_leads_to_the_same_topic(spelling: str) -> None:
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
def test_an_agent_may_hear_its_own_topics(name: str) -> None:
    assert isinstance(own_topics_only("anna", name), Grant)


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
def test_an_agent_may_not_hear_anything_else(name: str) -> None:
    assert isinstance(own_topics_only("anna", name), Denial)


def test_a_pattern_delivers_on_real_channels() -> None:
    verdict = own_topics_only("anna", "/me/*")

    assert isinstance(verdict, Grant)
    assert Route(INTERACTIONS, "/me/interactions") in verdict.routes
    assert all(route.channel.startswith("/me/") for route in verdict.routes)
