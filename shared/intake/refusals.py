"""The refusals of a mail. Each way in says them in the terms of its protocol."""


class MailRefusedError(Exception):
    """The mail cannot be taken, now or later."""


class UnknownMailboxError(MailRefusedError):
    """No mailbox of the contact center has that address."""


class MailTooLargeError(MailRefusedError):
    """The mail has more octets than allowed."""


class MailLoopError(MailRefusedError):
    """The mail is in a loop; its text is a clause that says by what: `it has …`."""
