"""The refusals of a mail. Each way in says them in the terms of its protocol."""

from datetime import timedelta


class MailRefusedError(Exception):
    """The mail cannot be taken, now or later."""


class UnknownMailboxError(MailRefusedError):
    """No mailbox of the contact center has that address."""


class MailTooLargeError(MailRefusedError):
    """The mail has more octets than allowed."""


class MailLoopError(MailRefusedError):
    """The mail is in a loop; its text is a clause that says by what: `it has …`."""


class MailDeferredError(Exception):
    """More mails come than the description lets by: this one is to come again after `wait`."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("more mails come than are taken in an hour")
        self.wait = wait
