"""Reads reports that are no delivery reports: receipts, complaints, notes of the absent."""

import re
from itertools import islice
from typing import Final

from shared.mail.mime.charsets import decode
from shared.mail.mime.headers import Headers, read_headers
from shared.mail.mime.structure import Part, Structure
from shared.mail.parsed_mail import Report, ReportedRecipient
from shared.mail.parsing.automatic import first_sender, has_null_sender
from shared.mail.parsing.bounces.origins import subject_of
from shared.mail.parsing.bounces.returned_mails import read_notice, returned_ids
from shared.mail.parsing.bounces.status_parts import address_of, value_of
from shared.mail.parsing.identity import message_ids
from shared.mail.patterns import AnyCase

_RECEIPTS: Final = frozenset(
    {"message/disposition-notification", "message/global-disposition-notification"}
)
_COMPLAINTS: Final = frozenset({"message/feedback-report"})
_MOST_IDS: Final = 20
_MOST_COMPLAINED: Final = 100
_BLANK_LINE: Final = re.compile(rb"\n[ \t\r]*+\n")

_REPLY_WORDS: Final = (
    r"automatic (?:reply|response)|auto[- ]?reply|autoresponse"
    r"|automatische (?:antwort|beantwortung)|abwesenheitsnotiz"
    r"|r[ée]ponse automatique|respuesta autom[aá]tica|risposta automatica"
    r"|resposta autom[aáà]tica|r[aă]spuns automat"
    r"|automatisch antwoord|autosvar|automatiskt? svar|sjálfvirkt svar"
    r"|automaattinen vastaus|automaatvastus|automātiska atbilde|automatinis atsakymas"
    r"|automatick[áa] odpov[ěe][dď]|odpowied[zź] automatyczna|samodejni odgovor"
    r"|automatski odgovor|аутоматски одговор|автоматичен отговор|автоматски одговор"
    r"|автоматический ответ|автоответ|автоматична відповідь|automatikus válasz"
    r"|αυτόματη απάντηση"
    r"|otomatik yan(?:i|\N{LATIN SMALL LETTER DOTLESS I})t|رد تلقائي|מענה אוטומטי|תשובה אוטומטית"
    r"|自動(?:応答|返信|回覆|答覆)|自动(?:回复|答复)|자동 (?:회신|응답)"
    r"|(?:การ)?ตอบกลับอัตโนมัติ"
    r"|trả lời tự động|balasan otomatis|balasan automatik|स्वचालित उत्तर"
)
"""Names of an automatic reply in mail programs, in the languages that they come in."""

_ABSENT: Final = AnyCase(
    r"\s*+(?:\[[^\]]{1,40}\]\s*+)?(?:out[ -]of[ -](?:the[ -])?office"
    r"|auto(?:matic)?[ -]?(?:reply|response|answer|responder)|vacation"
    r"|on (?:vacation|holiday|leave)|away from (?:my|the) (?:office|mail|desk)|i am (?:away|out)"
    r"|abwesenheit\w*|abwesend|nicht im (?:büro|haus)"
    r"|message automatique|absen(?:t|ce)\b|hors du bureau|absent du bureau"
    r"|fuera de (?:la )?oficina|fora d[oe] escrit[oó]rio|ausência|fuori (?:sede|ufficio)|assenza"
    r"|afwezig|frånvar|fravær|ikke på kontor|poissa\b|automatická odpov|autoodpowied|nieobecno"
    rf"|不在|부재중|{_REPLY_WORDS})"
)
_ABSENT_FOR_SURE: Final = AnyCase(
    rf"\s*+(?:out of (?:the )?office(?: autoreply| reply| notification)?|{_REPLY_WORDS})"
    r"\s*+[:\N{FULLWIDTH COLON}]"
)
"""Words that programs write before the subject that they answer: no person begins so."""

_RETURNING: Final = AnyCase(
    r"\s*+auto: [^\n]{1,100}\((?:returning|returns|rückkehr|zurück|retour|regres|ritorn|terug"
    r"|tilbage|tilbake|åter|palaa|powr[oó]t|návrat|возвращ|戻り)[^()\n]{0,60}\)\s*+\Z"
)
"""The subject of Domino's notes: `AUTO: NAME is out of the office (returning DATE)`."""

_OWN_SUBJECT: Final = re.compile(r"\s*+away from my mail\s*+\Z", re.IGNORECASE)
"""The subject of vacation(1), which also writes `Precedence: bulk`."""

_ANSWER_PREFIX: Final = re.compile(r"\s*+(?:(?:re|aw|sv|rv|antw)\s*+:\s*+)++", re.IGNORECASE)
_BLANKS: Final = re.compile(r"\s++")

_MARKS: Final = ("x-autoreply", "x-autorespond", "x-auto-reply", "x-autoresponder", "x-vacation")
_BULK: Final = frozenset({"bulk", "junk"})
_UNMARKED: Final = frozenset({"", "no", "none", "false", "0"})


def read_receipt(structure: Structure) -> Report | None:
    """Return the read receipt (RFC 8098) in a mail, None if there is none."""
    part = _first(structure, _RECEIPTS)
    if part is None:
        return None
    fields = _fields(part)
    final, original = (address_of(value_of(fields, f"{one}-recipient")) for one in _SIDES)
    ids = (*message_ids(fields.first("original-message-id") or b""), *returned_ids(structure))
    said = value_of(fields, "disposition")
    address = final or original
    recipients = (ReportedRecipient(address, "", hard=False, original=original, diagnostic=said),)
    return Report(
        "receipt",
        recipients if address else (),
        tuple(dict.fromkeys(ids))[:_MOST_IDS],
        is_certain=_is_declared(structure),
    )


