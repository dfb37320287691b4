"""The ids of a workbin in releases 8.5.1 and 8.5.2."""

from base64 import b64encode
from typing import Final
from uuid import UUID, uuid5

from shared.domain.interaction import Place

_WORKBINS: Final = UUID("f5b3f0b1-6a0e-4c61-8f3a-0d6f3b8b9e52")


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
