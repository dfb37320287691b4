"""Who may write and read what: one row for each service, for the broker and the database.

Derived from what the code does. `tests/unit/runtime/test_rights.py` compares the broker's part
with the contracts that each service makes, every journey runs with these rights, and
`tests/connected/test_rights.py` tries what they do not allow.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from shared.contracts.commands import (
    AcceptInvitation,
    CancelDraft,
    ChangeUserData,
    CompleteInteraction,
    CreateDraft,
    DeliverMail,
    DraftForward,
    DraftReply,
    ExtractDocuments,
    LinkDocument,
    ParseMail,
    PlaceInQueue,
    PlaceInWorkbin,
    PullInteraction,
    RedirectMail,
    RejectInvitation,
    SaveDraft,
    SubmitDraft,
    TransferInteraction,
    UnlinkDocument,
)
from shared.contracts.events import (
    AgentInvited,
    AgentNotReady,
    AgentReady,
    AttachmentAdded,
    AttachmentRemoved,
    DeliveryDeferred,
    DeliveryFailed,
    DeliveryUncertain,
    DraftCanceled,
    DraftSaved,
    InteractionCompleted,
    InteractionReceived,
    InteractionTransferred,
    InvitationAccepted,
    InvitationRejected,
    InvitationRevoked,
    MailSent,
    OperationRefused,
    PlacedInQueue,
    PlacedInWorkbin,
    PropertiesUpdated,
    ReplyCreated,
    WorkbinContentWanted,
    WorkbinItemAdded,
    WorkbinItemRemoved,
    WorkReclaimed,
)
from shared.messaging.permissions import BrokerRights
from shared.messaging.topology import ATTACHMENTS, COMPOSITION, INGEST, JOURNAL, OUTBOUND, ROUTING
from shared.storage import (
    agent_logins,
    agents,
    arrivals,
    chunked_files,
    configuration,
    deliveries,
    documents,
    generations,
    indexes,
    interactions,
    journal,
    leases,
    parked,
    presence,
    vault,
    witness,
)
from shared.storage.privileges import ADD, CHANGE, KEEP, LEAVE, READ, Action, DatabaseRights


@dataclass(frozen=True, slots=True)
class Rights:
    """What one service may do."""

    broker: BrokerRights
    database: DatabaseRights


_STORES_CONTENTS: Final[Mapping[str, frozenset[Action]]] = {
    vault.COLLECTION: ADD,
    chunked_files.FILES: KEEP,
    chunked_files.CHUNKS: KEEP,
}
_READS_CONTENTS: Final[Mapping[str, frozenset[Action]]] = dict.fromkeys(_STORES_CONTENTS, READ)


def _database(*rows: Mapping[str, frozenset[Action]]) -> DatabaseRights:
    collections = {configuration.COLLECTION: READ, parked.COLLECTION: LEAVE}
    for row in rows:
        collections |= row
    return DatabaseRights(MappingProxyType(collections))


RIGHTS: Final[Mapping[str, Rights]] = MappingProxyType(
    {
        "ingest": Rights(
            BrokerRights((INGEST,), (ParseMail, ExtractDocuments, InteractionReceived)),
            _database(
                _STORES_CONTENTS,
                {arrivals.COLLECTION: ADD, interactions.COLLECTION: ADD},
            ),
        ),
        "attachments": Rights(
            BrokerRights((ATTACHMENTS,), (AttachmentAdded, AttachmentRemoved, OperationRefused)),
            _database(
                dict.fromkeys(_STORES_CONTENTS, KEEP),
                {
                    documents.COLLECTION: KEEP,
                    interactions.COLLECTION: CHANGE,
                    arrivals.COLLECTION: READ,
                    deliveries.COLLECTION: READ,
                },
            ),
        ),
        "routing": Rights(
            BrokerRights(
                (ROUTING,),
                (
                    AgentInvited,
                    AgentNotReady,
                    InteractionCompleted,
                    InteractionTransferred,
                    InvitationAccepted,
                    InvitationRejected,
                    InvitationRevoked,
                    OperationRefused,
                    PlacedInQueue,
                    PlacedInWorkbin,
                    PropertiesUpdated,
                    ReplyCreated,
                    WorkReclaimed,
                    WorkbinItemAdded,
                    WorkbinItemRemoved,
                ),
            ),
            _database(
                {
                    interactions.COLLECTION: CHANGE,
                    agents.COLLECTION: CHANGE,
                    presence.COLLECTION: READ,
                    leases.COLLECTION: ADD,
                }
            ),
        ),
        "composition": Rights(
            BrokerRights(
                (COMPOSITION,),
                (
                    CompleteInteraction,
                    DeliverMail,
                    DraftCanceled,
                    DraftSaved,
                    InteractionCompleted,
                    OperationRefused,
                    PropertiesUpdated,
                    ReplyCreated,
                ),
            ),
            _database(
                _STORES_CONTENTS,
                {
                    interactions.COLLECTION: ADD,
                    deliveries.COLLECTION: ADD,
                    documents.COLLECTION: CHANGE,
                    arrivals.COLLECTION: READ,
                },
            ),
        ),
        "outbound": Rights(
            BrokerRights(
                (OUTBOUND,),
                (DeliverMail, DeliveryDeferred, DeliveryFailed, DeliveryUncertain, MailSent),
            ),
            _database(
                _READS_CONTENTS,
                {
                    deliveries.COLLECTION: CHANGE,
                    interactions.COLLECTION: CHANGE,
                    witness.COLLECTION: ADD,
                    leases.COLLECTION: ADD,
                    indexes.LOGINS: ADD,
                },
            ),
        ),
        "gateway": Rights(
            BrokerRights(
                (JOURNAL,),
                (
                    AcceptInvitation,
                    AgentNotReady,
                    AgentReady,
                    CancelDraft,
                    ChangeUserData,
                    CompleteInteraction,
                    CreateDraft,
                    DraftForward,
                    DraftReply,
                    LinkDocument,
                    PlaceInQueue,
                    PlaceInWorkbin,
                    PullInteraction,
                    RedirectMail,
                    RejectInvitation,
                    SaveDraft,
                    SubmitDraft,
                    TransferInteraction,
                    UnlinkDocument,
                    WorkbinContentWanted,
                ),
                tells_pods=True,
            ),
            _database(
                _STORES_CONTENTS,
                {
                    interactions.COLLECTION: READ,
                    arrivals.COLLECTION: READ,
                    deliveries.COLLECTION: READ,
                    agents.COLLECTION: CHANGE,
                    agent_logins.COLLECTION: CHANGE,
                    documents.COLLECTION: ADD,
                    presence.COLLECTION: ADD,
                    journal.COLLECTION: ADD,
                    generations.NEWEST: ADD,
                    indexes.SESSIONS: KEEP,
                    indexes.LOGIN_FAILURES: ADD,
                    indexes.REMEMBERED_ANSWERS: ADD,
                    indexes.TURNS: ADD,
                    indexes.REPLICAS: KEEP,
                    indexes.PROMISED_INTERACTIONS: ADD,
                    witness.COLLECTION: ADD,
                },
            ),
        ),
    }
)
