"""The addresses that agents may write from, by the description of the contact center. Pure."""

from shared.contracts.contact_center import ContactCenter, Sender


def senders_of(center: ContactCenter) -> list[Sender]:
    """Return the addresses that agents may write from, each once.

    Those under `senders` come first, in their order, the first of which is that of a new mail;
    then mailboxes and their aliases, which have no name unless it is under `senders`.
    """
    found = {one.address: one for one in center.senders}
    for mailbox in center.mailboxes:
        for address in (mailbox.address, *mailbox.aliases):
            found.setdefault(address, Sender(address=address))
    return list(found.values())


def name_beside(address: str, center: ContactCenter) -> str:
    """Return the name that people see beside an address of ours; empty where it has none."""
    lowered = address.lower()
    return next((one.personal for one in center.senders if one.address == lowered), "")
