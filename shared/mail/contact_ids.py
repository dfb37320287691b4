"""Contact ids of mail whose contact is not looked up."""

from shared.domain.contacts.contact import contact_id
from shared.mail.threads import person


def presumed_contact_id(address: str) -> str:
    """Return the contact id that follows from an address in its normal form.

    The contact to whom the address belongs counts mails with this id as its own.
    """
    return contact_id(person(address) or address)
