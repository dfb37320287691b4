"""The pages that are served without a login: the desktop's, and the way to the OpenID provider."""

from dataclasses import dataclass

from starlette.responses import Response

from services.gateway.desktop.pages import DesktopPages
from services.gateway.sign_in.pages import SignInPages
from shared.bayeux.transports.web import Scope


@dataclass(frozen=True, slots=True)
class OpenPages:
    """`desktop` is None where it is off, `sign_in` where agents log in by password only."""

    desktop: DesktopPages | None = None
    sign_in: SignInPages | None = None

    async def response(self, scope: Scope) -> Response | None:
        """Return the response to a request; None where its path is none of theirs.

        Raises:
            RequestError: The method is another (405), or there is no such file (404).
        """
        # First, because its addresses are below the desktop's.
        if self.sign_in and (led := await self.sign_in.response(scope)):
            return led
        return self.desktop.response(scope) if self.desktop else None
