"""Access tokens, sealed and shared by all pods, and the outcome of the last try to renew them.

All times are the database's, so the clocks of pods may differ.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from pymongo.errors import DuplicateKeyError

from shared.contracts.oauth import MailServer
from shared.domain.storable_text import storable
from shared.oauth.renewal_schedule import (
    REFUSED_FOR,
    LoginState,
    ServerRefusal,
)
from shared.storage.database.client import Database, Document, database_errors
from shared.storage.indexes import LOGINS
from shared.storage.sealing import BrokenSealError, Sealer

log = structlog.get_logger()

COLLECTION: Final = LOGINS
_NOW: Final = "$$NOW"
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Characters that `doctor` shows in one line.
_LONGEST_FAULT: Final = 500
_REMEMBERED: Final = 4
_SERVER_REFUSES: Final = 2
"""Tokens in a row that a mail server refuses before the login itself counts as refused."""

_ACCESS: Final = "access_token"
_REFRESH: Final = "refresh_token"
_TOKEN: Final = (_ACCESS, _REFRESH, "expires_at", "renew_at", "made_from")
_GRANTS: Final = "grants"
_REFUSALS: Final = "server_refusals"
_MOST_SERVERS: Final = 16
"""Refusals of this many servers are kept, so that servers no longer used are forgotten."""
_ENDPOINT: Final = ("refused_at", "fault", "tried_from", "retry_at", "faults")
"""The outcome of the last try at the token endpoint."""
_FIELDS: Final = (*_TOKEN, *_ENDPOINT, _GRANTS, _REFUSALS, "now", "version")


def login_id(name: str, user_name: str) -> str:
    """Return the id of the document of a login and its user."""
    return f"{name}/{user_name}"


@dataclass(frozen=True, slots=True)
class Grant:
    """A new token, for how long it may be used, and after which time it is renewed."""

    access_token: str
    refresh_token: str
    usable_for: timedelta
    renewed_after: timedelta
    made_from: str


class TokenStore:
    """Tokens, one document for each login and user. Each write compares the version read before."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._logins = database[COLLECTION]
        self._sealer = sealer

    async def read(self, login: str) -> LoginState:
        """Return the state of a login; without a document, a state without a token."""
        stages = [{"$match": {"_id": login}}, {"$set": {"now": _NOW}}]
        async with database_errors():
            found = await (await self._logins.aggregate(stages)).to_list()
        return self._state(login, found[0]) if found else LoginState(now=_NEVER)

    async def write_granted(self, login: str, before: LoginState, grant: Grant) -> bool:
        """Store a token; return False if another pod has written meanwhile.

        The refusals of mail servers stay stored: only `write_taken` ends them.
        """
        return await self._write(
            login,
            before,
            (_REFUSALS,),
            {
                _ACCESS: self._sealed(login, _ACCESS, grant.access_token),
                _REFRESH: self._sealed(login, _REFRESH, grant.refresh_token),
                "expires_at": _later(grant.usable_for),
                "renew_at": _later(grant.renewed_after),
                "made_from": grant.made_from,
                _GRANTS: before.grants + 1,
            },
        )

    async def write_refused(
        self, login: str, before: LoginState, *, attempt: str, fault: str
    ) -> bool:
        """Store that the endpoint refuses; return False if another pod has written meanwhile."""
        fields = {
            **_in_vain(before, attempt, fault, REFUSED_FOR),
            "refused_at": _first_time("refused_at"),
        }
        return await self._write(login, before, (*_TOKEN, _GRANTS, _REFUSALS), fields)

    async def write_fault(
        self, login: str, before: LoginState, *, attempt: str, fault: str, pause: timedelta
    ) -> bool:
        """Store a failed request; return False if another pod has written meanwhile."""
        fields = _in_vain(before, attempt, fault, pause)
        kept = (*_TOKEN, _GRANTS, _REFUSALS, "refused_at")
        return await self._write(login, before, kept, fields)

    async def write_rejected(
        self, login: str, before: LoginState, server: MailServer, *, attempt: str, fault: str
    ) -> bool:
        """Store that a mail server refused the token; return False if another pod has written.

        The token stays for other servers. After the first refusal a new token is tried
        at this one; after the second the login is refused there.
        """
        earlier = before.refusals.get(server)
        tokens = (earlier.tokens if earlier else 0) + 1
        tried_from = earlier.tried_from if earlier else ()
        refusal: Document = {
            **{name: {"$literal": value} for name, value in asdict(server).items()},
            "tokens": tokens,
            "grant": before.grants,
            "fault": _literal(fault),
            "tried_from": _with_attempt(tried_from, attempt),
        }
        if tokens >= _SERVER_REFUSES:
            refusal["refused_at"] = (earlier and earlier.refused_at) or _NOW
            refusal["retry_at"] = _later(REFUSED_FOR)
        fields = {_REFUSALS: [*_others(before, server), refusal]}
        return await self._write(login, before, (*_TOKEN, *_ENDPOINT, _GRANTS), fields)

    async def write_taken(self, login: str, before: LoginState, server: MailServer) -> bool:
        """Store that a mail server took the token; return False if another pod has written."""
        fields = {_REFUSALS: _others(before, server)}
        return await self._write(login, before, (*_TOKEN, *_ENDPOINT, _GRANTS), fields)

    async def write_consent(self, login: str, refresh_token: str) -> None:
        """Store the refresh token of a person's consent; an earlier refusal is cleared."""
        # No comparison with a version: a consent replaces whatever pods have stored meanwhile.
        document = {"_id": login, _REFRESH: self._sealed(login, _REFRESH, refresh_token)}
        next_version = {"$add": [{"$ifNull": ["$version", 0]}, 1]}
        async with database_errors():
            await self._logins.update_one(
                {"_id": login},
                [{"$replaceWith": {**document, "version": next_version}}],
                upsert=True,
            )

    async def _write(
        self, login: str, before: LoginState, kept: Iterable[str], fields: Document
    ) -> bool:
        """Replace the document if its version is the one read; keep its fields `kept`."""
        replacement = {
            "_id": login,
            "version": before.version + 1,
            **{name: f"${name}" for name in kept},
            **fields,
        }
        async with database_errors():
            try:
                result = await self._logins.update_one(
                    {"_id": login, "version": before.version},
                    [{"$replaceWith": replacement}],
                    upsert=before.version == 0,
                )
            except DuplicateKeyError:
                # Another pod has inserted the document since it was read.
                return False
        return bool(result.matched_count or result.upserted_id)

    def _sealed(self, login: str, field: str, text: str) -> str:
        return self._sealer.seal(text, f"{login} {field}") if text else ""

    def _state(self, login: str, document: Document) -> LoginState:
        known = {name: document[name] for name in _FIELDS if document.get(name) is not None}
        for name in (_ACCESS, _REFRESH):
            if sealed := known.get(name):
                known[name] = self._opened(login, name, sealed)
        known["tried_from"] = tuple(known.get("tried_from", ()))
        refusals = dict(map(_refusal, known.pop(_REFUSALS, ())))
        return LoginState(**known, refusals=refusals)

    def _opened(self, login: str, field: str, sealed: str) -> str:
        try:
            return self._sealer.open(sealed, f"{login} {field}")
        except BrokenSealError as error:
            # A new token can be requested; a person has to give the consent again.
            log.warning("stored token cannot be opened", login=login, what=field, why=str(error))
            return ""


