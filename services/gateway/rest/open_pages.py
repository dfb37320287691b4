"""The pages served without a login: the API's, the desktop's, and the way to the provider."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import Response

from services.gateway.desktop.pages import DesktopPages
from shared.bayeux.transports.web import Scope

if TYPE_CHECKING:
    from services.gateway.sign_in.pages import SignInPages


@dataclass(frozen=True, slots=True)
class OpenPages:
    """`describe` answers for the API's description, by method and path.

    `desktop` is None where it is off, `sign_in` where agents log in by password only.
    """

    describe: Callable[[str, str], Response | None]
    desktop: DesktopPages | None = None
    sign_in: "SignInPages | None" = None

    async def response(self, scope: Scope, path: str) -> Response | None:
        """Return the response to a request; None where its path is none of theirs.

        `path` is that of the request without the prefix of the API.

        Raises:
            RequestError: The method is another (405), or there is no such file (404).
        """
        if description := self.describe(scope["method"], path):
            return description
        # Before the desktop, because its addresses are below the desktop's.
        if self.sign_in and (led := await self.sign_in.response(scope)):
            return led
        return self.desktop.response(scope) if self.desktop else None
