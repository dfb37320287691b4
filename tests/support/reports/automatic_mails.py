"""Answers of programs for people who are absent, and mails of people that look like them.

All are about a mail of ours with the subject "Your order". The fields are those that each program
writes by itself; what servers on the way add is left out.
"""

from typing import Final

from shared.mail.parsing.bounces.other_reports import repeats_subject
from shared.mail.parsing.parser import parse_mail
from shared.mail.parsing.reports import read_report
from tests.support.reports.labels import Labelled

_EXCHANGE: Final = "X-Auto-Response-Suppress: All\nAuto-Submitted: auto-generated\n"
_NULL: Final = "Return-Path: <>\n"
_ANN: Final = "Return-Path: <ann@client.example>\n"
_REPLIED: Final = "Auto-Submitted: auto-replied\n"


def _mail(name: str, kind: str | None, fields: str, subject: str, text: str) -> Labelled:
    raw = (
        f"{fields}From: Ann <ann@client.example>\nTo: support@demo.example\nSubject: {subject}\n"
        "Message-ID: <1@client.example>\nMIME-Version: 1.0\n"
        f"Content-Type: text/plain; charset=utf-8\n\n{text}\n"
    )
    return Labelled(name, raw.replace("\n", "\r\n").encode(), kind)


def _note(name: str, fields: str, subject: str, text: str = "I am back on Monday.") -> Labelled:
    return _mail(name, "out-of-office", fields, subject, text)


def _letter(name: str, subject: str, text: str, fields: str = "") -> Labelled:
    return _mail(name, None, _ANN + fields, subject, text)


_EXCHANGE_WORDS: Final = {
    "ar": "رد تلقائي",
    "bg": "Автоматичен отговор",
    "ca": "Resposta automàtica",
    "cs": "Automatická odpověď",
    "da": "Automatisk svar",
    "de": "Automatische Antwort",
    "el": "Αυτόματη απάντηση",
    "en": "Automatic reply",
    "es": "Respuesta automática",
    "et": "Automaatvastus",
    "fi": "Automaattinen vastaus",
    "fr": "Réponse automatique ",
    "he": "מענה אוטומטי",
    "hr": "Automatski odgovor",
    "hu": "Automatikus válasz",
    "id": "Balasan otomatis",
    "it": "Risposta automatica",
    "ja": "自動応答",
    "ko": "자동 회신",
    "lt": "Automatinis atsakymas",
    "lv": "Automātiska atbilde",
    "nl": "Automatisch antwoord",
    "no": "Automatisk svar",
    "pl": "Odpowiedź automatyczna",
    "pt": "Resposta automática",
    "ro": "Răspuns automat",
    "ru": "Автоматический ответ",
    "sk": "Automatická odpoveď",
    "sl": "Samodejni odgovor",
    "sr": "Automatski odgovor",
    "sv": "Automatiskt svar",
    "th": "ตอบกลับอัตโนมัติ",
    "tr": "Otomatik yan\N{LATIN SMALL LETTER DOTLESS I}t",
    "uk": "Автоматична відповідь",
    "vi": "Trả lời tự động",
    "zh": "自动答复",
    "zh-tw": "自動回覆",
}
"""What Exchange writes before the subject that it answers, by the language of the mailbox."""

