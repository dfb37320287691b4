"""Whoever logged in, as far as Bayeux has to know them."""

from collections.abc import Mapping
from typing import Protocol

from shared.bayeux.sessions.session import Login


class Principal(Protocol):
    """Somebody who logged in."""

    @property
    def user_id(self) -> str:
        """Whose topics "me" stands for."""
        ...

    @property
    def login(self) -> Login:
        """By what right they speak, and how long."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """What an answer carries with which a session begins, such as a cookie of the login."""
        ...
