"""Any number of handshakes without a further message ends no confirmed session."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared.bayeux.sessions.session import Transport
from tests.unit.bayeux.protocol_harness import Client, ProtocolHarness

USERS = st.sampled_from(["anna", "bert", "carl"])
MOST_HEARD, MOST_UNHEARD, MOST = 3, 2, 9


class HalfOpenClients(RuleBasedStateMachine):
    """Users with clients that poll, and with others that only shake hands."""

    def __init__(self) -> None:
        super().__init__()
        self.harness = ProtocolHarness.with_settings(
            max_sessions_per_user=MOST_HEARD, max_unheard_per_user=MOST_UNHEARD, max_sessions=MOST
        )
        self.well: list[Client] = []
        self.new: list[Client] = []

    @rule(user=USERS, transport=st.sampled_from(list(Transport)))
    def shakes_hands(self, user: str, transport: Transport) -> None:
        client = Client(self.harness, user, transport=transport)
        reply = client.handshake()
        assert 0 <= reply["advice"]["interval"] <= 30_000
        if reply["successful"]:
            self.new.append(client)

    @precondition(lambda self: self.new)
    @rule(which=st.integers(0))
    def is_heard_of(self, which: int) -> None:
        client = self.new.pop(which % len(self.new))
        if sum(one.user_id == client.user_id for one in self.well) < MOST_HEARD and connects(
            client
        ):
            self.well.append(client)

    @precondition(lambda self: self.new)
    @rule(which=st.integers(0))
    def is_never_heard_of(self, which: int) -> None:
        self.new.pop(which % len(self.new))

    @rule(seconds=st.floats(0, 9))
    def time_passes(self, seconds: float) -> None:
        self.harness.now += seconds
        self.harness.sweep()
        assert all(connects(client) for client in self.well)

    @precondition(lambda self: self.well)
    @rule(which=st.integers(0))
    def goes(self, which: int) -> None:
        self.well.pop(which % len(self.well)).ask("/meta/disconnect")

    @invariant()
    def there_are_not_too_many(self) -> None:
        sessions = list(self.harness.protocol.sessions())
        assert len(sessions) <= MOST
        assert self.harness.protocol.registry.half_open.keys() <= set(sessions)
        for user in ("anna", "bert", "carl"):
            mine = self.harness.protocol.sessions_of(user)
            heard = sum(session.is_confirmed for session in mine)
            assert heard <= MOST_HEARD
            assert len(mine) - heard <= MOST_UNHEARD

    @invariant()
    def who_is_well_has_its_session(self) -> None:
        ids = {session.id for session in self.harness.protocol.sessions()}
        assert all(client.client_id in ids for client in self.well)


def connects(client: Client) -> bool:
    return bool(client.ask("/meta/connect", advice={"timeout": 0})[0]["successful"])


TestCrowd = HalfOpenClients.TestCase
TestCrowd.settings = settings(stateful_step_count=40)
