"""Mails that fetching knows already: strangers cannot have it read without end."""

import pytest

from services.fetching.store import KnownMails
from tests.support.backend import Backend

pytestmark = pytest.mark.connected

BOX = "support@demo.example"


async def test_many_mails_under_one_id_hide_no_other(backend: Backend) -> None:
    ids = ["<a@x>"] * 100 + ["<b@x>"]
    await backend.database["interactions"].insert_many(
        {
            "_id": f"mail{number}",
            "arrival_id": f"arrival{number}",
            "mailbox": BOX,
            "mail": {"message_id": message_id},
            "copies": [f"copy{number} {copy}" for copy in range(100)],
        }
        for number, message_id in enumerate(ids)
    )
    arrivals = [f"arrival{number}" for number in range(101)]
    copies = [f"copy{number} {copy}" for number in range(101) for copy in range(100)]
    await backend.database["arrivals"].insert_many(
        {"_id": one, "fingerprint": f"of {one}"} for one in (*arrivals, *copies)
    )

    known = await KnownMails(backend.database).fingerprints(BOX, ["<a@x>", "<b@x>"])

    assert "of arrival100" in known["<b@x>"]
    assert len(known["<a@x>"]) == 20 * 21