ABSENCES: Final = (
    *(
        _note(f"exchange, {language}", _NULL + _EXCHANGE, f"{words}: Your order")
        for language, words in _EXCHANGE_WORDS.items()
    ),
    _note(
        "exchange, in a language that nobody knows",
        f"{_NULL}{_EXCHANGE}In-Reply-To: <sent-1@demo.example>\n",
        "Xawaya mekanik: Your order",
    ),
    *(
        _note(f"exchange behind a gateway, {language}", _ANN, f"{words}: Your order")
        for language, words in _EXCHANGE_WORDS.items()
    ),
    _note("gmail", _REPLIED + "Precedence: bulk\nX-Autoreply: yes\n", "Re: Your order"),
    _note("sieve", _NULL + _REPLIED, "Auto: Your order"),
    _note("dovecot pigeonhole", _NULL + f"{_REPLIED}Precedence: bulk\n", "Auto: Your order"),
    _note(
        "zimbra", _NULL + "Auto-Submitted: auto-replied (zimbra; vacation)\n", "Out of the office"
    ),
    _note("vacation(1)", "Precedence: bulk\n", "away from my mail"),
    _note("vacation(1) of Debian", f"{_REPLIED}Precedence: bulk\n", "away from my mail"),
    _note("cpanel", "X-Autorespond: Your order\nPrecedence: auto_reply\n", "Autoresponse"),
    _note("plesk", f"{_NULL}{_REPLIED}X-Autoreply: yes\n", "Re: Your order"),
    _note("icloud", _NULL + _REPLIED, "Auto-Reply"),
    _note("groupwise", f"{_NULL}{_REPLIED}Precedence: junk\n", "Your order (Out of office)"),
    _note("gmx", _NULL + _REPLIED, "Abwesenheitsnotiz"),
    _note("kerio", f"{_REPLIED}Precedence: bulk\n", "Automatic reply to message"),
    _note("open-xchange", _NULL + _REPLIED, "Ich bin nicht da"),
    _note(
        "domino",
        f"{_NULL}Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: OOF\n",
        "AUTO: Ann is out of the office (returning 03/08/2021)",
    ),
    _note(
        "domino without marks",
        _NULL,
        "AUTO: Ann is out of the office (returning 03/08/2021)",
    ),
    _note("yahoo", f"{_NULL}{_REPLIED}Precedence: junk\n", "Yahoo! Auto Response"),
    _note(
        "autorespond of qmail", "Delivered-To: Autoresponder\nPrecedence: junk\n", "Re: Your order"
    ),
    _note("zoho", f"{_REPLIED}X-Zoho-Virus-Status: 1\n", "Automatic reply : Your order"),
    _note("fastmail", f"{_NULL}{_REPLIED}", "Re: Your order"),
    _note("mailenable", "X-Autoresponder: yes\n", "Away"),
    _note("hmailserver", f"{_REPLIED}Precedence: bulk\n", "Re: Your order"),
    _note("mdaemon", f"{_NULL}{_REPLIED}X-MDaemon-Autoresponder: yes\n", "Away from my desk"),
    _note("communigate", f"{_NULL}{_REPLIED}", "Re: Your order"),
    _note("sendpulse helpdesk", f"{_REPLIED}X-Autoreply: yes\n", "[#4711] We have your mail"),
    _note("exim vacation", f"{_NULL}{_REPLIED}Precedence: bulk\n", "On vacation"),
    _note("exchange, old", _NULL, "Out of Office AutoReply: Your order"),
    _note("exchange, old German", _NULL, "Abwesenheitsnotiz: Your order"),
)
"""Notes of programs. None of them is a person's words to us."""

LOOK_ALIKES: Final = (
    _letter("leave, announced", "Out of office next week", "Please send it before Friday."),
    _letter("leave, in an answer", "Re: Your order", "I am on vacation until Monday, then I pay."),
    _letter("about an automatic reply", "Automatic reply: please turn it off", "It annoys us."),
    _letter("quoting a note", "AW: Automatische Antwort: Your order", "Wer vertritt Sie?"),
    _letter("passing a note on", "Fwd: Automatic reply: Your order", "See below."),
    _letter("about absence", "Abwesenheit am Liefertermin", "Ich bin am 3. nicht da."),
    _letter("French absence", "Absence le jour de la livraison", "Merci de changer la date."),
    _letter("Spanish question", "¿Respuesta automática?", "¿Lee alguien este correo?"),
    _letter("Polish question", "Odpowiedź automatyczna", "Dlaczego dostaję takie odpowiedzi?"),
    _letter("auto in the subject", "AUTO: Inspektion und Reifen", "Wann kann ich kommen?"),
    _letter("auto, English", "Auto: insurance of my car", "Please send an offer."),
    _letter(
        "company that wishes no answers",
        "Re: Your order",
        "We take it.",
        "X-Auto-Response-Suppress: DR, OOF, AutoReply\n",
    ),
    _letter("urgent", "Re: Your order", "Today, please.", "Precedence: urgent\n"),
    _letter("no machine", "Re: Your order", "Yes.", "Auto-Submitted: no\n"),
    _letter("explicit no", "Out of the office", "May I call?", "X-Autoreply: no\n"),
    _letter("newsletter program", "Re: Your order", "Yes.", "List-Unsubscribe: <mailto:a@b.c>\n"),
    _letter("list of a company", "Vacation days", "How many?", "List-Id: <all.client.example>\n"),
    _letter("group", "Your order", "We wait.", "Precedence: list\nList-Id: <a.client.example>\n"),
    _letter(
        "system of a customer",
        "Re: Your order",
        "We need two.",
        "Auto-Submitted: auto-generated\nIn-Reply-To: <sent-1@demo.example>\n",
    ),
    _letter("form of a site", "Vacation rental", "Is it free?", "Auto-Submitted: auto-generated\n"),
    _letter("complaint", "Delivery failed", "The parcel never came. Where is it?"),
    _letter("about spam", "Your mail is spam", "Stop it."),
    _letter("undelivered goods", "Undelivered: order 17", "Return it to sender, please."),
    _letter("receipt, asked for", "Read receipt for my payment", "Please send me one."),
)
"""Letters of people. Each has to be offered to somebody."""


def is_quiet(labelled: Labelled) -> bool:
    """Say whether a mail on our mail "Your order", without our token, is offered to nobody."""
    read, mail = read_report(labelled.raw), parse_mail(labelled.raw)
    return read is not None and (read.is_certain or repeats_subject(mail.subject, "Your order"))
