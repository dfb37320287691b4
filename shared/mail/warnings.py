"""Warnings about a mail, as agents see them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

INFECTED: Final = "infected"
OTHER_SENDER: Final = "other-sender"

WARNINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "encrypted": "its words are encrypted (PGP)",
        "external-body": "a file is somewhere else on the network",
        "header-cut": "a header was too long: its beginning is shown",
        "html-too-heavy": "its HTML is too large or complex: only the words are shown",
        INFECTED: "the virus scanner found something in a file, which nobody gets",
        "invitation": "it has an invitation or another message of a calendar",
        "malformed-header-line": "its headers are damaged",
        "mixed-scripts": "the host in its sender's address has letters that look like others",
        "missing-boundary": "its parts could not be told apart",
        "name-is-other-address": "the name of its sender is another address than the sender's",
        OTHER_SENDER: "its sender is none of those to whom we wrote what it answers",
        "partial": "it is one piece of a larger mail",
        "reaction": "it is a reaction to another mail: its text is the emoji",
        "remote-images-blocked": "it has images that are somewhere else on the network",
        "reply-elsewhere": "an answer goes to another host than its sender's",
        "sender-not-proven": "nothing proves that it is from the address that it shows",
        "signed": "it carries a signature, which nobody has checked",
        "smime": "its words are in an S/MIME file",
        "tnef": "words or files of it came in a file of Outlook (winmail.dat)",
        "tnef-damaged": "a file of Outlook (winmail.dat) could not be opened to its end",
        "unknown-transfer-encoding": "a part has an encoding that nobody knows",
        "unparsed": "it could not be read: it is attached as it arrived",
        "words-too-long": "it was too long to show: its beginning is shown",
    }
)
"""The text of each warning code."""
