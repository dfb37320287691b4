"""Mail to the postmaster is taken for each domain with mailboxes (RFC 5321 section 4.5.1)."""

import smtplib
from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.contracts.contact_center import Mailbox
from shared.intake.flood_gate import MOST_TO_POSTMASTER
from tests.support.backend import CENTER, Backend
from tests.support.ingest import MAIL, Ingest, make_arrivals

pytestmark = pytest.mark.connected

SUPPORT, SALES = "support@demo.example", "sales@demo.example"


def sending(*recipients: str) -> Callable[[smtplib.SMTP], int]:
    """Return a conversation that hands a mail in and gives the code of its last answer."""

    def talk(client: smtplib.SMTP) -> int:
        client.ehlo_or_helo_if_needed()
        client.mail("ann@example.org")
        for recipient in recipients:
            code, _ = client.docmd("RCPT", f"TO:<{recipient}>")
            if code != 250:
                return code
        return client.data(MAIL)[0]

    return talk


async def mailboxes_of_arrivals(backend: Backend) -> list[tuple[str, ...]]:
    arrivals = make_arrivals(backend)
    found = backend.database["arrivals"].find({}, {"_id": 1})
    return [(await arrivals.get(one["_id"])).mailboxes async for one in found]


async def describe(backend: Backend, *mailboxes: Mailbox) -> None:
    await backend.configuration.write(CENTER.model_copy(update={"mailboxes": mailboxes}))


@pytest.mark.parametrize(
    "address", ["Postmaster", "POSTMASTER", "postmaster@demo.example", "PostMaster@DEMO.Example"]
)
async def test_postmaster_goes_to_the_first_mailbox_of_the_domain(
    backend: Backend, ingest: Ingest, address: str
) -> None:
    assert await ingest.smtp(sending(address)) == 250
    assert await ingest.lmtp(sending(address)) == 250

    assert await mailboxes_of_arrivals(backend) == [(SUPPORT,)] * 2


@pytest.mark.parametrize("address", ["Postmaster", "postmaster@other.example"])
async def test_described_postmaster_gets_the_mail(
    backend: Backend, ingest: Ingest, address: str
) -> None:
    await describe(
        backend,
        *CENTER.mailboxes,
        Mailbox(address="help@other.example", queue="sales", aliases=("postmaster@other.example",)),
    )

    assert await ingest.smtp(sending(address)) == 250

    assert await mailboxes_of_arrivals(backend) == [("help@other.example",)]


@pytest.mark.parametrize(
    "address",
    ["postmaster@other.example", "postmaster@sub.demo.example", "postmasters", "abuse"],
)
async def test_postmaster_of_another_domain_is_refused(
    backend: Backend, ingest: Ingest, address: str
) -> None:
    assert await ingest.smtp(sending(address)) == 550

    assert await mailboxes_of_arrivals(backend) == []


async def test_postmaster_that_nobody_described_has_a_bound(
    backend: Backend, ingest: Ingest
) -> None:
    address = "postmaster@demo.example"
    within = [await ingest.smtp(sending(address)) for _ in range(MOST_TO_POSTMASTER)]

    beyond = await ingest.smtp(sending(address))
    others = [await ingest.smtp(sending(SUPPORT)), await ingest.smtp(sending(address, SALES))]
    backend.clock.move(timedelta(hours=1))
    later = await ingest.smtp(sending(address))

    assert within == [250] * MOST_TO_POSTMASTER
    assert (beyond, others, later) == (451, [250, 250], 250)


async def test_described_postmaster_has_the_bounds_of_mailboxes(
    backend: Backend, ingest: Ingest
) -> None:
    await describe(backend, Mailbox(address="postmaster@demo.example", queue="support"))

    sent = [
        await ingest.smtp(sending("postmaster@demo.example")) for _ in range(MOST_TO_POSTMASTER + 1)
    ]

    assert set(sent) == {250}
