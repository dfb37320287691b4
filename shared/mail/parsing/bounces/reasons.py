"""Why a server refused a recipient: read from its status code and its words. Pure.

Words count in a dozen languages, because half of the bounces have nothing else.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import Final

from shared.mail.patterns import AnyCase

_QUOTE: Final = "[\N{RIGHT SINGLE QUOTATION MARK}']"


def _any_of(*several: str) -> AnyCase:
    return AnyCase("|".join(several))


_SENDER: Final = _any_of(
    r"sender(?:'?s)?(?: e-?mail)? (?:address|domain|verif|rejected)",
    r"client host|\bhelo\b|\behlo\b|mail from:|from address|return-?path|reverse dns|ptr record",
    r"hostname of yours|invalid sender|envelope sender",
)
"""The server complains about us, not about the recipient."""

_FULL: Final = _any_of(
    r"over.?quota|quota (?:has been |is |was )?(?:exceed|exhaust|full|reached)",
    r"exceed\w*.{0,40}quota|disk (?:quota|full|space)",
    r"insufficient (?:disk |system )?(?:storage|space)",
    r"(?:mail ?box|inbox|maildir|postfach|account|storage)[^.\n]{0,40}?\b(?:full\b|voll\b)",
    r"(?:mail ?box|inbox|maildir|postfach|account|storage)[^.\n]{0,40}?\b(?:exceed|out of space)",
    r"not enough (?:disk )?space|too much mail|storage (?:allocation|limit)",
    r"mail ?box (?:size )?limit|(?:boîte|messagerie)[^.\n]{0,40}?(?:pleine|satur)",
    r"bu?z[oó]n[^.\n]{0,30}?lleno|casella[^.\n]{0,30}?piena|cheia\b|容量|满|滿|いっぱい",
    r"переполнен|przepełnion",
)
_ABOUT_MAIL: Final = _any_of(
    r"\bspam|black.?list|block.?list|blocked (?:by|for|due|using|because|from)|reputation",
    r"\bvirus|\bmalware|dnsbl|\brbl\b|\bdmarc\b|\bdkim\b|\bspf\b|content (?:rejected|filter)",
    r"too (?:big|large|many)|size (?:limit|exceeds)|message size|larger than|loop|\brelay",
    r"gr[ae]y.?list|temporar|try (?:again|later)|deferred|timed? ?out|throttl",
    r"connection (?:refused|reset|lost)|refused the connection|unable to connect",
    r"authentication required|unsolicited|unauthenticated|not authorized|you are not allowed",
    r"message rejected (?:for|due)|administrative(?:ly)? prohibit",
    r"suspend|deactivat|\bdisabled|\binactive\b|has expired|\blocked\b",
)
"""The refusal is about this mail, about us, or about today: another mail may arrive."""

_PERSON: Final = _any_of(
    r"users?\b|username|recipients?\b|mail ?box|e-?mail|address|accounts?\b|addressee|login\b",
    r"alias|inbox|\bperson|destination|\bname\b|rcpt|mailuser|subscriber|@[^\s@<>]{1,120}",
    r"empfänger|empfaenger|benutzer|adresse|postfach|konto|utilisateur|destinataire|bo[iî]te",
    r"compte|messagerie|usuario|destinatario|direcci[oó]n|cuenta|bu[zs][oó]n|casilla|usu[aá]rio",
    r"destinat[aá]rio|endere[cç]o|\bconta\b|caixa|utente|indirizzo|casella|gebruiker|\badres",
    r"geadresseerde|ontvanger|postvak|användare|mottagare|modtager|bruger|mottaker|bruker",
    r"użytkownik|adresat|odbiorca|skrzynk|пользовател|получател|адрес|ящик|宛先|ユーザ|アドレス",
    r"受信者|用户|邮箱|收件人|地址|帐号|用戶|信箱|收件者",
)
_HOST: Final = _any_of(
    r"\bhost(?:name)?s?\b|\bdomain|\bserver\b|destination (?:computer|system)|\bdns\b|\bmx\b",
    r"domän|domaine|dominio|domínio|ドメイン|域名|домен",
)
_IS_MISSING: Final = _any_of(
    r"unknown|unrecogni[sz]ed|unroute?able|undeliverable|\binvalid\b|non-?exist\w*|incorrect",
    r"no longer (?:valid|available|exists?|in use|on|active|here|with|accept|receiv|work)",
    r"\bno(?:t|) (?:an? )?(?:active|valid|known|correct|legal|local|one of|defined|here\b|hosted)",
    r"(?:is|are|was|were) (?:not|no) (?:our|in (?:our|the|my))",
    rf"(?:\bnot|n{_QUOTE}?t)[ _-]?(?:be |been )?(?:found|known|recogni[sz]ed|resolv|located)",
    rf"(?:\bnot|n{_QUOTE}?t)[ _-]?(?:valid|exist\w*|listed|match|registered|present|local\b)",
    rf"do(?:es)?(?: not|n{_QUOTE}?t) (?:exist|match|receive|live|have)",
    r"has (?:been )?(?:left|deleted|removed|closed)|not in (?:address )?(?:directory|table|list)",
    r"unbekannt|nicht gefunden|existiert nicht|ungültig|nicht vorhanden|nicht bekannt",
    rf"inconnu|introuvable|n{_QUOTE}(?:existe|est) pas|invalide|inexistant|erroné|desconocid",
    r"ine[xs]istent|no existe|no se (?:encontr|ha encontrad|pudo encontrar)|inv[aá]lid|desconhecid",
    r"n[aã]o (?:existe|foi encontrad|encontrad)|sconosciut|non (?:esiste|trovat|valid)",
    r"non è stat[oa] trovat|onbekend|bestaat niet|niet gevonden|ongeldig|okänd|finns inte",
    r"hittades inte|ukendt|findes ikke|ukjent|finnes ikke|ble ikke funnet|nieznan|nie istnieje",
    r"nie znaleziono|nieprawidłow|не найден|не существует|неизвест|неверн",
    r"見つかりません|存在しま?せん|存在しない|不明|いません|不存在|无效|未找到|找不到|無效",
)
"""Words about a recipient or a host that is not there; its name stands before them."""

_NOBODY: Final = _any_of(
    r"\b(?:unknown|no such|no|invalid|non-?existent|bad|illegal|wrong|unrecogni[sz]ed"
    r"|unresolvable|undeliverable|unroute?able|cannot find|can't find) "
    r"(?:(?:local|valid|this|to|or|destination|e-?mail|virtual|delivery|such|mailhost|named) ){0,3}"
    r"(?:users?|recipients?|mail ?box|address\w*|accounts?|addressee|alias|person|rcpt|mailuser"
    r"|name|subscriber|login|mailbox)\b",
    r"no (?:mail)?box (?:here|by)|nobody by that name|there is no one at|not our customer",
    r"unknown[ -._]or[ -._]illegal|nosuchuser|recipnotfound|recipientnotfound|user.?unknown",
    r"unknown.?user|mailbox.?unknown|550 no such|查无此人|rcp-p2",
    r"recipient address rejected: (?:access denied|user|undeliv|unknown|unverif)",
    r"recipient name is not recogni[sz]ed|does not like recipient",
)
_NO_HOST: Final = _any_of(
    r"unknown (?:mail )?(?:host|domain|server)|no such (?:domain|host)|nxdomain|host unknown",
    r"couldn'?t find any host|unroute?able (?:mail )?domain|bad destination (?:host|system)",
    r"illegal host|invalid (?:domain|host)|no mx or a|no (?:valid )?(?:mx|mail server|dns)\b",
    r"non-?existent (?:domain|host)|name service error|name or service not known|dns error",
    r"unable to (?:resolve|look ?up)|hostname lookup|could not resolve",
)
_MOVED: Final = _any_of(
    r"\bhas moved\b|user moved|new (?:e-?mail )?address|has been replaced",
    r"(?:address|recipient) has (?:been )?changed|no longer at this address",
    r"changed (?:his|her|their) e?-?mail",
)
_TAKES_NO_MAIL: Final = _any_of(
    r"(?:does(?: not|n't)|do not|not) accept(?:s|ing)? (?:any |incoming |inbound )?"
    r"(?:mail|e-?mail|messages)(?! from)",
    r"null ?mx|host accepts no mail",
)
_LATE: Final = _any_of(
    r"time ?out exceeded|retry time|timed? ?out|expired|connection refused|could ?n[o']t connect",
    r"for (?:the (?:last|past) )?\d+ (?:hour|day)|unable to connect|too long|maximum queue",
    r"queue lifetime|delivery time|long failure period",
)
_TOO_LARGE: Final = _any_of(r"too (?:big|large)|size (?:limit|exceeds)|message size|larger than")

_HARD_CODES: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.4.4"})
_NEVER_HARD: Final = frozenset({"5.2.2", "5.2.3", "5.3.4"})
_LONGEST: Final = 1_500
_MOST_PHRASES: Final = 20
_BEFORE: Final = 90


def is_hard(status: str, words: str) -> bool:
    """Say whether a final refusal means that nobody is at the address.

    A full or suspended mailbox, a policy and a refusal of the sender are none.
    """
    words = words[:_LONGEST]
    if status.startswith(("2", "4")) or status in _NEVER_HARD or _FULL.search(words):
        return False
    if status in _HARD_CODES:
        is_about_mail = _ABOUT_MAIL.search(words) or _SENDER.search(words)
        return not is_about_mail or says_unknown_recipient(words)
    return says_unknown_recipient(words)


def says_unknown_recipient(words: str) -> bool:
    """Say whether a server's words mean that there is no such recipient, or no such host."""
    return _meaning(words[:_LONGEST]) in {"5.1.1", "5.1.2", "5.1.6", "5.1.10"}


