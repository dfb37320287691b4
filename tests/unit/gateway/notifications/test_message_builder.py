"""One table says which message each event of an agent becomes."""

from typing import get_args

from services.gateway.notifications.message_builder import MESSAGE_FORMS
from shared.contracts.events import InteractionEvent, JournaledEvent, WorkbinEvent


def test_every_event_of_an_interaction_has_one_message_form() -> None:
    union, _ = get_args(JournaledEvent)
    events = {one for one in get_args(union) if issubclass(one, InteractionEvent)}

    assert set(MESSAGE_FORMS) == {one for one in events if not issubclass(one, WorkbinEvent)}
