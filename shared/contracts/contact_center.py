"""The contact center as its operator describes it in `contact-center.yaml`."""

from datetime import timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Annotated, Final, Literal

from pydantic import (
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from shared.contracts.acknowledgement import Acknowledgement, AllTemplates, MailTemplate
from shared.contracts.description.consistency import inconsistencies
from shared.contracts.description.field_types import (
    HostName,
    MailboxAddress,
    PasswordHash,
    Skills,
    TokenDigest,
)
from shared.contracts.description.files import AttachmentRules, VirusScanner
from shared.contracts.description.report_rules import ReportRules
from shared.contracts.description.sections import Name, Section
from shared.contracts.fetching import Fetch
from shared.contracts.flood import FloodRules
from shared.contracts.hours import AllHours
from shared.contracts.oauth import LoginUse, MailServer, OAuthLogin, RouteLogin
from shared.contracts.retention import Retention
from shared.contracts.screening import ScreeningRule, ScreeningRules

_DRAFTS: Final = "email.draft"
_POSTMASTER: Final = "postmaster"
_SHORTEST_OFFER: Final = timedelta(seconds=10)
_LONGEST_OFFER: Final = timedelta(minutes=15)

Tls = Literal["none", "starttls", "implicit"]
Role = Literal["Agent", "Contact Center Admin"]


class Agent(Section):
    """An agent, who may log in. `capacity` is the number of e-mails at the same time.

    `invitation` is how long an offer to this agent stands, in seconds or ISO 8601 (`PT90S`); by
    default as long as to everybody (`ROUTING_INVITATION`).
    """

    user_name: Name
    password_hash: PasswordHash
    first_name: str = ""
    last_name: str = ""
    email_address: str = ""
    roles: tuple[Role, ...] = ("Agent",)
    queues: tuple[Name, ...] = ()
    skills: Skills = Field(default_factory=dict)
    capacity: int = Field(default=1, ge=1, le=1000)
    enabled: bool = True
    invitation: Annotated[
        timedelta | None,
        Field(ge=_SHORTEST_OFFER, le=_LONGEST_OFFER, exclude_if=lambda value: value is None),
    ] = None


class Queue(Section):
    """A business queue; an agent needs every skill in `requires`, at that level or above.

    `mailroom doctor` reports mail that waits for longer than `longest_wait`, which is seconds or
    ISO 8601 (`PT4H`).
    """

    name: Name
    description: str = ""
    requires: Skills = Field(default_factory=dict)
    # Left out if it is None, so that services of an earlier release can read the rest.
    longest_wait: Annotated[
        timedelta | None, Field(gt=timedelta(0), exclude_if=lambda value: value is None)
    ] = None


class Workbin(Section):
    """A workbin, where agents keep interactions for later."""

    name: Name
    owner: Literal["agent", "queue"] = "agent"


class AgentState(Section):
    """A further reason for NotReady, besides the ones that every installation has."""

    name: Name
    display_name: str = ""


class Token(Section):
    """The digest of a secret by which a program may hand in mail: `mailroom make-token` makes one.

    `sha256` is the SHA-256 of the token in hexadecimal.
    """

    name: Name
    sha256: TokenDigest


class Drop(Section):
    """The programs that may hand in mail for a mailbox by HTTP: names under `tokens`."""

    tokens: tuple[Name, ...] = ()


class Mailbox(Section):
    """An address that receives mail, and the queue for its mail.

    With `fetch`, its mail is read from an IMAP server as well as taken by SMTP and LMTP; with
    `drop`, programs hand it in by HTTP.
    Reports on mail that is sent from it go to `bounces_to`, by default to the address itself.
    With `thread_tokens`, mails from it ask for answers at its address with a secret plus-tag, which
    leads an answer into its thread. The mail server before us then has to take plus-tags.
    With `subject_ids`, the subject of mails from it ends with an id, which leads an answer into its
    thread where its sender took part in that mail.
    `screening` names the rules that its mail is screened by, in their order; without it all rules
    count, in the order of the file. With `acknowledgement` a person's first mail is answered
    automatically.
    """

    address: MailboxAddress
    queue: Name
    aliases: tuple[MailboxAddress, ...] = ()
    # Left out if it is None, so that services of an earlier release can read the rest.
    fetch: Annotated[Fetch | None, Field(exclude_if=lambda value: value is None)] = None
    drop: Annotated[Drop | None, Field(exclude_if=lambda value: value is None)] = None
    bounces_to: Annotated[MailboxAddress | None, Field(exclude_if=lambda value: value is None)] = (
        None
    )
    thread_tokens: Annotated[bool, Field(exclude_if=lambda value: not value)] = False
    subject_ids: Annotated[bool, Field(exclude_if=lambda value: not value)] = False
    screening: Annotated[tuple[Name, ...] | None, Field(exclude_if=lambda value: value is None)] = (
        None
    )
    acknowledgement: Annotated[
        Acknowledgement | None, Field(exclude_if=lambda value: value is None)
    ] = None


class Sender(Section):
    """An address that agents may send from, and the name shown beside it."""

    address: MailboxAddress
    personal: str = ""


class SmtpRoute(Section):
    """The SMTP server for outbound mail.

    The login is a password, which is read from the environment, or OAuth (XOAUTH2).
    """

    host: str = "localhost"
    port: int = Field(default=25, ge=1, le=65535)
    tls: Tls = "starttls"
    user_name: str = ""
    password_variable: str = ""
    login: RouteLogin | None = None
    when_uncertain: Literal["hold", "resend"] = "hold"

    @model_validator(mode="after")
    def _logs_in_in_one_way(self) -> "SmtpRoute":
        if self.login is None:
            return self
        if self.password_variable:
            raise ValueError("`login` and `password_variable` exclude each other: leave out one")
        if not self.user_name:
            raise ValueError("`login` needs `user_name`: the mailbox that sends")
        if self.tls == "none":
            raise ValueError("a login without TLS shows the token to the network: set `tls`")
        return self

    @property
    def server(self) -> MailServer:
        """The server that a refused login is told apart by."""
        return MailServer("smtp", self.host, self.port)

    def replaced(self, host: str | None, port: int | None, tls: Tls | None) -> "SmtpRoute":
        """Return the route with another server.

        With another host the login is removed, so that it is not sent to a foreign server.
        """
        given = {"host": host, "port": port, "tls": tls}
        update: dict[str, object] = {name: one for name, one in given.items() if one is not None}
        if host:
            update |= {"user_name": "", "password_variable": "", "login": None}
        return self.model_copy(update=update)


class ContactCenter(Section):
    """The description of an installation: its agents, queues, addresses and routes.

    With `virus_scanner`, files that arrive or are uploaded are scanned before anybody gets them.
    `trusted_authentication` are the names of the mail servers whose Authentication-Results count:
    own ones, which remove those that mail brings under their name (RFC 8601 section 5).
    """

    name: Name
    agents: tuple[Agent, ...] = ()
    queues: tuple[Queue, ...] = ()
    workbins: tuple[Workbin, ...] = ()
    agent_states: tuple[AgentState, ...] = ()
    mailboxes: tuple[Mailbox, ...] = ()
    senders: tuple[Sender, ...] = ()
    smtp_route: SmtpRoute = SmtpRoute()
    oauth: tuple[OAuthLogin, ...] = ()
    # Left out if there are none, so that services of an earlier release can read the rest.
    tokens: Annotated[tuple[Token, ...], Field(exclude_if=lambda value: not value)] = ()
    attachments: AttachmentRules = AttachmentRules()
    # Left out if they are empty, so that services of an earlier release can read the rest.
    virus_scanner: Annotated[VirusScanner | None, Field(exclude_if=lambda value: value is None)] = (
        None
    )
    trusted_authentication: Annotated[
        tuple[HostName, ...], Field(max_length=20, exclude_if=lambda value: not value)
    ] = ()
    # Left out where it says nothing, so that services of an earlier release can read the rest.
    reports: Annotated[ReportRules, Field(exclude_if=lambda value: value == ReportRules())] = (
        ReportRules()
    )
    screening: Annotated[ScreeningRules, Field(exclude_if=lambda value: not value)] = ()
    hours: AllHours = ()
    templates: AllTemplates = ()
    flood: Annotated[FloodRules | None, Field(exclude_if=lambda value: value is None)] = None
    retention: Annotated[Retention, Field(exclude_if=lambda value: value == Retention())] = (
        Retention()
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> "ContactCenter":
        found = [
            InitErrorDetails(
                type=PydanticCustomError("inconsistent", "{words}", {"words": words}),
                loc=path,
                input=None,
            )
            for path, words in inconsistencies(self.model_dump())
        ]
        if found:
            raise ValidationError.from_exception_data("ContactCenter", found)
        return self

    def mailbox_for(self, address: str) -> Mailbox | None:
        """Return the mailbox for an address, with or without a plus-tag (RFC 5233), or None."""
        local, _, host = address.lower().rpartition("@")
        plain = f"{local.split('+', 1)[0]}@{host}"
        for wanted in (f"{local}@{host}", plain):
            for mailbox in self.mailboxes:
                if wanted in (mailbox.address, *mailbox.aliases):
                    return mailbox
        return None

    def described_address(self, address: str) -> str:
        """Return the address under which the mail of a mailbox is stored, for any of its addresses.

        A mailbox that is described no more may still have mail, so an unknown address stays.
        """
        mailbox = self.mailbox_for(address)
        return mailbox.address if mailbox else address.lower()

    def mailbox_for_postmaster(self, address: str) -> Mailbox | None:
        """Return the mailbox for mail to the postmaster, None if the address is another one.

        Every domain that takes mail has a postmaster, and the name alone means any of them (RFC
        5321 section 4.5.1). Where none is described it is the first mailbox of the domain.
        """
        name, at, host = address.lower().partition("@")
        if name != _POSTMASTER:
            return None
        found = [
            (one.startswith(f"{_POSTMASTER}@"), mailbox)
            for mailbox in self.mailboxes
            for one in (mailbox.address, *mailbox.aliases)
            if not at or one.endswith(f"@{host}")
        ]
        described = (mailbox for is_described, mailbox in found if is_described)
        return next(described, found[0][1] if found else None)

    def screening_of(self, mailbox: Mailbox) -> tuple[ScreeningRule, ...]:
        """Return the rules that the mail of a mailbox is screened by, in their order."""
        if mailbox.screening is None:
            return self.screening
        named = {rule.name: rule for rule in self.screening}
        return tuple(named[name] for name in mailbox.screening if name in named)

    def bounce_address(self, sender: str) -> str | None:
        """Return the address for reports on mail from a sender, None if that is no mailbox."""
        mailbox = self.mailbox_for(sender)
        return (mailbox.bounces_to or sender) if mailbox else None

    def token(self, secret: str) -> Token | None:
        """Return the token with that secret, None if there is none."""
        digest = sha256(secret.encode(errors="surrogatepass")).hexdigest()
        return next((one for one in self.tokens if compare_digest(one.sha256, digest)), None)

    def template(self, name: str) -> MailTemplate | None:
        """Return the text for automatic mail of that name, None if there is none."""
        return next((one for one in self.templates if one.name == name), None)

    def oauth_login(self, name: str) -> OAuthLogin | None:
        """Return the OAuth login of that name, None if there is none."""
        return next((login for login in self.oauth if login.name == name), None)

    @property
    def oauth_users(self) -> tuple[tuple[str, str], ...]:
        """Each OAuth login in use, by name, with each user who logs in by it."""
        return tuple(dict.fromkeys((use.login, use.user_name) for use in self.login_uses))

    @property
    def login_uses(self) -> tuple[LoginUse, ...]:
        """Each OAuth login, user and server that belong together, those of the route first."""
        route = self.smtp_route
        used = [LoginUse(route.login.oauth, route.user_name, route.server)] if route.login else []
        return (*used, *self.mailbox_logins)

    @property
    def mailbox_logins(self) -> tuple[LoginUse, ...]:
        """The same for mailboxes alone."""
        return tuple(
            LoginUse(fetch.login.oauth, fetch.imap.user_name, fetch.imap.server)
            for fetch in (mailbox.fetch for mailbox in self.mailboxes)
            if fetch and fetch.login.oauth
        )

    def queue(self, name: str) -> Queue | None:
        """Return the queue of that name, None if there is none."""
        return next((queue for queue in self.queues if queue.name == name), None)

    @property
    def all_workbins(self) -> tuple[Workbin, ...]:
        """All workbins. Agents always have one, so that every draft has a place."""
        if any(one.owner == "agent" for one in self.workbins):
            return self.workbins
        return (Workbin(name=_DRAFTS), *self.workbins)

    @property
    def draft_workbin(self) -> str:
        """The name of the workbin for drafts of an absent agent."""
        own = [one.name for one in self.all_workbins if one.owner == "agent"]
        return next((name for name in own if "draft" in name.lower()), own[0])

    def owns(self, address: str) -> bool:
        """Say whether an address is a mailbox, an alias or a sender of this contact center."""
        lowered = address.lower()
        return self.mailbox_for(lowered) is not None or any(
            sender.address == lowered for sender in self.senders
        )
