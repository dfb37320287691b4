"""The gateway's settings, from the environment."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from services.gateway.cometd_options import ALLOWED_HEADERS, REMEDIES
from services.gateway.oidc_settings import OidcSettings
from shared.bayeux import BayeuxSettings
from shared.bayeux.cookies import CookiePolicy, SameSite
from shared.bayeux.transports.origins import origin_of
from shared.intake.mail_intake import HOST_NAME, LARGEST_MAIL
from shared.intake.transfer_pace import SLOWEST
from shared.peers.network_peers import networks_in
from shared.peers.open_connections import ConnectionLimits


class GatewaySettings(OidcSettings):
    """The gateway's addresses, limits and times."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", frozen=True, extra="ignore")
    needs_broker = False

    host: str = Field(default="127.0.0.1", description="Address on which the gateway listens.")
    port: int = Field(default=8080, ge=0, le=65535, description="TCP port of REST and CometD.")
    http_errors: Literal["real", "always-200"] = Field(
        default="real",
        description="Whether a failure is answered with its own HTTP status or always with 200.",
    )
    public_url: str = Field(
        default="",
        description="URL with which addresses in answers begin, such as https://mail.example.org; "
        "by default what the client called. Where it is set, only its host, "
        "GATEWAY_ALLOWED_HOSTS, GATEWAY_OWN_ADDRESS and loopback names are served, pages of other "
        "origins need GATEWAY_ALLOWED_ORIGINS, and with https cookies are Secure.",
    )
    own_address: str = Field(
        default="",
        description="Address at which other gateway pods reach this one, on GATEWAY_PORT. With it, "
        "clients need not stay at one pod.",
    )
    desktop: Literal["on", "off"] = Field(
        default="on",
        description="Whether the agents' desktop is served at /desktop/, where / leads then.",
    )
    desktop_title: str = Field(
        default="",
        max_length=100,
        description="Title of the desktop's page, such as the name of the company; Mailroom by "
        "default.",
    )
    trusted_proxies: str = Field(
        default="127.0.0.1",
        description="Proxies whose X-Forwarded headers are believed: addresses or networks, with "
        "commas.",
    )
    most_connections: int = Field(
        default=20_000,
        ge=100,
        description="Number of connections to a pod, at most as many as it may have files open. "
        "For one more, one whose client is awaited ends, of the peer that has most.",
    )
    connections_per_peer: int = Field(
        default=1_000,
        ge=1,
        description="Number of connections of one peer (an address or a /64 of IPv6) beyond which "
        "one whose client is awaited ends for each new one. Held polls and websockets stay.",
    )
    new_connections_per_peer: int = Field(
        default=12_000,
        ge=1,
        description="Number of connections that a peer may open within a minute, at each pod; "
        "further ones are answered 429.",
    )
    unlimited_peers: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(),
        description="Networks whose peers may open any number of connections, such as balancers or "
        "the other pods: 10.0.0.0/24. GATEWAY_TRUSTED_PROXIES may always.",
    )
    requests_per_user: int = Field(
        default=100,
        ge=1,
        description="Number of REST requests of one user that a pod answers at the same time, "
        "uploads and downloads among them; further ones are answered 429. CometD has limits of "
        "its own.",
    )
    allowed_origins: Annotated[frozenset[str], NoDecode] = Field(
        default=frozenset(),
        description="Origins of other sites whose pages may use the gateway, such as "
        "https://desktop.example.org.",
    )
    allowed_hosts: Annotated[frozenset[str], NoDecode] = Field(
        default=frozenset(),
        description="Further host names under which the gateway is called, where "
        "GATEWAY_PUBLIC_URL is set.",
    )
    secure_cookies: bool = Field(
        default=False,
        description="Whether browsers return cookies over https only; always so where "
        "GATEWAY_PUBLIC_URL begins with https.",
    )
    cookie_same_site: SameSite = Field(
        default="Lax",
        description="SameSite of cookies. None lets pages of other sites work with the gateway, "
        "and needs secure cookies.",
    )
    cookie_partitioned: bool = Field(
        default=True,
        description="Whether cookies with SameSite=None are partitioned (CHIPS). False is for "
        "browsers that are configured to accept third-party cookies.",
    )
    trust_client_id: bool = Field(
        default=False,
        description="Whether a CometD poll without the cookie of its browser is served where "
        "client id and login are right.",
    )
    session_idle: timedelta = Field(
        default=timedelta(hours=8),
        gt=timedelta(0),
        description="How long a login session lasts without use.",
    )
    session_lifetime: timedelta = Field(
        default=timedelta(hours=12),
        gt=timedelta(0),
        description="How long a login session lasts, however much it is used.",
    )
    csrf: Literal["on", "off"] = Field(
        default="on",
        description="Whether a request whose only proof is a session cookie has to carry the CSRF "
        "token of the session.",
    )
    max_body: int = Field(
        default=2 * 1024 * 1024,
        ge=1024,
        description="Size in bytes of the largest body of a request that uploads no file.",
    )
    max_listed: int = Field(
        default=1000, ge=1, description="Number of entries that one page of a list may have."
    )
    shows_foreign_mail: bool = Field(
        default=False,
        description="Whether every agent may read the text of a mail that another agent works on.",
    )
    admins_read_interactions: bool = Field(
        default=False,
        description="Whether administrators who are no agents may use GET /interactions/{id}.",
    )
    workbin_content: Literal["message", "array", "each"] = Field(
        default="message",
        description="How the content of a workbin is published: as one message, as the bare list, "
        "or as a message for each entry.",
    )
    attach_only_new: bool = Field(
        default=False,
        description="Whether AttachUserData refuses keys that are there already.",
    )
    nested_interaction: bool = Field(
        default=False,
        description="Whether each message of an interaction is repeated inside itself, as samples "
        "of 8.5.1 have it.",
    )
    document_patience: timedelta = Field(
        default=timedelta(seconds=5),
        description="How long a download waits for a file that is still being extracted.",
    )
    turn_patience: timedelta = Field(
        default=timedelta(seconds=5),
        ge=timedelta(0),
        le=timedelta(seconds=30),
        description="How long an operation waits for those that the same agent asked of the same "
        "interaction before; 0 never waits.",
    )
    upload_stall: timedelta = Field(
        default=timedelta(seconds=60),
        description="A request of whose body nothing comes for this long is ended, uploads and "
        "mails by POST /ingest/MAILBOX among them.",
    )
    upload_slowest: int = Field(
        default=SLOWEST,
        ge=1,
        description="Bytes per second that the body of a request has to come with on average, or "
        "it is ended; after ten minutes 20 times as many.",
    )
    largest_mail: int = Field(
        default=LARGEST_MAIL,
        ge=1_000,
        description="Size in bytes up to which a mail is taken by POST /ingest/MAILBOX.",
    )
    drops_at_once: int = Field(
        default=50,
        ge=1,
        description="Number of mails that a pod takes by POST /ingest/MAILBOX at the same time. "
        "For one more the slowest ends, of the token that has most; else it is answered 429.",
    )
    drops_at_once_per_token: int = Field(
        default=20,
        ge=1,
        description="Number of mails that a pod takes with one token at the same time, so that one "
        "program leaves room to the others; more are answered 429.",
    )
    drops_per_token: int = Field(
        default=600,
        ge=1,
        description="Number of mails that a token may hand in within a minute, at each pod; more "
        "are answered 429.",
    )
    journal_retention: timedelta = Field(
        default=timedelta(hours=72),
        ge=timedelta(hours=1),
        description="How long clients can ask for what happened to an agent.",
    )
    connect_timeout: timedelta = Field(
        default=timedelta(seconds=30),
        description="How long a CometD connect without news is held before it is answered.",
    )
    websocket_deflate: bool = Field(
        default=False, description="Whether websockets compress messages (permessage-deflate)."
    )
    callback_polling: bool = Field(
        default=False, description="Whether CometD offers the transport callback-polling (JSONP)."
    )
    drain_spread: timedelta = Field(
        default=timedelta(seconds=5),
        ge=timedelta(0),
        description="How long it takes until all CometD clients of a stopping pod are sent away, "
        "each at a moment of its own.",
    )
    held_per_browser: int = Field(
        default=1,
        ge=-1,
        description="Number of polls of one browser that are held at the same time. -1 for any "
        "number, where HTTP/2 is spoken in front.",
    )
    multi_session_interval: timedelta = Field(
        default=timedelta(seconds=2),
        ge=timedelta(0),
        description="How long a poll above GATEWAY_HELD_PER_BROWSER waits until the next; with 0 "
        "it is refused.",
    )
    cometd_timestamps: bool = Field(
        default=False, description="Whether every CometD message carries the time it was sent."
    )

    @field_validator("allowed_origins", "allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return frozenset(filter(None, (one.strip() for one in value.split(","))))
        return value

    @field_validator("unlimited_peers", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(filter(None, (one.strip() for one in value.split(","))))
        return value

    @field_validator("public_url")
    @classmethod
    def _require_address(cls, value: str) -> str:
        if value and origin_of("/".join(value.split("/")[:3])) is None:
            raise ValueError("GATEWAY_PUBLIC_URL has to look like https://mail.example.org")
        return value

    @model_validator(mode="after")
    def _require_address_of_the_desktop(self) -> Self:
        if self.oidc_client_id and not (self.public_url and self.desktop == "on"):
            raise ValueError(
                "GATEWAY_OIDC_CLIENT_ID needs GATEWAY_PUBLIC_URL and GATEWAY_DESKTOP=on"
            )
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
        """Whether browsers return cookies over TLS only."""
        return self.secure_cookies or self.public_url.startswith("https:")

    @property
    def public_origin(self) -> str:
        """Scheme, host and port of the public URL; empty where it is not set."""
        return "/".join(self.public_url.split("/")[:3])

    @property
    def mail_host_name(self) -> str:
        """Host name in the Received line of mail that comes by HTTP."""
        return urlsplit(self.public_url).hostname or HOST_NAME

    @property
    def known_hosts(self) -> frozenset[str]:
        """Host names that requests may be addressed to, by clients and by other pods."""
        named = [f"http://{one}" for one in self.allowed_hosts]
        found = (origin_of(url) for url in (self.public_origin, self.own_url, *named))
        return frozenset(one.host for one in found if one is not None)

    @property
    def own_url(self) -> str:
        """URL at which other pods reach this one; empty where `own_address` is not set."""
        host = f"[{self.own_address}]" if ":" in self.own_address else self.own_address
        return f"http://{host}:{self.port}" if host else ""

    @property
    def connection_limits(self) -> ConnectionLimits:
        """Limits on the connections of agents' clients."""
        return ConnectionLimits(
            most=self.most_connections,
            per_peer=self.connections_per_peer,
            per_minute=self.new_connections_per_peer,
            exempt=(*self.unlimited_peers, *networks_in(self.trusted_proxies)),
        )

    @property
    def cookies(self) -> CookiePolicy:
        """Attributes of the cookies that the gateway sets."""
        return CookiePolicy(
            self.has_secure_cookies, self.cookie_same_site, partitioned=self.cookie_partitioned
        )

    @property
    def bayeux(self) -> BayeuxSettings:
        """The settings of the CometD server."""
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
