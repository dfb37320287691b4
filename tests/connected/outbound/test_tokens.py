"""Tokens are got once for all pods, kept sealed, and never asked for again and again in vain."""

import asyncio
from datetime import timedelta

import pytest

from shared.logins.access_tokens import LoginIdentity, NoTokenError
from shared.storage import token_store
from shared.storage.database.client import Database
from tests.connected.outbound.pods import (
    ENVIRONMENT,
    IMAP,
    KEY,
    OLD_KEY,
    SMTP,
    Pod,
    described,
    identity,
    let_pass,
)
from tests.doubles.token_endpoint import Answer, TokenEndpoint

pytestmark = pytest.mark.connected

MINUTE = timedelta(minutes=1)
REFUSED = Answer.of(401, {"error": "invalid_client", "error_description": "secret has expired"})


@pytest.fixture
def who(endpoint: TokenEndpoint) -> LoginIdentity:
    return identity(described(endpoint.url))


@pytest.fixture
def pod(opened: Database) -> Pod:
    return Pod(opened)


async def test_two_pods_ask_once_for_the_first_token(
    pod: Pod, who: LoginIdentity, endpoint: TokenEndpoint
) -> None:
    keepers = [pod.keeper(), pod.keeper()]

    tokens = await asyncio.gather(*(keeper.current(who) for keeper in keepers for _ in range(4)))

    assert set(tokens) == {"token-1"}
    assert len(endpoint.asked) == 1


async def test_two_pods_renew_once_at_four_fifths_of_its_life(
    pod: Pod, who: LoginIdentity, opened: Database, endpoint: TokenEndpoint
) -> None:
    keepers = [pod.keeper(), pod.keeper()]
    await keepers[0].current(who)

    await let_pass(opened, 44 * MINUTE)
    await asyncio.gather(*(keeper.renew_if_due(who) for keeper in keepers))
    before = len(endpoint.asked)
    await let_pass(opened, 4 * MINUTE)
    await asyncio.gather(*(keeper.renew_if_due(who) for keeper in keepers for _ in range(3)))

    assert (before, len(endpoint.asked)) == (1, 2)
    assert [await keeper.current(who) for keeper in keepers] == ["token-2", "token-2"]


async def test_a_token_is_sealed_where_it_is_stored(
    pod: Pod, who: LoginIdentity, opened: Database
) -> None:
    token = await pod.keeper().current(who)

    stored = repr(await opened[token_store.COLLECTION].find().to_list())

    assert "access_token" in stored
    assert token not in stored
    assert ENVIRONMENT["OAUTH_SECRET"] not in stored


async def test_keys_change_without_another_token(
    opened: Database, who: LoginIdentity, endpoint: TokenEndpoint
) -> None:
    await Pod(opened, OLD_KEY).keeper().current(who)

    token = await Pod(opened, f"{KEY},{OLD_KEY}").keeper().current(who)

    assert token == "token-1"
    assert len(endpoint.asked) == 1


async def test_token_under_a_lost_key_is_requested_again(
    opened: Database, who: LoginIdentity
) -> None:
    await Pod(opened, OLD_KEY).keeper().current(who)

    assert await Pod(opened, KEY).keeper().current(who) == "token-2"


async def test_a_refused_login_is_asked_for_once_in_fifteen_minutes(
    pod: Pod, who: LoginIdentity, opened: Database, endpoint: TokenEndpoint
) -> None:
    endpoint.always = REFUSED
    keepers = [pod.keeper(), pod.keeper()]

    for keeper in keepers * 3:
        with pytest.raises(NoTokenError, match="invalid_client: secret has expired"):
            await keeper.current(who)
    await let_pass(opened, 14 * MINUTE)
    await asyncio.gather(*(keeper.renew_if_due(who) for keeper in keepers))
    first = len(endpoint.asked)
    await let_pass(opened, 2 * MINUTE)
    await asyncio.gather(*(keeper.renew_if_due(who) for keeper in keepers))

    assert (first, len(endpoint.asked)) == (1, 2)


async def test_another_secret_is_tried_at_once(
    pod: Pod, who: LoginIdentity, endpoint: TokenEndpoint
) -> None:
    endpoint.answers = [REFUSED]
    with pytest.raises(NoTokenError):
        await pod.keeper().current(who)

    another = identity(who.login, {"OAUTH_SECRET": "another"})

    assert await pod.keeper().current(another) == "token-2"
    assert (await pod.state(who)).refused_at is None


async def test_another_description_is_tried_at_once(
    pod: Pod, who: LoginIdentity, endpoint: TokenEndpoint
) -> None:
    await pod.keeper().current(who)

    another = identity(described(endpoint.url, scope="another"))

    assert await pod.keeper().current(another) == "token-2"


async def test_a_dead_login_is_known_while_its_token_still_works(
    pod: Pod, who: LoginIdentity, opened: Database, endpoint: TokenEndpoint
) -> None:
    keeper = pod.keeper()
    await keeper.current(who)
    endpoint.always = REFUSED

    await let_pass(opened, 49 * MINUTE)
    state = await keeper.renew_if_due(who)

    assert state.needs_attention(who.made_from, SMTP)
    assert await keeper.current(who) == "token-1"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"<html>sign in</html>"),
        Answer(200, b"[" * 70_000),
        Answer.of(200, {"access_token": "token-1", "expires_in": -5}),
        Answer(500, b"oops"),
        Answer(302, b"", {"location": "http://127.0.0.1:1/"}),
    ],
)
async def test_an_odd_answer_is_asked_for_again_after_seconds(
    pod: Pod, who: LoginIdentity, opened: Database, endpoint: TokenEndpoint, answer: Answer
) -> None:
    endpoint.answers = [answer]
    keeper = pod.keeper()

    for _ in range(3):
        with pytest.raises(NoTokenError, match="the token endpoint"):
            await keeper.current(who)
    asked = len(endpoint.asked)
    await let_pass(opened, timedelta(seconds=6))

    assert asked == 1
    assert await keeper.current(who) == "token-2"


