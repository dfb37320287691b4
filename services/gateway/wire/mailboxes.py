"""Fetched mailboxes as JSON."""

from datetime import datetime

from services.gateway.wire.fields import MAILBOX_STATE, Fields, of_type, timestamp
from shared.domain.mailbox_health import Fault
from shared.storage.mails.mailbox_store import StoredFolder, StoredMailbox


def mailbox(one: StoredMailbox, now: datetime, root: str) -> Fields:
    """Return a mailbox with its folders; its address is also its id.

    Moments that never were are left out, and the fault if there is none.
    """
    fields: Fields = {
        "id": one.address,
        "address": one.address,
        "state": one.health(now).value,
        "behind": one.behind,
        "mailsToday": one.mails_today,
        "faults": one.worst(now).facts.faults,
        "folders": [_folder(folder, now) for folder in one.folders],
        "uri": f"{root}/mailboxes/{one.address}",
        "path": f"/mailboxes/{one.address}",
    }
    return fields | _times_and_fault(one.last_look_at, one.last_mail_at, one.worst(now).facts.fault)


def mailbox_state_message(one: StoredMailbox, now: datetime, root: str) -> Fields:
    """Return the message about the state of a mailbox on `/v2/mailboxes`."""
    return {
        **of_type(MAILBOX_STATE),
        "mailbox": mailbox(one, now, root),
    }


def _folder(one: StoredFolder, now: datetime) -> Fields:
    fields: Fields = {
        "name": one.name,
        "state": one.health(now).value,
        "behind": one.facts.behind,
        "uid": one.uid,
        "skipped": [{"uid": uid, "reason": reason} for uid, reason in one.skipped],
    }
    if one.uid_validity is not None:
        fields["uidValidity"] = one.uid_validity
    return fields | _times_and_fault(one.last_look_at, one.last_mail_at, one.facts.fault)


def _times_and_fault(
    last_look_at: datetime | None, last_mail_at: datetime | None, fault: Fault | None
) -> Fields:
    fields: Fields = {}
    if last_look_at:
        fields["lastLookAt"] = timestamp(last_look_at)
    if last_mail_at:
        fields["lastMailAt"] = timestamp(last_mail_at)
    if fault:
        fields["fault"] = {"code": fault.code, "words": fault.words, "do": fault.do}
    return fields
