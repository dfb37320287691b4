"""An agent's desktop that was built on Faye's client."""

from tests.cometd_client import CometdAgent
from tests.faye import HERE


class FayeAgent(CometdAgent):
    """Faye's client in a Node process; takes the same orders as the official one."""

    folder = HERE
    package = "faye"
