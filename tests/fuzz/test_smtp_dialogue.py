"""SMTP with anybody: strangers who may say anything to us, next servers that may answer anything.

Both run on the loop of production and on asyncio's.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import bson
import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from services.outbound.smtp.connection import LoginProof, RouteUnavailableError, open_session
from services.outbound.smtp.smtp_message import SmtpMessage
from services.outbound.smtp.smtp_outcome import outcome_of, recipients_before_dot
from services.outbound.smtp.smtp_session import Deadlines
from services.outbound.smtp.transmission import Phase, Reply, Transmission
from shared.contracts.contact_center import SmtpRoute
from shared.domain.deliveries.delivery import Conclusion, DeliveryState, RecipientState, concluded
from shared.storage.mails.delivery_documents import concluding, to_recipients
from shared.storage.mails.delivery_store import new_delivery
from tests.doubles.clock import MovableClock
from tests.doubles.listener import LoopFactory, RunningListener, running_listener

_LOOPS: Final = pytest.mark.parametrize(
    "make_loop", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"]
)
_MAIL: Final = b"Subject: x\r\n\r\nx\r\n.\r\n"
_STORED: Final = re.compile(rb"(?m)^250 2\.0\.0 stored as (mail\d+)\r?$")


@pytest.fixture(scope="module", params=[uvloop.new_event_loop, asyncio.new_event_loop])
def listener(request: pytest.FixtureRequest) -> Iterator[RunningListener]:
    """The listeners, impatient."""
    make_loop: LoopFactory = request.param
    with running_listener(
        make_loop, most_refusals=20, refusal_delay=0, silence=2, largest_mail=20_000
    ) as running:
        yield running


_COMMANDS: Final = st.sampled_from(
    [
        b"EHLO client.example\r\n",
        b"LHLO client.example\r\n",
        b"HELO client.example\r\n",
        b"MAIL FROM:<ann@example.org>\r\n",
        b"MAIL FROM:<> SIZE=100 BODY=8BITMIME SMTPUTF8\r\n",
        b"MAIL FROM:<a@b> SIZE=99999999999999999999\r\n",
        b"RCPT TO:<support@demo.example>\r\n",
        b"RCPT TO:<nobody@demo.example>\r\n",
        b"DATA\r\n",
        b"DATA\r\n" + _MAIL,
        _MAIL,
        b".\r\n",
        b"\r\n.\r\n",
        b"RSET\r\n",
        b"NOOP\r\n",
        b"VRFY \xff\r\n",
        b"HELP MAIL\r\n",
        b"AUTH PLAIN AAAA\r\n",
        b"STARTTLS\r\n",
        b"QUIT\r\n",
        b"x" * 70_000,
        (b"y" * 900 + b"\r\n") * 30,
    ]
)
_ENVELOPE: Final = st.just(
    b"EHLO client.example\r\nMAIL FROM:<ann@example.org>\r\nRCPT TO:<support@demo.example>\r\n"
)
_PATHS: Final = st.builds(
    lambda verb, path: verb + path.replace(b"\n", b"") + b"\r\n",
    st.sampled_from([b"MAIL FROM:", b"RCPT TO:", b"EHLO ", b"VRFY ", b"MAIL FROM:<", b"RCPT TO:<"]),
    st.one_of(st.binary(max_size=40), st.text('<>@()[]\\":;, a', max_size=40).map(str.encode)),
)
_PIECES: Final = st.lists(
    st.one_of(_COMMANDS, _ENVELOPE, _PATHS, st.binary(max_size=60)), max_size=12
)


@given(pieces=_PIECES, in_one=st.booleans(), lmtp=st.booleans())
def test_any_dialogue_ends_in_good_order(
    listener: RunningListener, pieces: list[bytes], in_one: bool, lmtp: bool
) -> None:
    before = len(listener.kept)

    with listener.connect(lmtp=lmtp) as client:
        heard = client.converse([b"".join(pieces)] if in_one else pieces)

    told = {one.decode() for one in _STORED.findall(heard)}
    stored = {f"mail{number + 1}" for number in range(before, len(listener.kept))}
    assert told <= stored
    assert listener.tracebacks == []


@given(pieces=_PIECES)
def test_client_that_leaves_in_the_middle_leaves_no_trouble(
    listener: RunningListener, pieces: list[bytes]
) -> None:
    with listener.connect() as client:
        client.send_ignoring_errors(b"".join(pieces))
    with listener.connect() as client:
        assert client.greet().address().ask("DATA") == 354
        client.send(_MAIL)
        assert client.code() == 250

    assert listener.tracebacks == []


@dataclass
class ScriptedServer:
    """A next server that answers each command with what it is told to, and then hangs up."""

    answers: Mapping[str, bytes]
    port: int = 0
    saw_dot: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(self.answers["greeting"])
            while line := await reader.readline():
                verb = line[:4].decode("latin-1").strip().upper()
                if verb == "RCPT":
                    verb += line.partition(b"<")[2][:1].decode()
                writer.write(self.answers.get(verb, b"250 fine\r\n"))
                if verb == "DATA" and self.answers["DATA"].startswith(b"354"):
                    while (line := await reader.readline()) not in {b".\r\n", b""}:
                        pass
                    self.saw_dot = self.saw_dot or line == b".\r\n"
                    writer.write(self.answers["dot"])
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def _running(hostile: ScriptedServer) -> AsyncIterator[ScriptedServer]:
    server = await asyncio.start_server(hostile.serve, "127.0.0.1", 0)
    hostile.port = server.sockets[0].getsockname()[1]
    try:
        yield hostile
    finally:
        server.close()


def _answer(good: bytes) -> st.SearchStrategy[bytes]:
    hostile = st.one_of(
        st.sampled_from(
            [
                b"250 Nachricht \xfcbernommen\r\n",
                b"550 Empf\xe4nger unbekannt\r\n",
                b"250-a\r\n250 b\r\n",
                b"250 taken\r\n250 surplus\r\n",
                b"250 taken\r\n550 surplus\r\n",
                b"354 go on\r\n354 go on\r\n",
                b"421 going down\r\n",
                b"2_0 x\r\n",
                b"550 " + b"x" * 7_000 + b"\r\n",
                b"250-x\r\n" * 6_000,
                b"\r\n",
                b"999 x\r\n",
                b"-25 x\r\n",
            ]
        ),
        st.builds(
            lambda code, words: b"%d %s\r\n" % (code, words),
            st.integers(0, 999),
            st.binary(max_size=50),
        ),
        st.binary(min_size=1, max_size=50).map(lambda words: words + b"\r\n"),
    )
    return st.one_of(st.just(good), st.just(good), st.just(good), hostile)


_ANSWERS: Final = st.fixed_dictionaries(
    {
        "greeting": _answer(b"220 next.example\r\n"),
        "EHLO": _answer(b"250-next.example\r\n250 8BITMIME\r\n"),
        "HELO": _answer(b"250 next.example\r\n"),
        "MAIL": _answer(b"250 go on\r\n"),
        "RCPTa": _answer(b"250 known\r\n"),
        "RCPTb": _answer(b"250 known\r\n"),
        "RCPTc": _answer(b"550 unknown\r\n"),
        "DATA": _answer(b"354 go on\r\n"),
        "dot": _answer(b"250 taken\r\n"),
    }
)
_NOW: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_ADDRESSES: Final = ("ann@example.org", "bob@example.org", "cyd@example.org")
_DELIVERY: Final = new_delivery(
    interaction_id="1",
    agent_id="agent1",
    message_id="<1@demo.example>",
    sender="support@demo.example",
    recipients=_ADDRESSES,
    now=_NOW,
)


async def _transmitted(hostile: ScriptedServer) -> Transmission:
    soon = timedelta(seconds=0.2)
    deadlines = Deadlines(*[soon] * 7)
    route = SmtpRoute(host="127.0.0.1", port=hostile.port, tls="none")

    async def before_dot(answers: Mapping[str, Reply]) -> None:
        bson.encode({"recipients": to_recipients(recipients_before_dot(_DELIVERY, answers, _NOW))})

    async def octets() -> AsyncIterator[bytes]:
        yield b"Subject: x\r\n\r\nx\r\n"

    try:
        session = await open_session(
            route,
            LoginProof(),
            hello_name="test.example",
            deadlines=deadlines,
            clock=MovableClock(),
        )
    except RouteUnavailableError as error:
        return Transmission(Phase.CONNECT, fault=str(error))
    transmission = await session.transmit(
        SmtpMessage(_DELIVERY.sender, _ADDRESSES, 20, octets), before_dot
    )
    session.close()
    return transmission


async def _concluded(hostile: ScriptedServer) -> Conclusion:
    async with _running(hostile):
        transmission = await _transmitted(hostile)
    return outcome_of(_DELIVERY, transmission, now=_NOW, retry_at=_NOW + timedelta(hours=1))


@_LOOPS
@given(answers=_ANSWERS)
def test_any_answers_give_each_recipient_one_outcome(
    make_loop: LoopFactory, answers: dict[str, bytes]
) -> None:
    hostile = ScriptedServer(answers)

    with asyncio.Runner(loop_factory=make_loop) as runner:
        conclusion = runner.run(_concluded(hostile))

    assert tuple(one.address for one in conclusion.recipients) == _ADDRESSES
    assert len(bson.encode(concluding(concluded(_DELIVERY, conclusion)))) < 20_000
    accepted = [one for one in conclusion.recipients if one.state is RecipientState.ACCEPTED]
    if accepted or conclusion.state is DeliveryState.SENT:
        assert hostile.saw_dot
        assert re.search(rb"(?m)^2\d\d", answers["dot"])
    for one in conclusion.recipients:
        if one.state is RecipientState.FAILED:
            about = ("MAIL", f"RCPT{one.address[0]}", "DATA", "dot")
            assert any(re.search(rb"(?m)^5\d\d", answers[name]) for name in about)
    if conclusion.state is DeliveryState.UNCERTAIN:
        assert hostile.saw_dot
