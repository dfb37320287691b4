"""The e-mail channel of an agent: Ready or not, as a resource and as a message."""

from typing import Final

from services.gateway.wire.mail import Fields

_READY: Final = "9430250E-0A1B-421F-B372-F29E69366DED"
_NOT_READY: Final = "900D55CC-2BB0-431F-8BF9-D3525B383BE6"


def channels(*, ready: bool) -> list[Fields]:
    """Return the agent's channels, of which there is one."""
    state = {"id": _READY, "displayName": "Ready", "state": "Ready"}
    if not ready:
        state = {"id": _NOT_READY, "displayName": "Not Ready", "state": "NotReady"}
    return [{"channel": "email", "userState": state}]


def channel_state_message(*, ready: bool) -> Fields:
    """Return what is told on the topic of channels."""
    return {"messageType": "ChannelStateChangeMessageV2", "channels": channels(ready=ready)}
