"""OAuth 2 logins, as described under `oauth:`, which names variables and holds no secrets."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated, Final, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from shared.contracts.description.sections import Name, Section

_PRINTABLE: Final = re.compile(r"[\x21-\x7e]{1,2000}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_FIELDS_OF_KINDS: Final = {
    "client-credentials": {"client_id", "client_secret_variable", "client_key_variable"},
    "service-account": {"key_variable"},
    "device": {"client_id", "client_secret_variable", "device_url"},
}


def _token_address(value: str) -> str:
    try:
        where = urlsplit(value)
        host, _ = where.hostname or "", where.port
    except ValueError:
        host = ""
    if not host or not _PRINTABLE.fullmatch(value):
        raise ValueError("an address looks like https://id.example.org/token")
    if where.username is not None or where.fragment:
        raise ValueError("an address has no user, password or fragment here")
    if where.scheme != "https" and not (where.scheme == "http" and is_loopback(host)):
        raise ValueError("secrets are sent there: the address has to begin with https://")
    return value


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is this machine, so that nothing leaves it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _variable(value: str) -> str:
    if value and not _VARIABLE.fullmatch(value):
        raise ValueError("this is no name of an environment variable")
    return value


MailProtocol = Literal["imap", "smtp"]


@dataclass(frozen=True, slots=True)
class MailServer:
    """The mail server that a login is used at. Upper case in `host` makes no other server."""

    protocol: MailProtocol
    host: str
    port: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "host", self.host.lower())

    def __str__(self) -> str:
        return f"{self.host}:{self.port} ({self.protocol.upper()})"


class LoginUse(NamedTuple):
    """A use of an OAuth login: its name, the user who logs in by it, and the server."""

    login: str
    user_name: str
    server: MailServer


TokenAddress = Annotated[str, AfterValidator(_token_address)]
Variable = Annotated[str, AfterValidator(_variable)]


class OAuthLogin(Section):
    """A source of access tokens, and the variables with its credentials.

    `client-credentials` is RFC 6749 section 4.4, with a secret, or with a private key in PEM and
    optionally its certificate (RFC 7523). `service-account` is RFC 7523, with a key in Google's
    JSON form; its token is for the user that logs in. `device` is RFC 8628: a person agrees once,
    with `mailroom authorize`.
    """

    name: Name
    kind: Literal["client-credentials", "service-account", "device"]
    token_url: TokenAddress
    scope: Annotated[str, Field(max_length=2000)] = ""
    client_id: Annotated[str, Field(max_length=500)] = ""
    client_secret_variable: Variable = ""
    client_key_variable: Variable = ""
    key_variable: Variable = ""
    device_url: TokenAddress | None = None

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> "OAuthLogin":
        allowed = _FIELDS_OF_KINDS[self.kind]
        given = {name for name in set().union(*_FIELDS_OF_KINDS.values()) if getattr(self, name)}
        if strange := sorted(given - allowed):
            raise ValueError(f"{self.kind} has no {', '.join(strange)}")
        needed = allowed - {"client_secret_variable", "client_key_variable"}
        if missing := sorted(needed - given):
            raise ValueError(f"{self.kind} needs {', '.join(missing)}")
        if self.kind == "client-credentials" and bool(self.client_secret_variable) == bool(
            self.client_key_variable
        ):
            raise ValueError(
                f"{self.kind} needs client_secret_variable or client_key_variable, and not both"
            )
        return self

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that hold its secrets."""
        named = (self.client_secret_variable, self.client_key_variable, self.key_variable)
        return tuple(one for one in named if one)


class RouteLogin(Section):
    """The login of the SMTP route without a password: the name of an OAuth login."""

    oauth: Name
