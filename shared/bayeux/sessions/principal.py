"""The authenticated user of a request, as the Bayeux server needs it."""

from collections.abc import Mapping
from typing import Protocol

from shared.bayeux.sessions.session import Login


class Principal(Protocol):
    """An authenticated user; `authenticate` of the application returns it."""

    @property
    def user_id(self) -> str:
        """The user whose topics this client may subscribe to."""
        ...

    @property
    def login(self) -> Login:
        """The login by which the request was made, and when it ends."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers for the answer to a handshake or an upgrade, such as a login cookie."""
        ...
