"""Finds what servers add to a mail: legal notices, warnings, footers of lists, advertisements."""

import re
from collections.abc import Sequence
from typing import Final

from shared.mail.sections.lines import Line
from shared.mail.sections.paragraphs import Paragraph
from shared.mail.sections.phrases.phrase_set import has_any

_RULE: Final = re.compile(r"[-_=*~\u2013\u2014\u2500]{3,}\Z")
_FOOTER_RULE: Final = re.compile(r"[-_=*~]{5,}")
_LIST_LINK: Final = re.compile(r"https?://\S*(?:listinfo|unsubscribe)\S*\Z", re.IGNORECASE)
_MOST_MISSES: Final = 2
_SHORT_PARAGRAPH: Final = 4
_SHORTEST_NOTICE: Final = 60
_LONGEST_FOOTER: Final = 600
_LEAST_TOPICS: Final = 3
_LINES_OF_FOOTER: Final = 6


_TOPICS: Final = (
    # A paragraph with three of these is a legal notice.
    ("confidential",),
    ("privileged",),
    ("intended for", "intended only", "intended solely", "intended recipient"),
    ("only for the ", "solely for the ", "sole use of"),
    ("addressee", "named recipient", "to whom it is addressed", "to whom they are addressed"),
    ("disclos", "dissemination", "unauthorized", "unauthorised", "strictly prohibited"),
    ("in error", "by error", "not the intended", "by mistake"),
    ("notify the sender", "notify us", "notify me", "delete it", "delete this", "destroy"),
    ("views or opinions", "views and opinions", "opinions expressed", "not necessarily represent"),
    ("virus", "malware"),
    ("legally binding", "legally protected", "liability", "liable", "warrant"),
    ("registered in", "registered office", "company number", "company no.", "vat no"),
    ("vertraulich",),
    ("unbefugt", "irrtümlich", "irrtuemlich", "nicht der richtige", "nicht der beabsichtigte"),
    ("ausschließlich für", "rechtlich geschützt", "vernichten", "nicht gestattet"),
    ("geschäftsführ", "geschaeftsfuehr", "vorsitzender des"),
    ("amtsgericht", "handelsregister", " hrb ", "ust-id", "sitz der gesellschaft"),
    ("confidentiel",),
    ("destinataire",),
    ("par erreur",),
    ("strictement interdit", "divulgation", "à l'usage exclusif", "détruire"),
    ("confidencial",),
    ("destinatari",),
    ("por error", "por engano"),
    ("prohibid", "proibid", "divulga"),
    ("riservat",),
    ("per errore",),
    ("esclusivamente",),
    ("vietat", "196/2003"),
    ("vertrouwelijk",),
    ("geadresseerde",),
    ("uitsluitend bestemd",),
    ("abusievelijk", "ten onrechte"),
    ("konfidentiell", "fortrolig", "konfidensiell"),
    ("mottagare", "mottaker", "modtager"),
    ("av misstag", "ved en feil", "ved en fejl", "ved feiltakelse"),
    ("radera", "slette"),
    ("endast avse", "kun beregnet", "kun ment"),
    ("luottamuksell",),
    ("vastaanottaja",),
    ("erehdyksessä", "vahingossa", "tuhoa", "poistamaan"),
    ("poufn", "zastrzeżon"),
    ("adresat", "odbiorc"),
    ("omyłk", "pomyłk", "usunięcie", "usunąć"),
    ("důvěrn", "dôvern"),
    ("adresát", "příjemc", "príjemc"),
    ("omylem", "omylom", "smažte", "zmažte", "vymažte"),
    ("bizalmas",),
    ("címzett",),
    ("tévedés", "törölje", "törölni"),
    ("confidențial",),
    ("din greșeală", "din eroare", "ștergeți"),
    ("gizlidir", "gizli bilgi"),
    ("yanlışlıkla", "siliniz"),
    ("конфиденциальн", "конфіденційн"),
    ("адресат", "получател", "одержувач"),
    ("по ошибке", "помилково", "удалить", "удалите", "видаліть"),
    ("機密", "保密", "机密", "秘密"),
    ("受信者", "收件人", "本邮件"),
    ("誤って", "误收", "誤收", "削除", "删除", "刪除"),
)
_ASCII_TOPICS: Final = tuple(
    ascii_only
    for topic in _TOPICS
    if (ascii_only := tuple(phrase for phrase in topic if phrase.isascii()))
)
_NOTICES: Final = (
    # One of these is enough.
    "consider the environment",
    "before printing",
    "think before you print",
    "think of the environment",
    "an die umwelt",
    "pensez à l'environnement",
    "n'imprimez",
    "avant d'imprimer",
    "medio ambiente antes de imprimir",
    "meio ambiente antes de imprimir",
    "denk aan het milieu",
    "tänk på miljön",
    "tenk på miljøet",
    "tænk på miljøet",
    "ajattele ympäristöä",
    "myśl o środowisku",
    "pomyśl o środowisku",
    "pensa all'ambiente",
    "prima di stampare",
    "virus-free",
    "virenfrei",
    "sans virus",
    "libre de virus",
    "checked by avg",
    "scanned by",
    "scanned for viruses",
    "checked for viruses",
    "avast.com",
    "outgoing mail is certified",
    "confidentiality notice",
    "confidentiality note",
    "disclaimer:",
    "legal notice",
    "haftungsausschluss",
    "aviso legal",
    "aviso de confidencia",
    "avis de confidentialité",
    "clause de confidentialité",
    "is intended only for",
    "is intended solely for",
    "may contain confidential",
    "is confidential and",
    "are confidential and",
)
_FOOTERS: Final = (
    "do you yahoo",
    "yahoo! groups",
    "yahoo! mail",
    "msn messenger",
    "msn photos",
    "msn hotmail",
    "join the world",
    "get your free",
    "get your own free",
    "chat with friends online",
    "send and receive hotmail",
    "email is sponsored",
    "to unsubscribe",
    "unsubscribe from",
    "unsubscribe here",
    "unsubscribe at",
    "receiving this e-mail because",
    "receiving this email because",
    "received this email because",
    "received this message because",
    "update your preferences",
    "update your email preferences",
    "mailing list",
    "mailman/listinfo",
    "this email was sent to",
    "this message was sent to",
    "in your browser",
    "newsletter abmelden",
    "se désabonner",
    "darse de baja",
)
_LINKS: Final = ("@", "://", "www.")
_LISTS: Final = (
    "mailing list", "unsubscribe", "listinfo", "mailman", "sponsored", "yahoo!", "majordomo",
    "hotmail", "msn ", "listserv", "googlegroups", "subscription", " free ", " archives",
)  # fmt: skip
_OUTSIDE: Final = re.compile(
    r"(?:caution|warning|attention|external|achtung|vorsicht|externe|avertissement|precaución"
    r"|waarschuwing|alert|be careful|notice)\b.{0,80}"
    r"(?:outside|external|extern|unknown sender|do not click|originated|exterior|fuera|buiten)"
    r"|originated (?:from )?outside|(?:from|by) an? external (?:sender|source|email)"
    r"|you don.t often get e-?mail from|\[external\]\Z|message comes from outside"
)

