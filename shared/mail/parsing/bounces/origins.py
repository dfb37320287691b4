"""Tells reports from other mail by sender and subject, and what a notice in words is about."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from shared.mail.mime.encoded_words import decode_value, one_line
from shared.mail.mime.headers import Headers
from shared.mail.mime.structure import Structure
from shared.mail.parsed_mail import Kind
from shared.mail.parsing.automatic import first_sender, has_null_sender
from shared.mail.parsing.bounces.returned_mails import Notice
from shared.mail.patterns import AnyCase

_LONGEST_SUBJECT: Final = 300
_LONGEST_NOTICE: Final = 4_000

_DAEMONS: Final = AnyCase(
    r"(?:mailer[-_.]?daemon|mail[-_.]?daemon|post[-_.]?master|mdaemon|mmdf|mail-?delivery\S*"
    r"|delivery-?\S*|bounces?\S*|maileradmin|mail-?admin\w*|mailsys\w*|microsoftexchange\w*"
    r"|daemon|uucp|listserv|autoanswer|ndr\w*)(?:@|\Z)"
)
_DAEMON_NAMES: Final = AnyCase(
    r"mail(?:er)?[ -]?(?:delivery|daemon|system)|post ?master|system administrator|delivery (?:sub"
    r"|notification|failure)|internet mail|microsoft outlook|administrator\b|mail administrator"
    r"|mail ?router|systemadministrator|undelivered|delivery service|mail service"
)
_BOUNCE_SUBJECT: Final = AnyCase(
    r"\s*+(?:\[\w{1,20}\] )?(?:undeliver|failure notice|returned? (?:mail|to sender|e-?mail|mess)"
    r"|mail (?:delivery|system error|status report|fail|could not|not deliver)"
    r"|delivery (?:status|fail|notif|report|error|problem|delayed|incomplete|unsuccess)"
    r"|message (?:undeliver|not delivered|delivery fail|status|could not be|you sent)"
    r"|non-?delivery|ndn:|ndr\b|nondeliverable|could not (?:send|deliver)|unable to deliver"
    r"|cannot (?:send|deliver)|rejected|bounce|error sending|email delivery|failed (?:mail|deliv)"
    r"|e-?mail (?:delivery|not delivered|could not)|successful mail delivery|warning: |delay"
    r"|sorry, your message could not|notice: mail delivery"
    r"|(?:un)?zustellbar|unzustell|nicht zustell|nicht zugestellt|zustellung|rückmeldung"
    r"|non remis|échec|echec|avis de non|non distribu|remise (?:diff|imp|de)"
    r"|no se (?:puede|pudo|ha podido)|no entregad|error de entrega|devolución"
    r"|falha na|não foi|mensagem não|impossibile|mancato recapito|non recapitabile"
    r"|onbestelbaar|niet afgeleverd|kan inte levereras|olevererat|ikke leveret|uleverbar"
    r"|niedostarczon|nie można dostarczyć|недоставлен|не доставлен|配信不能|配信でき"
    r"|未送达|无法(?:投递|送达)|退信|系统退信|传递(?:失败|通知)|送信エラー|メール(?:配信|送信))"
)
_ANSWERED: Final = AnyCase(r"\s*+(?:re|fwd?|aw|wg|tr|sv|rv)\s*+:")
_STILL_TRYING: Final = AnyCase(
    r"delay(?:ed)?\b|warning:? (?:message|could not)|verzögert|retard\b|retras|demorad"
    r"|still (?:being )?(?:retried|trying)"
    r"|will (?:be retried|keep trying|continue to try|retry)|not yet been delivered|in ritardo"
    r"|you do not need to resend|has not (?:yet )?been (?:collected|delivered) yet|vertraagd"
    r"|noch nicht zugestellt|conserv\w+ en file|délai|deferred|temporarily undelivered"
)
_GIVEN_UP: Final = AnyCase(
    r"permanent|fatal|fail(?:ed|ure)|giv(?:en|ing) up|undeliverable|could not be delivered"
    r"|returned (?:mail|to)|cannot send message for|unzustellbar|échec|gave up|retry time"
)
_ARRIVED: Final = AnyCase(
    r"success(?:ful|fully|\))|has been (?:successfully )?delivered|was (?:successfully )?delivered"
    r"|wurde (?:erfolgreich )?zugestellt|relayed (?:to|by)|remis avec succ|entregad\w con [eé]xito"
)
_NOT_ARRIVED: Final = AnyCase(
    r"\bnot\b|un(?:able|deliver|success)|fail|could ?n|error|reject|\b[45]\d\d[ -]|nicht|échec"
)


@dataclass(frozen=True, slots=True)
class Origin:
    """The sender according to the headers: a server, nobody, or perhaps a person."""

    is_daemon: bool
    has_null_sender: bool
    is_known_person: bool
    has_bounce_subject: bool
    is_answer: bool

    @property
    def is_machine(self) -> bool:
        """Say whether no person can have sent the mail."""
        return self.is_daemon or self.has_null_sender


def origin_of(structure: Structure, envelope_sender: str | None) -> Origin:
    """Return what the headers and the sender of the envelope say about a mail's author."""
    headers = structure.headers
    senders = first_sender(headers)
    subject = subject_of(headers)
    null = has_null_sender(headers, envelope_sender)
    named = envelope_sender or (headers.first("return-path") or b"").strip(b"<> ").decode("latin-1")
    is_daemon = not senders or any(
        _DAEMONS.match(one.address) or _DAEMON_NAMES.search(one.personal) for one in senders
    )
    return Origin(
        is_daemon=is_daemon,
        has_null_sender=null,
        is_known_person=bool(named) and not null and not _DAEMONS.match(named),
        has_bounce_subject=_BOUNCE_SUBJECT.match(subject) is not None,
        is_answer=_ANSWERED.match(subject) is not None,
    )


def kind_in_words(headers: Headers, notice: Notice) -> Kind:
    """Return what a notice is about, if no Action says it: a failure unless words deny it."""
    subject, words = subject_of(headers), one_line(notice.text[:_LONGEST_NOTICE])
    if _STILL_TRYING.search(subject) and not _GIVEN_UP.search(subject):
        return "delayed"
    if _ARRIVED.search(subject):
        return "delivered"
    if _STILL_TRYING.search(words) and not _GIVEN_UP.search(f"{subject} {words}"):
        return "delayed"
    if _ARRIVED.search(words) and not _NOT_ARRIVED.search(f"{subject} {words}"):
        return "delivered"
    return "failed"


def subject_of(headers: Headers) -> str:
    """Return the beginning of the subject."""
    return _decoded((headers.first("subject") or b"")[:_LONGEST_SUBJECT])


# It is read for each kind of report.
@lru_cache(maxsize=16)
def _decoded(subject: bytes) -> str:
    return decode_value(subject)
