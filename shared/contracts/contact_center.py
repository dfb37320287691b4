"""The contact center as its operator describes it in `contact-center.yaml`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
MailboxAddress = Annotated[
    str, StringConstraints(pattern=r"^[^@\s<>\"]{1,64}@[A-Za-z0-9.-]{1,189}$", to_lower=True)
]
Role = Literal["Agent", "Contact Center Admin"]


class Section(BaseModel):
    """A part of the file: unknown keys are errors, so that a misspelt one is found."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Agent(Section):
    """Someone who may log in. `capacity` is the number of e-mails at the same time."""

    user_name: Name
    password_hash: Annotated[str, StringConstraints(pattern=r"^\$argon2id\$")]
    first_name: str = ""
    last_name: str = ""
    email_address: str = ""
    roles: tuple[Role, ...] = ("Agent",)
    queues: tuple[Name, ...] = ()
    skills: dict[Name, Annotated[int, Field(ge=1, le=10)]] = Field(default_factory=dict)
    capacity: int = Field(default=1, ge=1, le=1000)
    enabled: bool = True


class Queue(Section):
    """A business queue; an agent needs every skill it `requires`, at that level or above."""

    name: Name
    description: str = ""
    requires: dict[Name, Annotated[int, Field(ge=1, le=10)]] = Field(default_factory=dict)


class Workbin(Section):
    """A place where agents keep what they come back to."""

    name: Name
    owner: Literal["agent", "queue"] = "agent"


class Mailbox(Section):
    """An address that takes mail, and the queue the mail goes to."""

    address: MailboxAddress
    queue: Name
    aliases: tuple[MailboxAddress, ...] = ()


class Sender(Section):
    """An address that agents may write from, and the name shown beside it."""

    address: MailboxAddress
    personal: str = ""


class SmtpRoute(Section):
    """The server that takes our mail. The password is read from the environment."""

    host: str = "localhost"
    port: int = Field(default=25, ge=1, le=65535)
    tls: Literal["none", "starttls", "implicit"] = "starttls"
    user_name: str = ""
    password_variable: str = ""
    when_uncertain: Literal["hold", "resend"] = "hold"


class ContactCenter(Section):
    """Everything an installation is told about its people, queues and addresses."""

    name: Name
    agents: tuple[Agent, ...] = ()
    queues: tuple[Queue, ...] = ()
    workbins: tuple[Workbin, ...] = ()
    mailboxes: tuple[Mailbox, ...] = ()
    senders: tuple[Sender, ...] = ()
    smtp_route: SmtpRoute = SmtpRoute()

    @model_validator(mode="after")
    def _names_exist(self) -> "ContactCenter":
        queues = {queue.name for queue in self.queues}
        for place, names in self._queue_names():
            for name in names:
                if name not in queues:
                    raise ValueError(f"{place} names the queue {name!r}, which is not defined")
        for what, once in self._unique_names():
            repeated = {name for name in once if once.count(name) > 1}
            if repeated:
                raise ValueError(f"{what} defined twice: {', '.join(sorted(repeated))}")
        return self

    def _queue_names(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(f"agent {one.user_name}", one.queues) for one in self.agents] + [
            (f"mailbox {one.address}", (one.queue,)) for one in self.mailboxes
        ]

    def _unique_names(self) -> list[tuple[str, list[str]]]:
        return [
            ("agents", [one.user_name for one in self.agents]),
            ("queues", [one.name for one in self.queues]),
            ("workbins", [one.name for one in self.workbins]),
            (
                "mailbox addresses",
                [a for one in self.mailboxes for a in (one.address, *one.aliases)],
            ),
            ("senders", [one.address for one in self.senders]),
        ]

    def mailbox_for(self, address: str) -> Mailbox | None:
        """Return the mailbox that takes mail for an address, plus-tags aside (RFC 5233)."""
        local, _, host = address.lower().rpartition("@")
        plain = f"{local.split('+', 1)[0]}@{host}"
        for mailbox in self.mailboxes:
            if plain in (mailbox.address, *mailbox.aliases):
                return mailbox
        return None

    def queue(self, name: str) -> Queue | None:
        """Return the queue of that name, if it is defined."""
        return next((queue for queue in self.queues if queue.name == name), None)

    def owns(self, address: str) -> bool:
        """Say whether an address is one of ours: a mailbox, an alias or a sender."""
        lowered = address.lower()
        return self.mailbox_for(lowered) is not None or any(
            sender.address == lowered for sender in self.senders
        )