async def test_a_pause_that_is_asked_for_is_kept(
    pod: Pod, who: LoginIdentity, opened: Database, endpoint: TokenEndpoint
) -> None:
    endpoint.answers = [Answer(429, b"", {"retry-after": "120"})]
    keeper = pod.keeper()
    with pytest.raises(NoTokenError, match="429"):
        await keeper.current(who)

    await let_pass(opened, timedelta(seconds=110))
    await keeper.renew_if_due(who)
    asked = len(endpoint.asked)
    await let_pass(opened, timedelta(seconds=15))

    assert asked == 1
    assert await keeper.current(who) == "token-2"


async def test_unreachable_endpoint_is_described(pod: Pod) -> None:
    nowhere = identity(described("http://127.0.0.1:1/token"))

    with pytest.raises(NoTokenError, match="cannot be reached"):
        await pod.keeper().current(nowhere)


async def test_a_person_has_to_agree_first(
    pod: Pod, endpoint: TokenEndpoint, opened: Database
) -> None:
    login = described(
        endpoint.url, kind="device", device_url=endpoint.url, client_secret_variable=""
    )
    who = identity(login)
    with pytest.raises(NoTokenError, match="run `mailroom authorize provider`"):
        await pod.keeper().current(who)

    await pod.store.write_consent(who.id, "refresh-1")
    endpoint.answers = [
        Answer.of(200, {"access_token": "token-1", "refresh_token": "refresh-2", "expires_in": 60})
    ]
    first = await pod.keeper().current(who)
    await let_pass(opened, MINUTE)
    await pod.keeper().current(who)

    assert first == "token-1"
    assert [one["refresh_token"] for one in endpoint.asked] == ["refresh-1", "refresh-2"]
    assert (await pod.state(who)).refresh_token == "refresh-2"


async def test_refusal_at_smtp_leaves_the_token_to_imap(
    pod: Pod, who: LoginIdentity, endpoint: TokenEndpoint, opened: Database
) -> None:
    keeper, reader = pod.keeper(), identity(who.login, server=IMAP)
    for _ in range(2):
        await keeper.reject(who, await keeper.current(who), "535 SMTP AUTH is disabled")

    with pytest.raises(NoTokenError, match="SMTP AUTH is disabled"):
        await keeper.current(who)
    assert await keeper.current(reader) == "token-2"
    await keeper.confirm(reader, "token-2")
    state = await pod.state(who)
    assert state.needs_attention(who.made_from, SMTP)
    assert not state.needs_attention(who.made_from, IMAP)
    assert len(endpoint.asked) == 2

    await let_pass(opened, 16 * MINUTE)
    assert await keeper.current(who) == "token-3"
    await keeper.confirm(who, "token-3")
    assert (await pod.state(who)).refusals == {}


async def test_refusals_of_two_servers_are_counted_apart(
    pod: Pod, who: LoginIdentity, endpoint: TokenEndpoint
) -> None:
    keeper, reader = pod.keeper(), identity(who.login, server=IMAP)

    for one in (who, reader):
        await keeper.reject(one, await keeper.current(one), f"{one.server} refuses")

    assert {await keeper.current(who), await keeper.current(reader)} == {"token-2"}
    assert len(endpoint.asked) == 2
    state = await pod.state(who)
    assert {where: one.tokens for where, one in state.refusals.items()} == {SMTP: 1, IMAP: 1}


async def test_refusal_of_the_endpoint_stops_both_protocols(
    pod: Pod, who: LoginIdentity, endpoint: TokenEndpoint
) -> None:
    endpoint.always = REFUSED
    keeper = pod.keeper()

    for one in (who, identity(who.login, server=IMAP)):
        with pytest.raises(NoTokenError, match="secret has expired"):
            await keeper.current(one)

    assert len(endpoint.asked) == 1


async def test_hanging_endpoint_holds_back_no_other_login(pod: Pod, who: LoginIdentity) -> None:
    asked = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    keeper = pod.keeper()
    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        dead = identity(described(f"http://127.0.0.1:{port}/token", name="dead"))
        waiting = asyncio.create_task(keeper.current(dead))
        await asked.wait()

        async with asyncio.timeout(10):  # the endpoint's deadline is 20 seconds
            assert await keeper.current(who) == "token-1"

        assert not waiting.done()
        waiting.cancel()
        await asyncio.wait([waiting])


async def test_a_pod_that_lost_its_lease_overwrites_nothing(pod: Pod, who: LoginIdentity) -> None:
    before = await pod.state(who)
    await pod.keeper().current(who)

    kept = await pod.store.write_fault(
        who.id, before, attempt="x", fault="late", pause=timedelta(hours=1)
    )

    assert not kept
    assert (await pod.state(who)).access_token == "token-1"
