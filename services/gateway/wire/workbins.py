"""Workbins as JSON, with the ids and names of releases 8.5.1 and 8.5.2."""

from services.gateway.operations.parameters.workbin_ids import old_id_of, uuid_of, view_of
from services.gateway.wire.fields import WORKBIN_CONTENT, WORKBIN_STATE_CHANGE, Fields, of_type
from shared.domain.interaction import Place


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


def content_message(place: Place, items: list[Fields]) -> Fields:
    """Return the message with the content of a workbin, which has an item for each interaction."""
    return {
        **of_type(WORKBIN_CONTENT),
        "workbin": _named(place),
        "interactions": items,
    }


def change_message(action: str, place: Place, item: Fields) -> Fields:
    """Return the message for an item that was put in (ItemAdded) or taken out (ItemRemoved)."""
    return {
        **of_type(WORKBIN_STATE_CHANGE),
        "action": action,
        **_named(place),
        "interactionId": item["id"],
        "interaction": item,
    }


def _named(place: Place) -> Fields:
    named: Fields = {"id": uuid_of(place), "workbinName": place.workbin}
    return named | ({"agentGroup": place.owner} if place.of_group else {})
