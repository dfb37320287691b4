"""Taking a mail in: the same checks, trace and store for every way on which mail comes.

A service that gets mail from somewhere makes a `MailIntake`. It asks `recipient` for each address,
and hands the octets to `receive` or `receive_stream` with a `MailSource`; see `mail_intake`.
"""
