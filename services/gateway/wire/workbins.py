"""Workbins as JSON, with the ids and names of releases 8.5.1 and 8.5.2."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid5

from services.gateway.wire.mail import Fields
from services.gateway.wire.messages import kept, stamped
from shared.domain.interaction import Interaction, Place

_WORKBINS: Final = UUID("f5b3f0b1-6a0e-4c61-8f3a-0d6f3b8b9e52")
_CHANGE: Final = "WorkbinStateChangeMessage"
_CONTENT: Final = "WorkbinContentMessage"


def uuid_of(place: Place) -> str:
    """Return the id of a workbin in 8.5.2."""
    kind = "AgentGroup" if place.of_group else "Agent"
    return str(uuid5(_WORKBINS, f"{place.workbin}/{kind}/{place.owner}"))


def view_of(place: Place) -> str:
    """Return the name of the view through which a workbin is read."""
    middle = f"/{place.owner}" if place.of_group else ""
    return f"{place.workbin}{middle}/PrivateView"


def old_id_of(place: Place) -> str:
    """Return the id of a workbin in 8.5.1: the name of its view in base64."""
    return b64encode(view_of(place).encode()).decode()


def workbin(place: Place, root: str) -> Fields:
    """Return a workbin; `root` is the URL of the API."""
    fields: Fields = {
        "workbinId": old_id_of(place),
        "active": True,
        "workbinName": place.workbin,
        "viewName": view_of(place),
        "workbinType": 2 if place.of_group else 1,
        "id": uuid_of(place),
        "displayName": f"{place.workbin} ({place.owner})" if place.of_group else place.workbin,
        "uri": f"{root}/me/workbins/{uuid_of(place)}",
        "type": "AgentGroup" if place.of_group else "Agent",
    }
    return fields | ({"agentGroup": place.owner} if place.of_group else {})


def content_message(place: Place, content: Sequence[Interaction]) -> Fields:
    """Return the message with the content of a workbin."""
    return {
        "messageTypeName": _CONTENT,
        "messageType": _CONTENT,
        "workbin": _named(place),
        "interactions": items(content),
    }


def items(content: Sequence[Interaction]) -> list[Fields]:
    """Return the interactions in a workbin, as one message each."""
    return [stamped(kept(one), one.version) for one in content]


def change_message(action: str, place: Place, item: Fields) -> Fields:
    """Return the message for an item that was put in (ItemAdded) or taken out (ItemRemoved)."""
    return {
        "messageTypeName": _CHANGE,
        "messageType": _CHANGE,
        "action": action,
        **_named(place),
        "interactionId": item["id"],
        "interaction": item,
    }


def _named(place: Place) -> Fields:
    named: Fields = {"id": uuid_of(place), "workbinName": place.workbin}
    return named | ({"agentGroup": place.owner} if place.of_group else {})
