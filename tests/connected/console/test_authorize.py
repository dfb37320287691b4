"""A person agrees once, by `mailroom authorize`; outbound goes on from there."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pydantic import SecretStr

from services.console.commands.apply import apply
from services.console.commands.authorize import authorize
from services.console.commands.doctor import examine
from services.console.exit_codes import NotPossibleError
from services.console.settings import ConsoleSettings
from shared.contracts.contact_center import ContactCenter
from shared.contracts.oauth import OAuthLogin
from shared.domain.clock import SystemClock
from shared.storage import token_store
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.database.client import Database
from tests.connected.outbound.pods import KEY, USER, Pod, described, identity
from tests.doubles.token_endpoint import Answer, TokenEndpoint, running_endpoint
from tests.unit.oauth.test_consenting_person import token

pytestmark = pytest.mark.connected

CLOCK = SystemClock()
INVITATION = {
    "device_code": "device-1",
    "user_code": "ABCD-EFGH",
    "verification_uri": "https://id.example/go",
    "expires_in": 900,
    "interval": 5,
}
INVITED = Answer.of(200, INVITATION)
INVITED_SHORTLY = Answer.of(200, INVITATION | {"expires_in": 30})
PENDING = Answer.of(400, {"error": "authorization_pending"})
SLOWER = Answer.of(400, {"error": "slow_down"})
AGREED = Answer.of(200, {"access_token": "token-1", "refresh_token": "refresh-1"})


class RecordedSleeps(list[float]):
    """How long was waited, without waiting."""

    async def sleep(self, seconds: float) -> None:
        self.append(seconds)


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[TokenEndpoint]:
    async with running_endpoint() as running:
        yield running


@pytest_asyncio.fixture
async def applied(
    settings: ConsoleSettings,
    opened: Database,
    endpoint: TokenEndpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> ConsoleSettings:
    """A contact center whose route logs in as a person who has to agree."""
    monkeypatch.setenv("MAILROOM_SEALING_KEY", KEY)
    center = ContactCenter.model_validate(
        {
            "name": "test",
            "oauth": [device(endpoint).model_dump()],
            "smtp_route": {"user_name": USER, "login": {"oauth": "provider"}},
        }
    )
    await ConfigurationStore(opened, CLOCK).write(center)
    return settings.model_copy(update={"sealing_key": SecretStr(KEY)})


def device(endpoint: TokenEndpoint) -> OAuthLogin:
    return described(
        endpoint.url, kind="device", device_url=endpoint.url, client_secret_variable=""
    )


@pytest.mark.usefixtures("applied")
async def test_a_consent_is_sealed_and_used(
    endpoint: TokenEndpoint, opened: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.answers = [INVITED, PENDING, SLOWER, PENDING, AGREED]
    waits = RecordedSleeps()

    await authorize("provider", sleep=waits.sleep)

    told = capsys.readouterr().out
    who = identity(device(endpoint))
    assert told.startswith("Open https://id.example/go as desk@demo.example and enter the code")
    assert waits == [5, 5, 10, 10]
    assert "refresh-1" not in repr(await opened[token_store.COLLECTION].find().to_list())
    assert "refresh-1" not in told
    assert await Pod(opened).keeper().current(who) == f"token-{len(endpoint.asked)}"
    assert endpoint.asked[-1]["refresh_token"] == "refresh-1"


@pytest.mark.usefixtures("applied")
@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([Answer.of(400, {"error": "unauthorized_client"})], "unauthorized_client"),
        ([INVITED, Answer.of(400, {"error": "access_denied"})], "access_denied"),
        ([INVITED, Answer.of(200, {"access_token": "token-1"})], "offline_access"),
        ([INVITED_SHORTLY, *[PENDING] * 20], "nobody has agreed in time"),
    ],
)
async def test_without_a_consent_nothing_is_kept(
    endpoint: TokenEndpoint, opened: Database, answers: list[Answer], words: str
) -> None:
    endpoint.answers = answers

    with pytest.raises(NotPossibleError, match=words):
        await authorize("provider", sleep=RecordedSleeps().sleep)

    assert await opened[token_store.COLLECTION].count_documents({}) == 0


@pytest.mark.usefixtures("applied")
async def test_a_consent_of_somebody_else_is_kept_only_on_demand(
    endpoint: TokenEndpoint, opened: Database
) -> None:
    somebody = token({"upn": "bob@demo.example"})
    agreed = {"access_token": somebody, "refresh_token": "refresh-1"}
    endpoint.answers = [INVITED, Answer.of(200, agreed)]

    with pytest.raises(NotPossibleError, match=f"bob@demo.example has agreed, and not {USER}"):
        await authorize("provider", sleep=RecordedSleeps().sleep)
    kept = await opened[token_store.COLLECTION].count_documents({})
    endpoint.answers = [INVITED, Answer.of(200, agreed)]
    await authorize("provider", sleep=RecordedSleeps().sleep, for_another=True)

    assert (kept, await opened[token_store.COLLECTION].count_documents({})) == (0, 1)


@pytest.mark.usefixtures("applied")
async def test_undescribed_login_is_named() -> None:
    with pytest.raises(NotPossibleError, match="there is no login 'other' in force"):
        await authorize("other", sleep=RecordedSleeps().sleep)


async def test_the_doctor_says_that_a_login_is_refused(
    applied: ConsoleSettings, endpoint: TokenEndpoint, opened: Database
) -> None:
    who = identity(device(endpoint))
    await Pod(opened).keeper().renew_if_due(who)

    found = [str(one) async for one in examine(applied, CLOCK)]

    (line,) = [one for one in found if "login provider" in one]
    assert line.startswith("bad  login provider of desk@demo.example refused since")
    assert "run `mailroom authorize provider`" in line


@pytest.mark.usefixtures("settings")
async def test_a_login_without_a_key_is_not_put_in_force(
    tmp_path_factory: pytest.TempPathFactory, opened: Database
) -> None:
    file = tmp_path_factory.mktemp("described") / "contact-center.yaml"
    file.write_text(
        "name: test\n"
        "oauth:\n"
        "  - {name: provider, kind: client-credentials, token_url: https://id.example/token,\n"
        "     client_id: client-1, client_secret_variable: NOT_SET}\n"
        "smtp_route: {user_name: desk@demo.example, login: {oauth: provider}}\n"
    )

    with pytest.raises(NotPossibleError, match="MAILROOM_SEALING_KEY is not set") as caught:
        await apply(file, dry_run=False)

    assert "set NOT_SET in the environment" in str(caught.value)
    assert await opened["configuration"].count_documents({}) == 0
