"""Authenticates CometD requests by the same rules as REST requests."""

from services.gateway.auth.authenticated_agent import AuthenticatedAgent
from services.gateway.auth.authenticator import RequestAuthenticator
from services.gateway.errors import explained
from services.gateway.http.answers import failure
from shared.bayeux import Answer
from shared.bayeux.transports.web import Scope


class CometdAuthenticator:
    """Authenticates a CometD request or websocket upgrade by its headers.

    With `always_200` a refused request has the status that REST gives it then.
    """

    def __init__(self, authenticator: RequestAuthenticator, *, always_200: bool) -> None:
        self._authenticator = authenticator
        self._always_200 = always_200

    async def __call__(self, scope: Scope) -> AuthenticatedAgent | Answer:
        """Return the agent, or the answer that refuses the request."""
        try:
            return await self._authenticator.authenticate(scope)
        except Exception as error:  # noqa: BLE001 - each fault has an answer
            always_200 = self._always_200 and scope["type"] == "http"
            answer = failure(explained(error, scope), always_200=always_200)
            headers = (pair for pair in answer.raw_headers if pair[0] != b"content-length")
            return Answer(answer.status_code, bytes(answer.body), tuple(headers))
