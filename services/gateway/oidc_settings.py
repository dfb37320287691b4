"""The settings of logins at an OpenID provider."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode

from services.gateway.http.addresses import is_safe
from shared.runtime.settings import ServiceSettings


class OidcSettings(ServiceSettings):
    """The issuer whose tokens are accepted, and the client by which agents log in there."""

    oidc_issuer: str = Field(
        default="",
        description="Issuer (OIDC) whose bearer tokens are accepted; needs GATEWAY_OIDC_AUDIENCE "
        "and its keys.",
    )
    oidc_audience: str = Field(
        default="", description="Audience that a bearer token has to be meant for (`aud`)."
    )
    oidc_jwks_url: str = Field(
        default="", description="URL of the issuer's keys (JWKS), with https."
    )
    oidc_jwks_file: Path | None = Field(
        default=None,
        description="File with the issuer's keys (JWKS), in place of GATEWAY_OIDC_JWKS_URL.",
    )
    oidc_user_claim: str = Field(
        default="preferred_username",
        description="Claim of a bearer token that holds the agent's user name.",
    )
    oidc_clients: Annotated[frozenset[str], NoDecode] = Field(
        default=frozenset(),
        description="Clients whose bearer tokens are accepted (`azp` or `client_id`); by default "
        "any.",
    )
    oidc_client_id: str = Field(
        default="",
        description="Client at the issuer by which agents log in at the desktop (authorization "
        "code with PKCE); needs GATEWAY_OIDC_ISSUER and GATEWAY_PUBLIC_URL. The issuer has to "
        "allow the redirect to GATEWAY_PUBLIC_URL/desktop/sign-in/callback.",
    )
    oidc_client_secret: str = Field(
        default="",
        repr=False,
        description="Secret of GATEWAY_OIDC_CLIENT_ID; empty for a public client, which PKCE "
        "protects.",
    )

    @field_validator("oidc_clients", mode="before")
    @classmethod
    def _split_clients(cls, value: object) -> object:
        if isinstance(value, str):
            return frozenset(filter(None, (one.strip() for one in value.split(","))))
        return value

    @model_validator(mode="after")
    def _require_whole_issuer(self) -> Self:
        places = [place for place in (self.oidc_jwks_url, self.oidc_jwks_file) if place]
        if self.oidc_issuer and not (self.oidc_audience and len(places) == 1):
            raise ValueError(
                "GATEWAY_OIDC_ISSUER needs GATEWAY_OIDC_AUDIENCE, and either GATEWAY_OIDC_JWKS_URL "
                "or GATEWAY_OIDC_JWKS_FILE"
            )
        if self.oidc_jwks_url and not is_safe(self.oidc_jwks_url):
            raise ValueError("GATEWAY_OIDC_JWKS_URL has to begin with https://")
        if self.oidc_client_id and not is_safe(self.oidc_issuer):
            raise ValueError("GATEWAY_OIDC_CLIENT_ID needs GATEWAY_OIDC_ISSUER with https://")
        return self
