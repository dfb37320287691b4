"""Who may speak to CometD: the same people as to REST, refused with the same words."""

from services.gateway.auth.authenticator import Admission, Admitted
from services.gateway.errors import explained
from services.gateway.http.answers import failure
from shared.bayeux import Answer
from shared.bayeux.transports.web import Scope


class Entrance:
    """Admits who asks for CometD, by the head of a request or an upgrade.

    With `always_200` requests are refused as in REST.
    """

    def __init__(self, admission: Admission, *, always_200: bool) -> None:
        self._admission = admission
        self._always_200 = always_200

    async def __call__(self, scope: Scope) -> Admitted | Answer:
        """Return who speaks, or what they are answered."""
        try:
            return await self._admission.admit(scope)
        except Exception as error:  # noqa: BLE001 - each fault has an answer
            always_200 = self._always_200 and scope["type"] == "http"
            answer = failure(explained(error, scope), always_200=always_200)
            headers = (pair for pair in answer.raw_headers if pair[0] != b"content-length")
            return Answer(answer.status_code, bytes(answer.body), tuple(headers))
