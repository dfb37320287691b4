"""The extensions that a server offers, and the hooks that they share."""

from dataclasses import replace
from typing import Any

import pytest

from shared.bayeux.ext.offered import offered_extensions
from shared.bayeux.messages.message import Message
from shared.bayeux.sessions.extension import Extension, Extensions, SubscribeRequest
from tests.unit.bayeux.protocol_harness import SETTINGS, Client, ProtocolHarness


class _Refusing(Extension):
    name = "refusing"

    def on_subscribe(self, request: SubscribeRequest) -> str:
        """Refuse whatever is asked."""
        del request
        return "403::no"


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, ["ack", "replay", "timesync"]),
        ({"acknowledgements": False}, ["replay", "timesync"]),
        ({"replay": False}, ["ack", "timesync"]),
        ({"timestamps": True}, ["ack", "replay", "timesync", "timestamp"]),
    ],
)
def test_settings_choose_the_extensions(changes: dict[str, Any], names: list[str]) -> None:
    harness = ProtocolHarness(replace(SETTINGS, **changes))

    assert [one.name for one in offered_extensions(harness.protocol.registry)] == names


def test_subscription_refused_by_an_extension_changes_nothing() -> None:
    harness = ProtocolHarness()
    client = Client(harness)
    client.handshake()
    harness.protocol.extensions = Extensions([_Refusing()])

    [reply] = client.ask("/meta/subscribe", subscription="/v2/me/interactions")

    [session] = harness.protocol.sessions()
    assert (reply["error"], session.subscriptions) == ("403::no", {})


def test_extension_without_hooks_adds_nothing_to_a_reply() -> None:
    class Plain(Extension):
        name = "plain"

    harness = ProtocolHarness()
    harness.protocol.extensions = Extensions([Plain()])

    assert "ext" not in Client(harness).handshake(ext={"plain": True})
    assert not harness.protocol.need_span([Message({"channel": "/meta/subscribe"})])
