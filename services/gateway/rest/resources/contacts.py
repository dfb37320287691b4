"""The people who write to us: what is known of them, and their mails."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.errors import RequestError, Situation, missing, refused
from services.gateway.http.answers import json_answer
from services.gateway.http.json_body import Body, read_object
from services.gateway.http.preconditions import entity_tag, expected_version
from services.gateway.operations.registry import operation_name
from services.gateway.operations.rules import ADMIN
from services.gateway.rest.callers import Callers
from services.gateway.rest.list_parameters import continued, paged, read_listing
from services.gateway.wire.contacts import contact_fields
from services.gateway.wire.context_services import outline
from services.gateway.wire.fields import Fields
from shared.domain.contacts.contact import Contact, Person
from shared.domain.contacts.contact_edits import (
    FOR_ADMINS,
    FOR_AGENTS,
    ContactValueError,
    edited,
)
from shared.storage.contacts.contact_editor import ContactEditor
from shared.storage.contacts.contact_store import ContactStore, address_key

_NEWEST: Final = 10
"""Mails in which the last agent is looked for."""


class ContactsResource:
    """The resources below /ucs/contacts."""

    def __init__(
        self,
        *,
        callers: Callers,
        contacts: ContactStore,
        editor: ContactEditor,
        max_listed: int,
        max_body: int,
    ) -> None:
        self._callers = callers
        self._contacts = contacts
        self._editor = editor
        self._max_listed = max_listed
        self._max_body = max_body

    async def found(self, request: Request) -> Response:
        """GET /ucs/contacts?emailAddress=: the contact with an address, in a list."""
        await self._callers.agent_or_admin(request)
        address = request.query_params.get("emailAddress", "")
        if not address:
            raise missing("emailAddress")
        if not address_key(address):
            raise refused("emailAddress looks like ann@example.org")
        person = await self._contacts.find(address)
        objects = [await self._fields(request, person)] if person else []
        listing = read_listing(request, at_most=self._max_listed)
        return json_answer(paged("contacts", objects, listing, len(objects)))

    async def one(self, request: Request) -> Response:
        """GET /ucs/contacts/{id}: a contact, or the one that it is merged into."""
        await self._callers.agent_or_admin(request)
        return await self._answer(request, await self._contacts.get(request.path_params["id"]))

    async def change(self, request: Request) -> Response:
        """PUT /ucs/contacts/{id}: change some fields."""
        caller = await self._callers.agent_or_admin(request)
        body = await read_object(request.receive, at_most=self._max_body)
        _require_known(body)
        if ADMIN not in caller.roles and not FOR_ADMINS.isdisjoint(body):
            names = ", ".join(sorted(FOR_ADMINS))
            raise RequestError(Situation.NOT_PERMITTED, f"{names} are for administrators")
        fields = dict(body)
        if isinstance(addresses := body.get("addresses"), list):
            fields["addresses"] = [
                address_key(one) if isinstance(one, str) else "" for one in addresses
            ]

        def decide(before: Contact) -> Contact:
            try:
                return edited(before, fields)
            except ContactValueError as error:
                raise refused(str(error)) from error

        before = await self._contacts.get(request.path_params["id"])
        expected = expected_version(request.headers.getlist("if-match"), before.contact)
        person = await self._editor.change(
            before.contact.id, decide, expected, is_blocked=body.get("blocked")
        )
        return await self._answer(request, person)

    async def operate(self, request: Request) -> Response:
        """POST /ucs/contacts/{id}: Merge or UndoMerge, for administrators."""
        admin = await self._callers.admin(request)
        body = await read_object(request.receive, at_most=self._max_body)
        contact_id = request.path_params["id"]
        match operation_name(body):
            case "Merge":
                source = body.get("contactId")
                if source is None:
                    raise missing("contactId")
                if not isinstance(source, str):
                    raise refused("contactId has to be the id of the contact to merge")
                person = await self._editor.merge(source, contact_id, admin.user_name)
            case "UndoMerge":
                person = await self._editor.undo_merge(contact_id, admin.user_name)
            case name:
                message = f"there is no operation {name[:64]!r} of a contact"
                raise RequestError(Situation.OPERATION_UNKNOWN, message)
        return await self._answer(request, person)

    async def mails(self, request: Request) -> Response:
        """GET /ucs/contacts/{id}/interactions: a contact's mails, the newest first, by pages.

        `after` is the last id of the page before; `hasMore` says that another page follows.
        """
        await self._callers.agent_or_admin(request)
        listing = read_listing(request, at_most=self._max_listed)
        person = await self._contacts.get(request.path_params["id"])
        found = await self._contacts.mails(
            person, before=request.query_params.get("after", ""), limit=listing.limit + 1
        )
        root = self._callers.root(request)
        mails = [outline(one, root) for one in found]
        return json_answer(continued("interactions", mails, listing))

    async def _answer(self, request: Request, person: Person) -> Response:
        body = {"statusCode": 0, "contact": await self._fields(request, person)}
        return json_answer(body, headers={"ETag": entity_tag(person.contact)})

    async def _fields(self, request: Request, person: Person) -> Fields:
        newest = await self._contacts.mails(person, before="", limit=_NEWEST)
        return contact_fields(person, newest, self._callers.root(request))


def _require_known(body: Body) -> None:
    known = FOR_AGENTS | FOR_ADMINS
    if unknown := sorted(set(body) - known):
        message = f"{unknown[0][:64]} cannot be changed; these can: {', '.join(sorted(known))}"
        raise refused(message)
