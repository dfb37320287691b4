"""A CometD (Bayeux 1.0) server: a protocol without I/O below thin transports for uvicorn."""

from shared.bayeux.driver import Listener
from shared.bayeux.journal import JournalEvent, Page
from shared.bayeux.metrics import BayeuxCollector
from shared.bayeux.no_journal import NoJournal
from shared.bayeux.server import BayeuxServer
from shared.bayeux.sessions.principal import Principal
from shared.bayeux.sessions.session import Login
from shared.bayeux.sessions.subscription_policy import Denial, Grant, Route
from shared.bayeux.settings import BASE_PATHS, BayeuxSettings
from shared.bayeux.transports.http.http_connection import Request
from shared.bayeux.uvicorn import collect_garbage_rarely, uvicorn_options
from shared.http.answer import Answer

__all__ = [
    "BASE_PATHS",
    "Answer",
    "BayeuxCollector",
    "BayeuxServer",
    "BayeuxSettings",
    "Denial",
    "Grant",
    "JournalEvent",
    "Listener",
    "Login",
    "NoJournal",
    "Page",
    "Principal",
    "Request",
    "Route",
    "collect_garbage_rarely",
    "uvicorn_options",
]
