"""Finds the workbin that a client names, in every spelling that clients have for it."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field, WithJsonSchema

from services.gateway.errors import RequestError, Situation, missing, not_found, refused
from services.gateway.operations.parameters.model import Parameters
from services.gateway.operations.parameters.workbin_ids import old_id_of, uuid_of, view_of
from shared.contracts.contact_center import ContactCenter
from shared.domain.interaction import Place
from shared.storage.agents.agent_store import StoredAgent

_NAMES: Final = ("workbinName", "name", "workbinId", "id", "viewName", "workbin")
_GROUPS: Final = frozenset({"agentgroup", "group", "queue"})


_SCHEMA: Final[dict[str, Any]] = {
    "oneOf": [
        {"type": "string"},
        {"type": "object", "additionalProperties": True},
        {
            "type": "array",
            "items": {
                "oneOf": [{"type": "string"}, {"type": "object", "additionalProperties": True}]
            },
            "minItems": 1,
            "maxItems": 1,
        },
    ]
}


class WorkbinParameters(Parameters):
    """The workbin, which `find_place` reads."""

    workbin: Annotated[Any, WithJsonSchema(_SCHEMA)] = Field(
        description="Its name, its id of either release, an object with one of them, or a list with"
        " one of these."
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The workbin in a request; the owner is empty where the request names none."""

    name: str
    owner: str = ""
    of_group: bool | None = None


def places_of(agent: StoredAgent, contact_center: ContactCenter) -> list[Place]:
    """Return every workbin that an agent may open: the agent's own and those of the groups."""
    return [
        Place(workbin.name, owner, workbin.owner == "queue")
        for workbin in contact_center.all_workbins
        for owner in (agent.queues if workbin.owner == "queue" else (agent.id,))
    ]


def find_place(
    identifier: object,
    agent: StoredAgent,
    contact_center: ContactCenter,
    *,
    group: str = "",
) -> Place:
    """Return the workbin that an agent identifies.

    The identifier is a name, an id of 8.5.1 or of 8.5.2, or an object with one of them and perhaps
    an owner. `group` is chosen where a name fits the workbins of several groups.

    Raises:
        RequestError: There is none, it is somebody else's, or it is not clear which one.
    """
    wanted = _read(identifier)
    places = places_of(agent, contact_center)
    found = [one for one in places if _is_meant(one, wanted, agent)]
    if len(found) > 1:
        found = [one for one in found if one.owner == group]
        if not found:
            raise missing("agentGroup")
    if found:
        return found[0]
    if any(wanted.name in (one.name, *_others(one.name)) for one in contact_center.all_workbins):
        raise RequestError(Situation.NOT_PERMITTED, "this workbin is somebody else's")
    raise not_found(f"there is no workbin {wanted.name[:64]!r}")


def _others(name: str) -> Iterator[str]:
    own = Place(name, "")
    yield view_of(own)
    yield old_id_of(own)


def _read(identifier: object) -> _Wanted:
    match identifier:
        case None | "":
            raise missing("workbin")
        case str():
            return _Wanted(identifier)
        case Mapping():
            return _read_object(identifier)
        case [one]:
            return _read(one)
        case _:
            raise refused("workbin has to be a text or an object")


def _read_object(fields: Mapping[str, object]) -> _Wanted:
    texts = {name: one for name, one in fields.items() if isinstance(one, str) and one}
    name = next((texts[one] for one in _NAMES if one in texts), None)
    if name is None:
        raise missing("workbinName")
    if texts.get("placeId") or texts.get("placeGroup"):
        raise not_found("there are no places here")
    if group := texts.get("agentGroup"):
        return _Wanted(name, group, of_group=True)
    kind = texts.get("ownerType", "").lower()
    return _Wanted(name, texts.get("ownerId", ""), kind in _GROUPS if kind else None)


def _is_meant(place: Place, wanted: _Wanted, agent: StoredAgent) -> bool:
    if wanted.of_group is not None and wanted.of_group != place.of_group:
        return False
    owners = {place.owner} if place.of_group else {agent.id, agent.user_name}
    if wanted.owner and wanted.owner not in owners:
        return False
    names = {place.workbin, view_of(place), old_id_of(place), f"{place.workbin}/PrivateView"}
    return (
        wanted.name in names
        or wanted.name.lower() == uuid_of(place)
        or _decoded(wanted.name) == f"{place.workbin}/PrivateView"
    )


def _decoded(text: str) -> str:
    try:
        return b64decode(text, validate=True).decode()
    except (Base64Error, ValueError):
        return ""