def _in_vain(before: LoginState, attempt: str, fault: str, pause: timedelta) -> Document:
    return {
        "tried_from": _with_attempt(before.tried_from, attempt),
        "retry_at": _later(pause),
        "fault": _literal(fault),
        "faults": before.faults + 1,
    }


def _with_attempt(earlier: Iterable[str], attempt: str) -> list[str]:
    return [*(one for one in earlier if one != attempt), attempt][-_REMEMBERED:]


def _refusal(stored: Document) -> tuple[MailServer, ServerRefusal]:
    fields = dict(stored)
    server = MailServer(fields.pop("protocol"), fields.pop("host"), fields.pop("port"))
    return server, ServerRefusal(**{**fields, "tried_from": tuple(fields["tried_from"])})


def _others(before: LoginState, server: MailServer) -> list[Document]:
    """Return the latest refusals of the other servers, as they are stored."""
    others = [
        {"$literal": asdict(one) | asdict(refusal)}
        for one, refusal in before.refusals.items()
        if one != server
    ]
    return others[1 - _MOST_SERVERS :]


def _first_time(field: str) -> Document:
    return {"$ifNull": [f"${field}", _NOW]}


def _literal(words: str) -> Document:
    return {"$literal": storable(words, _LONGEST_FAULT)}


def _later(by: timedelta) -> Document:
    return {"$add": [_NOW, int(by.total_seconds() * 1000)]}
