"""Deliveries of subscriptions, and the effects for the listener."""

import pytest

from services.gateway.notifications.topics import INTERACTIONS, WORKBINS
from shared.bayeux.messages.events import Event
from shared.bayeux.sessions.effects import FirstSubscription, LastUnsubscription, Subscribed
from shared.bayeux.sessions.subscription_policy import Route
from tests.unit.bayeux.protocol_harness import Client, ProtocolHarness, events_of


@pytest.mark.parametrize(
    "spelling",
    ["/v2/me/interactions", "/v2/me/interactions/", "/me/interactions", "/me/interactions/"],
)
def test_an_event_arrives_on_the_spelling_that_was_subscribed(
    harness: ProtocolHarness, spelling: str
) -> None:
    client = Client(harness).join(spelling)

    harness.publish("anna", 1)

    assert client.ask("/meta/connect")[0] == {"channel": spelling, "data": 1}


def test_two_spellings_are_two_channels(harness: ProtocolHarness) -> None:
    client = Client(harness).join("/me/interactions", "/v2/me/interactions")

    harness.publish("anna", 1)

    channels = [reply["channel"] for reply in client.ask("/meta/connect")]
    assert sorted(channels[:-1]) == ["/me/interactions", "/v2/me/interactions"]


def test_overlapping_subscriptions_deliver_once(harness: ProtocolHarness) -> None:
    client = Client(harness).join("/v2/me/*", "/v2/me/interactions", "/v2/me/**")

    harness.publish("anna", 1)

    assert events_of(client.ask("/meta/connect")) == [1]


def test_pattern_continues_after_overlapping_name_is_unsubscribed(harness: ProtocolHarness) -> None:
    client = Client(harness).join("/v2/me/*", "/v2/me/interactions")

    client.ask("/meta/unsubscribe", subscription="/v2/me/interactions")
    harness.publish("anna", 1)

    assert events_of(client.ask("/meta/connect")) == [1]


def test_topics_are_separate(harness: ProtocolHarness) -> None:
    client = Client(harness).join("/v2/me/workbins")

    harness.publish("anna", "interaction", INTERACTIONS)
    harness.publish("anna", "workbin", WORKBINS)

    assert events_of(client.ask("/meta/connect")) == ["workbin"]


def test_an_array_is_subscribed_as_a_whole(harness: ProtocolHarness) -> None:
    client = Client(harness).join("/v2/me/channels")
    names = ["/v2/me/interactions", "/me/workbins"]

    [reply] = client.ask("/meta/subscribe", subscription=names)

    assert reply["successful"] is True
    assert reply["subscription"] == names


def test_denied_channel_denies_the_whole_array(harness: ProtocolHarness) -> None:
    client = Client(harness).join("/v2/me/channels")
    names = ["/v2/me/interactions", "/v2/agents/42"]

    [reply] = client.ask("/meta/subscribe", subscription=names)
    harness.publish("anna", 1)

    assert reply["error"] == "403:not_your_topic:subscribe_denied"
    assert reply["subscription"] == names
    assert events_of(client.ask("/meta/connect")) == []


@pytest.mark.parametrize(
    ("subscription", "error"),
    [
        (None, "403::subscription_missing"),
        ([], "403::subscription_invalid"),
        (7, "403::subscription_invalid"),
        ("no-slash", "403::subscription_invalid"),
        ("/with<markup>", "403::subscription_invalid"),
        ("/" + "x" * 300, "403::subscription_invalid"),
        (["/v2/me/interactions", None], "403::subscription_invalid"),
        ("/meta/connect", "403:meta_channel:subscribe_denied"),
        ("/**", "403:pattern_too_wide:subscribe_denied"),
        ("/v2/**", "403:pattern_too_wide:subscribe_denied"),
        ("/v2/users", "403:not_your_topic:subscribe_denied"),
    ],
)
def test_a_subscription_that_is_refused_says_why(
    harness: ProtocolHarness, subscription: object, error: str
) -> None:
    [reply] = (
        Client(harness).join("/v2/me/channels").ask("/meta/subscribe", subscription=subscription)
    )

    assert reply["successful"] is False
    assert reply["error"] == error


