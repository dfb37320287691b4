"""Contacts as JSON."""

from collections.abc import Sequence

from services.gateway.wire.fields import Fields, timestamp
from shared.domain.contacts.contact import Contact, Person
from shared.domain.interaction import Interaction


def contact_fields(whose: Person, newest: Sequence[Interaction], root: str) -> Fields:
    """Return a person with what their `newest` mails tell; fields without a value are left out.

    Names, addresses and mails are those of all contacts that are merged into this one, and one
    blocked contact blocks all; the other fields are its own.
    """
    one = whose.contact
    path = f"/ucs/contacts/{one.id}"
    fields: Fields = {
        "id": one.id,
        "name": whose.name,
        "names": list(whose.names),
        "addresses": list(whose.addresses),
        "language": one.language,
        "groups": list(one.groups),
        "attributes": dict(one.attributes),
        "blocked": whose.is_blocked,
        "merged": [_merged(part) for part in whose.merged],
        "uri": f"{root}{path}",
        "path": path,
    }
    if newest:
        fields["lastMailAt"] = timestamp(newest[0].received_at)
    if agent := next((mail.owner_id for mail in newest if mail.owner_id), None):
        fields["lastAgentId"] = agent
    return fields


def _merged(part: Contact) -> Fields:
    fields: Fields = {"id": part.id, "addresses": list(part.addresses)}
    if part.merges:
        last = part.merges[-1]
        fields |= {"mergedAt": timestamp(last.at), "mergedBy": last.by, "into": last.into}
    return fields
