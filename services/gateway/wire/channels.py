"""The e-mail channel of an agent: Ready or why not, as a resource and as a message."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from services.gateway.wire.mail import Fields
from shared.contracts.contact_center import ContactCenter
from shared.storage.agents.agent_store import StoredAgent

CHANNEL: Final = "email"

_STATES: Final = UUID("2c0f6d0a-8f0b-4f53-9d5e-51d6a1e8c4b7")
"""The namespace of the ids of states for which none is documented."""


@dataclass(frozen=True, slots=True)
class AgentState:
    """A state that agents may be in: its name, what people read, and Ready, NotReady or Out."""

    name: str
    display_name: str
    kind: str
    documented_id: str = ""

    @property
    def fields(self) -> Fields:
        """What the agent's program reads."""
        fields: Fields = {
            "id": self.documented_id or str(uuid5(_STATES, self.name)).upper(),
            "displayName": self.display_name,
            "state": self.kind,
        }
        return fields if self.name == self.kind else fields | {"reason": self.name}


READY: Final = AgentState("Ready", "Ready", "Ready", "9430250E-0A1B-421F-B372-F29E69366DED")
NOT_READY: Final = AgentState(
    "NotReady", "Not Ready", "NotReady", "900D55CC-2BB0-431F-8BF9-D3525B383BE6"
)
LOGGED_OUT: Final = AgentState("LoggedOut", "Logged Out", "LoggedOut")

_USUAL: Final = (
    READY,
    NOT_READY,
    AgentState("OutToLunch", "Out To Lunch", "NotReady"),
    AgentState("AfterCallWork", "After Call Work", "NotReady"),
)
_BY_THE_SYSTEM: Final = AgentState("ConnectionLost", "Connection Lost", "NotReady")


def agent_states(contact_center: ContactCenter) -> list[AgentState]:
    """Return the states that an agent may choose, the operator's own ones last."""
    usual = {one.name for one in _USUAL}
    own = [
        AgentState(one.name, one.display_name or one.name, "NotReady")
        for one in contact_center.agent_states
        if one.name not in usual
    ]
    return [*_USUAL, *own]


def state_of(agent: StoredAgent, contact_center: ContactCenter) -> AgentState:
    """Return the state that an agent is in."""
    if agent.ready:
        return READY
    if not agent.logged_in:
        return LOGGED_OUT
    return not_ready(agent.reason, contact_center)


def not_ready(reason: str, contact_center: ContactCenter) -> AgentState:
    """Return the state of who takes no mail for a reason."""
    known = (*agent_states(contact_center), _BY_THE_SYSTEM)
    return next((one for one in known if one.name == reason), NOT_READY)


def channels(state: AgentState) -> list[Fields]:
    """Return the agent's channels, of which there is one."""
    return [{"channel": CHANNEL, "userState": state.fields}]


def channel_state_message(state: AgentState) -> Fields:
    """Return what is told on the topic of channels."""
    return {"messageType": "ChannelStateChangeMessageV2", "channels": channels(state)}
