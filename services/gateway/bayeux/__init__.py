"""A CometD (Bayeux 1.0) server: a pure protocol under two thin ASGI transports."""

from services.gateway.bayeux.application import BayeuxApplication, Principal
from services.gateway.bayeux.engine import Listener, Page, PastEvent
from services.gateway.bayeux.metrics import BayeuxCollector
from services.gateway.bayeux.policy import Denial, Grant, Route
from services.gateway.bayeux.serving import DrainingServer, collect_garbage_rarely, uvicorn_config
from services.gateway.bayeux.session import Login
from services.gateway.bayeux.settings import BayeuxSettings
from services.gateway.bayeux.web import Answer

__all__ = [
    "Answer",
    "BayeuxApplication",
    "BayeuxCollector",
    "BayeuxSettings",
    "Denial",
    "DrainingServer",
    "Grant",
    "Listener",
    "Login",
    "Page",
    "PastEvent",
    "Principal",
    "Route",
    "collect_garbage_rarely",
    "uvicorn_config",
]
