"""The topics of an agent, their spellings, and which subscriptions are granted to whom."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from services.gateway.operations.rules import ADMIN
from shared.bayeux.messages.channels import is_pattern, matches
from shared.bayeux.sessions.subscription_policy import Denial, Grant, Route

INTERACTIONS: Final = "/v2/me/interactions"
WORKBINS: Final = "/v2/me/workbins"
CHANNELS: Final = "/v2/me/channels"
EMAILS: Final = "/v2/me/emails"
MAILBOXES: Final = "/v2/mailboxes"
"""For administrators."""

SERVICES: Final = "/notifications/services"

_OWN: Final = (
    INTERACTIONS,
    WORKBINS,
    CHANNELS,
    "/v2/me",
    "/v2/me/calls",
    "/v2/me/chats",
    "/v2/me/devices",
    EMAILS,
    "/v2/me/openmedia",
    "/v2/me/outbound",
    "/v2/me/workitems",
)


def _spellings(topic: str) -> Iterator[str]:
    for name in dict.fromkeys((topic, topic.removeprefix("/v2"))):
        yield name
        yield f"{name}/"


_TOPIC_OF: Final[Mapping[str, str]] = MappingProxyType(
    {spelling: topic for topic in (*_OWN, MAILBOXES, SERVICES) for spelling in _spellings(topic)}
)


def canonical(channel: str) -> str | None:
    """Return the topic that a channel is a spelling of; None where it is of none."""
    return _TOPIC_OF.get(channel)


def own_topics_only(user_id: str, channel: str, roles: frozenset[str]) -> Grant | Denial:
    """Grant the topics of the subscriber, by any spelling or by a pattern inside `/v2/me/`.

    Topics are relative to the subscriber ("me"), so the grant does not depend on the user, but for
    that of mailboxes on the roles.
    """
    del user_id
    if is_pattern(channel):
        return _judge_pattern(channel)
    topic = canonical(channel)
    if topic == MAILBOXES and ADMIN not in roles:
        return Denial("for_administrators")
    return Grant((Route(topic, channel),)) if topic else Denial("not_your_topic")


def _judge_pattern(pattern: str) -> Grant | Denial:
    # A wider pattern, such as /v2/**, could one day match what belongs to others.
    if not pattern.startswith(("/v2/me/", "/me/")):
        return Denial("pattern_too_wide")
    return Grant(
        tuple(
            Route(topic, channel)
            for channel, topic in _TOPIC_OF.items()
            if not channel.endswith("/") and matches(pattern, channel)
        )
    )