def read_complaint(structure: Structure) -> Report | None:
    """Return the complaint about spam (RFC 5965) in a mail, None if there is none."""
    part = _first(structure, _COMPLAINTS)
    if part is None:
        return None
    fields = _fields(part)
    said = value_of(fields, "feedback-type")
    stated = [
        address_of(decode(value))
        for name in ("original-rcpt-to", "removal-recipient")
        for value in fields.every(name)[:_MOST_COMPLAINED]
    ]
    # Some providers hide the reader in the report, and leave it in the returned mail.
    found = stated or read_notice(structure).sent_to[:_MOST_COMPLAINED]
    addresses = dict.fromkeys(one for one in found if "@" in one)
    return Report(
        "complaint",
        tuple(ReportedRecipient(one, "", hard=False, diagnostic=said) for one in addresses),
        tuple(dict.fromkeys(returned_ids(structure)))[:_MOST_IDS],
        value_of(fields, "original-envelope-id"),
        "high" if stated else "medium",
        is_certain=_is_declared(structure),
    )


def read_absence(headers: Headers) -> Report | None:
    """Return the report in an automatic answer (RFC 3834), None if a person seems to write.

    The marks of programs count, and subjects that programs write in front of the answered one.
    """
    if not _is_automatic_answer(headers):
        return None
    senders = first_sender(headers)
    ids = message_ids(headers.first("in-reply-to") or b"")
    return Report(
        "out-of-office",
        tuple(ReportedRecipient(one.address, "", hard=False) for one in senders if one.address),
        ids[:_MOST_IDS],
        confidence="medium",
        is_certain=_is_certain_answer(headers),
    )


def repeats_subject(subject: str, answered: str) -> bool:
    """Say whether a program has written a subject in answer to a mail with another subject.

    Programs write their own words in front of the whole subject that they answer. A person who
    answers writes `Re:`, and one who writes about a vacation does not repeat our subject.
    """
    begin = _ABSENT_FOR_SURE.match(subject)
    if begin is None or not _plain(answered):
        return False
    return _plain(subject[begin.end() :]) == _plain(answered)


def _plain(subject: str) -> str:
    begin = _ANSWER_PREFIX.match(subject)
    return _BLANKS.sub(" ", subject[begin.end() if begin else 0 :]).strip().casefold()


_SIDES: Final = ("final", "original")


def _is_declared(structure: Structure) -> bool:
    """Say whether the whole mail is a report. A person who passes one on makes another mail."""
    return structure.root.content_type.main == "multipart/report"


def _is_automatic_answer(headers: Headers) -> bool:
    if _is_marked_answer(headers):
        return True
    subject = subject_of(headers)
    if _is_generated(headers):
        return bool(_ABSENT.match(subject) or _RETURNING.match(subject))
    is_marked = _word(headers, "precedence") in _BULK or _suppresses(headers)
    if is_marked and (_ABSENT.match(subject) or _RETURNING.match(subject)):
        return True
    return _ABSENT_FOR_SURE.match(subject) is not None


def _is_certain_answer(headers: Headers) -> bool:
    """Say whether only a program can have answered.

    A subject alone does not suffice: a person may write about a vacation, also into the form of a
    web site, which marks its mail as generated. Nor does the wish that no program may answer, which
    companies add to the mails of people.
    """
    subject = subject_of(headers)
    is_of_program = _is_generated(headers) or has_null_sender(headers)
    begins_so = bool(_ABSENT_FOR_SURE.match(subject) or _RETURNING.match(subject))
    is_of_vacation = _word(headers, "precedence") in _BULK and _OWN_SUBJECT.match(subject)
    return _is_marked_answer(headers) or (is_of_program and begins_so) or bool(is_of_vacation)


def _is_marked_answer(headers: Headers) -> bool:
    return (
        _word(headers, "auto-submitted").startswith("auto-replied")
        or _word(headers, "precedence") == "auto_reply"
        or _answers_by_itself(headers)
        or any(_word(headers, name) not in _UNMARKED for name in _MARKS)
    )


def _answers_by_itself(headers: Headers) -> bool:
    """Say whether a program has answered that calls its answer generated, as Exchange does.

    A generated mail of a person, such as one from the form of a web site, answers no mail.
    """
    if any(decode(one).strip().lower() == "autoresponder" for one in headers.every("delivered-to")):
        return True
    is_answer = headers.first("in-reply-to") is not None
    return is_answer and _is_generated(headers) and has_null_sender(headers)


def _is_generated(headers: Headers) -> bool:
    return _word(headers, "auto-submitted").startswith(("auto-generated", "auto-notified"))


def _word(headers: Headers, name: str) -> str:
    value = headers.first(name)
    return decode(value).strip().lower() if value else ""


def _suppresses(headers: Headers) -> bool:
    return _word(headers, "x-auto-response-suppress") not in {"", "none"} or has_null_sender(
        headers
    )


def _first(structure: Structure, types: frozenset[str]) -> Part | None:
    return next((part for part in structure.leaves if part.media_type in types), None)


def _fields(part: Part) -> Headers:
    """Return the fields of a part; blank lines between them do not end it."""
    blocks = islice((one for one in _BLANK_LINE.split(part.content(), 10) if one.strip()), 10)
    fields = (field for one in blocks for field in read_headers(one, 0, len(one))[0].fields)
    return Headers(tuple(fields))
