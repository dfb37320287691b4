"""From the octets of a mail to a `ParsedMail`."""