def explains(words: str) -> bool:
    """Say whether words give a reason for a refusal."""
    return _explains(words[:_LONGEST])


def meant_status(words: str) -> str:
    """Return the status code that words without one mean (RFC 3463), 5.0.0 if they are vague."""
    words = words[:_LONGEST]
    if _FULL.search(words):
        return "5.2.2"
    if meaning := _meaning(words):
        return meaning
    if _TOO_LARGE.search(words):
        return "5.3.4"
    return "4.4.7" if _LATE.search(words) else "5.0.0"


# Of one notice the same words are judged for each recipient, and as its reason.
@lru_cache(maxsize=256)
def _explains(words: str) -> bool:
    return bool(_meaning(words) or _FULL.search(words) or _ABOUT_MAIL.search(words))


@lru_cache(maxsize=256)
def _meaning(words: str) -> str:
    """Return the code that fits the words about an absent recipient, or "" if nobody is absent."""
    if _SENDER.search(words):
        return ""
    phrases: Sequence[tuple[AnyCase, str]] = (
        (_TAKES_NO_MAIL, "5.1.10"),
        (_NO_HOST, "5.1.2"),
        (_NOBODY, "5.1.1"),
    )
    for phrase, code in phrases:
        if phrase.search(words):
            return code
    return _missing(words) or ("5.1.6" if _MOVED.search(words) else "")


def _missing(words: str) -> str:
    """Return whose absence a sentence states: the nearest noun before "not found" counts."""
    for found in islice(_IS_MISSING.finditer(words), _MOST_PHRASES):
        before = words[max(0, found.start() - _BEFORE) : found.start()]
        sentence = before.replace("\n", ". ").rpartition(". ")[2]
        person, host = (_last(one, sentence) for one in (_PERSON, _HOST))
        if person >= 0 or host >= 0:
            return "5.1.2" if host >= person else "5.1.1"
    return ""


def _last(noun: AnyCase, words: str) -> int:
    return max((one.start() for one in noun.finditer(words)), default=-1)
