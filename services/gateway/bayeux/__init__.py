"""A CometD (Bayeux 1.0) server: a pure protocol under two thin transports."""

from services.gateway.bayeux.engine import Listener, Page, PastEvent
from services.gateway.bayeux.http_connection import Request
from services.gateway.bayeux.metrics import BayeuxCollector
from services.gateway.bayeux.policy import Denial, Grant, Route
from services.gateway.bayeux.principal import Principal
from services.gateway.bayeux.server import BayeuxServer
from services.gateway.bayeux.serving import collect_garbage_rarely, uvicorn_options
from services.gateway.bayeux.session import Login
from services.gateway.bayeux.settings import BASE_PATHS, BayeuxSettings
from services.gateway.bayeux.web import Answer

__all__ = [
    "BASE_PATHS",
    "Answer",
    "BayeuxCollector",
    "BayeuxServer",
    "BayeuxSettings",
    "Denial",
    "Grant",
    "Listener",
    "Login",
    "Page",
    "PastEvent",
    "Principal",
    "Request",
    "Route",
    "collect_garbage_rarely",
    "uvicorn_options",
]
