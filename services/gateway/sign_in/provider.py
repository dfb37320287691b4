"""The OpenID provider: its published endpoints, and the exchange of a code for an ID token."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from urllib.parse import quote_plus, urlsplit

from services.gateway.http.addresses import is_safe
from services.gateway.http.documents import DocumentUnavailableError, read_document
from services.gateway.sign_in.attempt import Attempt
from services.gateway.sign_in.exchange_places import ExchangePlaces, NoPlaceError, PlaceLimits
from shared.domain.errors import Unavailable
from shared.oauth.token_client import EndpointUnavailableError, Post
from shared.oauth.token_requests import TokenRequest
from shared.oauth.token_responses import LARGEST, json_object
from shared.peers.network_peers import peer_of

_DISCOVERY: Final = "/.well-known/openid-configuration"
FAILED_FOR: Final = timedelta(seconds=5)
"""How long a failure counts for everybody who asks, while nobody asks the provider."""

# A provider may move its endpoints; one request an hour asks where they are.
_KEPT_FOR: Final = timedelta(hours=1)
PLACES: Final = PlaceLimits(
    at_once=20, of_peer=10, waiting=2_000, waiting_of_peer=20, patience=timedelta(seconds=10)
)
"""Exchanges: strangers can ask for them with codes that they made up."""

_DEADLINE: Final = timedelta(seconds=10)
"""The longest exchange. Providers answer within a second, and others wait for the place."""

_OK: Final = 200


class ProviderUnavailableError(Unavailable):
    """The provider does not answer, or not with what OpenID Connect says."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The provider's description of itself (OpenID Connect Discovery section 3)."""

    authorization: str
    token: str
    by_basic: bool
    """Whether a client with a secret shows it by Basic, and not in the form."""


@dataclass(frozen=True, slots=True)
class SignInClient:
    """This gateway as the provider knows it. A client without a secret proves itself by PKCE."""

    issuer: str
    client_id: str
    callback: str
    secret: str = field(default="", repr=False)


class Provider:
    """Reads the endpoints of a provider, again after an hour, and exchanges codes there."""

    def __init__(self, client: SignInClient, post: Post) -> None:
        self.client = client
        self._post = post
        self._endpoints: Endpoints | None = None
        self._read_at = float("-inf")
        self._failure = ""
        self._reading = asyncio.Lock()
        self._places = ExchangePlaces(PLACES)

    async def endpoints(self) -> Endpoints:
        """Return the provider's endpoints; those read before stay in use where it is away.

        Raises:
            ProviderUnavailableError: They have never been read, and cannot be read now, or could
                not be read within the last `FAILED_FOR`.
        """
        async with self._reading:
            if self._is_outdated():
                await self._read()
            if self._endpoints is None:
                raise ProviderUnavailableError(self._failure)
            return self._endpoints

    def _is_outdated(self) -> bool:
        kept_for = FAILED_FOR if self._endpoints is None else _KEPT_FOR
        age = asyncio.get_running_loop().time() - self._read_at
        return age >= kept_for.total_seconds()

    async def _read(self) -> None:
        try:
            self._endpoints = _read_endpoints(await self._discover(), self.client.issuer)
        except ProviderUnavailableError as error:
            self._failure = str(error)
        # After the attempt: those who waited for it take its failure, and do not wait in turn.
        self._read_at = asyncio.get_running_loop().time()

    async def exchange(self, attempt: Attempt, code: str, address: str) -> str | None:
        """Return the ID token for a code; None where the provider refuses the code.

        `address` is that of the client.

        Raises:
            ProviderUnavailableError: The provider does not answer, or too many exchanges run.
        """
        request = self._request(await self.endpoints(), attempt, code)
        try:
            async with (
                self._places.taken(peer_of(address)),
                asyncio.timeout(_DEADLINE.total_seconds()),
            ):
                answer = await self._post(request)
        except NoPlaceError as error:
            raise ProviderUnavailableError("too many people log in at once") from error
        except EndpointUnavailableError as error:
            raise ProviderUnavailableError(str(error)) from error
        except TimeoutError as error:
            raise ProviderUnavailableError("the token endpoint does not answer in time") from error
        if answer.status >= 500 or answer.status == 429:  # noqa: PLR2004 - classes of HTTP
            raise ProviderUnavailableError(f"the token endpoint answers {answer.status}")
        token = (json_object(answer) or {}).get("id_token")
        return token if answer.status == _OK and isinstance(token, str) else None

    def _request(self, endpoints: Endpoints, attempt: Attempt, code: str) -> TokenRequest:
        client = self.client
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.callback,
            "code_verifier": attempt.verifier,
        }
        secrets = (code, attempt.verifier, client.secret)
        if client.secret and endpoints.by_basic:
            # RFC 6749 section 2.3.1: both are encoded like the values of a form first.
            basic = (quote_plus(client.client_id), quote_plus(client.secret))
            return TokenRequest(endpoints.token, form, secrets, basic)
        form["client_id"] = client.client_id
        if client.secret:
            form["client_secret"] = client.secret
        return TokenRequest(endpoints.token, form, secrets)

    async def _discover(self) -> bytes:
        url = self.client.issuer.rstrip("/") + _DISCOVERY
        try:
            return await read_document(url, at_most=LARGEST)
        except DocumentUnavailableError as error:
            raise ProviderUnavailableError(str(error)) from error


def _read_endpoints(text: bytes, issuer: str) -> Endpoints:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise ProviderUnavailableError("the published configuration is not of this issuer")
    methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Endpoints(
        _address(document, "authorization_endpoint"),
        _address(document, "token_endpoint"),
        by_basic=not isinstance(methods, list) or "client_secret_basic" in methods,
    )


def _address(document: Mapping[str, object], name: str) -> str:
    address = document.get(name)
    if not isinstance(address, str) or not is_safe(address) or urlsplit(address).fragment:
        raise ProviderUnavailableError(f"the published {name} is no address with https")
    return address
