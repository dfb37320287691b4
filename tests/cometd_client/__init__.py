"""The official npm CometD client, driven from Python tests."""

from tests.cometd_client.client import CometdAgent, UnavailableError, install

__all__ = ["CometdAgent", "UnavailableError", "install"]
