"""The agent's e-mail channel and its state, as a resource and as a message."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from services.gateway.wire.fields import CHANNEL_STATE_CHANGE, Fields
from shared.contracts.contact_center import ContactCenter
from shared.storage.agents.agent_store import StoredAgent

CHANNEL: Final = "email"

_STATE_IDS: Final = UUID("2c0f6d0a-8f0b-4f53-9d5e-51d6a1e8c4b7")
"""The namespace for ids of states whose id is not documented."""


@dataclass(frozen=True, slots=True)
class AgentState:
    """A state of agents.

    `kind` is Ready, NotReady or LoggedOut. `documented_id` is its id in the seeds, else empty.
    """

    name: str
    display_name: str
    kind: str
    documented_id: str = ""

    @property
    def fields(self) -> Fields:
        """The state as JSON for agents."""
        fields: Fields = {
            "id": self.documented_id or str(uuid5(_STATE_IDS, self.name)).upper(),
            "displayName": self.display_name,
            "state": self.kind,
        }
        return fields if self.name == self.kind else fields | {"reason": self.name}


READY: Final = AgentState("Ready", "Ready", "Ready", "9430250E-0A1B-421F-B372-F29E69366DED")
NOT_READY: Final = AgentState(
    "NotReady", "Not Ready", "NotReady", "900D55CC-2BB0-431F-8BF9-D3525B383BE6"
)
LOGGED_OUT: Final = AgentState("LoggedOut", "Logged Out", "LoggedOut")

_BUILT_IN: Final = (
    READY,
    NOT_READY,
    AgentState("OutToLunch", "Out To Lunch", "NotReady"),
    AgentState("AfterCallWork", "After Call Work", "NotReady"),
)
_CONNECTION_LOST: Final = AgentState("ConnectionLost", "Connection Lost", "NotReady")


def agent_states(contact_center: ContactCenter) -> list[AgentState]:
    """Return the states that an agent may choose: built-in ones, then configured ones."""
    built_in = {one.name for one in _BUILT_IN}
    own = [
        AgentState(one.name, one.display_name or one.name, "NotReady")
        for one in contact_center.agent_states
        if one.name not in built_in
    ]
    return [*_BUILT_IN, *own]


def state_of(agent: StoredAgent, contact_center: ContactCenter) -> AgentState:
    """Return the present state of an agent."""
    if agent.ready:
        return READY
    if not agent.logged_in:
        return LOGGED_OUT
    return not_ready(agent.reason, contact_center)


def not_ready(reason: str, contact_center: ContactCenter) -> AgentState:
    """Return the state with this reason for NotReady; NOT_READY where it is unknown."""
    known = (*agent_states(contact_center), _CONNECTION_LOST)
    return next((one for one in known if one.name == reason), NOT_READY)


def channels(state: AgentState) -> list[Fields]:
    """Return the agent's channels: only e-mail."""
    return [{"channel": CHANNEL, "userState": state.fields}]


def channel_state_message(state: AgentState) -> Fields:
    """Return the message for the topic of channels."""
    return {"messageType": CHANNEL_STATE_CHANGE, "channels": channels(state)}
