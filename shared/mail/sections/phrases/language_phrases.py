"""The phrases of one language."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LanguagePhrases:
    """The phrases of one language, alternatives separated by `|`.

    `wrote` is the verb of "On … Ann wrote:", `intro` are its first words. `sender`, `sent`, `to`,
    `copy` and `subject` are labels of repeated headers. `original` and `forwarded` stand between
    dashes, `begin` stands alone above a forwarded mail. `device` begins the line that a telephone
    adds.
    """

    wrote: str
    intro: str = ""
    sender: str = ""
    sent: str = ""
    to: str = ""
    copy: str = ""
    subject: str = ""
    original: str = ""
    forwarded: str = ""
    begin: str = ""
    device: str = ""
