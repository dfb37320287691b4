"""Checks whether the variables with mailboxes' passwords are set where a command runs.

A command may run elsewhere than fetching, so a variable that is not set is no fault.
"""

import os
from collections.abc import Mapping

from shared.contracts.contact_center import ContactCenter


def unset_passwords(
    center: ContactCenter, environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return what to see to, by the address of each mailbox whose password is not set here."""
    return {
        mailbox.address: (
            f"mailbox {mailbox.address}: {mailbox.fetch.login.password_variable} is not set here: "
            "see that it is set in the environment of fetching"
        )
        for mailbox in center.mailboxes
        if mailbox.fetch
        and mailbox.fetch.login.password_variable
        and not environment.get(mailbox.fetch.login.password_variable)
    }
