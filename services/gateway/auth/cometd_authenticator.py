"""Authenticates CometD requests as REST does, and refuses with the same words."""

from services.gateway.auth.authenticator import AuthenticatedAgent, RequestAuthenticator
from services.gateway.errors import explained
from services.gateway.http.answers import failure
from shared.bayeux import Answer
from shared.bayeux.transports.web import Scope


class CometdAuthenticator:
    """Admits who asks for CometD, by the head of a request or an upgrade.

    With `always_200` requests are refused as in REST.
    """

    def __init__(self, authenticator: RequestAuthenticator, *, always_200: bool) -> None:
        self._authenticator = authenticator
        self._always_200 = always_200

    async def __call__(self, scope: Scope) -> AuthenticatedAgent | Answer:
        """Return who speaks, or what they are answered."""
        try:
            return await self._authenticator.admit(scope)
        except Exception as error:  # noqa: BLE001 - each fault has an answer
            always_200 = self._always_200 and scope["type"] == "http"
            answer = failure(explained(error, scope), always_200=always_200)
            headers = (pair for pair in answer.raw_headers if pair[0] != b"content-length")
            return Answer(answer.status_code, bytes(answer.body), tuple(headers))