_IN_WARNINGS: Final = (
    "outside", "extern", "unknown sender", "do not click", "originated", "exterior", "fuera",
    "buiten", "often get e",
)  # fmt: skip
"""One of these is in each text that `_OUTSIDE` finds."""


def is_warning(paragraph: Paragraph) -> bool:
    """Say whether the first paragraph of a mail is a gateway's warning of mail from outside."""
    if paragraph.count > _LINES_OF_FOOTER:
        return False
    folded = _folded(paragraph.words)
    # Most paragraphs have none of these words, and the pattern tries each of their letters.
    return has_any(folded, _IN_WARNINGS) and _OUTSIDE.search(folded) is not None


def notices_start(
    lines: Sequence[Line], paragraphs: Sequence[Paragraph], last: int, *, is_beginning: bool
) -> int:
    """Return the line at which the notices at the end of a stretch begin, `last` without any.

    The first paragraph of a mail is never a notice, because a mail says something. The footers of
    mailing lists stand only at the end of a mail.
    """
    is_end = last == len(lines)
    least = int(is_beginning or not is_end)
    start, misses = last, 0
    for number in range(len(paragraphs) - 1, -1, -1):
        paragraph = paragraphs[number]
        rule = _footer_line(lines, paragraph) if is_end else None
        if rule is not None and (number >= least or rule > paragraph.first):
            start, misses = rule, 0
            if rule > paragraph.first:
                break
        elif number >= least and _is_notice(paragraph.words, is_end=is_end):
            start, misses = paragraph.first, 0
        elif paragraph.count > _SHORT_PARAGRAPH or misses == _MOST_MISSES:
            break
        else:
            misses += 1
    return _with_rule_above(paragraphs, start) if start < last else last


def _is_notice(words: str, *, is_end: bool) -> bool:
    if "? " in words or words.endswith("?"):
        return False
    folded = words.casefold()
    if (
        is_end
        and len(words) <= _LONGEST_FOOTER
        and has_any(folded, _LINKS)
        and has_any(folded, _FOOTERS)
    ):
        return True
    return has_any(folded, _NOTICES) or (len(words) >= _SHORTEST_NOTICE and _is_legal(folded))


def _is_legal(folded: str) -> bool:
    """Say whether a paragraph has several topics of legal notices."""
    found = 0
    for topic in _ASCII_TOPICS if folded.isascii() else _TOPICS:
        found += has_any(folded, topic)
        if found == _LEAST_TOPICS:
            return True
    return False


def _folded(words: str) -> str:
    return words[:_LONGEST_FOOTER].casefold()


def _footer_line(lines: Sequence[Line], paragraph: Paragraph) -> int | None:
    """Return the line that begins the footer of a mailing list: dashes, or its address."""
    end = paragraph.first + paragraph.count
    for at in range(paragraph.first, end):
        words = lines[at].words
        if words[0] in "hH" and _LIST_LINK.match(words):
            return at
        if words[0] in "-_=*~" and _FOOTER_RULE.match(words):
            rest = lines[at : min(at + _LINES_OF_FOOTER, end)]
            if has_any(_folded(" ".join(line.words for line in rest)), _LISTS):
                return at
    return None


def _with_rule_above(paragraphs: Sequence[Paragraph], start: int) -> int:
    """Return the line of dashes right above the notices, else their first line."""
    before = next((one for one in reversed(paragraphs) if one.first < start), None)
    if before and before.count == 1 and _RULE.match(before.words):
        return before.first
    return start
