"""The replies of the SMTP listener, with their enhanced codes (RFC 3463)."""

from typing import Final

GO_AHEAD: Final = "354 End data with <CR><LF>.<CR><LF>"
NO_RECIPIENT: Final = "503 5.5.1 name a recipient by RCPT first"
NO_ARGUMENT: Final = "501 5.5.4 Syntax: DATA"
LINE_TOO_LONG: Final = "500 5.6.0 a line of this mail is too long (RFC 5321, 4.5.3.1.6)"
REPEATED_COMMAND: Final = b'500 Error: command "'
"""The start of aiosmtpd's reply to an unknown command, which repeats the peer's text."""
UNKNOWN_COMMAND: Final = b"500 5.5.1 there is no such command here, HELP lists those there are"
ENDLESS_COMMAND: Final = b"500 5.5.2 this command has no end\r\n"
ENDLESS_LINE: Final = b"500 5.6.0 this line has no end\r\n"
ENDLESS_MAIL: Final = b"552 5.3.4 this mail has no end\r\n"
SLOW: Final = b"421 4.4.2 nothing came for too long, or too slowly\r\n"
TLS_READY: Final = "220 2.0.0 ready to start TLS"
NO_TLS: Final = "454 4.7.0 TLS is not available"
TLS_NEEDED: Final = "530 5.7.0 issue STARTTLS first, mail is taken encrypted only"
TLS_ALREADY: Final = "503 5.5.1 TLS is in use already"
NO_TLS_ARGUMENT: Final = "501 5.5.4 Syntax: STARTTLS"
SAID_TOO_EARLY: Final = b"421 4.7.0 nothing may follow STARTTLS before its answer\r\n"
TOO_FAST: Final = "452 4.3.2 too many mails from your network, try again later"
CANNOT_VERIFY: Final = "252 2.5.2 send a mail to find out"
