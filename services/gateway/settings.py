"""What the gateway reads from its environment."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from services.gateway.cometd_options import ALLOWED_HEADERS, REMEDIES
from shared.bayeux import BayeuxSettings
from shared.bayeux.cookies import CookiePolicy, SameSite
from shared.bayeux.transports.origins import origin_of
from shared.runtime.settings import ServiceSettings


class GatewaySettings(ServiceSettings):
    """The gateway's addresses, limits and times. Sizes are bytes.

    `http_errors` decides whether a failure has its HTTP status or always 200, `public_url` what the
    addresses in answers begin with (by default what the client called); where it is set only its
    host, `allowed_hosts`, loopback names and `own_address` are served, pages have to be its own or
    in `allowed_origins`, and cookies are Secure where it is https. `own_address` is at which the
    other pods reach this one's port, so that clients need not stay at one pod, `trusted_proxies`
    whose X-Forwarded-For is believed. `shows_foreign_mail` lets every agent read the text of a mail
    that another one works on. `admins_read_interactions` opens `GET /interactions/{id}` to
    administrators who are no agents. `csrf` asks whoever comes with a session cookie alone for the
    session's token. With `oidc_issuer`, bearer tokens of that issuer for `oidc_audience` are
    believed; its keys are at `oidc_jwks_url` or in `oidc_jwks_file`, `oidc_user_claim` holds the
    agent's user name, and with `oidc_clients` a token has to be issued to one of them (`azp`).
    `workbin_content` is the frame in which the content of a workbin is told (one message, the bare
    list, or a message for each), and `attach_only_new` makes AttachUserData refuse keys that are
    there already. `nested_interaction` repeats each message of an interaction inside itself, where
    samples of 8.5.1 have it. `cookie_same_site` is None where pages of other sites work with the
    gateway, which needs `secure_cookies`; their cookies are then partitioned (CHIPS), unless
    `cookie_partitioned` is false because the browsers are told to accept third-party cookies.
    `trust_client_id` serves polls without the cookie of their browser, where id and login are
    right. A session ends when it was not used for `session_idle`, and `session_lifetime` after its
    login in any case. `held_per_browser` is how many polls of one browser wait at the same time (-1
    for any number, where HTTP/2 is spoken in front), and `multi_session_interval` when the others
    may come again; where it is 0 they are refused. The clients of a pod that stops come back within
    `drain_spread`, each at a moment of its own.
    `cometd_timestamps` has every message of CometD say when it was sent. An upload of which nothing
    comes for `upload_stall` is ended. What happened to an agent can be asked for during
    `journal_retention`. `turn_patience` is how long an operation waits for those that the same
    agent asked of the same interaction before; zero never waits.
    """

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", frozen=True, extra="ignore")
    needs_broker = False

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    http_errors: Literal["real", "always-200"] = "real"
    public_url: str = ""
    own_address: str = ""
    trusted_proxies: str = "127.0.0.1"
    allowed_origins: Annotated[frozenset[str], NoDecode] = frozenset()
    allowed_hosts: Annotated[frozenset[str], NoDecode] = frozenset()
    secure_cookies: bool = False
    cookie_same_site: SameSite = "Lax"
    cookie_partitioned: bool = True
    trust_client_id: bool = False
    session_idle: timedelta = Field(default=timedelta(hours=8), gt=timedelta(0))
    session_lifetime: timedelta = Field(default=timedelta(hours=12), gt=timedelta(0))
    csrf: Literal["on", "off"] = "on"
    oidc_issuer: str = ""
    oidc_audience: str = ""
    oidc_jwks_url: str = ""
    oidc_jwks_file: Path | None = None
    oidc_user_claim: str = "preferred_username"
    oidc_clients: Annotated[frozenset[str], NoDecode] = frozenset()
    max_body: int = Field(default=2 * 1024 * 1024, ge=1024)
    max_listed: int = Field(default=1000, ge=1)
    shows_foreign_mail: bool = False
    admins_read_interactions: bool = False
    workbin_content: Literal["message", "array", "each"] = "message"
    attach_only_new: bool = False
    nested_interaction: bool = False
    document_patience: timedelta = timedelta(seconds=5)
    turn_patience: timedelta = Field(
        default=timedelta(seconds=5), ge=timedelta(0), le=timedelta(seconds=30)
    )
    upload_stall: timedelta = timedelta(seconds=60)
    journal_retention: timedelta = Field(default=timedelta(hours=72), ge=timedelta(hours=1))
    connect_timeout: timedelta = timedelta(seconds=30)
    websocket_deflate: bool = False
    callback_polling: bool = False
    drain_spread: timedelta = Field(default=timedelta(seconds=5), ge=timedelta(0))
    held_per_browser: int = Field(default=1, ge=-1)
    multi_session_interval: timedelta = Field(default=timedelta(seconds=2), ge=timedelta(0))
    cometd_timestamps: bool = False

    @field_validator("allowed_origins", "allowed_hosts", "oidc_clients", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return frozenset(filter(None, (one.strip() for one in value.split(","))))
        return value

    @field_validator("public_url")
    @classmethod
    def _require_address(cls, value: str) -> str:
        if value and origin_of("/".join(value.split("/")[:3])) is None:
            raise ValueError("GATEWAY_PUBLIC_URL has to look like https://mail.example.org")
        return value

    @model_validator(mode="after")
    def _require_whole_issuer(self) -> Self:
        places = [place for place in (self.oidc_jwks_url, self.oidc_jwks_file) if place]
        if self.oidc_issuer and not (self.oidc_audience and len(places) == 1):
            raise ValueError(
                "GATEWAY_OIDC_ISSUER needs GATEWAY_OIDC_AUDIENCE, and either GATEWAY_OIDC_JWKS_URL "
                "or GATEWAY_OIDC_JWKS_FILE"
            )
        if self.oidc_jwks_url and not _is_safe(self.oidc_jwks_url):
            raise ValueError("GATEWAY_OIDC_JWKS_URL has to begin with https://")
        return self

    @model_validator(mode="after")
    def _require_cookies_that_browsers_keep(self) -> Self:
        if self.cookie_same_site == "None" and not self.has_secure_cookies:
            raise ValueError(
                "GATEWAY_COOKIE_SAME_SITE=None needs GATEWAY_SECURE_COOKIES=true, "
                "or a GATEWAY_PUBLIC_URL that begins with https://"
            )
        return self

    @property
    def has_secure_cookies(self) -> bool:
        """Whether browsers send our cookies over TLS only."""
        return self.secure_cookies or self.public_url.startswith("https:")

    @property
    def public_origin(self) -> str:
        """The scheme, host and port of the public URL; empty where it is not known."""
        return "/".join(self.public_url.split("/")[:3])

    @property
    def known_hosts(self) -> frozenset[str]:
        """What a request may say that it was sent to: from outside, or by another pod."""
        named = [f"http://{one}" for one in self.allowed_hosts]
        found = (origin_of(url) for url in (self.public_origin, self.own_url, *named))
        return frozenset(one.host for one in found if one is not None)

    @property
    def own_url(self) -> str:
        """Where other pods reach this one; empty where they do not."""
        host = f"[{self.own_address}]" if ":" in self.own_address else self.own_address
        return f"http://{host}:{self.port}" if host else ""

    @property
    def cookies(self) -> CookiePolicy:
        """How the cookies of logins and of browsers are marked."""
        return CookiePolicy(
            self.has_secure_cookies, self.cookie_same_site, partitioned=self.cookie_partitioned
        )

    @property
    def bayeux(self) -> BayeuxSettings:
        """What of this the CometD server needs."""
        return BayeuxSettings(
            timeout=self.connect_timeout,
            callback_polling=self.callback_polling,
            drain_spread=self.drain_spread,
            cookies=self.cookies,
            trusts_client_id=self.trust_client_id,
            max_held_per_browser=self.held_per_browser,
            multi_session_interval=self.multi_session_interval,
            timestamps=self.cometd_timestamps,
            allowed_headers=ALLOWED_HEADERS,
            allowed_origins=self.allowed_origins,
            public_origin=self.public_origin,
            known_hosts=self.known_hosts,
            remedies=REMEDIES,
        )


def _is_safe(url: str) -> bool:
    """Say whether nobody on the way can exchange what an address answers."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
    )
