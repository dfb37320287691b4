"""Redirect (8.5.2): send the customer's mail on as it came, which ends the work on it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

from pydantic import Field

from services.gateway.errors import missing, refused
from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.parameters.addresses import ADDRESSES_SCHEMA, read_addresses
from services.gateway.operations.parameters.email_object import MailParameters, changed_addresses
from services.gateway.operations.parameters.email_object_keys import (
    TO_KEYS,
    by_field,
    require_known,
)
from services.gateway.operations.parameters.model import OneLine
from services.gateway.operations.parameters.reading import read, require_queue
from services.gateway.operations.request import EXAMPLE_ID, ZERO, OperationRequest, PreparedCommand
from services.gateway.operations.rules import FOR_OWNER, Permission
from shared.contracts.commands import MailAddress, RedirectMail
from shared.domain.lifecycle import Operation


class RedirectParameters(MailParameters):
    """The new recipients, in the body or in its mail."""

    # Clients write these keys with any capital letters, so `by_field` reads them from the body.
    also_read: ClassVar[Mapping[str, dict[str, Any]]] = MappingProxyType(
        dict.fromkeys(TO_KEYS, ADDRESSES_SCHEMA)
    )
    queue: OneLine = Field(
        default="",
        alias="queueName",
        description="The queue of the new mail; by default that of the customer's mail.",
    )


def prepare_redirect(asked: OperationRequest) -> PreparedCommand:
    """Return the command that sends the customer's mail on and completes it.

    Raises:
        RequestError: No recipient is named, one is an address of ours, or a parameter is refused.
    """
    wanted = read(RedirectParameters, asked.body)
    command = RedirectMail(
        interaction_id=asked.interaction.id,
        agent_id=asked.agent_id,
        redirect_id=asked.new_id,
        to=_recipients(wanted, asked),
        queue=require_queue(wanted.queue, asked.contact_center) if wanted.queue else "",
    )
    ignored = [key for key in wanted.mail if key not in by_field(wanted.mail).get("to", {})]
    named = {"ignoredKeys": ignored} if ignored else {}
    return PreparedCommand(command, {**ZERO, "interactionId": asked.new_id, **named})


def _recipients(wanted: MailParameters, asked: OperationRequest) -> list[MailAddress]:
    require_known(wanted.mail)
    given = {
        f"{place}{key}": read_addresses(value, "toAddress")
        for place, mail in (("", asked.body), ("email_object.", wanted.mail))
        for key, value in by_field(mail).get("to", {}).items()
    }
    found = changed_addresses(given, ())
    if not found:
        raise missing("toAddress")
    if any(asked.contact_center.owns(one.address) for one in found):
        raise refused("a mail cannot be redirected to ourselves")
    return found


REDIRECT: Final = OperationDefinition(
    name="Redirect",
    aliases=("Re-direct",),
    summary="Send the mail on unchanged, which completes the work on it.",
    permission=Permission(Operation.REDIRECT, FOR_OWNER),
    parameters=RedirectParameters,
    example={"toAddress": "bob@example.org"},
    command=RedirectMail,
    prepare=prepare_redirect,
    answer=ZERO | {"interactionId": EXAMPLE_ID},
)
