"""The agent of a request, as every way to log in returns it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.bayeux import Login
from shared.storage.agents.agent_store import StoredAgent


@dataclass(frozen=True, slots=True)
class AuthenticatedAgent:
    """The agent of a request, and the login by which the request was accepted.

    `cookie` is the value of the session cookie and `csrf_token` the token of that session; both are
    empty where there is no session. `headers` have to be in the answer.
    """

    agent: StoredAgent
    login: Login
    csrf_token: str = ""
    cookie: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def user_id(self) -> str:
        """The id of the user whom "me" in a topic stands for."""
        return self.agent.id
