"""The rights of each service at the broker and in the database.

The table follows the code. `tests/unit/runtime/test_rights.py` compares the broker's part with the
contracts that each service publishes, every journey runs with these rights, and
`tests/connected/test_rights.py` tries actions that they do not allow.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from shared.contracts.commands import (
    AcceptInvitation,
    AcknowledgeMail,
    CancelDraft,
    ChangeUserData,
    CompleteInteraction,
    CreateDraft,
    DeliverMail,
    DisownReport,
    DraftForward,
    DraftReply,
    ExtendInvitation,
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
    DeliveryReported,
    DeliveryUncertain,
    DraftCanceled,
    DraftSaved,
    InteractionCompleted,
    InteractionReceived,
    InteractionTransferred,
    InvitationAccepted,
    InvitationExtended,
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
    configuration_store,
    indexes,
    journal,
    journal_generations,
    parked_messages,
)
from shared.storage.agents import agent_login_store, agent_store, presence_store
from shared.storage.contacts import contact_store
from shared.storage.database import leases, witness
from shared.storage.database.privileges import (
    ADD,
    CHANGE,
    EVERYTHING,
    READ,
    WRITE_ONLY,
    Action,
    DatabaseRights,
)
from shared.storage.files import chunked_files, document_store, vault
from shared.storage.interactions import interaction_store
from shared.storage.mails import (
    allowance_store,
    arrival_store,
    awaited_mail_store,
    delivery_store,
    mailbox_store,
    report_store,
)


@dataclass(frozen=True, slots=True)
class Rights:
    """The rights of one service."""

    broker: BrokerRights
    database: DatabaseRights


_STORES_CONTENTS: Final[Mapping[str, frozenset[Action]]] = {
    vault.COLLECTION: ADD,
    chunked_files.FILES: EVERYTHING,
    chunked_files.CHUNKS: EVERYTHING,
}
_READS_CONTENTS: Final[Mapping[str, frozenset[Action]]] = dict.fromkeys(_STORES_CONTENTS, READ)


def _database(*rows: Mapping[str, frozenset[Action]]) -> DatabaseRights:
    collections = {configuration_store.COLLECTION: READ, parked_messages.COLLECTION: WRITE_ONLY}
    for row in rows:
        collections |= row
    return DatabaseRights(MappingProxyType(collections))


RIGHTS: Final[Mapping[str, Rights]] = MappingProxyType(
    {
        "ingest": Rights(
            BrokerRights(
                (INGEST,),
                (
                    ParseMail,
                    ExtractDocuments,
                    AcknowledgeMail,
                    InteractionReceived,
                    DeliveryReported,
                ),
            ),
            _database(
                _STORES_CONTENTS,
                {
                    arrival_store.COLLECTION: ADD,
                    interaction_store.COLLECTION: ADD,
                    delivery_store.COLLECTION: READ,
                    report_store.COLLECTION: EVERYTHING,
                    contact_store.COLLECTION: ADD,
                    allowance_store.COLLECTION: ADD,
                    awaited_mail_store.COLLECTION: ADD,
                },
            ),
        ),
        "fetching": Rights(
            BrokerRights((), (ParseMail,), name="fetching"),
            _database(
                _STORES_CONTENTS,
                {
                    arrival_store.COLLECTION: ADD,
                    mailbox_store.COLLECTION: ADD,
                    interaction_store.COLLECTION: READ,
                    leases.COLLECTION: ADD,
                    indexes.LOGINS: ADD,
                },
            ),
        ),
        "attachments": Rights(
            BrokerRights((ATTACHMENTS,), (AttachmentAdded, AttachmentRemoved, OperationRefused)),
            _database(
                dict.fromkeys(_STORES_CONTENTS, EVERYTHING),
                {
                    document_store.COLLECTION: EVERYTHING,
                    # Discarded mail is deleted after a time.
                    interaction_store.COLLECTION: CHANGE | {Action.REMOVE},
                    arrival_store.COLLECTION: READ | {Action.REMOVE},
                    delivery_store.COLLECTION: READ,
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
                    InteractionReceived,
                    InteractionTransferred,
                    InvitationAccepted,
                    InvitationExtended,
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
                    interaction_store.COLLECTION: CHANGE,
                    agent_store.COLLECTION: CHANGE,
                    presence_store.COLLECTION: READ,
                    report_store.COLLECTION: frozenset({Action.FIND, Action.REMOVE}),
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
                    interaction_store.COLLECTION: ADD,
                    delivery_store.COLLECTION: ADD,
                    document_store.COLLECTION: CHANGE,
                    arrival_store.COLLECTION: READ,
                    allowance_store.COLLECTION: ADD,
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
                    delivery_store.COLLECTION: CHANGE,
                    interaction_store.COLLECTION: CHANGE,
                    journal_generations.NEWEST: ADD,
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
                    DisownReport,
                    DraftForward,
                    DraftReply,
                    LinkDocument,
                    PlaceInQueue,
                    PlaceInWorkbin,
                    PullInteraction,
                    RedirectMail,
                    RejectInvitation,
                    ExtendInvitation,
                    SaveDraft,
                    SubmitDraft,
                    TransferInteraction,
                    UnlinkDocument,
                    WorkbinContentWanted,
                    ParseMail,
                ),
                uses_journal_exchange=True,
            ),
            _database(
                _STORES_CONTENTS,
                {
                    interaction_store.COLLECTION: READ,
                    arrival_store.COLLECTION: ADD,
                    delivery_store.COLLECTION: READ,
                    report_store.COLLECTION: READ,
                    agent_store.COLLECTION: CHANGE,
                    agent_login_store.COLLECTION: CHANGE,
                    document_store.COLLECTION: ADD,
                    presence_store.COLLECTION: ADD,
                    mailbox_store.COLLECTION: CHANGE,
                    contact_store.COLLECTION: ADD,
                    allowance_store.COLLECTION: READ,
                    journal.COLLECTION: ADD,
                    journal_generations.NEWEST: ADD,
                    indexes.SESSIONS: EVERYTHING,
                    indexes.LOGIN_FAILURES: ADD,
                    indexes.REMEMBERED_ANSWERS: ADD,
                    indexes.TURNS: ADD,
                    indexes.REPLICAS: EVERYTHING,
                    indexes.LINK_KEYS: ADD,
                    indexes.PREFERENCES: ADD,
                    witness.COLLECTION: ADD,
                },
            ),
        ),
    }
)
