"""Fetched mailboxes: how they are, and what administrators want of them."""

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.errors import RequestError, Situation, not_found, refused
from services.gateway.http.answers import json_answer
from services.gateway.http.json_body import Body, read_object
from services.gateway.operations.registry import operation_name
from services.gateway.operations.request import OK
from services.gateway.rest.callers import Callers
from services.gateway.rest.list_parameters import listed, read_listing
from services.gateway.wire.mailboxes import mailbox
from shared.contracts.contact_center import ContactCenter
from shared.contracts.fetching import first_moment
from shared.domain.clock import Clock
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.mails.mailbox_store import MailboxStore, StoredMailbox


class MailboxesResource:
    """The resource /mailboxes, for administrators."""

    def __init__(
        self,
        *,
        callers: Callers,
        mailboxes: MailboxStore,
        configuration: ConfigurationStore,
        clock: Clock,
        max_listed: int,
        max_body: int,
    ) -> None:
        self._callers = callers
        self._mailboxes = mailboxes
        self._configuration = configuration
        self._clock = clock
        self._max_listed = max_listed
        self._max_body = max_body

    async def all(self, request: Request) -> Response:
        """GET /mailboxes: those whose mail is fetched."""
        await self._callers.admin(request)
        center = await self._configuration.current()
        root, now = self._callers.root(request), self._clock.now()
        found = await self._mailboxes.mailboxes(center)
        listing = read_listing(request, at_most=self._max_listed)
        return json_answer(listed("mailboxes", [mailbox(one, now, root) for one in found], listing))

    async def one(self, request: Request) -> Response:
        """GET /mailboxes/{address}."""
        await self._callers.admin(request)
        found = await self._found(request, await self._configuration.current())
        fields = mailbox(found, self._clock.now(), self._callers.root(request))
        return json_answer({"statusCode": 0, "mailbox": fields})

    async def operate(self, request: Request) -> Response:
        """POST /mailboxes/{address}: LookNow, Stop, Start or Backfill."""
        await self._callers.admin(request)
        body = await read_object(request.receive, at_most=self._max_body)
        found = await self._found(request, await self._configuration.current())
        folders, now = found.folder_ids, self._clock.now()
        match operation_name(body):
            case "LookNow":
                await self._mailboxes.order_look(folders, now)
            case "Stop":
                await self._mailboxes.order_stop(folders)
            case "Start":
                await self._mailboxes.order_start(folders, now)
            case "Backfill":
                since = _since(body)
                await self._mailboxes.order_backfill(folders, since, now, only_count=False)
            case name:
                message = f"there is no operation {name[:64]!r} of a mailbox"
                raise RequestError(Situation.OPERATION_UNKNOWN, message)
        return json_answer(OK)

    async def _found(self, request: Request, center: ContactCenter) -> StoredMailbox:
        address = request.path_params["address"].lower()
        found = await self._mailboxes.mailboxes(center, address)
        if not found:
            raise not_found("there is no such mailbox whose mail is fetched")
        return found[0]


def _since(body: Body) -> datetime:
    """Return the time from which a backfill begins: a day, or a moment of ISO 8601."""
    told = body.get("since")
    if told is None:
        raise RequestError(Situation.PARAMETER_MISSING, "since is missing, such as 2026-11-01")
    try:
        return first_moment(told if isinstance(told, str) else "")
    except ValueError:
        raise refused(
            "since has to be a day or moment from 1970-01-01 on, such as 2026-11-01"
        ) from None