def test_subscriptions_of_a_session_are_limited() -> None:
    client = Client(ProtocolHarness.with_settings(max_subscriptions=1)).join()

    [reply] = client.ask("/meta/subscribe", subscription="/me/interactions")

    assert reply["error"] == "403:too_many_subscriptions:subscribe_denied"


def test_service_channel_accepts_messages_without_effect(
    harness: ProtocolHarness,
) -> None:
    client = Client(harness).join()

    assert client.ask("/meta/subscribe", subscription="/service/echo")[0]["successful"]
    [reply] = client.ask("/service/echo", data="hello")

    assert reply["successful"] is True
    assert "data" not in reply


@pytest.mark.parametrize("channel", ["/v2/me/interactions", "/chat", "/meta/unheard-of"])
def test_clients_do_not_publish(harness: ProtocolHarness, channel: str) -> None:
    client = Client(harness).join()

    [reply] = client.ask(channel, data={"state": "Invited"})

    assert reply["error"] == "403:clients_do_not_publish:publish_denied"
    assert events_of(client.ask("/meta/connect")) == []


def test_an_array_is_unsubscribed_as_a_whole_or_not_at_all(harness: ProtocolHarness) -> None:
    client = Client(harness).join("/v2/me/interactions")

    [refused] = client.ask(
        "/meta/unsubscribe", subscription=["/v2/me/interactions", "/v2/me/workbins"]
    )
    harness.publish("anna", 1)

    assert refused["error"] == "403::unsubscribe_failed"
    assert events_of(client.ask("/meta/connect")) == [1]


def test_unsubscribing_from_what_does_not_exist_says_so(harness: ProtocolHarness) -> None:
    [reply] = Client(harness).join().ask("/meta/unsubscribe", subscription="/v2/nothing")

    assert reply["error"] == "400::channel_missing"


def test_first_and_last_subscription_of_a_user_are_effects(harness: ProtocolHarness) -> None:
    first, second = Client(harness).join(), Client(harness).join("/me/workbins")
    assert harness.seen(FirstSubscription) == [FirstSubscription("anna")]

    first.ask("/meta/disconnect")
    assert harness.seen(LastUnsubscription) == []
    second.ask("/meta/unsubscribe", subscription="/me/workbins")

    assert harness.seen(LastUnsubscription) == [LastUnsubscription("anna")]


def test_the_gateway_can_greet_each_new_listener_alone(harness: ProtocolHarness) -> None:
    early = Client(harness).join()
    late = Client(harness).join("/me/interactions")
    [_, subscribed] = harness.seen(Subscribed)
    assert isinstance(subscribed, Subscribed)
    assert subscribed.route == Route(INTERACTIONS, "/me/interactions")

    harness.protocol.send(subscribed.session_id, subscribed.route.channel, Event("invitation"))
    harness.settle()

    assert events_of(early.ask("/meta/connect")) == []
    assert events_of(late.ask("/meta/connect")) == ["invitation"]


def test_a_session_is_not_sent_what_it_does_not_hear(harness: ProtocolHarness) -> None:
    client = Client(harness).join("/me/interactions")

    harness.protocol.send(client.client_id or "", "/v2/me/interactions", Event(1))
    harness.settle()

    assert events_of(client.ask("/meta/connect")) == []


def test_a_broadcast_reaches_every_user_who_listens(harness: ProtocolHarness) -> None:
    anna, bert = Client(harness, "anna").join(), Client(harness, "bert").join("/me/interactions")

    harness.protocol.publish_to_all(INTERACTIONS, Event("all"))
    harness.settle()

    assert events_of(anna.ask("/meta/connect")) == ["all"]
    assert events_of(bert.ask("/meta/connect")) == ["all"]
